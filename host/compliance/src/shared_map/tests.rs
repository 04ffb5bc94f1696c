//! The shared map against a sorted map, and what a change after a copy costs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One step: a name, and what is done with it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u16),
    Change(u16),
    Remove(u16),
    Copy,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..400_u16;
    prop_oneof![
        6 => name.clone().prop_map(Step::Insert),
        2 => name.clone().prop_map(Step::Change),
        5 => name.prop_map(Step::Remove),
        1 => Just(Step::Copy),
    ]
}

fn name(number: u16) -> String {
    format!("vm-{number}")
}

fn entries(map: &SharedMap<u32>) -> Vec<(String, u32)> {
    map.iter().map(|(name, value)| (name.to_string(), *value)).collect()
}

fn expected(map: &BTreeMap<String, u32>) -> Vec<(String, u32)> {
    map.iter().map(|(name, value)| (name.clone(), *value)).collect()
}

proptest! {
    #[test]
    fn it_is_a_sorted_map_and_its_copies_stay_as_they_were(steps in prop::collection::vec(step(), 0..500)) {
        let (mut map, mut model) = (SharedMap::<u32>::default(), BTreeMap::<String, u32>::new());
        let mut copies = Vec::new();
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Insert(at) => prop_assert_eq!(map.insert(name(at).into(), number), model.insert(name(at), number)),
                Step::Change(at) => {
                    prop_assert_eq!(map.get_mut(&name(at)).map(|value| *value += 1), model.get_mut(&name(at)).map(|value| *value += 1));
                }
                Step::Remove(at) => prop_assert_eq!(map.remove(&name(at)), model.remove(&name(at))),
                Step::Copy => copies.push((map.clone(), model.clone())),
            }
        }
        copies.push((map, model));
        for (map, model) in &copies {
            prop_assert_eq!(map.len(), model.len());
            prop_assert_eq!(entries(map), expected(model));
            for at in (0..400).step_by(7) {
                let name = name(at);
                prop_assert_eq!(map.get(&name), model.get(&name));
                let after: Vec<&str> = map.iter_after(&name).map(|(name, _)| &**name).collect();
                let expected: Vec<&str> = model.keys().filter(|one| **one > name).map(String::as_str).collect();
                prop_assert_eq!(after, expected);
            }
        }
    }
}

#[test]
fn what_is_emptied_can_be_filled_again() {
    let mut map = SharedMap::<u32>::default();
    for round in 0..3 {
        for at in 0..2000 {
            assert_eq!(map.insert(name(at).into(), round), None);
        }
        let mut sum = 0;
        map.for_each_mut(|_, value| sum += std::mem::take(value));
        assert_eq!((sum, map.values().sum::<u32>()), (2000 * round, 0));
        for at in (0..2000).rev() {
            assert_eq!(map.remove(&name(at)), Some(0));
        }
        assert!(map.is_empty() && map.iter().next().is_none() && map.get("vm-1").is_none());
    }
}

#[test]
fn a_change_after_a_copy_clones_a_path_and_not_the_map() {
    let mut map = SharedMap::<Arc<u32>>::default();
    for at in 0..10_000 {
        map.insert(name(at).into(), Arc::new(0));
    }
    let copy = map.clone();
    *map.entry_or_default(&"vm-77".into()) = Arc::new(1);
    let cloned = copy.values().filter(|value| Arc::strong_count(value) > 1).count();
    assert!(cloned <= 16, "{cloned} values were cloned");
    assert_eq!((copy.get("vm-77").map(|one| **one), map.get("vm-77").map(|one| **one)), (Some(0), Some(1)));
}
