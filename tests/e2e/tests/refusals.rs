//! What cannot become a rule is refused with what is wrong and how to fix it, and never harms the
//! host.

use std::{fs, panic::catch_unwind, path::Path, sync::Arc};

use lifesigns::{LoadOutcome, Loader, Sandbox};
use lifesigns_e2e::{
    modules,
    run::{Input, replay},
};
use lifesigns_engine::{LoadedRule, TrafficSample};
use lifesigns_intake::Format;
use lifesigns_model::{EventSource, Limits};
use lifesigns_rulestore::{ModuleBytes, RuleStore};

fn refused(bytes: impl Into<Vec<u8>>, parts: &[&str]) {
    let Err(error) = modules::admit(bytes.into()) else { panic!("admitted; expected {parts:?}") };
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's own text is sound")
}

#[test]
fn what_is_not_a_module() {
    refused("", &["not a WebAssembly file", "it is empty", "lifesigns rule build"]);
    refused("#!/bin/sh\n", &["not a WebAssembly file", "a script", "lifesigns rule build"]);
    refused(vec![0xff; 1000], &["not a WebAssembly file", "it does not begin like one"]);
    refused(wat("(module)"), &["core module without a component-type section", "lifesigns rule build"]);
    refused(wat("(component)"), &["not a lifesigns rule", "describe", "evaluate"]);
}

#[test]
fn what_asks_for_more_than_rules_get() {
    let wasi = r#"(component (import "wasi:cli/environment@0.2.6" (instance)))"#;
    refused(wat(wasi), &["wasi:cli/environment@0.2.6", "rules get no WASI", "wasm32-unknown-unknown"]);
    refused(
        wat(r#"(component (import "acme:net/socket@1.0.0" (instance)))"#),
        &["acme:net/socket@1.0.0", "nothing else"],
    );
    let clock = r#"(component (import "lifesigns:rule/clock@0.1.0" (instance)))"#;
    refused(wat(clock), &["lifesigns:rule/clock@0.1.0", "does not know that interface"]);
    let version = r#"(component (import "lifesigns:rule/state@0.9.0" (instance)))"#;
    refused(wat(version), &["lifesigns:rule/state@0.9.0", "speaks version 0.1.0", "SDK of this release"]);
}

/// As a module is that was built when `evaluate` returned something else.
#[test]
fn what_exports_other_types_than_a_rule() {
    let other = r#"(component
        (core module $m (func (export "f") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "describe") (result u32) (canon lift (core func $i "f")))
        (func (export "evaluate") (result u32) (canon lift (core func $i "f"))))"#;
    refused(wat(other), &["not a lifesigns rule", "export func `describe`", "build it again", "SDK of this release"]);
}

#[test]
fn a_truncated_module_is_refused_at_every_length() {
    let whole = modules::read(lifesigns_artifacts::rule("keyword"));
    let step = whole.len() / 80;
    let lengths = (0..64).chain((64..whole.len()).step_by(step)).chain([whole.len() - 2, whole.len() - 1]);
    for length in lengths {
        let Err(error) = modules::admit(whole[..length].to_vec()) else { panic!("admitted at {length} bytes") };
        // The header alone is a valid component, without what a rule exports.
        let text = error.to_string();
        assert!(text.contains("lifesigns rule build") || text.contains("not a lifesigns rule"), "{length}: {text}");
    }
}

#[test]
fn a_flipped_bit_is_refused_or_stays_inside_the_sandbox() {
    let whole = modules::read(lifesigns_artifacts::rule("keyword"));
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut refusals, mut failures) = (0, 0);
    for round in 0..60 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bit = (random >> 16) as usize % (whole.len() * 8);
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let run = catch_unwind(|| {
            let Ok(module) = modules::admit(bytes) else { return None };
            let settings = r#"{"contains":["keyword"],"threshold":1,"window":"1s"}"#;
            let Ok(rule) = LoadedRule::new("flipped", module, settings, Limits::default()) else { return None };
            let healthy = modules::open("healthy", &modules::rule("keyword"), r#"{"contains":["keyword"]}"#);
            let text = "2026-11-23T00:00:00Z a keyword\n2026-11-23T00:01:00Z a keyword\n";
            let replayed = replay(&[rule.into(), healthy], &[Input::new("a", "a", text)], &[], 1);
            assert_eq!(replayed.lines("healthy"), [1, 2]);
            Some(replayed.outcome.report.failures.len())
        });
        match run {
            Ok(None) => refusals += 1,
            Ok(Some(failed)) => failures += failed,
            Err(_) => panic!("round {round}, bit {bit}: the host panicked"),
        }
    }
    assert!(refusals > 0, "{refusals} refused, {failures} failed while running");
}

