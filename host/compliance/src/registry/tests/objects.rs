//! Objects: what is late, what an inventory says and takes back, relatives, bounds, the store.

use lifesigns_model::DropKind;

use super::*;
use crate::limits::SEEN_MS;
use crate::limits::{OBJECT_METRICS, OBJECT_PROPERTIES, VALUE_BYTES};

fn value<'a>(registry: &'a ObjectRegistry, object: &str, name: &str) -> Option<&'a str> {
    registry.object(object)?.properties.get(name)?.value.as_deref()
}

fn related(object: &str, time_ns: u64, kind: Option<&str>, parent: Option<&str>) -> ObjectFacts {
    ObjectFacts {
        object: object.into(),
        time_ns,
        kind: kind.map(str::to_owned),
        parent: parent.map(str::to_owned),
        ..ObjectFacts::default()
    }
}

fn sample(object: &str, time_ns: u64, name: &str, value: f64) -> ObjectFacts {
    ObjectFacts { object: object.into(), time_ns, metrics: vec![(name.into(), value)], ..ObjectFacts::default() }
}

fn empty() -> ObjectRegistry {
    ObjectRegistry::new(compiled(vec![], &[]))
}

#[test]
fn late_facts_change_nothing() {
    let mut registry = ObjectRegistry::new(compiled(vec![group("p", &[], "properties.env == 'p'", &[])], &[]));
    registry.apply_facts(&facts("a", 10, &[("env", "p")]));
    registry.apply_facts(&related("a", 10, Some("vm"), Some("host")));
    registry.apply_facts(&sample("a", 10, "load", 1.0));
    let before = registry.object("a").cloned();
    assert_eq!(registry.apply_facts(&facts("a", 9, &[("env", "q")])), AffectedObjects::default());
    assert_eq!(registry.apply_facts(&facts("a", 9, &[("env", "-")])), AffectedObjects::default());
    assert_eq!(registry.apply_facts(&related("a", 9, Some("host"), Some("other"))), AffectedObjects::default());
    assert_eq!(registry.apply_facts(&sample("a", 9, "load", 2.0)), AffectedObjects::default());
    let after = registry.object("a").cloned().unwrap();
    assert_eq!(after.first_ns, 9);
    assert_eq!(before, Some(Object { first_ns: 10, ..after }));
    // Said again later, it is known as of later.
    registry.apply_facts(&facts("a", 20, &[("env", "p")]));
    registry.apply_facts(&facts("a", 15, &[("env", "q")]));
    assert_eq!(value(&registry, "a", "env"), Some("p"));
    // A removal is a fact as well, and a late line does not bring the property back.
    registry.apply_facts(&facts("a", 30, &[("env", "-")]));
    registry.apply_facts(&facts("a", 29, &[("env", "p")]));
    assert_eq!(value(&registry, "a", "env"), None);
    assert!(groups_of(&registry, "a").is_empty());
}

#[test]
fn facts_that_nobody_reads_touch_nobody() {
    let compiled = compiled(vec![group("p", &[], "properties.env == 'p'", &[])], &["metrics.load > 4"]);
    let mut registry = ObjectRegistry::new(compiled);
    assert_eq!(registry.apply_facts(&facts("a", 1, &[("x", "1")])).objects, ["a"], "it is new");
    assert_eq!(registry.apply_facts(&facts("a", 2, &[("x", "2")])), AffectedObjects::default());
    assert_eq!(registry.apply_facts(&sample("a", 3, "cpu", 1.0)), AffectedObjects::default());
    assert_eq!(registry.apply_facts(&sample("a", 3, "load", 1.0)).objects, ["a"]);
    assert_eq!(registry.apply_facts(&sample("a", 4, "load", 1.0)), AffectedObjects::default(), "it is the same");
    assert_eq!(registry.apply_facts(&facts("a", 5, &[("env", "q")])), AffectedObjects::default(), "no group changed");
    assert_eq!(registry.apply_facts(&facts("a", 6, &[("env", "p")])).objects, ["a"]);
    assert_eq!(registry.apply_facts(&related("a", 7, Some("vm"), None)).objects, ["a"]);
}

#[test]
fn relatives_are_known_and_touched() {
    let mut registry = empty();
    registry.touch("host-1", 1);
    registry.apply_facts(&related("vm-2", 1, None, Some("host-1")));
    assert_eq!(registry.apply_facts(&related("vm-1", 1, None, Some("host-1"))).objects, ["host-1", "vm-1"]);
    assert_eq!(registry.children("host-1").collect::<Vec<_>>(), ["vm-1", "vm-2"]);
    assert_eq!(registry.apply_facts(&related("vm-1", 2, None, Some("host-2"))).objects, ["host-1", "vm-1"]);
    assert_eq!(registry.children("host-2").collect::<Vec<_>>(), ["vm-1"]);
    assert_eq!(registry.children("host-1").collect::<Vec<_>>(), ["vm-2"]);
    assert_eq!(registry.forget("host-1").objects, ["host-1", "vm-2"]);
    assert_eq!(registry.forget("vm-2").objects, ["host-1", "vm-2"], "it may have alerts because of its child");
    assert_eq!(registry.forget("vm-2"), AffectedObjects::default());
    assert_eq!(registry.children("host-1").count(), 0);
}

