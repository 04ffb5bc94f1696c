//! The book: symptoms as rules raise and clear them, the alerts that definitions make of them, who
//! is told, and badges. Inputs go in one by one; what they changed is taken out.

mod age;
mod answer;
mod audit;
mod badge;
mod clocks;
mod commands;
mod compose;
mod findings;
mod hush;
mod index;
mod judge;
mod life;
mod limits;
mod look;
mod names;
mod outlook;
mod page;
mod report;
mod restore;
mod review;
mod route;
mod routing;
mod rules;
mod ruling;
mod select;
mod silence;
mod silences;
mod standing;
mod symptoms;
mod tell;
#[cfg(test)]
mod tests;
mod timers;
mod truth;
mod undecided;
mod unmet;
mod what_if;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use badge::Board;
use index::Index;
use lifesigns_model::Drops;
use page::{Id, Page};
use rules::Rules;
use ruling::Ruling;
use timers::{ClockKey, Timers};

use crate::{
    change::{BookChanges, BookInput, RequestError},
    compiled::CompiledConfig,
    config::{ComplianceConfig, ConfigError},
    expression::Meter,
    record::{Alert, AlertStatus, Silence},
    registry::ObjectRegistry,
    undecided::UndecidedExpression,
};

/// The alert book. It has no clock: event time comes with the events, the host's clock by
/// [`BookInput::Clock`]. Event time is kept apart for each object and source: see `timers`.
#[derive(Debug)]
pub struct Book {
    compiled: Arc<CompiledConfig>,
    index: Index,
    registry: ObjectRegistry,
    pages: BTreeMap<Id, Page>,
    silences: BTreeMap<String, Silence>,
    timers: Timers,
    /// Metrics with a timer, when it is due (event time), and by which clock the next one goes.
    ages: HashMap<(Id, Id), (u64, ClockKey)>,
    /// Open alerts that may have to be told again, by the host's clock.
    repeats: BTreeSet<(u64, Id, Id)>,
    /// Some route tells again.
    repeating: bool,
    board: Board,
    rules: Rules,
    /// The ruling that most objects share.
    usual: Arc<Ruling>,
    /// The latest event of all, for those who ask; nothing is due by it.
    event_ns: u64,
    clock_ns: u64,
    /// The source of the input in hand, if it has one.
    source: String,
    /// The event clock that the input in hand goes by.
    hearing: ClockKey,
    /// When the input in hand counts for.
    at_ns: u64,
    /// When policies come into force or go out of it next.
    next_hours: Option<u64>,
    dirty: Dirty,
    news: BookChanges,
    /// The configuration that everything is decided by; empty if it is not known.
    decided_by: String,
    evaluations: u64,
    dropped: Drops,
    /// What the expressions of definitions may cost together.
    meter: Meter,
    /// Expressions that were undecided on some object, as they are written, and those to be warned of.
    warned: BTreeSet<(String, String)>,
    warnings: Vec<UndecidedExpression>,
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
    pub fn new(config: Arc<ComplianceConfig>) -> Result<Self, Vec<ConfigError>> {
        let compiled = Arc::new(CompiledConfig::new(config)?);
        let mut book = Self {
            index: Index::new(&compiled),
            registry: ObjectRegistry::new(Arc::clone(&compiled)),
            pages: BTreeMap::new(),
            silences: BTreeMap::new(),
            timers: Timers::default(),
            ages: HashMap::new(),
            repeats: BTreeSet::new(),
            repeating: false,
            board: Board::default(),
            rules: Rules::default(),
            usual: Arc::new(Ruling { enabled: true, ..Ruling::default() }),
            event_ns: 0,
            clock_ns: 0,
            source: String::new(),
            hearing: ClockKey::host(),
            at_ns: 0,
            next_hours: compiled.next_hours_change(0),
            dirty: Dirty::default(),
            news: BookChanges::default(),
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
    pub fn apply(&mut self, input: BookInput) -> Result<(), RequestError> {
        self.meter = Meter::default();
        self.by_host();
        let mut done = Ok(());
        match input {
            BookInput::Of { source, input } => {
                self.source = source;
                done = self.apply(*input);
                self.source.clear();
                return done;
            }
            BookInput::Symptom(said) => self.symptom(*said),
            BookInput::Facts(facts) => self.facts(facts),
            BookInput::Inventory(objects) => self.inventory(&objects),
            BookInput::Seen { object, time_ns } => {
                let time_ns = self.hear(&object, time_ns);
                self.seen(&object, time_ns);
                self.unhear(&object);
            }
            BookInput::Time(time_ns) => self.pass(time_ns),
            BookInput::Clock(time_ns) => self.turn_clock(time_ns),
            BookInput::Quiet { until_ns, behind } => self.rest(until_ns, behind),
            BookInput::Rules(rules) => self.rules(rules),
            BookInput::Withheld(withheld) => self.withheld(&withheld),
            BookInput::CaughtUp { source, time_ns } => self.caught_up(&source, time_ns),
            BookInput::Command(command) => done = self.command(command),
        }
        self.settle();
        done
    }

    /// What changed since the last time: each record once, as it is now, in a fixed order.
    pub fn take(&mut self) -> BookChanges {
        let mut changes = std::mem::take(&mut self.news);
        changes.objects = self.registry.take_dirty();
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

    /// Objects that were forgotten since changes were last taken: what evaluates the stream must forget them
    /// too, before it says anything more of them.
    pub fn forgotten(&self) -> &[String] {
        &self.news.forgotten
    }

    /// When something becomes due by itself: in event time, and on the host's clock.
    pub fn next_due(&self) -> (Option<u64>, Option<u64>) {
        let silence = self.silences.values().map(|silence| match silence.from_ns > self.clock_ns {
            true => silence.from_ns,
            false => silence.until_ns,
        });
        let repeat = self.repeats.first().map(|(due_ns, ..)| *due_ns);
        let (event_ns, quiet_ns) = self.timers.next();
        let host = silence.chain(repeat).chain(self.next_hours).chain(self.rules.due_ns());
        (event_ns, host.chain(quiet_ns).min())
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
    pub fn config(&self) -> &Arc<ComplianceConfig> {
        self.compiled.config()
    }

    /// The objects.
    pub fn registry(&self) -> &ObjectRegistry {
        &self.registry
    }

    /// Alerts that are open, allowed ones too, by object.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.pages.values().flat_map(Page::alerts).filter(|alert| alert.status == AlertStatus::Open)
    }

    /// How often a definition was looked at on an object: what the book's work is measured by.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// What found no room or was not fit to be kept, in the registry and in the book.
    pub fn dropped(&self) -> Drops {
        let mut all = self.registry.dropped().clone();
        all.merge(self.dropped.clone());
        all
    }

    /// The page of an object; a new one if there is none.
    fn page(&mut self, object: &str) -> Id {
        if let Some((id, _)) = self.pages.get_key_value(object) {
            return Arc::clone(id);
        }
        let id: Id = object.into();
        let groups = self.registry.groups_of(object).map(|group| group.name.as_str().into()).collect();
        let uncertain = self.registry.uncertain_groups(object).map(|group| group.name.as_str().into()).collect();
        self.pages.insert(Arc::clone(&id), Page { groups, uncertain, ..Page::default() });
        id
    }
}

/// Empties a set, whose room is used again.
fn sorted(keys: &mut HashSet<(Id, Id)>) -> Vec<(Id, Id)> {
    let mut keys: Vec<(Id, Id)> = keys.drain().collect();
    keys.sort_unstable();
    keys
}
