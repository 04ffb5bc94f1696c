//! Restarts from the changes that were taken out.

use super::*;
use crate::{BadgePoint, BookSnapshot, Matcher, Object, PendingTransition, Silence, SymptomState};

/// What a store would hold.
#[derive(Default)]
pub(super) struct Kept {
    objects: BTreeMap<String, Object>,
    symptoms: BTreeMap<(String, String), Arc<SymptomState>>,
    pending: BTreeMap<(String, String), PendingTransition>,
    alerts: Vec<Arc<Alert>>,
    silences: BTreeMap<String, Silence>,
    badges: Vec<BadgePoint>,
    decided_by: String,
    rules: Option<Vec<crate::KnownRule>>,
}

impl Kept {
    pub(super) fn commit(&mut self, changes: BookChanges) {
        changes.forgotten.iter().for_each(|id| drop(self.objects.remove(id)));
        self.objects.extend(changes.objects.into_iter().map(|one| (one.id.to_string(), one)));
        self.symptoms
            .extend(changes.symptoms.into_iter().map(|one| ((one.object.to_string(), one.name.to_string()), one)));
        self.pending.extend(changes.pending.into_iter().map(|one| ((one.object.clone(), one.definition.clone()), one)));
        for alert in changes.alerts {
            match self.alerts.iter_mut().find(|known| known.id == alert.id) {
                Some(known) => *known = alert,
                None => self.alerts.push(alert),
            }
        }
        self.silences.extend(changes.silences.into_iter().map(|one| (one.id.clone(), one)));
        self.badges.extend(changes.badges);
        self.decided_by = changes.decided_by.unwrap_or(std::mem::take(&mut self.decided_by));
        self.rules = changes.rules.or(std::mem::take(&mut self.rules));
        changes.pending_gone.iter().for_each(|key| drop(self.pending.remove(key)));
        changes.symptoms_gone.iter().for_each(|key| drop(self.symptoms.remove(key)));
    }

    /// A book that goes on where `book` was.
    pub(super) fn restart(&self, book: &Book) -> Book {
        let mut next = Book::new(Arc::clone(book.config())).unwrap();
        next.restore(self.restored(book));
        // A host has no such mark: it is a replay's.
        next.state.timers.advance_all(book.state.timers.watermark_ns());
        next
    }

    /// Returns what a store would load.
    pub(super) fn restored(&self, book: &Book) -> BookSnapshot {
        BookSnapshot {
            objects: self.objects.values().cloned().collect(),
            symptoms: self.symptoms.values().cloned().collect(),
            pending: self.pending.values().cloned().collect(),
            alerts: self.alerts.clone(),
            silences: self.silences.values().filter(|one| one.until_ns > book.clock_ns()).cloned().collect(),
            badges: self.badges.clone(),
            event_ns: book.event_ns(),
            clock_ns: book.clock_ns(),
            decided_by: self.decided_by.clone(),
            rules: self.rules.clone(),
        }
    }
}

fn restarted(world: &mut World, kept: &mut Kept) {
    kept.commit(world.book.take());
    world.book = kept.restart(&world.book);
    assert_eq!(world.book.take(), BookChanges::default(), "a restart is no news");
}

/// Commits the notices. Returns them.
fn notified(world: &mut World, kept: &mut Kept) -> Vec<String> {
    let taken = world.book.take();
    kept.commit(taken.clone());
    let notified = taken.notices.iter().map(|notice| format!("{:?} {}", notice.happened, notice.alert.definition));
    notified.collect()
}

