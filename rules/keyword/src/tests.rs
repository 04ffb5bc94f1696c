//! The rule on the bench.

use lifesigns_rule::{Alert, Change, Criticality, Impact, Subject, Test, settings::RuleSettings as _, testing::Bench};

use super::*;

fn bench(settings: &str) -> Bench<Keyword> {
    Bench::new(settings).unwrap()
}

fn refused(settings: &str) -> String {
    Bench::<Keyword>::new(settings).err().unwrap()
}

fn attribute<'a>(alert: &'a Alert, name: &str) -> Option<&'a str> {
    alert.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn every_match_is_a_raise() {
    let mut bench = bench(r#"{"contains": ["Out of memory"]}"#);
    for _ in 0..2 {
        let alerts = bench.log("vm-1", "Out of memory: Killed process 7");
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0].change, Change::Raise);
        assert_eq!(alerts[0].summary, "Keyword: \"Out of memory\" in the log of vm-1");
        assert_eq!(alerts[0].attributes, [("keyword".to_owned(), "Out of memory".to_owned())]);
    }
}

#[test]
fn the_first_literal_in_the_order_of_the_settings_is_named() {
    let mut bench = bench(r#"{"contains": ["gamma", "Beta", "alpha"], "ignore-case": true}"#);
    let mut named = |message| attribute(&bench.log("vm", message)[0], "keyword").unwrap().to_owned();
    assert_eq!(named("ALPHA and BETA"), "Beta");
    assert_eq!(named("alpha"), "alpha");
    assert_eq!(named("Alpha beta GAMMA"), "gamma");
}

#[test]
fn the_description_says_what_the_settings_say() {
    let rule = Keyword::new(settings(
        r#"{"contains": "disk full", "fields": {"level": ["error", "fatal"]}, "properties": {"env": "production"},
                "symptom": "disk-full", "title": "The disk is full", "criticality": "critical", "impact": "health",
                "recommendation": "Make room.", "controls": ["CIS:1"], "hold": "1h"}"#,
    ))
    .unwrap();
    let description = rule.describe();
    let symptom = &description.symptoms[0];
    assert_eq!((symptom.id.as_str(), symptom.title.as_str()), ("disk-full", "The disk is full"));
    assert_eq!((symptom.criticality, symptom.impact), (Criticality::Critical, Impact::Health));
    assert_eq!((symptom.recommendation.as_str(), symptom.hold_ms), ("Make room.", 3_600_000));
    let interest = &description.interests[0];
    assert_eq!(interest.contains, ["disk full"]);
    assert_eq!(interest.conditions[0].subject, Subject::Field("level".into()));
    assert_eq!(interest.conditions[0].test, Test::one_of(["error", "fatal"]));
    assert_eq!(interest.conditions[1].subject, Subject::Property("env".into()));
    // Conditions are the host's to judge: reading them would only cost.
    assert!(description.wants.fields.is_empty() && description.wants.properties.is_empty());
}

#[test]
fn a_threshold_is_raised_once_for_each_crossing() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 3, "window": "60s"}"#);
    let mut at = |second: u64| bench.at_ms(second * 1000).log("vm", "refused").len();
    assert_eq!([at(100), at(101), at(102), at(103), at(104)], [0, 0, 1, 0, 0]);
    // 164 s: only 104 s has left just now, so there are two.
    assert_eq!([at(164), at(165), at(166), at(167)], [0, 0, 1, 0]);
}

#[test]
fn an_event_that_is_a_whole_window_old_no_longer_counts() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 2, "window": "60s"}"#);
    let mut at = |ms: u64| bench.at_ms(ms).log("vm", "refused").len();
    assert_eq!([at(100_000), at(160_000), at(219_999)], [0, 0, 1]);
}

#[test]
fn a_steady_stream_at_the_threshold_crosses_once() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 3, "window": "60s"}"#);
    let raised: usize = (0..50).map(|n| bench.at_ms(100_000 + n * 20_000).log("vm", "refused").len()).sum();
    assert_eq!(raised, 1);
}

