//! The evaluator against the reference implementation of the language, and what it costs.
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, sync::Arc};

use cel::{Context, ExecutionError, Program};
use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    Expression,
    limits::{EXPRESSION_STEPS, TOTAL_STEPS},
    record::Fact,
};

/// A condition, and what the reference implementation takes for it: that knows no property that is
/// read as a number, and does not add whole and other numbers.
const LEAVES: [(&str, &str); 40] = [
    ("properties.cores > 4", "double(properties.cores) > 4.0"),
    ("4 >= properties.cores", "4.0 >= double(properties.cores)"),
    ("properties.cores == 8", "double(properties.cores) == 8.0"),
    ("properties.cores != 8", "double(properties.cores) != 8.0"),
    ("properties.cores in [4, 8]", "double(properties.cores) in [4.0, 8.0]"),
    ("properties.cores + 1 > 4", "double(properties.cores) + 1.0 > 4.0"),
    ("properties.cores * 2 <= 9", "double(properties.cores) * 2.0 <= 9.0"),
    ("properties.backup == true", "bool(properties.backup) == true"),
    ("properties.backup != true", "bool(properties.backup) != true"),
    ("properties.env == 'a'", "properties.env == 'a'"),
    ("properties.env != 'a'", "properties.env != 'a'"),
    ("properties.env < 'b'", "properties.env < 'b'"),
    ("properties.env in ['a', 'c']", "properties.env in ['a', 'c']"),
    ("properties.env.contains('a')", "properties.env.contains('a')"),
    ("size(properties.env) == 1", "size(properties.env) == 1"),
    ("properties.env + 'x' == 'ax'", "properties.env + 'x' == 'ax'"),
    ("properties.env == properties.tags", "properties.env == properties.tags"),
    ("has(properties.env)", "has(properties.env)"),
    ("'env' in properties", "'env' in properties"),
    ("properties[kind] == 'a'", "properties[kind] == 'a'"),
    ("properties.exists(name, name == 'env')", "properties.exists(name, name == 'env')"),
    ("properties.exists(name, properties[name] == 'a')", "properties.exists(name, properties[name] == 'a')"),
    ("metrics.load > 4", "metrics.load > 4.0"),
    ("metrics.load * 2 >= 9", "metrics.load * 2.0 >= 9.0"),
    ("metrics.load > threshold.load", "metrics.load > threshold.load"),
    ("metrics.load > properties.cores", "metrics.load > double(properties.cores)"),
    ("string(metrics.load) == '4.5'", "string(metrics.load) == '4.5'"),
    ("int(properties.port) == 22", "int(properties.port) == 22"),
    ("10 / int(properties.port) > 1", "10 / int(properties.port) > 1"),
    ("10 % int(properties.port) == 1", "10 % int(properties.port) == 1"),
    ("double(properties.cores) / 2.0 > 1.0", "double(properties.cores) / 2.0 > 1.0"),
    ("tags.exists(tag, tag == 'x')", "tags.exists(tag, tag == 'x')"),
    ("tags.exists(tag, int(tag) > 3)", "tags.exists(tag, int(tag) > 3)"),
    ("tags.all(tag, int(tag) > 1)", "tags.all(tag, int(tag) > 1)"),
    ("tags.exists_one(tag, tag == 'x')", "tags.exists_one(tag, tag == 'x')"),
    ("tags.filter(tag, tag.startsWith('x')).size() > 1", "tags.filter(tag, tag.startsWith('x')).size() > 1"),
    ("tags.filter(tag, int(tag) > 1).size() > 1", "tags.filter(tag, int(tag) > 1).size() > 1"),
    ("tags.map(tag, tag + 'y') == ['xy', '4y']", "tags.map(tag, tag + 'y') == ['xy', '4y']"),
    ("tags.all(one, tags.exists(two, one + two == 'x4'))", "tags.all(one, tags.exists(two, one + two == 'x4'))"),
    ("tags[1] == 'x'", "tags[1] == 'x'"),
];

/// A condition made of leaves, by their numbers.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize),
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Same(Box<Tree>, Box<Tree>),
    Choice(Box<Tree>, Box<Tree>, Box<Tree>),
}

