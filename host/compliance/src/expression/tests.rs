//! Tests of `expression`, `grammar` and `reads`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    limits::{EXPRESSION_BYTES, EXPRESSION_DEPTH, EXPRESSION_OPERATORS},
    record::Fact,
    text_map::TextMap,
};

fn object() -> Object {
    let property =
        |name: &str, value: Option<&str>| (name.to_owned(), Fact { value: value.map(str::to_owned), time_ns: 1 });
    Object {
        id: "vm-prod-02".into(),
        kind: Some("vm".into()),
        properties: Arc::new(TextMap::from([
            property("env", Some("production")),
            property("gone", None),
            property("tags", Some("linux, pci ,,db")),
            property("app.name", Some("shop")),
        ])),
        metrics: [("load.1m".to_owned(), Fact { value: 7.5, time_ns: 1 })].into(),
        ..Object::default()
    }
}

fn evaluate(text: &str) -> ExpressionOutcome {
    let thresholds = BTreeMap::from([("load".to_owned(), 7.0)]);
    Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}")).evaluate(
        &object(),
        &thresholds,
        &mut StepBudget::default(),
    )
}

#[test]
fn expressions_see_the_object() {
    for text in [
        r#"properties.env == "production""#,
        r#"properties["env"] == 'production' && kind == "vm" && parent == """#,
        r#"id.startsWith("vm-") && id.endsWith("02") && id.contains("prod")"#,
        r#""pci" in tags && size(tags) == 3 && tags[0] == "linux""#,
        r#"tags.exists(tag, tag.startsWith("d"))"#,
        r#"properties.env in ["production", "staging"]"#,
        r#"metrics["load.1m"] > 7 && metrics["load.1m"] > threshold.load"#,
        r#"has(properties.env) && !has(properties.gone) && !has(properties.none)"#,
        r#""env" in properties && !("gone" in properties)"#,
        r#"properties["app.name"] == "shop""#,
        r#"properties.exists(name, name == "app.name")"#,
        r#"properties.none == "x" || kind == "vm""#,
        r#"tags.filter(tag, tag != "db").size() == 2"#,
        r#"metrics["load.1m"] * 2.0 == 15.0"#,
    ] {
        assert_eq!(evaluate(text), ExpressionOutcome::Holds, "{text}");
    }
}

#[test]
fn what_the_object_lacks_does_not_hold_and_is_no_error() {
    for text in [
        r#"properties.none == "production""#,
        r#"properties.none != "production""#,
        r#"!(properties.gone == "x")"#,
        r#"metrics["cpu"] > 1"#,
        r#"threshold.none > 1.0"#,
        r#"tags[9] == "x""#,
    ] {
        assert_eq!(evaluate(text), ExpressionOutcome::Fails, "{text}");
    }
}