#[test]
fn a_threshold_of_one_is_raised_again_after_a_quiet_window() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 1, "window": "10s"}"#);
    let mut at = |second: u64| bench.at_ms(second * 1000).log("vm", "refused").len();
    assert_eq!([at(100), at(105), at(114), at(130)], [1, 0, 0, 1]);
}

#[test]
fn the_count_is_in_the_alert() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 2, "window": "1m"}"#);
    bench.log("vm", "refused");
    let alerts = bench.log("vm", "refused");
    assert_eq!(attribute(&alerts[0], "count"), Some("2"));
    assert_eq!(alerts[0].summary, "Keyword: \"refused\" in the log of vm, 2 within 1m");
}

#[test]
fn objects_are_counted_apart() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 2, "window": "60s"}"#);
    assert!(bench.log("vm-1", "refused").is_empty());
    assert!(bench.log("vm-2", "refused").is_empty());
    assert_eq!(bench.log("vm-1", "refused").len(), 1);
}

#[test]
fn distinct_counts_values_of_a_field() {
    let mut bench = bench(r#"{"contains": ["refused"], "threshold": 2, "window": "60s", "distinct": "user"}"#);
    let mut by = |user: &str| bench.field("user", user).log("vm", "refused").len();
    assert_eq!([by("eve"), by("eve"), by("bob"), by("eve"), by("joe")], [0, 0, 1, 0, 0]);
    assert!(bench.log("vm", "refused").is_empty(), "without the field there is nothing to count");
}

#[test]
fn bad_settings_name_the_setting_and_the_fix() {
    for (settings, text) in [
        ("{}", "`contains` is missing: give a text or a list of texts"),
        (r#"{"contains": []}"#, "`contains` is empty: give at least one"),
        (r#"{"contains": [""]}"#, "`contains` has an empty text"),
        (r#"{"contains": ["a", "a"]}"#, "`contains` has `a` twice"),
        (r#"{"contains": ["a", "A"], "ignore-case": true}"#, "`contains` has `A` twice"),
        (r#"{"contains": {}}"#, "`contains` is a table: give a text or a list of texts"),
        (
            r#"{"contain": ["a"]}"#,
            "`contain` is no setting of this rule; did you mean `contains`?\n`contains` is missing",
        ),
        (r#"{"contains": ["a"], "threshold": 5}"#, "`threshold` needs a `window`"),
        (r#"{"contains": ["a"], "threshold": 0, "window": "1s"}"#, "`threshold` is 0: give a number from 1 to 65535"),
        (r#"{"contains": ["a"], "threshold": -1}"#, "`threshold` is -1: give a whole number, not below 0"),
        (r#"{"contains": ["a"], "window": "1s"}"#, "`window` means nothing without `threshold`"),
        (r#"{"contains": ["a"], "distinct": "user"}"#, "`distinct` means nothing without `threshold`"),
        (r#"{"contains": ["a"], "window": "1 minute"}"#, "`window` is \"1 minute\": give a length of time such as"),
        (r#"{"contains": ["a"], "window": 60}"#, "`window` is 60: give a length of time such as"),
        (r#"{"contains": ["a"], "criticality": "bad"}"#, "`criticality` is \"bad\": give \"information\""),
        (r#"{"contains": ["a"], "symptom": "Bad Id"}"#, "`symptom` is `Bad Id`: use lower-case"),
        (r#"{"contains": ["a"], "fields": {"level": []}}"#, "`fields.level` has no value"),
        (
            r#"{"contains": ["a"], "fields": {"level": {}}}"#,
            "`fields.level` is a table: give a text or a list of texts",
        ),
        (r#"{"contains": ["a"], "hold": "0s"}"#, "`hold` is 0"),
        (r#"{"contains": ["a"], "title": " "}"#, "`title` is empty"),
    ] {
        let said = refused(settings);
        assert!(said.starts_with(text), "{settings}\n  said {said}\n  not  {text}");
    }
    let long = format!(r#"{{"contains": ["{}"]}}"#, "x".repeat(1025));
    assert!(refused(&long).contains("1025 bytes: shorten it to at most 1024"));
}

/// Settings as the host would read them, for tests that look at the description.
fn settings(text: &str) -> Settings {
    Settings::from_json(text).unwrap()
}
