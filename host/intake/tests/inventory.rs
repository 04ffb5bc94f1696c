//! Inventories in `tests/inventory/good` load; those in `bad` are refused with the message in
//! `refused.txt`. `LIFESIGNS_BLESS=1 cargo test -p lifesigns-intake --test inventory` writes that file again.

#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use lifesigns_intake::inventory::load;
use lifesigns_model::{ObjectFacts, limits::TEXT_FILE_BYTES};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/inventory").join(name)
}

#[test]
fn all_formats_say_the_same() {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), Some(value.to_owned()));
    let mut expected = [
        ObjectFacts { object: "host-7".into(), kind: Some("host".into()), ..ObjectFacts::default() },
        ObjectFacts {
            object: "vm-prod-01".into(),
            time_ns: 0,
            kind: Some("vm".into()),
            parent: Some("host-7".into()),
            properties: [("env", "production"), ("cores", "8"), ("share", "0.5"), ("backup", "true"), ("empty", "")]
                .map(pair)
                .to_vec(),
            metrics: vec![("load.1m".into(), 0.4), ("disks".into(), 2.0)],
            aliases: vec!["web-1.example.com".into(), "10.0.0.7".into()],
        },
    ];
    let sort = |objects: &mut [ObjectFacts]| {
        for object in objects {
            object.properties.sort();
            object.metrics.sort_by(|one, other| one.0.cmp(&other.0));
        }
    };
    sort(&mut expected);
    for file in ["fleet.toml", "fleet.json", "fleet.csv"] {
        let mut objects = load(folder("good").join(file)).unwrap();
        if file == "fleet.csv" {
            // An empty cell says nothing.
            objects[1].properties.push(("empty".into(), Some(String::new())));
        }
        sort(&mut objects);
        assert_eq!(objects, expected, "{file}");
    }
    assert_eq!(load(folder("good/empty.toml")).unwrap(), []);
}

#[test]
fn a_byte_order_mark_does_not_matter() {
    let place = tempfile::tempdir().unwrap();
    for file in ["fleet.toml", "fleet.json", "fleet.csv"] {
        let (plain, marked) = (folder("good").join(file), place.path().join(file));
        fs::write(&marked, format!("\u{feff}{}", fs::read_to_string(&plain).unwrap())).unwrap();
        assert_eq!(load(&marked).unwrap(), load(&plain).unwrap(), "{file}");
    }
}

#[test]
fn wrong_ones_are_refused_with_place_and_fix() {
    let mut paths: Vec<_> = fs::read_dir(folder("bad")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut actual = String::new();
    for path in paths {
        let message = load(&path).unwrap_err().to_string();
        let shown = message.replace(&path.display().to_string(), path.file_name().unwrap().to_str().unwrap());
        actual = actual + &shown + "\n";
    }
    let expected = folder("refused.txt");
    if std::env::var_os("LIFESIGNS_BLESS").is_some() {
        fs::write(&expected, &actual).unwrap();
    }
    assert_eq!(actual, fs::read_to_string(expected).unwrap());
}

#[test]
fn a_file_that_is_absent_or_huge_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.toml");
    assert!(load(&path).unwrap_err().to_string().ends_with("huge.toml: the file does not exist"));
    fs::File::create(&path).unwrap().set_len(TEXT_FILE_BYTES + 1).unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("huge.toml: the file has more than"));
}
