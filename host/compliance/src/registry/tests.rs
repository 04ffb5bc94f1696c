//! Tests of the registry: who is in which group, what is late, what an inventory takes back, and
//! that what is resolved step by step is what would be resolved from nothing.
#![allow(clippy::unwrap_used)]

mod objects;
mod work;

use proptest::prelude::*;

use super::*;
use crate::{
    config::{AlertCondition, AlertDefinition, ComplianceConfig, Group, Scope},
    limits::{DISCOVERED_OBJECTS, NAME_BYTES},
    pattern::Pattern,
};

pub(super) fn group(name: &str, objects: &[&str], when: &str, groups: &[&str]) -> Group {
    Group {
        name: name.into(),
        objects: objects.iter().map(|&one| Pattern::new(one)).collect(),
        when: (!when.is_empty()).then(|| when.to_owned()),
        groups: groups.iter().map(|&one| one.to_owned()).collect(),
        ..Group::default()
    }
}

pub(super) fn excluding(group: Group, exclude: &[&str], exclude_when: &str) -> Group {
    Group {
        exclude: exclude.iter().map(|&one| Pattern::new(one)).collect(),
        exclude_when: (!exclude_when.is_empty()).then(|| exclude_when.to_owned()),
        ..group
    }
}

pub(super) fn compiled(groups: Vec<Group>, facts: &[&str]) -> Arc<CompiledConfig> {
    let definitions =
        facts.iter().map(|&fact| AlertDefinition::new(fact, AlertCondition::Fact(fact.to_owned(), Scope::Own)));
    let config = ComplianceConfig { groups, definitions: definitions.collect(), ..ComplianceConfig::default() };
    Arc::new(CompiledConfig::new(Arc::new(config)).unwrap())
}

pub(super) fn facts(object: &str, time_ns: u64, properties: &[(&str, &str)]) -> ObjectFacts {
    let pair = |&(name, value): &(&str, &str)| (name.to_owned(), (value != "-").then(|| value.to_owned()));
    ObjectFacts {
        object: object.into(),
        time_ns,
        properties: properties.iter().map(pair).collect(),
        ..ObjectFacts::default()
    }
}

pub(super) fn read_inventory(registry: &mut ObjectRegistry, objects: &[ObjectFacts], now_ns: u64) -> AffectedObjects {
    let diff = registry.objects().inventory_diff(objects, now_ns);
    registry.apply_inventory(&diff)
}

pub(super) fn groups_of(registry: &ObjectRegistry, object: &str) -> Vec<String> {
    registry.groups().of(object).map(|group| group.name.clone()).collect()
}

fn how(registry: &ObjectRegistry, object: &str) -> Vec<(String, String)> {
    registry.groups().memberships(object).into_iter().map(|one| (one.group, one.how)).collect()
}

#[test]
fn lists_expressions_groups_and_exclusions() {
    let production = r#"properties.env == "production""#;
    let compiled = compiled(
        vec![
            group("all", &[], "", &["linux", "production"]),
            group("linux", &["vm-*"], production, &[]),
            excluding(group("production", &["db"], production, &[]), &["vm-3"], "has(properties.exempt)"),
            excluding(group("strict", &["vm-9"], "", &["production"]), &["vm-2"], ""),
        ],
        &[],
    );
    let mut registry = ObjectRegistry::new(compiled);
    for object in ["vm-1", "vm-2", "vm-3", "db", "x"] {
        registry.apply_facts(&facts(object, 1, &[("env", "production")]));
    }
    registry.apply_facts(&facts("y", 1, &[]));
    assert_eq!(groups_of(&registry, "vm-1"), ["all", "linux", "production", "strict"]);
    assert_eq!(groups_of(&registry, "vm-2"), ["all", "linux", "production"]);
    assert_eq!(groups_of(&registry, "vm-3"), ["all", "linux"]);
    assert_eq!(groups_of(&registry, "y"), [] as [&str; 0]);
    let own = |pairs: &[(&str, &str)]| pairs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect::<Vec<_>>();
    assert_eq!(
        how(&registry, "vm-1"),
        own(&[
            ("all", "member of \"linux\""),
            ("linux", "listed as \"vm-*\""),
            ("production", production),
            ("strict", "member of \"production\""),
        ])
    );
    assert_eq!(how(&registry, "x")[1].1, production);
    assert_eq!(how(&registry, "db")[2].1, "listed as \"db\"");

    // Groups of groups follow one fact, and so does the exclusion.
    assert_eq!(registry.apply_facts(&facts("vm-1", 2, &[("exempt", "yes")])).objects, ["vm-1"]);
    assert_eq!(groups_of(&registry, "vm-1"), ["all", "linux"]);
    assert_eq!(registry.apply_facts(&facts("vm-1", 3, &[("exempt", "-")])).objects, ["vm-1"]);
    assert!(registry.groups().is_member("vm-1", "strict") && !registry.groups().is_member("vm-2", "strict"));
    let strict: Vec<&str> = registry.groups().members("strict").unwrap().collect();
    assert_eq!(strict, ["db", "vm-1", "x"]);
    assert!(registry.groups().members("nowhere").is_none());
}