#[test]
fn what_fails_on_an_object_is_undecided_and_says_why() {
    for (text, why) in [
        ("properties.env > 4", r#"the property "env" = "production" is no number"#),
        ("!(int(properties.env) == 22)", r#"the property "env" = "production" is no whole number"#),
        ("properties.env == true", r#"the property "env" = "production" is neither true nor false"#),
        ("properties.none == 'x' || properties.env > 4", "is no number"),
        ("tags.exists(tag, int(tag) > 4)", r#"the text "linux" is no whole number"#),
        ("1 / size(parent) > 1", "a division by zero"),
        ("9223372036854775807 + size(id) > 1", "too large"),
    ] {
        let outcome = evaluate(text);
        assert!(
            matches!(&outcome, ExpressionOutcome::Undecided(reason) if reason.contains(why)),
            "{text}: {outcome:?}"
        );
    }
    // What the result does not depend on does not matter.
    for (text, expected) in [
        ("properties.env > 4 && kind == 'host'", ExpressionOutcome::Fails),
        ("properties.env > 4 && properties.none == 'x'", ExpressionOutcome::Fails),
        ("properties.env > 4 || kind == 'vm'", ExpressionOutcome::Holds),
        ("properties.env > 4 ? kind == 'a' : kind == 'b'", ExpressionOutcome::Fails),
        ("tags.exists(tag, tag == 'pci' || int(tag) > 4)", ExpressionOutcome::Holds),
    ] {
        assert_eq!(evaluate(text), expected, "{text}");
    }
}

#[test]
fn what_people_write_first_works() {
    let value = |name: &str, text: &str| (name.to_owned(), Fact { value: Some(text.to_owned()), time_ns: 1 });
    let object = Object {
        properties: Arc::new(TextMap::from([
            value("cores", "8"),
            value("size", "1.5"),
            value("backup", "true"),
            value("retired", "FALSE"),
            value("limit", "7"),
        ])),
        metrics: [("load.1m".to_owned(), Fact { value: 7.5, time_ns: 1 })].into(),
        ..Object::default()
    };
    for text in [
        "properties.cores > 4",
        "4 < properties.cores",
        "properties.cores == 8 && properties.cores == 8.0 && properties.cores == '8'",
        "properties.cores in [4, 8]",
        "properties.cores * 2 == 16 && properties.cores - 1 == 7",
        "properties.size > 1 && properties.size < 2",
        "properties.backup == true && properties.retired == false && properties.retired != true",
        "metrics['load.1m'] > properties.limit",
        "metrics['load.1m'] * 2 > 14",
        "double(properties.cores) > double(properties.limit)",
        "properties.cores + 'x' == '8x'",
    ] {
        let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let outcome = expression.evaluate(&object, &BTreeMap::new(), &mut StepBudget::default());
        assert_eq!(outcome, ExpressionOutcome::Holds, "{text}");
    }
}

#[test]
fn what_can_never_work_is_refused_with_the_fix() {
    for (text, fix) in [
        ("properties.env", "1:11: a property is text; write `properties.env == true`"),
        ("!properties.env", "write `properties.env == true`"),
        ("kind == 'vm' && properties['app.x']", "`has(properties[\"app.x\"])`"),
        ("metrics.load", "as in `metrics.load > 0`"),
        ("tags", "`size(tags) > 0`"),
        ("properties", "as in `properties.name"),
        ("metrics['load.1m'] > '4'", "write 4 without quotes"),
        ("metrics.load == properties.limit && metrics.load == kind", "write `double(kind)`"),
        ("properties.cores > '4'", "write 4 without quotes to compare numbers"),
        ("properties.a > properties.b", "`double(properties.a) > double(properties.b)`"),
        ("properties.a + properties.b == 'x'", "`double(properties.a) + double(properties.b)`"),
        ("properties.env == null", "`!has(properties.env)`"),
        ("kind == 4", "put quotes around 4"),
        ("kind == true", "cannot be compared"),
        ("tags.contains('x')", "`\"x\" in tags`"),
        ("'x' in properties.env", "`properties.env.contains(\"x\")`"),
        ("properties.app.name == 'x'", "`properties[\"app.name\"]`"),
        ("tags.exists(tag, tag)", "neither true nor false"),
        ("tags.filter(tag, size(tag)).size() > 1", "compare it"),
        ("tags.exists(tag, tag > 4)", "double(tag)"),
        ("kind.startsWith(4)", "`string(4)`"),
        ("size(4) > 1", "not for a number"),
        ("-properties.cores < 4", "`-double(properties.cores)`"),
        ("kind.exists(x, x == 'a')", "no list"),
        ("1 / 0 == 1", "division by zero"),
        ("kind.size(1) == 1", "does not take 2 values"),
    ] {
        let error = Expression::compile(text).map(|_| String::new()).unwrap_or_else(|error| error);
        assert!(error.contains(fix), "{text}: {error:?}");
    }
}

#[test]
fn what_is_read_is_known() {
    let reads = |text: &str| Expression::compile(text).unwrap().references().clone();
    let some = |names: &[&str]| NameSet { all: false, names: names.iter().map(|&name| name.to_owned()).collect() };
    let one = reads(r#"properties.env == "x" && has(properties.a) && "b" in properties && properties["c.d"] == id"#);
    assert_eq!(one.properties, some(&["a", "b", "c.d", "env"]));
    assert!(one.id && !one.kind && !one.parent && one.metrics.is_empty() && one.thresholds.is_empty());
    assert!(reads("properties[kind] == 'x'").properties.all);
    assert!(reads("size(metrics) > 1").metrics.all);
    assert!(reads("metrics.exists(name, metrics[name] > 4)").metrics.all);
    assert_eq!(reads("'x' in tags").properties, some(&["tags"]));
    assert_eq!(reads("metrics['l'] > threshold.load || parent == ''").thresholds, some(&["load"]));
}

#[test]
fn errors_say_where_and_what() {
    for (text, expected) in [
        ("propertis.env == 'x'", "1:1: there is no `propertis`; did you mean `properties`?"),
        ("kind == 'vm' &&\n  env == 'x'", "2:3: there is no `env`; there are id, kind"),
        ("'ü' == id && nam == 'x'", "1:14: there is no `nam`"),
        ("id.startswith('x')", "there is no function `startswith`; did you mean `startsWith`?"),
        ("id.matches('x')", "there is no function `matches`"),
        ("properties.env = 'x'", "1:16: "),
        ("properties.env == 'x", "no closing quote"),
        ("'production'", "neither true nor false"),
        ("1 + 1 == 'x' && 1 < 'x'", "cannot be compared"),
        ("", "empty"),
        ("tags.exists(id, id == 'x')", "`id` is already the name of a fact"),
        ("tags.map(a, a).map(b, b) == []", ""),
        ("Some{field: 1} == id", "types"),
        ("properties.?env == 'x'", ""),
    ] {
        match Expression::compile(text) {
            Err(error) => assert!(error.contains(expected), "{text}: {error}"),
            Ok(_) => assert!(expected.is_empty() && text.starts_with(['1', 't']), "{text} compiles"),
        }
    }
}

#[test]
fn what_would_take_too_long_or_too_deep_is_refused() {
    let chain = |times: usize| format!("id{} == 'x'", ".a".repeat(times));
    let sum = |times: usize| format!("size(id){} > 0", " + 1".repeat(times));
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    let not = |times: usize| format!("{}true", "!".repeat(times));
    let or = |times: usize| format!("true{}", "||true".repeat(times));
    let ternary = |times: usize| format!("{}false", "true?true:".repeat(times));
    for (text, what) in [
        (chain(EXPRESSION_OPERATORS), "nests"),
        (nested(EXPRESSION_DEPTH + 1), "nests"),
        (sum(EXPRESSION_DEPTH + 1), "nests"),
        (format!("true{}", " in [true]".repeat(EXPRESSION_DEPTH)), "nests"),
        (ternary(EXPRESSION_DEPTH + 1), "nests"),
        (format!("true{}", "||true".repeat(EXPRESSION_OPERATORS)), "bytes"),
        (format!("[{}1] == []", "1,".repeat(EXPRESSION_OPERATORS)), "operators"),
        (format!("id == '{}'", "x".repeat(EXPRESSION_BYTES)), "bytes"),
        ("tags.exists(a, tags.exists(b, tags.exists(c, a == b && b == c)))".to_owned(), "deep"),
        (format!("size({}) > 1", "tags.map(a, [a, a])".to_owned() + &".map(a, [a, a])".repeat(3)), "map"),
        (["tags.exists(a, a == 'x')"; 12].join(" || "), "more than"),
    ] {
        let error = Expression::compile(&text).unwrap_err();
        assert!(error.contains(what), "{text}: {error}");
    }
    // The deepest that is let through stays within the stack of a thread of 2 MiB, as this one.
    let postfix = |times: usize| format!("[1]{} == 1", ".map".repeat(times));
    let sums = |times: usize| format!("{}1{} > 0", "1 + (".repeat(times), ")".repeat(times));
    let same = |times: usize| format!("true{}", " == true".repeat(times));
    let depth = EXPRESSION_DEPTH;
    for text in [
        chain(depth - 1),
        sum(depth - 2),
        nested(depth),
        not(depth),
        or(240),
        ternary(depth),
        postfix(depth - 3),
        sums(depth / 2 - 1),
        same(depth),
    ] {
        let expression = Expression::compile(&text);
        assert!(!matches!(&expression, Err(error) if error.contains("nests")), "{text}: {expression:?}");
        if let Ok(expression) = expression {
            expression.evaluate(&object(), &BTreeMap::new(), &mut StepBudget::default());
        }
    }
}

#[test]
fn texts_end_where_the_parser_ends_them() {
    for text in [r#"id == "a\"b" "#, r#"id == r"\" "#, r#"id == 'a"b' // isn't it"#, r"id == '\\'"] {
        Expression::compile(text).unwrap();
    }
    for text in [r"id == '\q'", r"id == 'a\n", "id == 'a\n'", "id == '''a'''", "id == b'a'", r"id == '\", "id == '"] {
        Expression::compile(text).unwrap_err();
    }
}

proptest! {
    #[test]
    fn hostile_text_is_an_error_and_no_panic(text in "\\PC{0,80}") {
        if let Ok(expression) = Expression::compile(&text) {
            expression.evaluate(&object(), &BTreeMap::new(), &mut StepBudget::default());
        }
    }

    #[test]
    fn hostile_tokens_are_an_error_and_no_panic(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "properties", ".", "env", "==", "\"x\"", "(", ")", "[", "]", "&&", "||", "!", "tags", "exists", ",", "x",
                "1", "0", "-", "/", "%", "9223372036854775807", "1.5", "?", ":", "in", "{", "}", "size", "int", "metrics",
                "null", "true", "uint", "map", "has", "'", "\\", "\n", "b'\\xff'", "1e999",
            ]),
            0..24,
        ),
    ) {
        let text = tokens.join(" ");
        if let Ok(expression) = Expression::compile(&text) {
            expression.evaluate(&object(), &BTreeMap::new(), &mut StepBudget::default());
        }
    }

    /// Whatever the precondition keeps from being evaluated would not have held.
    #[test]
    fn a_guard_refuses_only_what_does_not_hold(
        (text, env, tags, load) in (
            any_condition(),
            proptest::option::of(proptest::sample::select(vec!["a", "b"])),
            proptest::option::of(proptest::sample::select(vec!["a", "a,b", ""])),
            proptest::option::of(0.0..9.0),
        ),
    ) {
        let expression = Expression::compile(&text).unwrap();
        let mut object = Object { id: "a".into(), ..Object::default() };
        for (name, value) in [("env", env), ("tags", tags)] {
            let fact = Fact { value: value.map(str::to_owned), time_ns: 0 };
            Arc::make_mut(&mut object.properties).insert(name.to_owned(), fact);
        }
        object.metrics.extend(load.map(|value| ("load".to_owned(), Fact { value, time_ns: 0 })));
        let mut meter = StepBudget::default();
        let fully = expression.evaluate_fully(&object, &BTreeMap::new(), &mut meter);
        prop_assert_eq!(expression.evaluate(&object, &BTreeMap::new(), &mut meter), fully, "{}", text);
    }
}

fn any_condition() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "properties.env == 'a'",
        "'b' == properties['env']",
        "properties.env != 'a'",
        "properties.env in ['a', 'c']",
        "properties.env in []",
        "has(properties.env)",
        "has(properties.env) == false",
        "has(metrics.load)",
        "'env' in properties",
        "'load' in metrics",
        "'b' in tags",
        "metrics.load > 4",
        "metrics.load == 1",
        "properties.env.startsWith('a')",
        "properties.env == properties.tags",
        "id == properties.env",
        "properties.env > 4",
        "tags.exists(tag, tag == properties.env)",
        "kind == ''",
        "true",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(({a}) == ({b}))")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn precondition(text: &str) -> Option<Precondition> {
    Expression::compile(text).unwrap().precondition().cloned()
}

#[test]
fn preconditions_are_derived() {
    let property = |name: &str| Some(Precondition::Property(name.to_owned()));
    let metric = |name: &str| Some(Precondition::Metric(name.to_owned()));
    let value = |name: &str, values: &[&str]| {
        Some(Precondition::Value(name.to_owned(), values.iter().map(|&value| value.to_owned()).collect()))
    };
    for (text, expected) in [
        ("properties.env == 'a'", value("env", &["a"])),
        ("'a' == properties['env']", value("env", &["a"])),
        ("kind == 'vm' && metrics.load > 4 && properties.env == 'a'", value("env", &["a"])),
        ("properties.env == 'a' || properties.env in ['b', 'c']", value("env", &["a", "b", "c"])),
        ("properties.env == 'a' || properties.env != 'b'", property("env")),
        ("properties.env == 'a' || properties.x == 'b'", None),
        ("properties.env == 'a' || kind == 'vm'", None),
        ("has(properties.env)", property("env")),
        ("!has(properties.env)", None),
        ("has(properties.env) == false", None),
        ("'env' in properties", property("env")),
        ("'a' in tags", property("tags")),
        ("properties.env.startsWith('a')", property("env")),
        ("4 < metrics['load.1m']", metric("load.1m")),
        ("properties.env == 'a' ? true : false", None),
        ("tags.exists(tag, tag == properties.env)", None),
    ] {
        assert_eq!(precondition(text), expected, "{text}");
    }
}
