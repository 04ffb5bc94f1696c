//! The book at one moment, to be read while the book goes on.

use std::sync::Arc;

use lifesigns_model::Drops;

use crate::{
    book::{
        alerts::table::Alerts,
        badges::index::BadgeIndex,
        evaluation::{context::Context, definition_index::DefinitionIndex, undecided_log::UndecidedLog},
        notify::silences::Silences,
        objects::{known_rules::KnownRules, states::ObjectStates},
    },
    compiled::CompiledConfig,
    config::ComplianceConfig,
    record::Alert,
    registry::ObjectRegistry,
    undecided::{self, UndecidedExpression},
};

/// The book as it was when [`Book::view`](crate::Book::view) was called. It shares its entries with the book and
/// with other views: one costs next to nothing to make, and memory only for what has changed since.
#[derive(Debug)]
pub struct BookView {
    pub(super) compiled: Arc<CompiledConfig>,
    pub(super) definitions: DefinitionIndex,
    pub(super) registry: ObjectRegistry,
    pub(super) objects: ObjectStates,
    pub(super) alerts: Alerts,
    pub(super) undecided: UndecidedLog,
    pub(super) silences: Silences,
    pub(super) badges: BadgeIndex,
    pub(super) rules: KnownRules,
    pub(super) event_ns: u64,
    pub(super) wall_ns: u64,
    pub(super) dropped: Drops,
}

impl BookView {
    /// Returns how far event time has come.
    pub fn event_ns(&self) -> u64 {
        self.event_ns
    }

    /// Returns the objects.
    pub fn registry(&self) -> &ObjectRegistry {
        &self.registry
    }

    /// Returns the alerts that are open, allowed ones too, by object.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.all_open().map(|(.., alert)| alert)
    }

    /// Returns what found no room or was not fit to be kept, in the registry and in the book.
    pub fn dropped(&self) -> &Drops {
        &self.dropped
    }

    /// Returns the expressions that cannot be decided on some objects: of groups, then of alert definitions, each
    /// with how many objects it is and one as an example.
    pub fn undecided(&self) -> Vec<UndecidedExpression> {
        let mut all = self.registry.groups().undecided();
        self.undecided.all(&self.compiled).for_each(|one| undecided::add(&mut all, one));
        all
    }

    /// Returns the configuration in force.
    pub(super) fn config(&self) -> &Arc<ComplianceConfig> {
        self.compiled.config()
    }

    /// Returns the host's clock, or event time where there is none.
    pub(super) fn now_ns(&self) -> u64 {
        if self.wall_ns > 0 { self.wall_ns } else { self.event_ns }
    }

    /// Returns what evaluations read.
    pub(super) fn context(&self) -> Context<'_> {
        Context::new(&self.compiled, &self.registry, &self.objects, self.wall_ns)
    }
}