#[test]
fn a_new_configuration_touches_those_whose_groups_changed() {
    let test = || group("test", &[], "properties.env == 'test'", &[]);
    let before = compiled(vec![group("a", &["1"], "", &[]), test(), group("sum", &[], "", &["a"])], &[]);
    let mut registry = ObjectRegistry::new(before.clone());
    for object in ["1", "2", "3"] {
        registry.apply_facts(&facts(object, 1, &[("env", if object == "3" { "test" } else { "x" })]));
    }
    let evaluated = registry.evaluations();
    // `a` is written again, `test` stays and moves, `sum` has another group within.
    let after = compiled(
        vec![group("sum", &[], "", &["test"]), test(), group("a", &["1", "2"], "", &[]), group("new", &["9"], "", &[])],
        &[],
    );
    assert_eq!(registry.configure(after).objects, ["1", "2", "3"]);
    assert_eq!(registry.evaluations(), evaluated, "an expression that stays is not evaluated again");
    assert_eq!(groups_of(&registry, "1"), ["a"]);
    assert_eq!(groups_of(&registry, "3"), ["sum", "test"]);
    assert_eq!(registry.groups().member_count("sum"), 1);
    registry.configure(before.clone());
    assert_eq!(groups_of(&registry, "1"), ["a", "sum"]);
    assert_eq!(registry.configure(before), AffectedObjects::default());
    assert_eq!(registry.configure(compiled(vec![], &[])).objects, ["1", "3"]);
}

