//! Rules that come and go, and symptoms that a person clears.

use super::{restart::Kept, *};
use crate::{EndCause, KnownRule, limits::RULE_GRACE_MS};

const GRACE_S: u64 = RULE_GRACE_MS / 1000;

pub(super) fn rule(name: &str, symptoms: &[&str]) -> KnownRule {
    KnownRule { name: name.to_owned(), symptoms: Some(symptoms.iter().map(|one| (*one).to_owned()).collect()) }
}

fn refused(name: &str) -> KnownRule {
    KnownRule { name: name.to_owned(), symptoms: None }
}

/// Two rules; `t` has a symptom active on two objects, and one of them waits to be cancelled.
fn raised() -> World {
    let slow = AlertDefinition { cancel_ms: 5_000, ..define("slow", symptom("t/b")) };
    let mut world = World::new(ComplianceConfig { definitions: vec![slow], ..house() });
    world.clock(100);
    world.apply(BookInput::Rules(vec![rule("t", &["a", "b"]), rule("u", &["a"])]));
    for (object, symptom) in [("vm1", "t/a"), ("vm2", "t/a"), ("vm1", "t/b"), ("vm1", "u/a")] {
        world.raise(1, object, symptom);
    }
    world
}

#[test]
fn what_a_rule_that_is_gone_said_ends_after_a_grace() {
    let mut world = raised();
    world.apply(BookInput::Rules(vec![rule("u", &["a"])]));
    assert_eq!(world.book.next_due().1, Some((100 + GRACE_S) * S));
    world.clock(100 + GRACE_S - 1);
    assert_eq!(world.book.view().open_alerts().count(), 4, "it may be copied again");
    world.clock(100 + GRACE_S);
    let gone: Vec<_> =
        world.book.take().rules_gone.into_iter().map(|gone| (gone.rule, gone.symptoms, gone.alerts)).collect();
    assert_eq!(gone, [("t".to_owned(), 3, 2)]);
    // It is no event: what waits to be cancelled goes on by the host's clock.
    assert_eq!(world.alert("vm1", "slow").status, AlertStatus::Open);
    world.apply(BookInput::Quiet { until_ns: (100 + GRACE_S + 5) * S, behind: Vec::new() });
    let expected = [
        "vm1 slow cancelled warning x1 by ruleremoved",
        "vm1 t/a cancelled warning x1 by ruleremoved",
        "vm1 u/a open warning x1",
        "vm2 t/a cancelled warning x1 by ruleremoved",
    ];
    assert_eq!(world.alerts(), expected);
    assert_eq!(world.book.next_due().1, None);
    // Renamed, it raises under its new name, and the old one counts for nothing.
    world.raise(7, "vm1", "t2/a");
    assert_eq!(world.book.view().open_alerts().count(), 2);
}

#[test]
fn a_rule_that_comes_back_in_time_or_is_only_refused_keeps_what_it_said() {
    let mut world = raised();
    world.apply(BookInput::Rules(vec![rule("u", &["a"])]));
    world.clock(110);
    world.apply(BookInput::Rules(vec![refused("t"), rule("u", &["a"])]));
    world.clock(1000);
    assert_eq!(world.book.view().open_alerts().count(), 4);
    world.apply(BookInput::Rules(vec![refused("t")]));
    world.clock(1000 + GRACE_S);
    assert_eq!(world.book.view().open_alerts().count(), 3, "only the one that is gone ends");
    // A book that never heard which rules exist ends nothing.
    let mut world = World::new(house());
    world.raise(1, "vm", "t/a");
    world.clock(10_000);
    assert_eq!(world.book.view().open_alerts().count(), 1);
}

#[test]
fn a_rule_that_went_while_the_host_was_down_is_gone_as_well() {
    let (mut world, mut kept) = (raised(), Kept::default());
    kept.commit(world.book.take());
    let restored = kept.restored(&world.book);
    world.book = Book::new(Arc::clone(world.book.config())).unwrap();
    world.book.restore(restored);
    // The grace begins at the start.
    world.clock(5000);
    world.apply(BookInput::Rules(vec![rule("u", &["a"])]));
    world.clock(5000 + GRACE_S - 1);
    assert_eq!(world.book.view().open_alerts().count(), 4);
    world.clock(5000 + GRACE_S);
    assert!(world.alerts().contains(&"vm2 t/a cancelled warning x1 by ruleremoved".to_owned()));
    // It stays so.
    kept.commit(world.book.take());
    assert_eq!(kept.restart(&world.book).view().open_alerts().count(), world.book.view().open_alerts().count());
}

#[test]
fn a_grace_that_a_stop_cut_short_begins_again() {
    let (mut world, mut kept) = (raised(), Kept::default());
    let present = || BookInput::Rules(vec![rule("u", &["a"])]);
    world.clock(1000);
    world.apply(present());
    kept.commit(world.book.take());
    let restored = kept.restored(&world.book);
    world.book = Book::new(Arc::clone(world.book.config())).unwrap();
    world.book.restore(restored);
    world.clock(5000);
    world.apply(present());
    world.clock(5000 + GRACE_S - 1);
    assert_eq!(world.book.view().open_alerts().count(), 4);
    world.clock(5000 + GRACE_S);
    assert!(world.alerts().contains(&"vm2 t/a cancelled warning x1 by ruleremoved".to_owned()));
}

#[test]
fn what_is_raised_by_a_rule_that_is_gone_already_ends_too() {
    let mut world = raised();
    world.apply(BookInput::Rules(Vec::new()));
    world.clock(100 + GRACE_S);
    world.raise(2, "vm3", "t/a");
    world.clock(100 + 2 * GRACE_S);
    assert_eq!(world.alert("vm3", "t/a").cause, Some(EndCause::RuleRemoved));
}

#[test]
fn a_person_clears_a_symptom_and_a_later_raise_is_another_alert() {
    let mut world = raised();
    let clear = |symptom: &str| CommandAction::ClearSymptom {
        object: "vm2".to_owned(),
        symptom: symptom.to_owned(),
        why: "false alarm".to_owned(),
    };
    world.audited();
    world.ask(101, clear("t/a")).unwrap();
    assert_eq!(world.alert("vm2", "t/a").cause, Some(EndCause::Hand));
    let said = world.audited();
    assert_eq!(said[0], r#"ann: symptom cleared null {"symptom":"t/a","why":"false alarm"}"#);
    assert!(world.ask(102, clear("t/a")).unwrap_err().to_string().contains("not active"));
    assert!(world.ask(102, clear("t/z")).is_err());
    world.raise(0, "vm2", "t/a");
    assert_eq!(world.alert("vm2", "t/a").status, AlertStatus::Cancelled, "a line of before says nothing new");
    // Its clock may be far behind the person's.
    world.raise(5, "vm2", "t/a");
    assert_eq!(world.alerts().last().map(String::as_str), Some("vm2 t/a open warning x1"));
}
