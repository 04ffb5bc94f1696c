//! The state of the book: its parts, each of which keeps its own data, and how they are wired.

use std::sync::Arc;

use lifesigns_model::{Drops, NS_PER_MS};

use crate::{
    book::{
        alerts::{
            lifecycle::{AlertChange, Lifecycle},
            table::Alerts,
        },
        badges::index::{BadgeIndex, BadgeSources},
        evaluation::{
            context::Context,
            definition_index::DefinitionIndex,
            evaluator::{DefinitionEvaluator, EvaluationCost},
            policy_cache::PolicyCache,
            undecided_log::UndecidedLog,
        },
        ids::Id,
        journal::Journal,
        notify::{notifier::Notifier, repeats::Repeats, routes, silences::Silences},
        objects::{known_rules::KnownRules, states::ObjectStates},
        time::{clock::BookClock, event_clock::ClockKey, metric_ages::MetricAges, timers::Timers},
        view::BookView,
    },
    compiled::CompiledConfig,
    config::{ComplianceConfig, ConfigError},
    record::EndCause,
    registry::ObjectRegistry,
};

/// The parts of the book. A part changes only itself; what one part's change means for others is wired here and in
/// the files that take the book's inputs.
#[derive(Debug)]
pub(super) struct BookState {
    pub(super) compiled: Arc<CompiledConfig>,
    pub(super) definitions: DefinitionIndex,
    pub(super) registry: ObjectRegistry,
    pub(super) objects: ObjectStates,
    pub(super) alerts: Alerts,
    pub(super) policies: PolicyCache,
    pub(super) undecided: UndecidedLog,
    pub(super) silences: Silences,
    pub(super) repeats: Repeats,
    pub(super) badges: BadgeIndex,
    pub(super) rules: KnownRules,
    pub(super) clock: BookClock,
    pub(super) timers: Timers,
    pub(super) ages: MetricAges,
    pub(super) journal: Journal,
    pub(super) work: EvaluationCost,
    /// What found no room in the book.
    pub(super) drops: Drops,
    /// When policies come into force or go out of it next, on the host's clock.
    pub(super) next_hours_ns: Option<u64>,
    /// A digest of the configuration that everything is decided by; empty if it is not known.
    pub(super) decided_by: String,
}

impl BookState {
    /// Returns an empty book. The error is everything that is wrong with the configuration.
    pub(super) fn new(config: Arc<ComplianceConfig>) -> Result<Self, Vec<ConfigError>> {
        let compiled = Arc::new(CompiledConfig::new(config)?);
        let mut state = Self {
            definitions: DefinitionIndex::new(&compiled),
            registry: ObjectRegistry::new(Arc::clone(&compiled)),
            objects: ObjectStates::default(),
            alerts: Alerts::default(),
            policies: PolicyCache::new(),
            undecided: UndecidedLog::default(),
            silences: Silences::default(),
            repeats: Repeats::default(),
            badges: BadgeIndex::default(),
            rules: KnownRules::default(),
            clock: BookClock::new(),
            timers: Timers::default(),
            ages: MetricAges::default(),
            journal: Journal::default(),
            work: EvaluationCost::default(),
            drops: Drops::default(),
            next_hours_ns: compiled.next_hours_change(0),
            decided_by: String::new(),
            compiled,
        };
        state.recount_badges();
        state.plan_repeats();
        Ok(state)
    }

    /// Returns the book as it is now, to be read: what a question may see of it.
    pub(super) fn view(&self) -> BookView {
        let mut dropped = self.registry.objects().dropped().clone();
        dropped.merge(self.drops.clone());
        BookView {
            compiled: Arc::clone(&self.compiled),
            definitions: self.definitions.share(),
            registry: self.registry.share(),
            objects: self.objects.share(),
            alerts: self.alerts.share(),
            undecided: self.undecided.share(),
            silences: self.silences.clone(),
            badges: self.badges.share(),
            rules: self.rules.share(),
            event_ns: self.clock.event_ns(),
            wall_ns: self.clock.wall_ns(),
            dropped,
        }
    }

    pub(super) fn config(&self) -> &Arc<ComplianceConfig> {
        self.compiled.config()
    }

