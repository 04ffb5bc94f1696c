//! How long scans of ten thousand rules take. Measured, and asserted loosely, in release builds:
//! `cargo test --release -p lifesigns-rulestore --test speed -- --ignored --nocapture`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{fs, thread, time::Duration, time::Instant};

use lifesigns_rulestore::{RuleSpec, RuleStore};

#[test]
#[ignore = "a measurement"]
fn ten_thousand_manifests() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("keyword.wasm"), vec![7; 150_000]).unwrap();
    for n in 0..10_000 {
        let text = format!(
            "module = \"keyword.wasm\"\n\n[settings]\ncontains = [\"literal number {n}\"]\nignore-case = true\n"
        );
        fs::write(dir.path().join(format!("rule-{n:05}.toml")), text).unwrap();
    }
    let mut store = RuleStore::new(dir.path());
    let mut timed = |what: &str| {
        let begin = Instant::now();
        let snapshot = store.scan();
        let took = begin.elapsed();
        println!("{what}: {took:?}");
        assert_eq!(snapshot.rules.len(), 10_000);
        (snapshot, took)
    };
    let (_, fresh) = timed("first scan");
    timed("scan of files that were just written");
    // Until no file can be changed again under the same time stamp.
    thread::sleep(Duration::from_secs(3));
    let (old, _) = timed("scan after they have settled");
    let path = dir.path().join("rule-00500.toml");
    fs::write(path, "module = \"keyword.wasm\"\n").unwrap();
    let (new, rescan) = timed("scan after one has changed");
    let is_same = |rule: &std::sync::Arc<RuleSpec>| new.rule(&rule.key.name).is_some_and(|other| rule.runs_like(other));
    assert_eq!(old.rules.iter().filter(|rule| is_same(rule)).count(), 9_999);
    if !cfg!(debug_assertions) {
        assert!(fresh < Duration::from_millis(500) && rescan < Duration::from_millis(100));
    }
}
