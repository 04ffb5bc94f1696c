//! The alert book: symptoms as rules raise and clear them, the alerts that definitions make of them, who
//! is notified, and badges. Inputs go in one by one; what they changed is taken out.

mod alerts;
mod badges;
mod digest;
mod evaluation;
mod ids;
mod inputs;
mod journal;
mod limits;
mod lookup;
mod notify;
mod objects;
mod questions;
mod shared_parts;
mod state;
#[cfg(test)]
mod tests;
mod time;
mod trigger;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::Drops;

use self::{
    inputs::{commands, due, event_time, facts, restore, review, rules, symptoms, wall_clock},
    questions::what_if,
    state::BookState,
};
use crate::{
    change::{BookChanges, BookInput, BookSnapshot, RequestError},
    config::{ComplianceConfig, ConfigError},
    query::{ConfigEffect, Query, QueryAnswer},
    registry::ObjectRegistry,
    undecided::UndecidedExpression,
};

pub use view::BookView;

/// The alert book. It has no clock: event time comes with the events, the host's clock by
/// [`BookInput::Clock`]. Event time is kept apart for each object and source: see `timers`.
#[derive(Debug)]
pub struct Book {
    state: BookState,
}

impl Book {
    /// Returns an empty book. The error is everything that is wrong with the configuration.
    pub fn new(config: Arc<ComplianceConfig>) -> Result<Self, Vec<ConfigError>> {
        Ok(Self { state: BookState::new(config)? })
    }

    /// Takes one input. Only commands are refused, and then nothing has changed.
    pub fn apply(&mut self, input: BookInput) -> Result<(), RequestError> {
        let state = &mut self.state;
        state.work.reset_meter();
        state.clock.use_wall_clock();
        let mut outcome = Ok(());
        match input {
            BookInput::Of { source, input } => {
                state.clock.set_source(&source);
                let outcome = self.apply(*input);
                self.state.clock.set_source("");
                return outcome;
            }
            BookInput::Symptom(rule_alert) => symptoms::take(state, rule_alert),
            BookInput::Facts(facts) => facts::take(state, facts),
            BookInput::Inventory(objects) => facts::inventory(state, &objects),
            BookInput::Seen { object, time_ns } => {
                let time_ns = event_time::observe(state, &object, time_ns);
                facts::seen(state, &object, time_ns);
                event_time::drop_unknown(state, &object);
            }
            BookInput::Time(time_ns) => event_time::advance(state, time_ns),
            BookInput::Clock(time_ns) => wall_clock::set(state, time_ns),
            BookInput::Quiet { until_ns, behind } => {
                wall_clock::advance(state, until_ns);
                event_time::set_quiet_until(state, until_ns, behind);
            }
            BookInput::Rules(rules) => rules::take(state, rules),
            BookInput::Withheld(withheld) => state.notifier().note_withheld(&withheld),
            BookInput::CaughtUp { source, time_ns } => event_time::advance_source(state, &source, time_ns),
            BookInput::Command(command) => outcome = commands::execute(state, command),
        }
        due::apply_due(state);
        outcome
    }

    /// Takes what changed since the last time: each record once, as it is now, in a fixed order.
    pub fn take(&mut self) -> BookChanges {
        let mut changes = self.state.journal.take();
        changes.objects = self.state.registry.take_dirty();
        self.state.objects.take_changes(&mut changes);
        self.state.alerts.take_changes(&mut changes);
        changes
    }

    /// Returns when something becomes due by itself: in event time, and on the host's clock.
    pub fn next_due(&self) -> (Option<u64>, Option<u64>) {
        let state = &self.state;
        let silence_ns = state.silences.next_change_ns(state.clock.wall_ns());
        let (event_ns, quiet_ns) = state.timers.next_due();
        let others = [state.repeats.next_due_ns(), state.next_hours_ns, state.rules.next_due_ns(), quiet_ns];
        (event_ns, others.into_iter().flatten().chain(silence_ns).min())
    }

    /// Returns how far event time has come.
    pub fn event_ns(&self) -> u64 {
        self.state.clock.event_ns()
    }