#[test]
fn a_core_module_with_its_component_type_is_admitted() {
    modules::rule("keyword");
    let core = lifesigns_artifacts::root().join("target/rules/wasm32-unknown-unknown/rule/keyword.wasm");
    let core = [core, fallback("keyword.wasm")].into_iter().find(|path| path.is_file());
    let core = modules::read(&core.expect("cargo's output lies in its target folder"));
    assert_eq!(&core[..8], b"\0asm\x01\0\0\0", "a core module");
    let module = modules::admit(core).expect("it carries its component-type section");
    let rule = modules::open("core", &module, r#"{"contains":["keyword"]}"#);
    let text = "2026-11-23T00:00:00Z a keyword\n";
    assert_eq!(replay(&[rule], &[Input::new("a", "a", text)], &[], 1).lines("core"), [1]);
}

/// Cargo's output where `CARGO_TARGET_DIR` says otherwise.
fn fallback(name: &str) -> std::path::PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    lifesigns_artifacts::root().join(target).join("rules/wasm32-unknown-unknown/rule").join(name)
}

#[test]
fn wrong_settings_name_the_setting() {
    let module = modules::rule("keyword");
    for (settings, parts) in [
        ("{}", ["`contains` is missing", "refuses its settings"]),
        (r#"{"contians":["a"]}"#, ["`contians` is no setting", "did you mean `contains`?"]),
        (r#"{"contains":[]}"#, ["`contains` is empty", "give at least one text"]),
        (r#"{"contains":["a"],"threshold":"many"}"#, ["`threshold` is \"many\"", "give a whole number"]),
        (r#"{"contains":["a"],"threshold":3}"#, ["`threshold` needs a `window`", "window = \"60s\""]),
        (r#"{"contains":["a"],"window":"1 fortnight","threshold":3}"#, ["`window`", "fortnight"]),
        (r#"{"contains":["a"],"criticality":"awful"}"#, ["`criticality`", "awful"]),
    ] {
        let error = LoadedRule::new("r", module.clone(), settings, Limits::default()).expect_err(settings).to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{settings}: {error:?} does not say {part:?}"));
    }
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).expect("the test's own folder");
}

fn outcome(loads: &[lifesigns::RuleLoad], name: &str) -> LoadOutcome {
    let load = loads.iter().find(|load| &*load.key.name == name);
    load.unwrap_or_else(|| panic!("nothing is said about {name}: {loads:?}")).outcome.clone()
}

fn why(loads: &[lifesigns::RuleLoad], name: &str) -> (String, bool) {
    match outcome(loads, name) {
        LoadOutcome::Refused { why, old_version_runs, .. } => (why, old_version_runs),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn in_the_rules_folder_a_refusal_names_the_file_and_leaves_the_others_and_the_old_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::copy(lifesigns_artifacts::rule("keyword"), at.join("keyword.wasm")).expect("a copy");
    write(at, "good.toml", "module = \"keyword.wasm\"\n[settings]\ncontains = [\"good\"]\n");
    write(at, "ungranted.toml", "module = \"keyword.wasm\"\ngrants = []\n[settings]\ncontains = [\"x\"]\n");
    write(at, "typo.toml", "module = \"keyword.wasm\"\n[setings]\ncontains = [\"x\"]\n");
    write(at, "unset.toml", "module = \"keyword.wasm\"\n");
    write(at, "gone.toml", "module = \"gone.wasm\"\n");
    write(at, "garbage.wasm", "garbage");
    let mut store = RuleStore::new(at);
    let mut loader = Loader::new(Sandbox::new(None).expect("a sandbox"));
    let loads = loader.apply(&store.scan());
    assert_eq!(outcome(&loads, "good"), LoadOutcome::Loaded);
    for (name, parts) in [
        ("ungranted", ["ungranted.toml", "lifesigns:rule/state", "add \"state\" to `grants`"]),
        ("typo", ["typo.toml:2", "setings", "settings"]),
        ("unset", ["unset.toml", "refuses its settings", "`contains` is missing"]),
        ("gone", ["gone.toml", "gone.wasm", ""]),
        ("garbage", ["garbage.wasm", "not a WebAssembly file", "lifesigns rule build"]),
    ] {
        let (text, old) = why(&loads, name);
        assert!(!old);
        parts.iter().for_each(|part| assert!(text.contains(part), "{name}: {text:?} does not say {part:?}"));
    }
    let before = loader.rules();
    assert_eq!(before.len(), 1);

    // A version that is refused leaves the old one running.
    write(at, "good.toml", "module = \"keyword.wasm\"\n[settings]\ncontains = [\"\"]\n# longer than before\n");
    let loads = loader.apply(&store.scan());
    let (text, old) = why(&loads, "good");
    assert!(old && text.contains("empty text"), "{text}");
    let after = loader.rules();
    assert!(std::sync::Arc::ptr_eq(&before[0], &after[0]));
    assert_eq!(after[0].module.digest(), ModuleBytes::new(modules::read(&at.join("keyword.wasm"))).digest);

    fs::remove_file(at.join("good.toml")).expect("it is there");
    assert_eq!(outcome(&loader.apply(&store.scan()), "good"), LoadOutcome::Removed);
    assert!(loader.rules().is_empty());
}

#[test]
fn what_fails_on_recent_events_is_not_let_at_the_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::copy(lifesigns_artifacts::guest("hostile"), at.join("hostile.wasm")).expect("a copy");
    write(at, "good.toml", "module = \"hostile.wasm\"\n[settings]\ndo = \"ok\"\n");
    write(at, "traps.toml", "module = \"hostile.wasm\"\n[settings]\ndo = \"panic\"\n");
    let source = Arc::new(EventSource {
        name: "recent".into(),
        rank: 0,
        object: "vm-1".into(),
        app: None,
        decoder: Format::Plain.decoder(0),
    });
    let quiet = TrafficSample::new(&source, b"nothing\n");
    let busy = TrafficSample::new(&source, b"one\ntrigger\ncut in the mid");
    let mut loader = Loader::new(Sandbox::new(None).expect("a sandbox"));
    let loads = loader.apply_tried(&RuleStore::new(at).scan(), &busy);
    assert_eq!(outcome(&loads, "good"), LoadOutcome::Loaded);
    let (text, _) = why(&loads, "traps");
    assert!(text.contains("failed on 1 of the last events") && text.contains("trap"), "{text}");

    let mut loader = Loader::new(Sandbox::new(None).expect("a sandbox"));
    assert_eq!(outcome(&loader.apply_tried(&RuleStore::new(at).scan(), &quiet), "traps"), LoadOutcome::Loaded);
}

#[test]
fn each_refused_file_is_reported_once_and_what_is_sound_again_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let whole = modules::read(lifesigns_artifacts::rule("keyword"));
    write(at, "good.toml", "module = \"m.wasm\"\n[settings]\ncontains = [\"x\"]\n");
    write(at, "m.wasm", &whole);
    // Two files that would both be the rule `twice`, and both are refused.
    write(at, "twice.toml", "nonsense");
    write(at, "twice.wasm", "garbage");
    write(at, "bad.wasm", "garbage");
    let (mut store, mut loader) = (RuleStore::new(at), Loader::new(Sandbox::new(None).expect("a sandbox")));
    let news = |loads: &[lifesigns::RuleLoad]| {
        let mut names: Vec<String> = loads
            .iter()
            .filter(|load| !matches!(load.outcome, LoadOutcome::Unchanged | LoadOutcome::Refused { again: true, .. }))
            .map(|load| format!("{} {}", load.key, if load.outcome == LoadOutcome::Restored { "restored" } else { "" }))
            .collect();
        names.sort();
        names.join(",")
    };
    assert_eq!(news(&loader.apply(&store.scan())), "bad ,good ,twice ,twice ");
    for _ in 0..3 {
        assert_eq!(news(&loader.apply(&store.scan())), "", "what was said is not said again");
    }
    // Half-copied over itself, and whole again.
    write(at, "m.wasm", &whole[..whole.len() / 2]);
    let loads = loader.apply(&store.scan());
    assert!(why(&loads, "good").1, "the old version runs");
    write(at, "m.wasm", &whole);
    assert_eq!(news(&loader.apply(&store.scan())), "good restored");
    assert_eq!(news(&loader.apply(&store.scan())), "");
    // A manifest that was broken and is again what it was.
    write(at, "good.toml", "modul = \"m.wasm\"\n");
    assert!(why(&loader.apply(&store.scan()), "good").1);
    write(at, "good.toml", "module = \"m.wasm\"\n[settings]\ncontains = [\"x\"]\n");
    assert_eq!(news(&loader.apply(&store.scan())), "good restored");
    fs::remove_file(at.join("bad.wasm")).expect("it is there");
    fs::remove_file(at.join("twice.wasm")).expect("it is there");
    assert_eq!(outcome(&loader.apply(&store.scan()), "bad"), LoadOutcome::Removed);
}
