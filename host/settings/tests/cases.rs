//! Files with the expected results: settings for `tests/good/*.toml`, messages for `tests/bad/*.toml`; a case
//! with `conf.d` is a folder. `LIFESIGNS_BLESS=1` records the results.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    env, fs, iter,
    path::{Path, PathBuf},
};

use lifesigns_settings::{Diagnostics, Settings};

/// Returns the cases of a folder: the file to load, and the file with the expected result.
fn cases(folder: &str) -> Vec<(PathBuf, PathBuf)> {
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => Some((path.clone(), path.with_extension("txt"))),
            _ if path.is_dir() => Some((path.join("lifesigns.toml"), path.with_extension("txt"))),
            _ => None,
        })
        .collect();
    cases.sort();
    assert!(cases.len() > 1, "{folder} has too few cases");
    cases
}

fn load(path: &Path) -> Result<Settings, Diagnostics> {
    Settings::load(path, iter::empty())
}

fn expect(expected: &Path, mut actual: String) {
    actual.push('\n');
    if env::var_os("LIFESIGNS_BLESS").is_some() {
        fs::write(expected, &actual).unwrap();
    }
    let wanted = fs::read_to_string(expected).unwrap_or_default();
    assert!(actual == wanted, "{} differs; this came out:\n{actual}", expected.display());
}

#[test]
fn good_files_become_settings() {
    for (file, expected) in cases("tests/good") {
        match load(&file) {
            Ok(settings) => expect(&expected, format!("{settings:#?}")),
            Err(mistakes) => panic!("{mistakes}"),
        }
    }
}

#[test]
fn bad_files_become_messages() {
    for (file, expected) in cases("tests/bad") {
        let mistakes = load(&file).expect_err(&format!("{} is good", file.display()));
        assert_eq!(mistakes.count(), mistakes.iter().count());
        expect(&expected, mistakes.to_string());
    }
}

#[test]
fn one_file_shows_more_than_ten_mistakes_at_once() {
    let mistakes = load(Path::new("tests/bad/many.toml")).unwrap_err();
    let lines: BTreeSet<_> = mistakes.iter().map(|mistake| mistake.place.line).collect();
    assert!(lines.len() > 20, "{mistakes}");
    assert!(mistakes.iter().all(|mistake| mistake.place.line > 0), "{mistakes}");
}

#[test]
fn terminals_see_the_line_a_caret_and_help() {
    let mistakes = load(Path::new("tests/bad/many.toml")).unwrap_err();
    let shown = mistakes.render(100, false);
    for part in ["treads = 4", "tests/bad/many.toml:9:1", "a policy has no key `grups`", "help: did you mean `groups`?"]
    {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'));
    assert!(mistakes.render(100, true).contains('\u{1b}'));
}

#[test]
fn secrets_are_never_shown() {
    let mistakes = load(Path::new("tests/bad/secrets.toml")).unwrap_err();
    for shown in [mistakes.to_string(), mistakes.render(100, false), mistakes.render(100, true)] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let shown = mistakes.render(200, false);
    assert!(shown.contains(r#"timeout = "never""#), "what is no secret is shown:\n{shown}");
}

#[test]
fn broken_bytes_never_panic_and_always_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lifesigns.toml");
    let good = fs::read("tests/good/whole.toml").unwrap();
    let mut broken = Vec::new();
    for at in (0..good.len()).step_by(41) {
        broken.push(good[..at].to_vec());
        for byte in [b'\n', b'"', b'[', b'=', b'-', b'9', 0xff, 0] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            broken.push(bytes);
        }
    }
    broken.push(format!("{} = 1", "a.".repeat(100_000)).into_bytes());
    broken.push(format!("[{}a]", "route.".repeat(100_000)).into_bytes());
    broken.push(b"[[x]]\n".repeat(1000));
    let mut bad = 0;
    for bytes in broken {
        fs::write(&path, bytes).unwrap();
        if let Err(mistakes) = load(&path) {
            bad += 1;
            assert!(mistakes.count() > 0 && mistakes.iter().all(|mistake| !mistake.message.is_empty()));
            assert!(!mistakes.render(80, false).is_empty());
        }
    }
    assert!(bad > 500, "{bad}");
}

#[test]
fn many_mistakes_are_counted_and_not_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lifesigns.toml");
    fs::write(&path, format!("rules = 'r'\n{}", "[[group]]\n".repeat(10_000))).unwrap();
    let mistakes = load(&path).unwrap_err();
    assert_eq!(mistakes.iter().count(), 200);
    assert!(mistakes.count() >= 20_000, "{}", mistakes.count());
    let rest = format!("and {}", lifesigns_text::count_text(mistakes.count() as u64 - 200, "more mistake"));
    assert!(mistakes.to_string().ends_with(&rest), "{mistakes}");
}

#[test]
fn what_is_watched_is_known() {
    let settings = load(Path::new("tests/good/parts/lifesigns.toml")).unwrap();
    assert_eq!(
        settings.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
        [
            "tests/good/parts/lifesigns.toml",
            "tests/good/parts/conf.d",
            "tests/good/parts/conf.d/10-groups.toml",
            "tests/good/parts/conf.d/20-routes.toml",
            "tests/good/parts/one.toml",
            "tests/good/parts/two.csv",
        ]
    );
}

#[test]
fn a_file_that_is_not_there_is_a_mistake() {
    let mistakes = load(Path::new("tests/nowhere.toml")).unwrap_err();
    assert_eq!(mistakes.to_string(), "tests/nowhere.toml: the file does not exist");
}
