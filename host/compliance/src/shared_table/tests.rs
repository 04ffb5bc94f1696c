//! The shared table against a sorted map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One step: a name, and what is done with it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u16),
    Change(u16),
    Remove(u16),
    Share,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..400_u16;
    prop_oneof![
        6 => name.clone().prop_map(Step::Insert),
        2 => name.clone().prop_map(Step::Change),
        4 => name.prop_map(Step::Remove),
        1 => Just(Step::Share),
    ]
}

fn check(table: &SharedTable<u32>, model: &BTreeMap<String, u32>) -> Result<(), TestCaseError> {
    let entries = |(name, value): (&Arc<str>, &u32)| (name.to_string(), *value);
    let all: Vec<(String, u32)> = model.iter().map(|(name, value)| (name.clone(), *value)).collect();
    prop_assert_eq!(table.iter().map(entries).collect::<Vec<_>>(), all.clone());
    let after = all.into_iter().filter(|(name, _)| **name > *"vm-2");
    prop_assert_eq!(table.iter_after(Some("vm-2")).map(entries).collect::<Vec<_>>(), after.collect::<Vec<_>>());
    prop_assert_eq!(table.len(), model.len());
    for number in 0..400 {
        let name = format!("vm-{number}");
        prop_assert_eq!(table.get(&name), model.get(&name));
    }
    Ok(())
}

proptest! {
    #[test]
    fn it_is_a_sorted_map_and_its_copies_stay_as_they_were(steps in prop::collection::vec(step(), 0..600)) {
        let (mut table, mut model) = (SharedTable::<u32>::default(), BTreeMap::<String, u32>::new());
        let mut copies = Vec::new();
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Insert(at) => {
                    let name = format!("vm-{at}");
                    prop_assert_eq!(table.insert(name.as_str().into(), number), model.insert(name, number));
                }
                Step::Change(at) => {
                    let name: Arc<str> = format!("vm-{at}").into();
                    *table.entry_or_default(&name) += 1;
                    *model.entry(name.to_string()).or_default() += 1;
                }
                Step::Remove(at) => {
                    let name = format!("vm-{at}");
                    prop_assert_eq!(table.remove(&name), model.remove(&name));
                }
                Step::Share => copies.push((table.share(), model.clone())),
            }
        }
        table.for_each_mut(|_, value| *value += 1);
        model.values_mut().for_each(|value| *value += 1);
        copies.push((table, model));
        for (table, model) in &copies {
            check(table, model)?;
        }
    }
}