    /// Returns the host's clock as the last input said it.
    pub fn clock_ns(&self) -> u64 {
        self.state.clock.wall_ns()
    }

    /// Returns the configuration in force.
    pub fn config(&self) -> &Arc<ComplianceConfig> {
        self.state.config()
    }

    /// Returns the objects.
    pub fn registry(&self) -> &ObjectRegistry {
        &self.state.registry
    }

    /// Returns how often a definition was evaluated on an object: the measure of the book's work.
    pub fn evaluations(&self) -> u64 {
        self.state.work.evaluations()
    }

    /// Returns the book as it is now, to be read while this one goes on. It costs the same however much there is.
    pub fn view(&self) -> BookView {
        self.state.view()
    }

    /// Answers a question about the book as it is now; see [`BookView::answer`].
    pub fn answer(&self, query: &Query) -> Result<QueryAnswer, RequestError> {
        self.view().answer(query)
    }

    /// Puts a configuration into force. The error is everything that is wrong with it; then nothing changes.
    pub fn configure(&mut self, config: Arc<ComplianceConfig>) -> Result<(), Vec<ConfigError>> {
        review::configure(&mut self.state, &config)
    }

    /// Returns whether everything that was restored was decided by the configuration that the book has; a book
    /// that has decided nothing so far counts as decided.
    pub fn is_decided(&self) -> bool {
        review::is_decided(&self.state)
    }

    /// Evaluates everything again, as after a change of the configuration. A host does this once
    /// after [`Book::restore`], because the configuration may have changed while it was down; where
    /// it is the one that everything was decided by, nothing is evaluated.
    pub fn review(&mut self) {
        review::review(&mut self.state);
    }

    /// Goes on from what a store kept, as if there had been no restart: no notice, no audit entry. It
    /// replaces all that the book knows but its configuration; see [`Book::review`].
    pub fn restore(&mut self, snapshot: BookSnapshot) {
        restore::restore(&mut self.state, snapshot);
    }

    /// Goes on at `now_ns` of the host's clock. `reports`: whether a source reports how far it was read. It is
    /// not known what came in the others while the host was away: for their objects no time has passed.
    pub fn resume(&mut self, now_ns: u64, reports: impl Fn(&str) -> bool) {
        let _ = self.apply(BookInput::Clock(now_ns));
        self.state.timers.resume(now_ns, reports);
    }

    /// Adds what was dropped at limits by the book that this one is in the place of.
    pub fn add_dropped(&mut self, dropped: &Drops) {
        self.state.drops.merge(dropped.clone());
    }

    /// Returns what `config` would change in a record if it came into force at `now_ns` of the host's clock. The
    /// error is everything that is wrong with it.
    pub fn what_if(
        config: Arc<ComplianceConfig>,
        snapshot: BookSnapshot,
        now_ns: u64,
    ) -> Result<ConfigEffect, Vec<ConfigError>> {
        let mut book = Self::new(config)?;
        let badges = snapshot.badges.iter().map(|point| ((point.of, point.name.clone()), point.badge));
        let before = what_if::Before {
            alerts: snapshot.alerts.iter().map(|alert| (alert.id.clone(), Arc::clone(alert))).collect(),
            pending: snapshot.pending.clone(),
            badges: badges.collect(),
        };
        let same = snapshot.decided_by == digest::config_digest(book.config());
        book.restore(snapshot);
        // Hours pass and silences end whatever the configuration says; that is not an effect of the
        // configuration, but it holds when it comes into force.
        let _ = book.apply(BookInput::Clock(now_ns));
        book.review();
        let mut effect = ConfigEffect { time_ns: now_ns, same, ..ConfigEffect::default() };
        what_if::compare(&book.view(), &before, &mut effect);
        let mut notices: BTreeMap<String, usize> = BTreeMap::new();
        for notice in book.take().notices {
            *notices.entry(notice.receiver).or_default() += 1;
        }
        effect.notices = notices.into_iter().collect();
        Ok(effect)
    }

    /// Takes the expressions that could not be decided for the first time since the last call: each once, for
    /// the log.
    pub fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        let mut all = self.state.registry.take_warnings();
        all.append(&mut self.state.undecided.take_warnings());
        all
    }
}