impl Tree {
    /// Written out, each leaf as `leaf` says; they are numbered from the left.
    fn written(&self, leaf: &mut impl FnMut(usize) -> String) -> String {
        match self {
            Self::Leaf(at) => format!("({})", leaf(*at)),
            Self::Not(one) => format!("!({})", one.written(leaf)),
            Self::And(a, b) => format!("({} && {})", a.written(leaf), b.written(leaf)),
            Self::Or(a, b) => format!("({} || {})", a.written(leaf), b.written(leaf)),
            Self::Same(a, b) => format!("({} == {})", a.written(leaf), b.written(leaf)),
            Self::Choice(a, b, c) => format!("({} ? {} : {})", a.written(leaf), b.written(leaf), c.written(leaf)),
        }
    }
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let leaf = (0..LEAVES.len()).prop_map(Tree::Leaf);
    leaf.prop_recursive(3, 5, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Tree::Not),
            (boxed(), boxed()).prop_map(|(a, b)| Tree::And(a, b)),
            (boxed(), boxed()).prop_map(|(a, b)| Tree::Or(a, b)),
            (boxed(), boxed()).prop_map(|(a, b)| Tree::Same(a, b)),
            (boxed(), boxed(), boxed()).prop_map(|(a, b, c)| Tree::Choice(a, b, c)),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Object> {
    let one = |values: &'static [&'static str]| proptest::option::of(select(values));
    let properties = (
        one(&["a", "b", "c", ""]),
        one(&["8", "4", "4.5", "-1", "none", "", "1e3"]),
        one(&["true", "false", "yes", ""]),
        one(&["22", "0", "7", "ssh", "9223372036854775808"]),
        one(&["x", "x,4", "4,5", "x1,x2", "a,x,x"]),
    );
    (properties, proptest::option::of(select(vec![0.0, 4.5, 9.0, -3.0])), one(&["env", "vm"])).prop_map(
        |((env, cores, backup, port, tags), load, kind)| {
            let mut object = Object { kind: kind.map(Into::into), ..Object::default() };
            let all = [("env", env), ("cores", cores), ("backup", backup), ("port", port), ("tags", tags)];
            for (name, value) in all {
                let fact = Fact { value: value.map(str::to_owned), time_ns: 0 };
                Arc::make_mut(&mut object.properties).insert(name.to_owned(), fact);
            }
            object.metrics.extend(load.map(|value| ("load".to_owned(), Fact { value, time_ns: 0 })));
            object
        },
    )
}

/// What the reference implementation says: true, false, or the error.
fn reference(text: &str, object: &Object) -> Result<bool, ExecutionError> {
    let mut context = Context::default();
    let properties = object.properties.iter().filter_map(|(name, fact)| Some((name.clone(), fact.value.clone()?)));
    context.add_variable_from_value("properties", properties.collect::<HashMap<String, String>>());
    let metrics = object.metrics.iter().map(|(name, fact)| (name.clone(), fact.value));
    context.add_variable_from_value("metrics", metrics.collect::<HashMap<String, f64>>());
    context.add_variable_from_value("threshold", HashMap::from([("load", 3.5)]));
    context.add_variable_from_value("kind", object.kind.as_deref().unwrap_or_default());
    context.add_variable_from_value("tags", tags(object).map(str::to_owned).collect::<Vec<String>>());
    match Program::compile(text).unwrap().execute(&context)? {
        cel::Value::Bool(value) => Ok(value),
        other => panic!("{text} is {other:?}"),
    }
}

fn lacks(error: &ExecutionError) -> bool {
    matches!(error, ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_))
}

