//! Commands of people, and which are refused.

use super::*;
use crate::Matcher;

fn opened() -> (World, String) {
    let mut world = World::new(house());
    world.clock(10);
    world.raise(1, "vm", "a/b");
    let id = world.alert("vm", "a/b").id;
    world.book.take();
    (world, id)
}

fn silence(until_s: u64) -> CommandAction {
    let matchers = vec![Matcher { name: "object".to_owned(), pattern: Pattern::new("vm"), negated: false }];
    CommandAction::Silence { matchers, from_ns: None, until_ns: until_s * S, why: "work".to_owned() }
}

#[test]
fn acknowledging_signs_and_takes() {
    let (mut world, id) = opened();
    world
        .ask(11, CommandAction::Acknowledge { alerts: vec![id[..6].to_owned()], owner: Some("bob".to_owned()) })
        .unwrap();
    let alert = world.alert("vm", "a/b");
    let by = alert.acknowledged.unwrap();
    assert_eq!((by.who.as_str(), by.time_ns, alert.owner.as_deref()), ("ann", 11 * S, Some("bob")));
    let taken = world.book.take();
    assert_eq!((taken.alerts.len(), taken.notices.len()), (1, 0));
    // It holds until the alert is over.
    world.clear(2, "vm", "a/b");
    world.raise(2, "vm", "a/b");
    let alert = world.alert("vm", "a/b");
    assert_eq!((alert.acknowledged, alert.owner.as_deref()), (None, Some("bob")));
}

#[test]
fn notes_are_kept_up_to_a_number() {
    let (mut world, id) = opened();
    for number in 0..crate::ALERT_NOTES + 3 {
        world.ask(11, CommandAction::Note { alert: id.clone(), text: number.to_string() }).unwrap();
    }
    let notes = world.alert("vm", "a/b").notes;
    assert_eq!((notes.len(), notes[0].text.as_str()), (crate::ALERT_NOTES, "3"));
}

#[test]
fn cancelling_tells_and_notes_why() {
    let (mut world, id) = opened();
    world.ask(11, CommandAction::Cancel { alerts: vec![id], why: "test run".to_owned() }).unwrap();
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by hand"]);
    assert_eq!(world.alert("vm", "a/b").notes[0].text, "test run");
    assert_eq!(world.notified(), ["desk: resolved a/b on vm"]);
}

#[test]
fn a_silence_is_ended_by_hand() {
    let (mut world, _) = opened();
    world.ask(11, silence(100)).unwrap();
    world.ask(11, silence(100)).unwrap();
    let QueryAnswer::Silences(silences) = world.book.answer(&Query::Silences).unwrap() else { panic!("silences") };
    assert_eq!(silences.len(), 1, "the same silence twice is one");
    world.book.take();
    world.ask(12, CommandAction::Expire { silence: silences[0].id.clone() }).unwrap();
    let taken = world.book.take();
    assert_eq!(taken.silences[0].until_ns, 12 * S);
    assert_eq!(taken.notices.len(), 1);
    assert_eq!(taken.audit[0].what, "silence expired");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let (mut world, id) = opened();
    for number in 0..40 {
        world.raise(1, "vm", &format!("r/s{number}"));
    }
    world.book.take();
    let long = || "x".repeat(5000);
    let cases = [
        (CommandAction::Acknowledge { alerts: vec!["zz".to_owned()], owner: None }, "there is no alert \"zz\""),
        (CommandAction::Acknowledge { alerts: vec![String::new()], owner: None }, "there is no alert \"\""),
        (CommandAction::Acknowledge { alerts: vec![id.clone()], owner: Some(long()) }, "the owner is longer"),
        (CommandAction::Note { alert: long(), text: String::new() }, "there is no alert \"xxx"),
        (CommandAction::Note { alert: id.clone(), text: long() }, "the note is longer"),
        (CommandAction::Cancel { alerts: vec![id], why: long() }, "the reason is longer"),
        (CommandAction::Expire { silence: "ab".to_owned() }, "there is no silence \"ab\""),
        (silence(5), "its end is in the past"),
        (
            CommandAction::Silence { matchers: Vec::new(), from_ns: None, until_ns: 99 * S, why: String::new() },
            "at least one matcher",
        ),
    ];
    for (act, expected) in cases {
        let refused = world.ask(11, act.clone()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{act:?}: {refused}");
        assert!(refused.len() < 300, "{refused}");
    }
    let digits = "0123456789abcdef".chars();
    let several =
        digits.map(|digit| world.ask(11, CommandAction::Note { alert: digit.to_string(), text: String::new() }));
    let several: Vec<RequestError> = several.filter_map(Result::err).collect();
    assert!(
        several.iter().any(|one| matches!(one, RequestError::Ambiguous { candidates, .. } if candidates.len() > 1))
    );
}

#[test]
fn a_refused_command_leaves_nothing_to_write() {
    let (mut world, id) = opened();
    world.clear(2, "vm", "a/b");
    world.book.take();
    assert!(
        world
            .ask(11, CommandAction::Acknowledge { alerts: vec![id.clone()], owner: None })
            .unwrap_err()
            .to_string()
            .contains("cancelled")
    );
    assert!(
        world
            .ask(11, CommandAction::Cancel { alerts: vec![id], why: String::new() })
            .unwrap_err()
            .to_string()
            .contains("already")
    );
    assert_eq!(world.book.take(), BookChanges::default());
}