    /// Returns what evaluations read.
    pub(super) fn context(&self) -> Context<'_> {
        Context::new(&self.compiled, &self.registry, &self.objects, self.clock.wall_ns())
    }

    pub(super) fn evaluator(&mut self) -> DefinitionEvaluator<'_> {
        DefinitionEvaluator {
            context: Context::new(&self.compiled, &self.registry, &self.objects, self.clock.wall_ns()),
            definitions: &mut self.definitions,
            policies: &mut self.policies,
            work: &mut self.work,
        }
    }

    pub(super) fn lifecycle(&mut self) -> Lifecycle<'_> {
        Lifecycle {
            context: Context::new(&self.compiled, &self.registry, &self.objects, self.clock.wall_ns()),
            alerts: &mut self.alerts,
            journal: &mut self.journal,
        }
    }

    pub(super) fn notifier(&mut self) -> Notifier<'_> {
        Notifier {
            context: Context::new(&self.compiled, &self.registry, &self.objects, self.clock.wall_ns()),
            alerts: &mut self.alerts,
            silences: &self.silences,
            repeats: &mut self.repeats,
            policies: &mut self.policies,
            badges: &mut self.badges,
            journal: &mut self.journal,
            now_ns: self.clock.now_ns(),
        }
    }

    /// Returns the shared id of an object, which is added if the book has nothing about it yet.
    pub(super) fn object(&mut self, object: &str) -> Id {
        if let Some(id) = self.objects.id(object) {
            return Arc::clone(id);
        }
        let id = self.registry.objects().id(object).map_or_else(|| object.into(), Arc::clone);
        self.objects.add(&id);
        self.badges.add(&id, &self.registry);
        self.policies.add(&id, &self.registry);
        id
    }

    /// Removes an object from all parts but the registry.
    pub(super) fn remove_object(&mut self, object: &Id) {
        self.badges.remove(object);
        self.policies.remove(object);
        self.undecided.remove(object);
        self.objects.remove(object);
        self.alerts.remove(object);
        self.timers.forget_object(object);
        self.ages.remove(object);
    }

    /// Notifies of a change of an alert, and updates what depends on it.
    pub(super) fn publish(&mut self, change: &AlertChange) {
        let AlertChange { object, name, before, reroute, resuppress } = change;
        let mut notifier = self.notifier();
        if *resuppress {
            notifier.update_suppression(object, name);
        }
        notifier.propagate(object, name, before, *reroute);
    }

    /// Cancels an alert if it is open.
    pub(super) fn cancel(&mut self, object: &Id, name: &Id, cause: EndCause, time_ns: u64, who: &str) {
        if let Some(change) = self.lifecycle().cancel(object, name, cause, time_ns, who) {
            self.publish(&change);
        }
    }

    /// Sets the timers of an object's metrics, by `clock`.
    pub(super) fn plan_metric_ages(&mut self, object: &str, clock: &ClockKey) {
        let age_ns = self.metric_age_ns();
        if let Some(object) = self.registry.object(object) {
            self.ages.plan(object, age_ns, clock, &mut self.timers);
        }
    }

    /// Sets the timers of all metrics again, by the age that is configured now. Which source reported them is not
    /// known any more: all sources have to be read to their end first.
    pub(super) fn plan_all_metric_ages(&mut self) {
        let age_ns = self.metric_age_ns();
        self.ages.clear();
        for object in self.registry.objects().iter() {
            self.ages.plan(object, age_ns, &ClockKey::all(), &mut self.timers);
        }
    }

    /// Returns how long a metric is known; 0 for ever.
    pub(super) fn metric_age_ns(&self) -> u64 {
        self.config().metrics_age_ms.saturating_mul(NS_PER_MS)
    }

    /// Plans the repeats of all open alerts that receivers know of.
    pub(super) fn plan_repeats(&mut self) {
        let enabled = routes::repeat(&self.compiled.config().routes);
        self.repeats.reset(enabled);
        if !enabled {
            return;
        }
        for (object, name, alert) in self.alerts.all_open() {
            // The first look finds out when each receiver's time is.
            if let Some(notified_ns) = alert.notified.values().map(|known| known.last_ns).min() {
                self.repeats.plan(notified_ns, object, name);
            }
        }
    }

    /// Computes the badges of everything that changed since the last time.
    pub(super) fn update_badges(&mut self) {
        let sources = BadgeSources {
            registry: &self.registry,
            alerts: &self.alerts,
            formula: self.compiled.config().badge,
            time_ns: self.clock.at_ns(),
        };
        let (compiled, definitions, rules) = (&self.compiled, &self.definitions, &self.rules);
        let changed = self.badges.update(&sources, |name| match name.split_once('/') {
            None => compiled.definition(name).is_some(),
            Some((rule, _)) => !rules.is_gone(rule) && definitions.find(name).makes_own_alert(),
        });
        self.journal.badges(changed);
    }

    /// Counts the badges of everything again.
    pub(super) fn recount_badges(&mut self) {
        self.badges.recount(&self.compiled.config().groups);
    }

    /// Finds out when policies come into force or go out of it next.
    pub(super) fn plan_hours(&mut self) {
        self.next_hours_ns = self.compiled.next_hours_change(self.clock.wall_ns());
    }
}
