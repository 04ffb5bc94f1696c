//! What reading leaves alone, what rolling back brings back, and what a store gives back.

use lifesigns_model::{Row, State, limits};

use super::Memory;

const MS: u64 = super::NS_PER_MS;

fn begin(state: &mut Memory, time_ms: u64) {
    state.begin(&[Row { object: 7, time_ns: time_ms * MS }], true);
}

fn memory() -> Memory {
    let mut state = Memory::new("rule", true);
    begin(&mut state, 1000);
    state
}

#[test]
fn looking_makes_no_key_and_replaces_nothing() {
    let mut state = memory();
    assert_eq!((state.count(0, "a", 0, 1000), state.distinct(0, "b", None, 1000)), (Ok(0), Ok(0)));
    state.commit();
    assert!(state.changes().is_empty(), "no key was made");
    state.set(0, "value", b"x", 0).unwrap();
    assert_eq!((state.count(0, "value", 0, 1000), state.distinct(0, "value", None, 1000)), (Ok(0), Ok(0)));
    assert_eq!(state.get(0, "value").unwrap(), Some(&b"x"[..]));
    // A look sees exactly the window, and does not shorten what is remembered.
    for time in [1000, 1400, 1900] {
        begin(&mut state, time);
        state.count(0, "count", 2, 1000).unwrap();
        state.distinct(0, "distinct", Some(&format!("{time}")), 1000).unwrap();
        state.commit();
    }
    for (time, inside) in [(1999, 3), (2000, 2), (2900, 0), (1400, 2), (999, 0), (1999, 3)] {
        begin(&mut state, time);
        assert_eq!(state.count(0, "count", 0, 1000), Ok(2 * inside), "{time}");
        assert_eq!(state.distinct(0, "distinct", None, 1000), Ok(inside), "{time}");
    }
}

#[test]
fn looking_keeps_no_key_young_and_evicts_nothing() {
    let mut state = memory();
    state.count(0, "count", 1, 1000).unwrap();
    state.distinct(0, "distinct", Some("x"), 1000).unwrap();
    for number in 2..limits::KEYS {
        state.set(0, &format!("{number}"), b"x", 0).unwrap();
    }
    state.count(0, "count", 0, 1000).unwrap();
    state.distinct(0, "distinct", None, 1000).unwrap();
    state.count(0, "not there", 0, 1000).unwrap();
    assert!(state.get(0, "2").unwrap().is_some(), "nothing had to go for it");
    state.set(0, "one more", b"x", 0).unwrap();
    state.set(0, "another", b"x", 0).unwrap();
    assert_eq!((state.count(0, "count", 0, 1000), state.distinct(0, "distinct", None, 1000)), (Ok(0), Ok(0)));
    assert!(state.get(0, "2").unwrap().is_some());
}

#[test]
fn rolling_back_brings_back_the_age_of_a_key() {
    let mut state = memory();
    state.count(0, "count", 1, 1000).unwrap();
    state.distinct(0, "distinct", Some("x"), 1000).unwrap();
    for number in 2..limits::KEYS {
        state.set(0, &format!("{number}"), b"x", 0).unwrap();
    }
    state.commit();
    begin(&mut state, 1001);
    state.count(0, "count", 1, 1000).unwrap();
    state.distinct(0, "distinct", Some("y"), 1000).unwrap();
    state.rollback();
    begin(&mut state, 1002);
    assert_eq!((state.count(0, "count", 0, 1000), state.distinct(0, "distinct", None, 1000)), (Ok(1), Ok(1)));
    state.set(0, "one more", b"x", 0).unwrap();
    state.set(0, "another", b"x", 0).unwrap();
    assert_eq!((state.count(0, "count", 0, 1000), state.distinct(0, "distinct", None, 1000)), (Ok(0), Ok(0)));
}

#[test]
fn a_late_value_counts_at_its_own_time() {
    let mut state = memory();
    state.distinct(0, "key", Some("v"), 100).unwrap();
    begin(&mut state, 950);
    assert_eq!(state.distinct(0, "key", Some("v"), 20), Ok(1));
    begin(&mut state, 960);
    assert_eq!(state.distinct(0, "key", Some("w"), 20), Ok(2));
}

#[test]
fn what_a_store_gives_back_is_what_it_was() {
    let mut state = memory();
    state.set(0, "gone", b"x", 0).unwrap();
    state.delete(0, "gone").unwrap();
    for number in 0..300_u64 {
        begin(&mut state, 1000 + number * 7 % 100);
        state.count(0, "count", number as u32 + 1, 50).unwrap();
        state.distinct(0, "distinct", Some(&format!("{}", number % 13)), 60).unwrap();
        state.set(0, "ttl", &number.to_le_bytes(), 10).unwrap();
        state.set(0, "ever", &[0xff; 300], 0).unwrap();
        state.delete(0, "nothing").unwrap();
    }
    state.commit();
    let changes = state.changes();
    assert!(state.changes().is_empty(), "each change once");
    let mut restored = Memory::new("rule", true);
    for (object, key, entry) in &changes {
        assert_eq!(entry.is_none(), &**key == "gone");
        let Some(entry) = entry else { continue };
        assert!(restored.restore(*object, key, entry));
        // Nothing that was cut or bent gets in or brings the host down.
        for len in 0..entry.len() {
            Memory::new("rule", true).restore(*object, key, &entry[..len]);
        }
        for at in 0..entry.len().min(200) {
            let mut bent = entry.clone();
            bent[at] ^= 0x81;
            Memory::new("rule", true).restore(*object, key, &bent);
        }
    }
    assert!(!restored.restore(7, "newer", &[9, 1, 2, 3]));
    for (time, window) in [(1099, 50), (1080, 40), (1110, 60), (1200, 1000)] {
        begin(&mut state, time);
        begin(&mut restored, time);
        assert_eq!(state.get(0, "ttl"), restored.get(0, "ttl"));
        assert_eq!(state.get(0, "ever"), restored.get(0, "ever"));
        assert_eq!(state.count(0, "count", 3, window), restored.count(0, "count", 3, window));
        let both = [&mut state, &mut restored].map(|state| state.distinct(0, "distinct", Some("new"), window));
        assert_eq!(both[0], both[1]);
    }
    state.commit();
    restored.commit();
    let sorted = |state: &mut Memory| {
        let mut changes = state.changes();
        changes.sort();
        changes
    };
    assert_eq!(sorted(&mut state), sorted(&mut restored));
}
