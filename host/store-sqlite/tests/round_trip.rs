//! What is committed is what is loaded.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::*;
use lifesigns_compliance::{BadgeOwner, BadgePoint, BookChanges, Fact};
use lifesigns_model::{
    Change, Checkpoint, ObjectClock, ObjectFacts, Observation, PendingAcks, ReminderUpdate, RuleChangeMark,
    SourceOffset, StateChange,
};
use lifesigns_record::{AgentChange, Commit, RecordedState, StoredAgent, StoredToken, TokenChange};
use lifesigns_store_sqlite::{Store, StoreReader};

fn state(object: &str, key: &str, entry: Option<&[u8]>) -> StateChange {
    let own = str::to_owned;
    StateChange { rule: "churn".into(), object: own(object), key: own(key), version: 3, entry: entry.map(Into::into) }
}

fn change(change: &str) -> RuleChangeMark {
    RuleChangeMark { rule: "churn".to_owned(), change: change.to_owned() }
}

fn reminder(object: &str, name: &str, due_ns: Option<u64>) -> ReminderUpdate {
    let own = str::to_owned;
    let (source, text) = (own("a.log"), own("a line"));
    ReminderUpdate { rule: "churn".into(), object: own(object), name: own(name), due_ns, source, line: 7, text }
}

fn clock(object: &str, time_ns: Option<u64>) -> ObjectClock {
    ObjectClock { object: object.to_owned(), time_ns }
}

fn place(source: &str, lines: u64) -> SourceOffset {
    SourceOffset {
        source: source.to_owned(),
        cursor: Some(vec![0, 255, 1]),
        lines,
        time_ns: Some(u64::MAX),
        is_forgotten: false,
    }
}

fn facts(object: &str, time_ns: u64, env: Option<&str>, load: f64) -> ObjectFacts {
    ObjectFacts {
        object: object.to_owned(),
        time_ns,
        properties: vec![("env".to_owned(), env.map(str::to_owned))],
        metrics: vec![("load".to_owned(), load)],
        ..ObjectFacts::default()
    }
}

fn reload(store: Store, path: &std::path::Path) -> RecordedState {
    drop(store);
    Store::open(path, 0).unwrap().load().unwrap()
}

#[test]
fn the_book_comes_back_as_it_was() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let mut all = changes(1);
    all.objects[0].metrics.insert("odd".to_owned(), Fact { value: f64::INFINITY, time_ns: 9 });
    store.commit(&Commit { event_ns: Some(u64::MAX), ..commit(77, all.clone()) }).unwrap();
    let restored = reload(store, &folder.path()).restored;
    assert_eq!(restored.objects, all.objects);
    assert_eq!(restored.symptoms, all.symptoms);
    assert_eq!(restored.pending, all.pending);
    assert_eq!(restored.alerts, all.alerts);
    assert_eq!(restored.silences, all.silences);
    assert_eq!(restored.badges, all.badges);
    assert_eq!((restored.event_ns, restored.clock_ns), (u64::MAX, 77));
    assert_eq!(restored.decided_by, "configuration 1");
}

#[test]
fn later_commits_change_what_earlier_ones_wrote() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    for number in 1..=3 {
        store.commit(&commit(number, changes(number))).unwrap();
    }
    let mut later = alert(2);
    later.count = 9;
    let second = BookChanges {
        forgotten: vec!["vm-1".to_owned()],
        symptoms_gone: vec![("vm-2".to_owned(), symptom(2).name.to_string())],
        pending_gone: vec![("vm-3".to_owned(), pending(3).definition)],
        alerts: vec![later.clone().into(), cancelled(3, 50).into()],
        silences: vec![silence(1, 3)],
        badges: vec![badge("production", 9, 100)],
        ..BookChanges::default()
    };
    store.commit(&commit(4, second)).unwrap();
    let restored = reload(store, &folder.path()).restored;
    assert_eq!(restored.objects, [object(2), object(3)]);
    assert_eq!(restored.symptoms, [symptom(1).into(), symptom(3).into()]);
    assert_eq!(restored.pending, [pending(1), pending(2)]);
    assert_eq!(
        restored.alerts,
        [alert(1).into(), later.into(), cancelled(3, 50).into()],
        "open ones, then the latest cancelled"
    );
    assert_eq!(restored.silences, [silence(2, 1 << 60), silence(3, 1 << 60)], "the first has ended");
    assert_eq!(restored.badges, [badge("production", 9, 100)]);
}

