//! How much is done for one fact among many objects and many groups.

use std::time::Instant;

use super::*;

/// `objects` objects, and `groups` groups each of which reads a property of its own; five read `env`.
fn many(objects: usize, groups: usize) -> ObjectRegistry {
    let mut all: Vec<Group> =
        (0..groups).map(|at| group(&format!("g{at}"), &[], &format!("properties.p{at} == 'x'"), &[])).collect();
    all.extend((0..5).map(|at| group(&format!("env{at}"), &[], &format!("properties.env == 'e{at}'"), &[])));
    all.push(group("some", &[], "", &["g1", "env1", "env2"]));
    let mut registry = ObjectRegistry::new(compiled(all, &[]));
    let named = |at: usize| facts(&format!("vm-{at}"), 1, &[("env", "e0"), ("p1", "x")]);
    read_inventory(&mut registry, &(0..objects).map(named).collect::<Vec<_>>(), 1);
    registry
}

#[test]
fn one_fact_asks_only_who_reads_it() {
    let mut registry = many(50, 1000);
    let before = registry.evaluations();
    assert_eq!(registry.apply_facts(&facts("vm-7", 2, &[("env", "e2")])).objects, ["vm-7"]);
    assert_eq!(registry.evaluations() - before, 5);
    registry.apply_facts(&facts("vm-7", 3, &[("p17", "x")]));
    assert_eq!(registry.evaluations() - before, 6);
    registry.apply_facts(&facts("vm-7", 4, &[("unknown", "reads"), ("p17", "x")]));
    registry.touch("vm-7", 5);
    assert_eq!(registry.evaluations() - before, 6);
    assert_eq!(groups_of(&registry, "vm-7"), ["g1", "g17", "env2", "some"]);
}

/// Run in a release build: `cargo test --release -p lifesigns-compliance -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn one_fact_among_a_hundred_thousand_objects_and_a_thousand_groups() {
    let start = Instant::now();
    let mut registry = many(100_000, 1000);
    println!("inventory: {:?}", start.elapsed());
    let start = Instant::now();
    for at in 0..10_000_u64 {
        let env = if at % 2 == 0 { "e2" } else { "e3" };
        registry.apply_facts(&facts(&format!("vm-{}", at % 1000), 2 + at, &[("env", env)]));
    }
    println!("one fact that five groups read: {:?}", start.elapsed() / 10_000);
    let objects: Vec<Object> = registry.objects().iter().cloned().collect();
    let start = Instant::now();
    registry.restore(objects);
    println!("restore: {:?}", start.elapsed());

    let all = (0..1000).map(|at| group(&format!("g{at}"), &[], &format!("properties.env == 'e{at}'"), &[])).collect();
    let mut registry = ObjectRegistry::new(compiled(all, &[]));
    let start = Instant::now();
    for at in 0..1000_u64 {
        registry.apply_facts(&facts("vm", at, &[("env", &format!("e{at}"))]));
    }
    println!("one fact that a thousand groups read: {:?}", start.elapsed() / 1000);
}
