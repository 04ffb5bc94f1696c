//! The book: symptoms as rules raise and clear them, the alerts that definitions make of them, who
//! is told, and badges. Inputs go in one by one; what they changed is taken out.

mod answer;
mod audit;
mod badge;
mod commands;
mod compose;
mod hush;
mod index;
mod judge;
mod life;
mod limits;
mod look;
mod names;
mod page;
mod report;
mod restore;
mod review;
mod route;
mod routing;
mod ruling;
mod select;
mod silence;
mod silences;
mod symptoms;
mod tell;
#[cfg(test)]
mod tests;
mod timers;
mod truth;
mod undecided;
mod what_if;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use badge::Board;
use index::Index;
use lifesigns_model::Drops;
use page::{Id, Page};
use ruling::Ruling;
use timers::{Task, Timers};

use crate::{
    change::{Changes, Input, Refused},
    compiled::{Compiled, ConfigError},
    config::Config,
    directory::Directory,
    evaluate::Meter,
    record::{Alert, Silence, Status},
    undecided::Undecided,
};

/// The alert book. It has no clock: event time comes with the events, the host's clock by
/// [`Input::Clock`].
#[derive(Debug)]
pub struct Book {
    compiled: Arc<Compiled>,
    index: Index,
    directory: Directory,
    pages: BTreeMap<Id, Page>,
    silences: BTreeMap<String, Silence>,
    timers: Timers,
    /// Open alerts that may have to be told again, by the host's clock.
    repeats: BTreeSet<(u64, Id, Id)>,
    /// Some route tells again.
    repeating: bool,
    board: Board,
    /// The ruling that most objects share.
    usual: Arc<Ruling>,
    event_ns: u64,
    clock_ns: u64,
    /// When policies come into force or go out of it next.
    next_hours: Option<u64>,
    dirty: Dirty,
    news: Changes,
    /// The configuration that everything is decided by; empty if it is not known.
    decided_by: String,
    evaluations: u64,
    dropped: Drops,
    /// What the expressions of definitions may cost together.
    meter: Meter,
    /// Expressions that were undecided on some object, as they are written, and those to be warned of.
    warned: BTreeSet<(String, String)>,
    warnings: Vec<Undecided>,
}

/// What has to be written down.
#[derive(Debug, Default)]
struct Dirty {
    symptoms: HashSet<(Id, Id)>,
    alerts: HashSet<(Id, Id)>,
    pending: HashSet<(Id, Id)>,
}

impl Book {
    /// An empty book. The error is all that is wrong with the configuration.
    pub fn new(config: Arc<Config>) -> Result<Self, Vec<ConfigError>> {
        let compiled = Arc::new(Compiled::new(config)?);
        let mut book = Self {
            index: Index::new(&compiled),
            directory: Directory::new(Arc::clone(&compiled)),
            pages: BTreeMap::new(),
            silences: BTreeMap::new(),
            timers: Timers::default(),
            repeats: BTreeSet::new(),
            repeating: false,
            board: Board::default(),
            usual: Arc::new(Ruling { enabled: true, ..Ruling::default() }),
            event_ns: 0,
            clock_ns: 0,
            next_hours: compiled.next_hours_change(0),
            dirty: Dirty::default(),
            news: Changes::default(),
            decided_by: String::new(),
            evaluations: 0,
            dropped: Drops::default(),
            meter: Meter::default(),
            warned: BTreeSet::new(),
            warnings: Vec::new(),
            compiled,
        };
        book.recount();
        book.plan_repeats();
        Ok(book)
    }

    /// Takes one input. Only commands are refused, and then nothing has changed.
    pub fn apply(&mut self, input: Input) -> Result<(), Refused> {
        self.meter = Meter::default();
        let done = match input {
            Input::Symptom(said) => {
                self.symptom(*said);
                Ok(())
            }
            Input::Facts(facts) => {
                self.facts(&facts);
                Ok(())
            }
            Input::Inventory(objects) => {
                self.inventory(objects);
                Ok(())
            }
            Input::Seen { object, time_ns } => {
                let time_ns = self.advance(time_ns);
                self.seen(&object, time_ns);
                Ok(())
            }
            Input::Time(time_ns) => {
                self.pass(time_ns);
                Ok(())
            }
            Input::Clock(time_ns) => {
                self.turn_clock(time_ns);
                Ok(())
            }
            Input::Withheld(withheld) => {
                self.withheld(&withheld);
                Ok(())
            }
            Input::Command(command) => self.command(command),
        };
        self.settle();
        done
    }

    /// What changed since the last time: each record once, as it is now, in a fixed order.
    pub fn take(&mut self) -> Changes {
        let mut changes = std::mem::take(&mut self.news);
        changes.objects = self.directory.take_dirty();
        for (object, name) in sorted(&mut self.dirty.symptoms) {
            match self.pages.get(&object).and_then(|page| page.symptoms.get(&name)) {
                Some(symptom) => changes.symptoms.push(Arc::clone(symptom)),
                None => changes.symptoms_gone.push((object.to_string(), name.to_string())),
            }
        }
        for (object, name) in sorted(&mut self.dirty.pending) {
            match self.pages.get(&object).and_then(|page| page.pending.get(&name)) {
                Some(pending) => changes.pending.push(pending.clone()),
                None => changes.pending_gone.push((object.to_string(), name.to_string())),
            }
        }
        let alert = |(object, name): (Id, Id)| self.pages.get(&object)?.alerts.get(&name).cloned();
        changes.alerts.extend(sorted(&mut self.dirty.alerts).into_iter().filter_map(alert));
        changes
    }

