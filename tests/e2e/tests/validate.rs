//! `validate` reads what `run` reads: it refuses what `run` refuses, and warns of what `run` starts with
//! all the same.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::binary::lifesigns;
use serde_json::Value;

/// Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Place(tempfile::TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("lifesigns.toml"), format!("rules = 'rules.d'\n{config}")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// A command that ends by itself.
    fn ends(&self, arguments: &[&str]) -> Output {
        let (out, err) = (self.path("out.txt"), self.path("err.txt"));
        let mut child = Command::new(lifesigns())
            .args(arguments)
            .args(["--config", "lifesigns.toml"])
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", self.path("own-cache"))
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() < until => thread::sleep(Duration::from_millis(20)),
                None => {
                    child.kill().unwrap();
                    panic!("{arguments:?} goes on: {}", fs::read_to_string(&err).unwrap());
                }
            }
        };
        Output { status, stdout: fs::read(out).unwrap(), stderr: fs::read(err).unwrap() }
    }

    /// The warnings of a configuration that is sound.
    fn warnings(&self) -> Vec<String> {
        let output = self.ends(&["validate", "--output", "json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let sound: Value = serde_json::from_slice(&output.stdout).unwrap();
        let warning = |one: &Value| {
            let part = |key: &str| one[key].as_str().unwrap().to_owned();
            assert!(!part("fix").is_empty(), "{one}");
            format!("{} {}: {}", part("of"), part("name"), part("what"))
        };
        sound["warnings"].as_array().unwrap().iter().map(warning).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const SOURCE: &str = "[[source]]\nfile = 'app.log'\n";
const HOOK: &str = "[[receiver]]\nname = 'hook'\nwebhook = { url = 'https://hook.example/' }\n";

/// A configuration, files beside it by name, and what is said of them.
type Refused = (String, Vec<(&'static str, &'static str)>, &'static str);

/// What a host does not start with.
fn refused() -> Vec<Refused> {
    let hook = |more: &str| format!("{SOURCE}{}", HOOK.replace(" }", &format!(", {more} }}")));
    let inventory = |file: &str| format!("inventory = '{file}'\n{SOURCE}");
    vec![
        (String::new(), vec![], "there is no [[source]]"),
        (inventory("none.csv"), vec![], "the file does not exist"),
        (inventory("inv.toml"), vec![("inv.toml", "[vm-1]\nkind = 'vm'\n")], "inv.toml:1:2: an inventory has no key"),
        (inventory("inv.csv"), vec![("inv.csv", "id,foo\na,b\n")], "inv.csv:1:2: the column `foo` is not known"),
        (inventory("inv.json"), vec![("inv.json", "[")], "inv.json:1:"),
        (inventory("inv.xls"), vec![("inv.xls", "")], "format is not known"),
        (hook("template = { file = 'body.j2' }"), vec![], "the template cannot be used"),
        (hook("template = { file = 'body.j2' }"), vec![("body.j2", "{{ notice")], "the template cannot be used"),
        (hook("ca = 'ca.pem'"), vec![], "ca.pem"),
        (hook("ca = 'ca.pem'"), vec![("ca.pem", "no certificate\n")], "ca.pem has no certificate in it"),
        (format!("{SOURCE}[output]\nfile = 'none/out'\n"), vec![], "[output] file none/out cannot be opened"),
        (format!("{SOURCE}[output]\nfile = 'out'\n"), vec![("out/x", "")], "[output] file out cannot be opened"),
        (format!("store = 'none/l.db'\ncontrol = 'l.sock'\n{SOURCE}"), vec![], "none"),
        (format!("control = 'none/l.sock'\n{SOURCE}"), vec![], "none"),
        (format!("control = 'l.sock'\n{SOURCE}"), vec![("l.sock", "a file\n")], "l.sock"),
        (format!("cache = 'cache'\n{SOURCE}"), vec![("cache", "a file\n")], "cache"),
    ]
}

#[test]
fn what_run_refuses_validate_refuses() {
    for (config, files, why) in refused() {
        let place = Place::new(&config);
        files.iter().for_each(|(name, text)| place.write(name, text));
        let before = names(place.0.path());
        let validated = place.ends(&["validate"]);
        assert_eq!(validated.status.code(), Some(78), "{config}: {}", text(&validated.stderr));
        assert!(text(&validated.stderr).contains(why), "{config}: {}", text(&validated.stderr));
        let made: Vec<String> = names(place.0.path()).into_iter().filter(|name| !before.contains(name)).collect();
        assert!(made.iter().all(|name| ["out.txt", "err.txt", "own-cache"].contains(&name.as_str())), "{made:?}");
        let ran = place.ends(&["run"]);
        assert!(!ran.status.success(), "{config}");
        assert!(text(&ran.stderr).contains(why), "{config}: {}", text(&ran.stderr));
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn all_of_it_is_said_at_once() {
    let config = format!("inventory = ['a.csv', 'b.toml']\n{HOOK}").replace(" }", ", ca = 'ca.pem' }");
    let place = Place::new(&config);
    place.write("b.toml", "x = 1\n");
    let output = place.ends(&["validate"]);
    let said = text(&output.stderr);
    for part in ["4 mistakes", "no [[source]]", "a.csv", "b.toml:1:1", "ca.pem"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let what_if = place.ends(&["validate", "--what-if"]);
    assert!(text(&what_if.stderr).contains("4 mistakes"), "{}", text(&what_if.stderr));
}

#[test]
fn sources_that_cannot_be_read_are_warned_of() {
    let sources = ["app.log", "typo.log", "none/app.log", "logs/*.log", "logs", "pipe", "loop", "core.gz", "wide"];
    let config: String = sources.iter().map(|name| format!("[[source]]\nfile = '{name}'\n")).collect();
    let place = Place::new(&config);
    place.write("app.log", "a line\n");
    place.write("logs/one.log", "a line\n");
    place.write("rules.d/x.txt", "");
    fs::write(place.path("core.gz"), b"\x1f\x8b\x08\0\0\0\0\0").unwrap();
    fs::write(place.path("wide"), b"\xff\xfea\0\n\0").unwrap();
    std::os::unix::fs::symlink("loop", place.path("loop")).unwrap();
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let warnings = place.warnings();
    let of_sources: Vec<&String> = warnings.iter().filter(|warning| warning.starts_with("source")).collect();
    let wanted = [
        ("typo.log", "there is no such file yet"),
        ("none/app.log", "there is no folder none"),
        ("logs/*.log", "patterns are not read"),
        ("logs", "it is a folder"),
        ("pipe", "it is a pipe"),
        ("loop", "it cannot be looked at"),
        ("core.gz", "it is compressed (gzip)"),
    ];
    assert_eq!(of_sources.len(), wanted.len(), "{of_sources:?}");
    for (warning, (name, what)) in of_sources.iter().zip(wanted) {
        assert!(warning.starts_with(&format!("source {name}: ")) && warning.contains(what), "{warning}");
    }
    // What doctor finds is the same.
    let doctor = text(&place.ends(&["doctor"]).stdout);
    assert!(wanted.iter().all(|(name, what)| doctor.contains(&format!("source {name}: ")) && doctor.contains(what)));
}

#[test]
fn rules_and_secrets_that_a_host_would_miss_are_warned_of() {
    let hook = HOOK.replace(" }", ", secret = { file = 'key' }, headers = { A = { env = 'LIFESIGNS_NOT_SET' } } }");
    let place = Place::new(&format!("{SOURCE}{hook}"));
    place.write("app.log", "a line\n");
    let warnings = place.warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings[0].contains("receiver hook: a secret cannot be read: ") && warnings[0].contains("LIFESIGNS_NOT_SET")
    );
    assert!(warnings[1].contains("receiver hook: a secret cannot be read: file key"), "{warnings:?}");
    assert!(warnings[2].starts_with("rules rules.d: there is no such folder"), "{warnings:?}");
    fs::create_dir(place.path("rules.d")).unwrap();
    place.write("key", "a secret\n");
    assert!(place.warnings()[1].contains("rules rules.d: there is no rule in it"));
    // Refused in their manifests, as modules, and by their modules.
    place.write("rules.d/bad.toml", "nonsense\n");
    place.write("rules.d/text.wasm", "no module\n");
    fs::copy(lifesigns_artifacts::rule("keyword"), place.path("rules.d/word.wasm")).unwrap();
    let warnings = place.warnings();
    let refused: Vec<&String> = warnings.iter().filter(|warning| warning.contains("it is refused")).collect();
    assert_eq!(refused.len(), 3, "{warnings:?}");
    assert!(refused[0].starts_with("rule bad: ") && refused[0].contains("bad.toml:1:"), "{refused:?}");
    assert!(refused[1].starts_with("rule text: ") && refused[2].contains("`contains` is missing"), "{refused:?}");
    // Sound.
    fs::remove_file(place.path("rules.d/bad.toml")).unwrap();
    fs::remove_file(place.path("rules.d/text.wasm")).unwrap();
    place.write("rules.d/word.toml", "[settings]\ncontains = ['x']\n");
    assert_eq!(place.warnings().len(), 1);
    let sound = text(&place.ends(&["validate"]).stdout);
    assert!(sound.contains("is valid: 1 rule, 1 source, "), "{sound}");
    assert!(!place.path("lifesigns.db").exists());
}