#[test]
fn everything_goes_on() {
    let grouping = Grouping { repeat_ms: 60_000, ..Grouping::default() };
    let mut config =
        ComplianceConfig { routes: vec![Route { grouping, ..route(&["desk"]) }], reopen_ms: 60_000, ..house() };
    config.definitions = vec![AlertDefinition { wait_ms: 30_000, ..define("slow", symptom("r/slow")) }];
    let (mut world, mut kept) = (World::new(config), Kept::default());
    world.clock(100);
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    world.raise_with(2, "vm", "a/held", |said| said.hold_ms = 10_000);
    world.raise(3, "vm", "r/slow");
    world.raise(4, "vm", "a/over");
    world.clear(5, "vm", "a/over");
    let matchers = vec![Matcher { name: "object".to_owned(), pattern: Pattern::new("vm"), negated: false }];
    world.ask(101, CommandAction::Silence { matchers, from_ns: None, until_ns: 200 * S, why: String::new() }).unwrap();
    let before = world.alerts();
    restarted(&mut world, &mut kept);
    assert_eq!(world.alerts(), before);

    world.apply(BookInput::Symptom(Box::new(raise(2, "vm", "docker/create", 1))));
    assert_eq!(world.alerts(), before, "a line from before is known");
    world.time(12);
    assert_eq!(world.alert("vm", "a/held").status, AlertStatus::Cancelled, "holds go on");
    restarted(&mut world, &mut kept);
    world.time(33);
    assert_eq!(world.alert("vm", "slow").status, AlertStatus::Open, "waits go on");
    world.raise(34, "vm", "a/over");
    assert_eq!(world.alert("vm", "a/over").reopened, 1, "no twin");
    restarted(&mut world, &mut kept);
    world.clock(200);
    assert_eq!(notified(&mut world, &mut kept), ["Opened a/over", "Opened slow"], "silences go on");
    restarted(&mut world, &mut kept);
    world.clock(260);
    assert_eq!(notified(&mut world, &mut kept), ["Repeated a/over", "Repeated slow"], "and so do repetitions");
    world.property(40, "vm", "env", "production");
    assert_eq!(notified(&mut world, &mut kept), ["Opened docker/create"]);
}

#[test]
fn what_changed_in_the_configuration_meanwhile_is_found_by_a_review() {
    let (mut world, mut kept) = (World::new(house()), Kept::default());
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    kept.commit(world.book.take());
    let other = Book::new(Arc::new(ComplianceConfig { policies: Vec::new(), ..house() })).unwrap();
    world.book = kept.restart(&other);
    assert_eq!(world.alerts(), ["vm docker/create open warning x1 allowed"]);
    world.book.review();
    assert_eq!(world.alerts(), ["vm docker/create open warning x1"]);
    assert_eq!(world.notified(), ["desk: opened docker/create on vm"]);
    world.book.take();
    world.book.review();
    assert_eq!(world.book.take(), BookChanges::default(), "a second one finds nothing");
}

#[test]
fn an_object_is_forgotten_with_all_about_it() {
    let (mut world, mut kept) = (World::new(house()), Kept::default());
    let forget = |object: &str| CommandAction::Forget { object: object.to_owned(), why: "deleted".to_owned() };
    world.apply(BookInput::Inventory(vec![facts(0, "vm")]));
    world.property(1, "vm", "env", "production");
    world.raise(2, "vm", "a/b");
    kept.commit(world.book.take());
    let refused = world.ask(3, forget("vm")).unwrap_err().to_string();
    assert!(refused.contains("is in the inventory"), "{refused}");
    assert!(world.ask(3, forget("no-one")).is_err());
    assert_eq!(world.book.take(), BookChanges::default());
    world.apply(BookInput::Inventory(Vec::new()));
    kept.commit(world.book.take());
    world.ask(3, forget("vm")).unwrap();
    let taken = world.book.take();
    assert_eq!(taken.forgotten, ["vm"]);
    assert_eq!((taken.alerts.len(), taken.alerts[0].cause), (1, Some(crate::EndCause::ObjectForgotten)));
    assert_eq!(
        taken.notices[0].happened,
        crate::NoticeKind::Resolved,
        "receivers that knew of it are notified that it is over"
    );
    assert_eq!(taken.symptoms_gone, [("vm".to_owned(), "a/b".to_owned())]);
    let said: Vec<_> = taken.audit.iter().map(|entry| (entry.who.as_str(), entry.what.as_str())).collect();
    assert_eq!(said, [("ann", "alert cancelled"), ("ann", "object forgotten")]);
    assert_eq!(world.alerts(), [""; 0]);
    let QueryAnswer::Groups(groups) = world.book.answer(&Query::Groups).unwrap() else { panic!("groups") };
    assert!(groups.iter().all(|group| group.members == 0 && group.violated == 0));
    kept.commit(taken);
    let again = kept.restart(&world.book);
    assert!(again.answer(&Query::Object("vm".to_owned())).is_err());
}