#[test]
fn of_cancelled_alerts_the_latest_of_each_object_and_definition_is_loaded() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let mut alerts: Vec<_> = (1..=6).map(|number| cancelled(number, 100 - number)).collect();
    for alert in &mut alerts[..3] {
        alert.object = "vm".into();
    }
    alerts[5].status = lifesigns_compliance::AlertStatus::Open;
    let alerts: Vec<Arc<_>> = alerts.into_iter().map(Into::into).collect();
    store.commit(&commit(1, BookChanges { alerts: alerts.clone(), ..BookChanges::default() })).unwrap();
    let mut loaded = store.load().unwrap().restored.alerts;
    loaded.sort_by_key(|alert| alert.opened_ns);
    // The one that was made last: the times of events and of the host's clock need not be in order.
    let expected = [2, 3, 4, 5].map(|at: usize| alerts[at].clone());
    assert_eq!(loaded, expected);
    // One that is reopened is open, and no longer among the cancelled.
    let reopened = Arc::new(alert(1));
    store.commit(&commit(1, BookChanges { alerts: vec![reopened.clone()], ..BookChanges::default() })).unwrap();
    let loaded = store.load().unwrap().restored.alerts;
    assert!(loaded.contains(&reopened) && loaded.contains(&alerts[2]) && loaded.len() == 5, "{loaded:?}");
}

#[test]
fn a_cut_comes_back_as_it_was() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let cut = Checkpoint {
        observations: vec![
            Observation::Seen { object: "vm-1".to_owned(), source: "log".to_owned(), time_ns: 5 },
            Observation::Facts(facts("vm-1", 5, Some("test"), 0.1 + 0.2), "log".to_owned()),
            Observation::Facts(facts("vm-1", 9, None, f64::NEG_INFINITY), "log".to_owned()),
            Observation::Facts(facts("vm-1", 7, Some("production"), -0.0), "log".to_owned()),
        ],
        states: vec![
            state("vm-1", "a", Some(b"\0\xff")),
            state("vm-1", "b", Some(b"x")),
            state("vm-2", "a", Some(b"")),
        ],
        reminders: vec![reminder("vm-1", "a", Some(u64::MAX)), reminder("vm-2", "b", Some(2))],
        objects: vec![clock("vm-1", Some(u64::MAX)), clock("vm-2", Some(0))],
        offsets: vec![place("a.log", 3), place("b.log", u64::MAX)],
        rule_changes: vec![change("1-2"), change("2-*")],
        calls: Vec::new(),
        early: false,
        acks: PendingAcks::default(),
    };
    let mut first = Commit::default();
    let (signs, _) = first.take(cut);
    assert_eq!(signs.len(), 4);
    assert!(!first.is_empty() && Commit::default().is_empty());
    store.commit(&first).unwrap();
    let start = store.load().unwrap().start;
    assert_eq!(
        start.facts,
        [
            facts("vm-1", 5, Some("test"), 0.1 + 0.2),
            facts("vm-1", 7, Some("production"), -0.0),
            facts("vm-1", 9, None, f64::NEG_INFINITY)
        ]
    );
    let second = Commit {
        states: vec![state("vm-1", "a", None), state("vm-1", "b", Some(b"y"))],
        reminders: vec![reminder("vm-1", "a", None)],
        offsets: vec![place("a.log", 4)],
        rule_changes: vec![RuleChangeMark { rule: "other".to_owned(), change: "3".to_owned() }],
        ..Commit::default()
    };
    store.commit(&second).unwrap();
    let removed = SourceOffset { is_forgotten: true, ..place("c.log", 0) };
    store.commit(&Commit { offsets: vec![place("c.log", 9)], ..Commit::default() }).unwrap();
    store.commit(&Commit { offsets: vec![removed], ..Commit::default() }).unwrap();
    let start = reload(store, &folder.path()).start;
    let other = RuleChangeMark { rule: "other".to_owned(), change: "3".to_owned() };
    assert_eq!(start.rule_changes, [change("2-*"), other], "the last of each rule");
    assert_eq!(start.states, [state("vm-1", "b", Some(b"y")), state("vm-2", "a", Some(b""))]);
    assert_eq!(start.reminders, [reminder("vm-2", "b", Some(2))]);
    assert_eq!(start.objects, [clock("vm-1", Some(u64::MAX)), clock("vm-2", Some(0))]);
    assert_eq!(start.offsets, [place("a.log", 4), place("b.log", u64::MAX)]);
}

