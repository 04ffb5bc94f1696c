//! What reading leaves alone, what rolling back brings back, and what a store gives back.

use lifesigns_model::{EventRow, Limits, RuleState, limits};

use super::{RuleMemory, StateLedger};

const MS: u64 = super::NS_PER_MS;

fn begin(state: &mut RuleMemory, time_ms: u64) {
    state.begin(&[EventRow { object: 7, time_ns: time_ms * MS }], true);
}

fn empty() -> RuleMemory {
    StateLedger::new(limits::RULES_STATE_BYTES, true).memory(&"rule".into(), 0)
}

fn memory() -> RuleMemory {
    let mut state = empty();
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
    let mut restored = empty();
    for (object, key, entry) in &changes {
        assert_eq!(entry.is_none(), &**key == "gone");
        let Some(entry) = entry else { continue };
        assert!(restored.restore(*object, key, entry));
        // Nothing that was cut or bent gets in or brings the host down.
        for len in 0..entry.len() {
            empty().restore(*object, key, &entry[..len]);
        }
        for at in 0..entry.len().min(200) {
            let mut bent = entry.clone();
            bent[at] ^= 0x81;
            empty().restore(*object, key, &bent);
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
    let sorted = |state: &mut RuleMemory| {
        let mut changes = state.changes();
        changes.sort();
        changes
    };
    assert_eq!(sorted(&mut state), sorted(&mut restored));
}

#[test]
fn what_is_held_is_accounted_for_whatever_is_done_and_undone() {
    let mut random = 9_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let ledger = StateLedger::new(limits::RULES_STATE_BYTES, true);
    let mut state = ledger.memory(&"rule".into(), 0);
    for round in 0..2000_u64 {
        let rows: Vec<EventRow> =
            (0..3).map(|_| EventRow { object: next(3) as u32, time_ns: (round + next(50)) * MS }).collect();
        state.begin(&rows, true);
        for _ in 0..next(6) {
            let (event, key) = (next(3) as u32, format!("key-{}", next(4)));
            match next(5) {
                0 => state.set(event, &key, &vec![0; next(100) as usize], 0).unwrap(),
                1 => drop(state.count(event, &key, 1, 1 + next(40)).unwrap()),
                2 | 3 => drop(state.distinct(event, &key, Some(&format!("value-{}", next(9))), 1 + next(40)).unwrap()),
                _ => state.delete(event, &key).unwrap(),
            }
        }
        match next(3) {
            0 => state.rollback(),
            _ => drop(state.commit()),
        }
        if next(100) == 0 {
            state.evict(next(3) as u32);
        }
        let (accounted, counted) = state.accounted();
        assert_eq!(accounted, counted, "round {round}");
        let held = ledger.held()[0].1;
        assert!(held >= accounted && held - accounted <= 128 << 10, "{held} for {accounted}");
    }
    for object in 0..3 {
        state.evict(object);
    }
    assert_eq!((state.accounted(), ledger.held()[0].1), ((0, 0), 0));
}

#[test]
fn state_is_bounded_for_a_rule_for_an_object_and_for_all_rules() {
    let ledger = StateLedger::new(4 << 20, true);
    let limits = Limits { state_bytes: 2 << 20, object_state_bytes: 1 << 20, ..Limits::default() };
    let fill = |state: &mut RuleMemory| {
        let (mut kept, mut why) = (0, String::new());
        for object in 0..40 {
            for key in 0..20 {
                state.begin(&[EventRow { object, time_ns: MS }], true);
                match state.set(0, &format!("{key}"), &[0; 60_000], 0) {
                    Ok(()) => {
                        state.commit();
                        kept += 60_000;
                    }
                    Err(error) => {
                        state.rollback();
                        why = error.0;
                    }
                }
            }
        }
        let (accounted, counted) = state.accounted();
        assert_eq!(accounted, counted);
        (kept, why)
    };
    let [mut one, mut other, mut third] = ["one", "other", "third"].map(|rule| ledger.memory(&rule.into(), 0));
    for state in [&mut one, &mut other, &mut third] {
        state.limit(&limits);
    }
    let (kept, why) = fill(&mut one);
    assert!((1_800_000..=2 << 20).contains(&kept) && why.contains("state-bytes) is 2097152"), "{kept} {why}");
    fill(&mut other);
    let (kept, why) = fill(&mut third);
    assert!(kept < 200_000 && why.contains("rules-state-bytes) is 4194304"), "{kept} {why}");
    assert_eq!((0..40).map(|object| one.evict(object).len()).sum::<usize>(), 34);
    let (_, why) = fill(&mut third);
    assert!(why.contains("state-bytes) is 2097152") && third.accounted().0 > 1_800_000, "there is room again: {why}");
    let mut fourth = StateLedger::new(1 << 30, true).memory(&"fourth".into(), 0);
    fourth.limit(&Limits { state_bytes: 1 << 30, ..limits });
    let (kept, why) = fill(&mut fourth);
    assert_eq!(kept, 40 * 17 * 60_000, "{why}");
    assert!(why.contains("on one object; its limit (object-state-bytes) is 1048576"), "{why}");
}

/// A value that is set over and over in one call is not kept over and over to be brought back.
#[test]
fn one_call_cannot_hoard_what_it_would_undo() {
    let mut state = memory();
    state.set(0, "a", b"before", 0).unwrap();
    state.commit();
    begin(&mut state, 2000);
    for _ in 0..10_000 {
        state.set(0, "a", &[1; 60_000], 0).unwrap();
        state.delete(0, "a").unwrap();
    }
    assert!(state.undone_bytes() < 100, "{}", state.undone_bytes());
    state.rollback();
    assert_eq!(state.get(0, "a").unwrap(), Some(&b"before"[..]));
}

#[test]
fn a_renamed_key_is_rolled_back_with_what_it_replaced() {
    let mut state = memory();
    state.count(0, "a", 3, 1000).unwrap();
    state.set(0, "b", b"old", 0).unwrap();
    state.commit();
    let before = state.accounted();
    begin(&mut state, 1100);
    assert_eq!(state.rename(0, "a", "b"), Ok(true));
    assert_eq!(state.rename(0, "a", "c"), Ok(false), "it is gone");
    assert_eq!(state.count(0, "b", 1, 1000), Ok(4));
    assert_eq!(state.rename(0, "b", "a"), Ok(true));
    state.set(0, "new", b"x", 0).unwrap();
    state.rename(0, "new", "b").unwrap();
    state.rollback();
    assert_eq!(state.accounted(), before);
    begin(&mut state, 1100);
    assert_eq!(state.count(0, "a", 0, 1000), Ok(3));
    assert_eq!(state.get(0, "b").unwrap(), Some(&b"old"[..]));
    assert_eq!(state.get(0, "new").unwrap(), None);
}