#[test]
fn an_inventory_takes_back_what_it_no_longer_says() {
    let mut registry = empty();
    registry.touch("c", 5);
    registry.apply_facts(&facts("a", 5, &[("seen", "x"), ("env", "from-stream")]));
    let named = |kind, parent, properties: &[(&str, &str)]| {
        let related = related("a", 10, kind, parent);
        ObjectFacts { properties: facts("a", 10, properties).properties, ..related }
    };
    let listed =
        [named(Some("vm"), Some("host"), &[("env", "production"), ("owner", "x")]), facts("b", 10, &[("env", "test")])];
    read_inventory(&mut registry, &listed, 10);
    let discovered = |registry: &ObjectRegistry| {
        registry.objects().iter().filter(|one| one.discovered).map(|one| one.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(discovered(&registry), ["c"]);
    assert_eq!(value(&registry, "a", "env"), Some("production"));
    assert_eq!(value(&registry, "a", "seen"), Some("x"));

    // An event that is newer than the next inventory stands against it.
    registry.apply_facts(&facts("a", 30, &[("owner", "y")]));
    let again = ObjectFacts { time_ns: 20, ..named(None, None, &[]) };
    let touched = read_inventory(&mut registry, &[again], 20);
    assert_eq!(touched.objects, ["a", "host"], "its parent and kind are gone");
    let a = registry.object("a").unwrap();
    assert_eq!((a.kind.as_deref(), a.parent.as_deref()), (None, None));
    assert_eq!(value(&registry, "a", "env"), None);
    assert_eq!(value(&registry, "a", "owner"), Some("y"));
    assert_eq!(value(&registry, "a", "seen"), Some("x"), "no inventory ever said it");
    assert_eq!(discovered(&registry), ["b", "c"]);
    assert_eq!(value(&registry, "b", "env"), None);
    assert_eq!(registry.children("host").count(), 0);

    // An empty one takes back what is left, and the same again changes nothing.
    registry.take_dirty();
    read_inventory(&mut registry, &[], 40);
    assert_eq!(discovered(&registry), ["a", "b", "c"]);
    assert_eq!(registry.take_dirty().len(), 1);
    assert_eq!(read_inventory(&mut registry, &[], 40), AffectedObjects::default());
    assert!(registry.take_dirty().is_empty());
}

#[test]
fn an_inventory_in_which_something_is_missing_is_a_reduction() {
    let mut registry = empty();
    read_inventory(&mut registry, &[facts("a", 0, &[("env", "x")]), facts("b", 0, &[])], 10);
    let is_reduction = |objects: &[ObjectFacts]| registry.objects().inventory_diff(objects, 20).is_reduction();
    let more = [facts("a", 0, &[("env", "x"), ("owner", "x")]), facts("b", 0, &[]), facts("c", 0, &[])];
    assert!(!is_reduction(&more));
    assert!(is_reduction(&[facts("a", 0, &[("env", "x")])]), "b");
    assert!(is_reduction(&[facts("a", 0, &[("owner", "x")]), facts("b", 0, &[])]), "a's env");
}

#[test]
fn what_an_inventory_changes_is_what_an_engine_is_given() {
    let mut registry = empty();
    let before = [facts("a", 0, &[("env", "x"), ("owner", "x")]), facts("b", 0, &[("env", "y")])];
    read_inventory(&mut registry, &before, 10);
    registry.apply_facts(&facts("a", 15, &[("owner", "stream")]));
    let now = [facts("a", 0, &[("env", "z")]), facts("c", 0, &[("env", "w")])];
    let diff = registry.objects().inventory_diff(&now, 20);
    assert_eq!(diff.known_objects().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(diff.new_facts().collect::<Vec<_>>(), [facts("c", 0, &[("env", "w")])]);
    let removed = ObjectFacts { properties: vec![("env".to_owned(), None)], ..facts("b", 20, &[]) };
    let changed = [facts("a", 20, &[("env", "z")]), removed];
    assert_eq!(diff.changed_facts(), changed);
    assert_eq!(diff.facts_from_now(), [&changed[..], &[facts("c", 20, &[("env", "w")])]].concat());
    registry.apply_inventory(&diff);
    assert_eq!(registry.objects().inventory_diff(&now, 30).changed_facts(), []);
}

#[test]
fn an_inventory_for_ever_since_is_read_again_and_changed() {
    let mut registry = empty();
    read_inventory(&mut registry, &[facts("a", 0, &[("env", "playground")]), facts("a", 0, &[("owner", "x")])], 0);
    registry.touch("a", 50);
    registry.take_dirty();
    read_inventory(&mut registry, &[facts("a", 0, &[("env", "playground")]), facts("a", 0, &[("owner", "x")])], 0);
    assert!(registry.take_dirty().is_empty());
    read_inventory(&mut registry, &[facts("a", 0, &[("env", "production")])], 0);
    assert_eq!(value(&registry, "a", "env"), Some("production"));
    assert_eq!(value(&registry, "a", "owner"), None);
    assert!(!registry.object("a").unwrap().discovered);
}

#[test]
fn what_survives_a_store_takes_back_as_if_nothing_had_happened() {
    let mut registry = empty();
    read_inventory(&mut registry, &[facts("a", 10, &[("env", "production")])], 10);
    let kept = registry.take_dirty();
    let mut restored = empty();
    restored.restore(kept);
    assert!(restored.take_dirty().is_empty());
    read_inventory(&mut restored, &[facts("a", 20, &[])], 20);
    assert_eq!(value(&restored, "a", "env"), None);
}

#[test]
fn the_store_is_given_what_changed_and_not_every_sign_of_life() {
    let mut registry = empty();
    registry.touch("a", 1);
    registry.apply_facts(&facts("b", 1, &[("env", "p")]));
    let ids = |objects: Vec<Object>| objects.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(registry.take_dirty()), ["a", "b"]);
    registry.touch("a", 2);
    registry.apply_facts(&facts("b", 2, &[("env", "p")]));
    assert!(registry.take_dirty().is_empty());
    assert_eq!(registry.object("a").unwrap().last_ns, 2);
    registry.touch("a", 1 + SEEN_MS * 1_000_000);
    registry.apply_facts(&facts("b", 3, &[("env", "q")]));
    assert_eq!(ids(registry.take_dirty()), ["a", "b"]);
}

#[test]
fn what_is_too_much_is_dropped_and_counted() {
    let mut registry = empty();
    let long = "x".repeat(NAME_BYTES + 1);
    registry.touch("", 1);
    registry.touch(&long, 1);
    read_inventory(&mut registry, &[facts(&long, 1, &[])], 1);
    assert_eq!(registry.objects().dropped().iter().collect::<Vec<_>>(), [(DropKind::ObjectNames, 3)]);
    registry.apply_facts(&facts("a", 1, &[(&long, "x"), ("y", &"x".repeat(VALUE_BYTES + 1))]));
    registry.apply_facts(&related("a", 1, Some(&long), Some(&long)));
    registry.apply_facts(&sample("a", 1, "m", f64::NAN));
    registry.apply_facts(&sample("a", 1, "m", f64::INFINITY));
    assert_eq!(registry.objects().dropped().count(DropKind::UnfitFacts), 6);
    assert_eq!(registry.object("a").unwrap().properties.len(), 0);

    for at in 0..OBJECT_PROPERTIES + 5 {
        registry.apply_facts(&facts("a", 2, &[(&format!("p{at}"), "x")]));
    }
    for at in 0..OBJECT_METRICS + 5 {
        registry.apply_facts(&sample("a", 2, &format!("m{at}"), 1.0));
    }
    assert_eq!(registry.objects().dropped().count(DropKind::Facts), 10);
    // A removed property makes room for one more.
    registry.apply_facts(&facts("a", 3, &[("p7", "-"), ("new", "x")]));
    assert_eq!(value(&registry, "a", "new"), Some("x"));
    let a = registry.object("a").unwrap();
    assert_eq!((a.properties.len(), a.metrics.len()), (OBJECT_PROPERTIES, OBJECT_METRICS));
    assert_eq!(registry.objects().dropped().count(DropKind::Facts), 10);
}

#[test]
fn strangers_leave_room_for_the_inventory() {
    let mut registry = empty();
    for at in 0..DISCOVERED_OBJECTS + 3 {
        registry.touch(&format!("stranger-{at}"), 1);
    }
    assert_eq!(registry.objects().dropped().count(DropKind::Objects), 3);
    read_inventory(&mut registry, &[facts("ours", 1, &[]), facts("stranger-1", 1, &[])], 1);
    assert!(registry.object("ours").is_some());
    registry.touch("one-more", 1);
    registry.touch("too-many", 1);
    assert!(registry.object("one-more").is_some() && registry.object("too-many").is_none());
}