    /// When something becomes due by itself: in event time, and on the host's clock.
    pub fn next_due(&self) -> (Option<u64>, Option<u64>) {
        let silence = self.silences.values().map(|silence| match silence.from_ns > self.clock_ns {
            true => silence.from_ns,
            false => silence.until_ns,
        });
        let repeat = self.repeats.first().map(|(due_ns, ..)| *due_ns);
        (self.timers.next(), silence.chain(repeat).chain(self.next_hours).min())
    }

    /// How far event time has come.
    pub fn event_ns(&self) -> u64 {
        self.event_ns
    }

    /// The host's clock, as the book was told it last.
    pub fn clock_ns(&self) -> u64 {
        self.clock_ns
    }

    /// The configuration in force.
    pub fn config(&self) -> &Arc<Config> {
        self.compiled.config()
    }

    /// The objects.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Alerts that are open, allowed ones too, by object.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.pages.values().flat_map(Page::alerts).filter(|alert| alert.status == Status::Open)
    }

    /// How often a definition was looked at on an object: what the book's work is measured by.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// What found no room or was not fit to be kept, in the directory and in the book.
    pub fn dropped(&self) -> Drops {
        let mut all = self.directory.dropped().clone();
        all.merge(self.dropped.clone());
        all
    }

    /// The page of an object; a new one if there is none.
    fn page(&mut self, object: &str) -> Id {
        if let Some((id, _)) = self.pages.get_key_value(object) {
            return Arc::clone(id);
        }
        let id: Id = object.into();
        let groups = self.directory.groups_of(object).map(|group| group.name.as_str().into()).collect();
        let uncertain = self.directory.uncertain_groups(object).map(|group| group.name.as_str().into()).collect();
        self.pages.insert(Arc::clone(&id), Page { groups, uncertain, ..Page::default() });
        id
    }

    /// Lets event time come as far as an event's, and fires what is due by then. Returns the time that
    /// the event counts for: one that is far ahead of the host's clock is not believed, because it
    /// would end all holds.
    fn advance(&mut self, time_ns: u64) -> u64 {
        let time_ns = match self.clock_ns {
            0 => time_ns,
            clock_ns => time_ns.min(clock_ns.max(self.event_ns).saturating_add(crate::limits::AHEAD_MS * 1_000_000)),
        };
        self.pass(time_ns);
        time_ns
    }

    fn pass(&mut self, time_ns: u64) {
        if time_ns > self.event_ns {
            self.fire(time_ns);
            self.event_ns = time_ns;
        }
    }

    /// Fires what is due at `time_ns`, each at its own time.
    fn fire(&mut self, time_ns: u64) {
        while let Some((due_ns, object, task, name)) = self.timers.pop(time_ns) {
            self.event_ns = self.event_ns.max(due_ns);
            self.meter = Meter::default();
            match task {
                Task::Hold => self.held(&object, &name, due_ns),
                Task::Wait => self.waited(&object, &name, due_ns),
            }
        }
    }

    /// The host's clock has come this far.
    fn turn_clock(&mut self, time_ns: u64) {
        let before_ns = self.clock_ns;
        if time_ns <= before_ns {
            return;
        }
        self.clock_ns = time_ns;
        self.turn_silences(before_ns);
        if self.next_hours.is_some_and(|change_ns| change_ns <= time_ns) {
            self.next_hours = self.compiled.next_hours_change(time_ns);
            self.decide_anew();
        }
        // In an order that does not depend on when they were looked at before.
        let mut due = BTreeSet::new();
        while self.repeats.first().is_some_and(|(due_ns, ..)| *due_ns <= time_ns) {
            due.extend(self.repeats.pop_first().map(|(_, object, name)| (object, name)));
        }
        due.iter().for_each(|(object, name)| self.tell_again(object, name));
    }

    /// What is due already, because it came late; then the badges.
    fn settle(&mut self) {
        self.fire(self.event_ns);
        self.settle_badges();
    }

    /// Event time, or the host's clock before there was an event.
    fn now(&self) -> u64 {
        if self.event_ns > 0 { self.event_ns } else { self.clock_ns }
    }

    /// The host's clock, or event time where there is none.
    fn stamp(&self) -> u64 {
        if self.clock_ns > 0 { self.clock_ns } else { self.event_ns }
    }
}

/// Empties a set, whose room is used again.
fn sorted(keys: &mut HashSet<(Id, Id)>) -> Vec<(Id, Id)> {
    let mut keys: Vec<(Id, Id)> = keys.drain().collect();
    keys.sort_unstable();
    keys
}