#[test]
fn what_cannot_be_decided_is_a_possible_member_and_warned_of_once() {
    let odd = || group("odd", &[], "int(properties.n) > 4", &[]);
    let keeps_out = Group { exclude_when: Some("int(properties.n) > 4".to_owned()), ..group("out", &["*"], "", &[]) };
    let mut registry = ObjectRegistry::new(compiled(vec![odd(), group("above", &[], "", &["odd"]), keeps_out], &[]));
    for object in ["a", "b"] {
        registry.apply_facts(&facts(object, 1, &[("n", "x")]));
    }
    registry.apply_facts(&facts("c", 1, &[("n", "5")]));
    registry.apply_facts(&facts("d", 1, &[]));
    let warnings = registry.take_warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!((&*warnings[0].of, &*warnings[0].example), ("group `odd`, `when`", "a"));
    assert!(warnings[0].reason.contains("no whole number"), "{warnings:?}");
    assert!(registry.take_warnings().is_empty());
    let uncertain = |registry: &ObjectRegistry, id: &str| {
        registry.groups().uncertain(id).map(|group| group.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(groups_of(&registry, "a"), ["odd", "above", "out"]);
    assert_eq!(uncertain(&registry, "a"), ["odd", "above", "out"]);
    assert_eq!(groups_of(&registry, "c"), ["odd", "above"]);
    assert_eq!(groups_of(&registry, "d"), ["out"]);
    assert!(uncertain(&registry, "c").is_empty() && uncertain(&registry, "d").is_empty());
    let all = registry.groups().undecided();
    assert_eq!(all.iter().map(|one| one.objects).collect::<Vec<_>>(), [2, 2], "{all:?}");
    assert_eq!(registry.groups().undecided_in("odd").len(), 1);
    assert_eq!(registry.groups().undecided_of("b").len(), 2);
    // It is touched when it becomes certain, and when it is no longer.
    assert_eq!(registry.apply_facts(&facts("a", 2, &[("n", "5")])).objects, ["a"]);
    assert!(uncertain(&registry, "a").is_empty());
    assert_eq!(registry.apply_facts(&facts("a", 3, &[("n", "y")])).objects, ["a"]);
    assert!(registry.take_warnings().is_empty());
    assert!(
        registry.groups().memberships("a")[0].how.starts_with("undecided: "),
        "{:?}",
        registry.groups().memberships("a")
    );
}

/// What happens to a registry.
#[derive(Clone, Debug)]
enum Step {
    Facts(ObjectFacts),
    Inventory(Vec<ObjectFacts>),
    Configure(usize),
    Forget(String),
}

fn any_facts() -> impl Strategy<Value = ObjectFacts> {
    let name = |names: &[&'static str]| proptest::sample::select(names.to_vec()).prop_map(str::to_owned);
    let property = (name(&["env", "tags", "n"]), proptest::option::of(name(&["production", "a,b", "7"])));
    (
        name(&["vm-1", "vm-2", "host", "db"]),
        0_u64..12,
        proptest::option::of(name(&["vm", "host"])),
        proptest::option::of(name(&["host", "vm-1", "gone"])),
        proptest::collection::vec(property, 0..3),
        proptest::collection::vec((name(&["load", "n"]), 0.0..9.0), 0..2),
    )
        .prop_map(|(object, time_ns, kind, parent, properties, metrics)| ObjectFacts {
            object,
            time_ns,
            kind,
            parent,
            properties,
            metrics,
            aliases: Vec::new(),
        })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any_facts().prop_map(Step::Facts),
        2 => proptest::collection::vec(any_facts(), 0..4).prop_map(Step::Inventory),
        1 => (0_usize..3).prop_map(Step::Configure),
        1 => any_facts().prop_map(|facts| Step::Forget(facts.object)),
    ]
}

fn configurations() -> [Arc<CompiledConfig>; 3] {
    let production = "properties.env == 'production'";
    let first = vec![
        group("outer", &[], "", &["inner", "loaded"]),
        excluding(group("inner", &["vm-*"], production, &["tagged"]), &["vm-2"], "kind == 'host'"),
        group("loaded", &[], "metrics.load > 4", &[]),
        group("tagged", &[], "'a' in tags || parent == 'host'", &[]),
        excluding(group("any", &[], "size(properties) > 1", &["outer"]), &[], "has(properties.n)"),
    ];
    let mut second = first.clone();
    second.reverse();
    second[1].when = Some("metrics.exists(name, metrics[name] > 6)".into());
    let mut third = second.clone();
    third.remove(1);
    third.iter_mut().for_each(|group| group.groups.retain(|name| name != "tagged"));
    third.push(group("children", &[], "parent != ''", &["outer"]));
    [first, second, third].map(|groups| compiled(groups, &[]))
}

proptest! {
    /// Step by step or from nothing: the same members, the same ways in, the same relatives; and
    /// everybody whose groups changed was touched.
    #[test]
    fn step_by_step_is_as_from_nothing(steps in proptest::collection::vec(any_step(), 0..24)) {
        let configurations = configurations();
        let mut registry = ObjectRegistry::new(configurations[0].clone());
        for step in steps {
            let ids = ["vm-1", "vm-2", "host", "db"];
            let before = ids.map(|id| groups_of(&registry, id));
            let touched = match step {
                Step::Facts(facts) => registry.apply_facts(&facts),
                Step::Inventory(objects) => {
                    let now_ns = objects.iter().map(|facts| facts.time_ns).max().unwrap_or(12);
                    read_inventory(&mut registry, &objects, now_ns)
                },
                Step::Configure(at) => registry.configure(configurations[at].clone()),
                Step::Forget(object) => registry.forget(&object),
            };
            prop_assert!(touched.objects.is_sorted_by(|a, b| a < b));
            for (id, before) in ids.iter().zip(before) {
                // Two configurations may have the same groups in another order.
                let sorted = |mut names: Vec<String>| { names.sort(); names };
                if sorted(before) != sorted(groups_of(&registry, id)) {
                    prop_assert!(touched.objects.iter().any(|one| one == id), "{id} {touched:?}");
                }
            }
            let mut fresh = ObjectRegistry::new(registry.compiled.clone());
            fresh.restore(registry.objects().iter().cloned().collect());
            for group in 0..registry.compiled.config().groups.len() {
                prop_assert_eq!(registry.index.members(group), fresh.index.members(group));
            }
            prop_assert_eq!(&registry.children, &fresh.children);
            prop_assert_eq!(registry.objects.discovered(), fresh.objects.discovered());
            for id in ids {
                prop_assert_eq!(how(&registry, id), how(&fresh, id));
            }
        }
    }
}
