//! `LIFESIGNS_*` over the file.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use lifesigns_settings::{Diagnostics, Settings};

fn load(variables: &[(&str, &str)]) -> Result<Settings, Diagnostics> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(Path::new("tests/good/whole.toml"), variables)
}

#[test]
fn variables_win_over_the_file() {
    let settings = load(&[
        ("LIFESIGNS_STORE", "elsewhere/x.db"),
        ("LIFESIGNS_ENGINE__SHARDS", "7"),
        ("LIFESIGNS_ENGINE__INFLIGHT_BYTES", "1048576"),
        ("LIFESIGNS_ENGINE__PIN", "true"),
        ("LIFESIGNS_INHIBIT_BY_PARENT", "true"),
        ("LIFESIGNS_INVENTORY", "one.json"),
        ("LIFESIGNS_OUTBOUND__ALLOW", "[\"192.0.2.0/24\"]"),
        ("LIFESIGNS_RETENTION__SIZE", "1GiB"),
        ("LIFESIGNS_REOPEN", "1m"),
        ("LIFESIGNS_BADGE__FORMULA", "worst"),
        ("HOME", "/nowhere"),
    ])
    .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    // From the environment, paths are relative to the working directory.
    assert_eq!(settings.store, PathBuf::from("elsewhere/x.db"));
    assert_eq!(settings.inventories, [PathBuf::from("one.json")]);
    assert_eq!((settings.engine.shards, settings.engine.pin), (Some(7), Some(true)));
    assert_eq!(settings.engine.inflight_bytes, Some(1 << 20));
    assert_eq!(settings.engine.scanners, Some(2), "what no variable names stays");
    assert!(settings.compliance.inhibit_by_parent);
    assert_eq!(settings.compliance.reopen_ms, 60_000);
    assert_eq!(settings.retention.size_bytes, 1 << 30);
    assert_eq!(settings.outbound.allow, ["192.0.2.0/24".parse().unwrap()]);
    let two = load(&[("LIFESIGNS_INVENTORY", "['a.toml', 'b.csv']")]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(two.inventories.len(), 2);
}

#[test]
fn variables_of_others_are_left_alone() {
    let others = [
        ("LIFESIGNS_LOG", "debug"),
        ("LIFESIGNS_CONFIG", "x"),
        ("LIFESIGNS_BENCH_REPEATS", "1"),
        ("LIFESIGNS_SERVICE_HOST", "10.1.2.3"),
        ("LIFESIGNS_PORT_8080_TCP_ADDR", "10.1.2.3"),
    ];
    assert!(load(&others).is_ok());
}

#[test]
fn mistakes_name_the_variable() {
    for (name, value, message) in [
        (
            "LIFESIGNS_STROE",
            "x",
            "LIFESIGNS_STROE:1:1: there is no setting of this name; did you mean `LIFESIGNS_STORE`?",
        ),
        (
            "LIFESIGNS_ENGINE_SHARDS",
            "4",
            "LIFESIGNS_ENGINE_SHARDS:1:1: there is no setting of this name; did you mean `LIFESIGNS_ENGINE__SHARDS`?",
        ),
        ("LIFESIGNS_ENGINE__SHARDS", "0", "LIFESIGNS_ENGINE__SHARDS:1:1: `shards` is from 1 to 1024"),
        ("LIFESIGNS_ENGINE__SHARDS", "four", "LIFESIGNS_ENGINE__SHARDS:1:1: `shards` is a whole number, not a text"),
        ("LIFESIGNS_STORE", "", "LIFESIGNS_STORE:1:1: `store` is empty; leave it out, or say something"),
        ("LIFESIGNS_POLICY", "[]", "LIFESIGNS_POLICY:1:1: `policy` cannot be set in the environment; set it in a file"),
        ("LIFESIGNS_ENGINE", "x", "LIFESIGNS_ENGINE:1:1: `engine` cannot be set in the environment; set it in a file"),
    ] {
        let mistakes = load(&[(name, value)]).unwrap_err();
        assert_eq!(mistakes.to_string(), message);
        assert!(mistakes.render(80, false).contains(name), "{}", mistakes.render(80, false));
    }
}
