//! A promotion is one transaction: wherever the host dies, afterwards files, history and state are those of before or
//! those of after it.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
};

use lifesigns_crash_test::{Home, Host, wait_until};

/// Raises at the third line of an object.
const LIVE: &str = "module = 'watch.wasm'\n[settings]\ncontains = ['Failed']\nthreshold = 3\nwindow = '1h'\n";

/// What must be found after a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Before,
    After,
    /// It depends on whether the recorder was faster.
    Either,
}

fn line(home: &Home, number: u64) {
    let mut log = OpenOptions::new().append(true).create(true).open(home.path("a.log")).expect("the log");
    writeln!(log, r#"{{"object":"vm-1","message":"Failed {number}"}}"#).expect("a line");
}

/// Waits until that many lines of the log are committed.
fn read(home: &Home, lines: u64) {
    wait_until("it is read", || {
        let output = home.output(&["status", "--output", "json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        status["sources"].as_array().is_some_and(|all| all.iter().any(|one| one["lines"] == lines))
    });
}

fn runs(home: &Home, rules: usize) {
    wait_until("the rules run", || {
        let output = home.output(&["rule", "list", "--output", "json"]);
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let is_watch = |rule: &&serde_json::Value| rule["name"] == "watch";
        list["rules"].as_array().is_some_and(|all| all.iter().filter(is_watch).count() == rules)
    });
}

fn raises(home: &Home) -> usize {
    let said = fs::read_to_string(home.path("symptoms.ndjson")).unwrap_or_default();
    said.lines().filter(|line| line.contains("\"rule\":\"watch\"")).count()
}

fn dies_at(point: &str, number: u32, found: Found) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(&folder.path().join("cache"), None);
    let module = fs::read(home.path("rules.d/modules/keyword.wasm")).expect("the module");
    fs::write(home.path("rules.d/watch.wasm"), &module).expect("the module");
    fs::write(home.path("rules.d/watch.toml"), LIVE).expect("the manifest");
    // Another build of the same module.
    fs::write(home.path("next.wasm"), [module, vec![0, 3, 1, b'v', b'2']].concat()).expect("the module");
    for log in home.logs() {
        fs::write(log, "").expect("the log");
    }

    let host = Host::start(&home, Some(&format!("{point}:{number}")));
    runs(&home, 1);
    line(&home, 1);
    read(&home, 1);
    let loaded = home.output(&["rule", "load", "--shadow", "next.wasm", "watch"]);
    assert!(loaded.status.success(), "{point}: {}", String::from_utf8_lossy(&loaded.stderr));
    runs(&home, 2);
    // The live version has counted two lines, the shadow one.
    line(&home, 2);
    read(&home, 2);
    home.fails(&["rule", "promote", "watch"]);
    host.dies(point);

    let host = Host::start(&home, None);
    // It recovers before it runs.
    wait_until("it runs", || host.errors().contains("running: "));
    let is_after = !fs::read_to_string(home.path("rules.d/watch.toml")).expect("the manifest").contains("shadow");
    match found {
        Found::Before => assert!(!is_after, "{point}"),
        Found::After => assert!(is_after, "{point}"),
        Found::Either => {}
    }
    assert!(!home.path("rules.d/versions/watch/pending.json").exists(), "{point}: it is over");
    runs(&home, if is_after { 1 } else { 2 });
    line(&home, 3);
    read(&home, 3);
    assert_eq!(raises(&home), usize::from(!is_after), "{point}: the third line of the live version's state");
    let history = home.json(&["rule", "history", "watch"]);
    let history = history.as_array().expect("a list");
    let promoted = history.iter().filter(|one| one["action"] == "promoted").count();
    assert_eq!(promoted, usize::from(is_after), "{point}: {history:?}");
    let audit = home.json(&["audit"]);
    let audited = audit.as_array().expect("a list").iter().filter(|one| one["what"] == "rule promoted").count();
    assert_eq!(audited, usize::from(is_after), "{point}: {audit:#}");
    let refused = home.json(&["rule", "list"])["refused"].clone();
    assert!(refused.as_array().is_none_or(Vec::is_empty), "{point}: {refused}");
    if is_after {
        line(&home, 4);
        read(&home, 4);
        assert_eq!(raises(&home), 1, "{point}: the third line of the shadow's state");
        assert!(home.output(&["rule", "rollback", "watch"]).status.success(), "{point}");
        line(&home, 5);
        read(&home, 5);
        assert_eq!(raises(&home), 2, "{point}: the state that was set aside had two lines");
    } else {
        assert!(home.output(&["rule", "promote", "watch"]).status.success(), "{point}: it can be repeated");
        assert!(!home.path("rules.d/versions/watch/pending.json").exists(), "{point}: it is over");
    }
    host.stop();
}

#[test]
fn a_promotion_has_happened_as_a_whole_or_not_at_all() {
    // The second time, where loading the shadow passes the point too.
    for (point, number, found) in [
        ("rule-noted", 1, Found::Before),
        ("rule-history", 1, Found::Before),
        ("rule-manifest", 2, Found::Before),
        ("rule-loaded", 1, Found::Either),
        ("rule-unrecorded", 1, Found::Before),
        ("rule-recorded", 1, Found::After),
        ("rule-changed", 2, Found::After),
    ] {
        dies_at(point, number, found);
    }
}