/// What is right, by the reference implementation alone: a leaf that fails could be true, false, or
/// without a value, and the whole is decided if it is the same for all of these.
fn expected(tree: &Tree, object: &Object) -> Option<bool> {
    const LACKING: &str = "properties['no such name'] == 'x'";
    let mut choices: Vec<Vec<&str>> = Vec::new();
    tree.written(&mut |at| {
        choices.push(match reference(LEAVES[at].1, object) {
            Ok(true) => vec!["true"],
            Ok(false) => vec!["false"],
            Err(error) if lacks(&error) => vec![LACKING],
            Err(_) => vec!["true", "false", LACKING],
        });
        String::new()
    });
    let worlds: usize = choices.iter().map(Vec::len).product();
    let mut held = Vec::new();
    for world in 0..worlds {
        let (mut rest, mut at) = (world, 0);
        let text = tree.written(&mut |_| {
            let choice = &choices[at];
            let leaf = choice[rest % choice.len()];
            rest /= choice.len();
            at += 1;
            leaf.to_owned()
        });
        held.push(reference(&text, object).unwrap_or(false));
    }
    held.dedup();
    match held[..] {
        [holds] => Some(holds),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever the expression and the object are, the answer is what the reference implementation says,
    /// and it is undecided if and only if that depends on something that fails.
    #[test]
    fn the_answer_is_never_silently_wrong(tree in any_tree(), object in any_object()) {
        let text = tree.written(&mut |at| LEAVES[at].0.to_owned());
        // Too many loops in one expression are refused.
        let compiled = Expression::compile(&text);
        prop_assume!(!matches!(&compiled, Err(error) if error.contains("more than")));
        let expression = compiled.unwrap();
        let thresholds = BTreeMap::from([("load".to_owned(), 3.5)]);
        let outcome = expression.evaluate(&object, &thresholds, &mut StepBudget::default());
        let said = match &outcome {
            ExpressionOutcome::Holds => Some(true),
            ExpressionOutcome::Fails => Some(false),
            ExpressionOutcome::Undecided(reason) => {
                prop_assert!(!reason.is_empty());
                None
            }
        };
        prop_assert_eq!(said, expected(&tree, &object), "{}: {:?}", text, outcome);
    }
}

fn with_tags(tags: String) -> Object {
    let fact = Fact { value: Some(tags), time_ns: 0 };
    Object { properties: Arc::new([("tags".to_owned(), fact)].into()), ..Object::default() }
}

#[test]
fn what_costs_too_much_is_cut_and_undecided() {
    let object = with_tags("a,".repeat(2040));
    let one = r#"tags.all(a, tags.all(b, a + b + a + b != "qqqq"))"#;
    for text in [one.to_owned(), [one; 4].join(" && "), format!("!({one})")] {
        let mut meter = StepBudget::default();
        let outcome = Expression::compile(&text).unwrap().evaluate(&object, &BTreeMap::new(), &mut meter);
        assert!(
            matches!(&outcome, ExpressionOutcome::Undecided(reason) if reason.contains("steps")),
            "{text}: {outcome:?}"
        );
        assert!(meter.spent() <= EXPRESSION_STEPS, "{text}: {}", meter.spent());
    }
    // One loop over all that may be there is no problem, and lists that grow are not copied.
    for text in
        ["tags.all(a, a == 'a')", "tags.filter(a, a == 'a').size() > 2000", "tags.map(a, a + 'b').size() > 2000"]
    {
        let mut meter = StepBudget::default();
        let outcome = Expression::compile(text).unwrap().evaluate(&object, &BTreeMap::new(), &mut meter);
        assert_eq!(outcome, ExpressionOutcome::Holds, "{text}");
        assert!(meter.spent() < EXPRESSION_STEPS / 2, "{text}: {}", meter.spent());
    }
}

#[test]
fn all_expressions_together_are_cut_too() {
    let object = with_tags("a,".repeat(2040));
    let expression = Expression::compile("tags.all(a, tags.all(b, a + b != 'q'))").unwrap();
    let mut meter = StepBudget::default();
    let outcomes: Vec<ExpressionOutcome> =
        (0..1000).map(|_| expression.evaluate(&object, &BTreeMap::new(), &mut meter)).collect();
    assert!(meter.spent() <= TOTAL_STEPS + outcomes.len());
    assert!(
        matches!(&outcomes[999], ExpressionOutcome::Undecided(reason) if reason.contains("together")),
        "{:?}",
        outcomes[999]
    );
}

#[test]
fn long_texts_cost_what_they_are_long() {
    let object = with_tags("x".repeat(4000));
    let mut meter = StepBudget::default();
    let expression = Expression::compile("properties.tags.contains('y')").unwrap();
    assert_eq!(expression.evaluate(&object, &BTreeMap::new(), &mut meter), ExpressionOutcome::Fails);
    assert!(meter.spent() > 4000 / 16 && meter.spent() < 4000, "{}", meter.spent());
}

#[test]
fn whatever_reads_a_long_property_or_many_keys_pays_for_it() {
    let spent = |text: &str, object: &Object| {
        let mut meter = StepBudget::default();
        let outcome = Expression::compile(text).unwrap().evaluate(object, &BTreeMap::new(), &mut meter);
        (meter.spent(), outcome)
    };
    // A number in 4000 bytes, which is read as one.
    let number = with_tags(format!("{}7", "0".repeat(3999)));
    let flag = with_tags(format!("{}true", " ".repeat(3996)));
    for (text, object) in [
        ("properties.tags == 7", &number),
        ("7 != properties.tags || true", &number),
        ("properties.tags > 6", &number),
        ("properties.tags + 1 == 8", &number),
        ("properties.tags * 2 == 14", &number),
        ("properties.tags in [7]", &number),
        ("properties.tags in {7: 1}", &number),
        ("{properties.tags: 1}[7] == 1", &number),
        ("properties.tags == true", &flag),
    ] {
        let (steps, outcome) = spent(text, object);
        assert_eq!(outcome, ExpressionOutcome::Holds, "{text}");
        assert!(steps > 4000 / 16, "{text}: {steps}");
    }
    let fact = |at: usize| (format!("p{at}"), Fact { value: at.is_multiple_of(2).then(|| "x".to_owned()), time_ns: 0 });
    let many = Object { properties: Arc::new((0..1000).map(fact).collect()), ..Object::default() };
    for text in ["size(properties) == 500", "properties.size() == 500", "properties.exists(p, p == 'p0')"] {
        let (steps, outcome) = spent(text, &many);
        assert_eq!(outcome, ExpressionOutcome::Holds, "{text}");
        assert!(steps > 1000, "{text}: {steps}");
    }
    // So a loop of them ends in its bound.
    let text = "properties.all(a, properties.all(b, size(properties) > 0))";
    assert!(matches!(spent(text, &many).1, ExpressionOutcome::Undecided(reason) if reason.contains("steps")));
}