#[test]
fn an_object_that_was_let_go_leaves_nothing_for_the_engine() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let of = |object: &str, facts_ns: u64| Commit {
        states: vec![state(object, "a", Some(b"x"))],
        reminders: vec![reminder(object, "a", Some(1))],
        objects: vec![clock(object, Some(1))],
        facts: vec![facts(object, facts_ns, Some("test"), 1.0)],
        ..Commit::default()
    };
    store.commit(&of("vm-1", 1)).unwrap();
    store.commit(&of("vm-2", 1)).unwrap();
    let gone = Commit { objects: vec![clock("vm-1", None)], ..of("vm-2", 2) };
    store.commit(&gone).unwrap();
    let start = store.load().unwrap().start;
    assert!(start.states.iter().all(|it| it.object == "vm-2") && start.states.len() == 1);
    assert!(start.reminders.iter().all(|it| it.object == "vm-2") && start.reminders.len() == 1);
    assert!(start.facts.iter().all(|it| it.object == "vm-2") && !start.facts.is_empty());
    assert_eq!(start.objects, [clock("vm-2", Some(1))]);
}

#[test]
fn of_several_cuts_what_came_after_an_object_was_let_go_stays() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let cut = |value: &[u8], time_ns, clocks: Vec<ObjectClock>| Checkpoint {
        observations: vec![Observation::Facts(facts("vm-1", time_ns, Some("test"), 1.0), "log".to_owned())],
        states: vec![state("vm-1", std::str::from_utf8(value).unwrap(), Some(value))],
        reminders: vec![reminder("vm-1", std::str::from_utf8(value).unwrap(), Some(1))],
        objects: clocks,
        ..Checkpoint::default()
    };
    let mut all = Commit::default();
    all.take(cut(b"a", 1, vec![clock("vm-1", Some(1))]));
    all.take(Checkpoint { objects: vec![clock("vm-1", None)], ..Checkpoint::default() });
    all.take(cut(b"b", 2, vec![clock("vm-1", Some(2))]));
    store.commit(&all).unwrap();
    let start = store.load().unwrap().start;
    assert_eq!(start.facts, [facts("vm-1", 2, Some("test"), 1.0)]);
    assert_eq!(start.states, [state("vm-1", "b", Some(b"b"))]);
    assert_eq!(start.reminders, [reminder("vm-1", "b", Some(1))]);
    assert_eq!(start.objects, [clock("vm-1", Some(2))]);
}

#[test]
fn of_an_object_that_is_forgotten_only_what_the_book_knows_since_stays() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let own = |score| BadgePoint { of: BadgeOwner::Object, ..badge("vm-1", 1, score) };
    let of = |key: &str, time_ns: u64, score: u8| Commit {
        states: vec![state("vm-1", key, Some(b"x"))],
        reminders: vec![reminder("vm-1", key, Some(1))],
        objects: vec![clock("vm-1", Some(time_ns))],
        facts: vec![facts("vm-1", time_ns, Some(key), 1.0)],
        ..commit(time_ns, BookChanges { badges: vec![own(score)], ..changes(1) })
    };
    store.commit(&of("old", 1, 10)).unwrap();
    // What the stream has of it came before, what the book has came after.
    let mut again = of("new", 2, 90);
    again.changes.objects[0].properties = Default::default();
    again.changes.forgotten = vec!["vm-1".to_owned()];
    store.commit(&again).unwrap();
    let RecordedState { restored, start } = reload(store, &folder.path());
    assert_eq!(restored.objects, again.changes.objects);
    assert_eq!(restored.badges, [own(90)]);
    assert!(start.facts.is_empty() && start.states.is_empty() && start.reminders.is_empty(), "{start:?}");
    assert!(start.objects.is_empty(), "{start:?}");
    // One that does not come again leaves nothing, and no badge of its end.
    let mut store = Store::open(folder.path(), 0).unwrap();
    store.commit(&of("newer", 3, 80)).unwrap();
    let forgotten = vec!["vm-1".to_owned()];
    let gone = BookChanges { forgotten, badges: vec![own(100)], ..BookChanges::default() };
    store.commit(&commit(4, gone)).unwrap();
    let RecordedState { restored, start } = reload(store, &folder.path());
    assert!(restored.objects.is_empty() && restored.badges.is_empty(), "{restored:?}");
    assert!(start.facts.is_empty() && start.states.is_empty() && start.reminders.is_empty(), "{start:?}");
    assert!(start.objects.is_empty(), "{start:?}");
}