#[test]
fn what_was_decided_by_the_same_configuration_is_not_decided_anew() {
    let (mut world, mut kept) = (World::new(house()), Kept::default());
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    world.book.review();
    kept.commit(world.book.take());
    world.raise(3, "vm", "docker/create");
    restarted(&mut world, &mut kept);
    let looked = |book: &mut Book| {
        let before = book.evaluations();
        book.review();
        book.evaluations() > before
    };
    assert!(!looked(&mut world.book));
    assert_eq!(world.book.take(), BookChanges::default());

    // One line further down in the file is another why.
    let mut moved = house();
    moved.policies[0].entries[0].place = place(21);
    let other = Book::new(Arc::new(moved.clone())).unwrap();
    world.book = kept.restart(&other);
    assert!(looked(&mut world.book));
    assert_eq!(world.alert("vm", "docker/create").why.steps[0].by.place, place(21));
    kept.commit(world.book.take());
    world.book = kept.restart(&other);
    assert!(!looked(&mut world.book));

    world.configure(house());
    kept.commit(world.book.take());
    world.book = kept.restart(&world.book);
    assert!(!looked(&mut world.book), "a new configuration decides at once");
    world.book = kept.restart(&other);
    assert!(looked(&mut world.book), "and the one before no longer does");
}

#[test]
fn waits_and_holds_go_on_over_any_number_of_restarts() {
    let slow = AlertDefinition { wait_ms: 2_100_000, ..define("slow", symptom("a/b")) };
    let (mut world, mut kept) = (World::new(with(vec![slow])), Kept::default());
    world.clock(1000);
    world.raise(1000, "vm", "a/b");
    world.raise_with(1000, "vm", "a/held", |said| said.hold_ms = 2_400_000);
    // A restart each ten minutes, and never a line.
    for at in [1600, 2200, 2800] {
        world.apply(BookInput::Quiet { until_ns: at * S, behind: Vec::new() });
        kept.commit(world.book.take());
        world.book = kept.restart(&world.book);
        world.book.resume((at + 60) * S, |_| true);
        world.apply(BookInput::Quiet { until_ns: (at + 60) * S, behind: Vec::new() });
        assert_eq!(world.alerts(), ["vm a/held open warning x1"], "{at}");
    }
    world.apply(BookInput::Quiet { until_ns: 3100 * S, behind: Vec::new() });
    assert_eq!(world.alerts(), ["vm a/held open warning x1", "vm slow open warning x1"]);
    world.apply(BookInput::Quiet { until_ns: 3400 * S, behind: Vec::new() });
    assert_eq!(world.alerts(), ["vm a/held cancelled warning x1 by hold", "vm slow open warning x1"]);
}

#[test]
fn an_object_that_becomes_another_name_is_forgotten_and_the_name_is_kept() {
    let (mut world, mut kept) = (World::new(house()), Kept::default());
    world.property(1, "10.0.0.7", "env", "production");
    world.raise(2, "10.0.0.7", "a/b");
    world.parent(2, "container", "10.0.0.7");
    kept.commit(world.book.take());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let listed = |aliases: &[&str]| ObjectFacts { aliases: names(aliases), ..facts(0, "vm") };
    world.apply(BookInput::Inventory(vec![listed(&["web", "10.0.0.7"])]));
    let taken = world.book.take();
    assert_eq!(taken.forgotten, ["10.0.0.7"]);
    assert_eq!(taken.alerts[0].cause, Some(crate::EndCause::ObjectForgotten));
    let said: Vec<_> = taken.audit.iter().map(|entry| (entry.who.as_str(), entry.what.as_str())).collect();
    assert!(said.contains(&("inventory", "object forgotten")), "{said:?}");
    kept.commit(taken);
    let mut book = kept.restart(&world.book);
    assert_eq!(book.registry().objects().listed()[0].aliases, ["10.0.0.7", "web"]);
    // The same inventory changes nothing, another order neither; a parent by another name is the object.
    let child = ObjectFacts { parent: Some("web".to_owned()), ..facts(0, "child") };
    book.apply(BookInput::Inventory(vec![listed(&["10.0.0.7", "web"]), child])).unwrap();
    let taken = book.take();
    assert_eq!(taken.objects.iter().map(|object| &*object.id).collect::<Vec<_>>(), ["child"]);
    assert_eq!(book.registry().object("child").unwrap().parent.as_deref(), Some("vm"));
}