#[test]
fn facts_are_bounded_for_each_object() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let property = |name: String, value: Option<&str>, time_ns| ObjectFacts {
        object: "vm".to_owned(),
        time_ns,
        properties: vec![(name, value.map(str::to_owned))],
        ..ObjectFacts::default()
    };
    let many = (0..600).map(|number| property(format!("name-{number}"), Some("x"), 1)).collect();
    store.commit(&Commit { facts: many, ..Commit::default() }).unwrap();
    let names =
        |store: &Store| -> usize { store.load().unwrap().start.facts.iter().map(|facts| facts.properties.len()).sum() };
    assert_eq!(names(&store), lifesigns_model::limits::OBJECT_FACTS);
    // A removed one makes room.
    let facts = vec![property("name-3".to_owned(), None, 2), property("more".to_owned(), Some("y"), 3)];
    store.commit(&Commit { facts, ..Commit::default() }).unwrap();
    let loaded = store.load().unwrap().start.facts;
    assert!(loaded.iter().any(|facts| facts.properties == [("more".to_owned(), Some("y".to_owned()))]));
    assert!(!loaded.iter().any(|facts| facts.properties.iter().any(|(name, _)| name == "name-3")));
}

#[test]
fn signs_that_are_no_facts_are_the_books() {
    let alert = lifesigns_model::RuleAlert {
        time_ns: 1,
        rule: "r".to_owned(),
        symptom: "s".to_owned(),
        title: String::new(),
        object: "vm".to_owned(),
        criticality: lifesigns_model::Criticality::Warning,
        impact: lifesigns_model::Impact::Risk,
        change: Change::Raise,
        summary: String::new(),
        recommendation: String::new(),
        controls: Vec::new(),
        hold_ms: 0,
        attributes: Vec::new(),
        source: String::new(),
        line: 1,
        text: String::new(),
        module: String::new(),
    };
    let mut commit = Commit::default();
    let (signs, _) = commit
        .take(Checkpoint { observations: vec![Observation::RuleAlert(Box::new(alert))], ..Checkpoint::default() });
    assert!(signs.len() == 1 && commit.is_empty());
}

#[test]
fn tokens_and_what_is_known_of_agents_come_back() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let token = |name: &str, agent: Option<&str>| StoredToken {
        name: name.to_owned(),
        id: format!("id of {name}"),
        hash: [7; 32],
        roles: vec!["agent".to_owned()],
        created_by: "alice".to_owned(),
        created_ns: 1,
        expires_ns: Some(u64::MAX),
        agent: agent.map(str::to_owned),
        revoked_ns: None,
    };
    let agent = |name: &str, seen_ns| {
        AgentChange::Seen(StoredAgent { name: name.to_owned(), seen_ns, report: format!("{{\"seen\":{seen_ns}}}") })
    };
    let tokens = vec![TokenChange::Added(token("fleet", None)), TokenChange::Added(token("agent-a", Some("a")))];
    let agents = vec![agent("b", 1), agent("a", u64::MAX)];
    store.commit(&Commit { now_ns: 1, tokens, agents, ..Commit::default() }).unwrap();
    let revoked = StoredToken { revoked_ns: Some(u64::MAX), ..token("agent-a", Some("a")) };
    let tokens = vec![TokenChange::Changed(revoked.clone()), TokenChange::Revoked("fleet".to_owned())];
    let agents = vec![agent("a", 9), AgentChange::Forgotten("b".to_owned())];
    store.commit(&Commit { now_ns: 2, tokens, agents, ..Commit::default() }).unwrap();
    drop(store);
    let reader = StoreReader::open(folder.path()).unwrap();
    assert_eq!(reader.tokens().unwrap(), [revoked]);
    let known = StoredAgent { name: "a".to_owned(), seen_ns: 9, report: "{\"seen\":9}".to_owned() };
    assert_eq!(reader.agents().unwrap(), [known]);
}
