//! Scenarios: inputs one by one, and the alerts, notices and badges that result.

#![allow(clippy::unwrap_used)]

mod ages;
mod alerts;
mod badges;
mod commands;
mod cost;
mod decided;
mod definitions;
mod hand;
mod notices;
mod notified;
mod policies;
mod properties;
mod questions;
mod restart;
mod rules;
mod selected;
mod suppressed;
mod symptoms;
mod time;
mod undecided;
mod views;
mod waits;
mod whys;

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::{self as model, Change, Criticality, Impact, ObjectFacts};

use super::Book;
use crate::{
    Alert, AlertStatus, BookChanges, BookInput, Command, CommandAction, ComplianceConfig, Pattern, RequestError,
    config::{
        AlertCondition, AlertDefinition, ConfigLocation, Group, Grouping, Policy, PolicyEntry, PolicySetting, Route,
        Scope,
    },
    query::{AlertFilter, Query, QueryAnswer},
};

/// A second of event time or of the host's clock.
pub(super) const S: u64 = 1_000_000_000;

/// A book with the changes that were taken from it.
pub(super) struct World {
    pub(super) book: Book,
    pub(super) said: BookChanges,
    line: u64,
}

impl World {
    pub(super) fn new(config: ComplianceConfig) -> Self {
        let book = Book::new(Arc::new(config)).unwrap();
        Self { book, said: BookChanges::default(), line: 0 }
    }

    pub(super) fn apply(&mut self, input: BookInput) {
        self.book.apply(input).unwrap();
    }

    /// A new line that raises a symptom.
    pub(super) fn raise(&mut self, at_s: u64, object: &str, symptom: &str) {
        self.line += 1;
        self.apply(BookInput::Symptom(Box::new(raise(at_s, object, symptom, self.line))));
    }

    /// The same, with something about it changed.
    pub(super) fn raise_with(
        &mut self,
        at_s: u64,
        object: &str,
        symptom: &str,
        change: impl Fn(&mut model::RuleAlert),
    ) {
        self.line += 1;
        let mut said = raise(at_s, object, symptom, self.line);
        change(&mut said);
        self.apply(BookInput::Symptom(Box::new(said)));
    }

    pub(super) fn clear(&mut self, at_s: u64, object: &str, symptom: &str) {
        self.raise_with(at_s, object, symptom, |said| said.change = Change::Clear);
    }

    pub(super) fn time(&mut self, at_s: u64) {
        self.apply(BookInput::Time(at_s * S));
    }

    pub(super) fn clock(&mut self, at_s: u64) {
        self.apply(BookInput::Clock(at_s * S));
    }

    pub(super) fn property(&mut self, at_s: u64, object: &str, name: &str, value: &str) {
        let properties = vec![(name.to_owned(), Some(value.to_owned()))];
        self.apply(BookInput::Facts(ObjectFacts { properties, ..facts(at_s, object) }));
    }

    pub(super) fn metric(&mut self, at_s: u64, object: &str, name: &str, value: f64) {
        let metrics = vec![(name.to_owned(), value)];
        self.apply(BookInput::Facts(ObjectFacts { metrics, ..facts(at_s, object) }));
    }

    pub(super) fn parent(&mut self, at_s: u64, object: &str, parent: &str) {
        let parent = Some(parent.to_owned());
        self.apply(BookInput::Facts(ObjectFacts { parent, ..facts(at_s, object) }));
    }

    pub(super) fn ask(&mut self, at_s: u64, act: CommandAction) -> Result<(), RequestError> {
        self.book.apply(BookInput::Command(Command { who: "ann".to_owned(), time_ns: at_s * S, act }))
    }

    pub(super) fn configure(&mut self, config: ComplianceConfig) {
        self.book.configure(Arc::new(config)).unwrap();
    }

    /// Returns every alert that the book knows, by object and definition.
    pub(super) fn known(&self) -> Vec<Alert> {
        let filter = AlertFilter { cancelled: true, allowed: true, ..AlertFilter::default() };
        let Ok(QueryAnswer::Alerts(alerts)) = self.book.answer(&Query::Alerts(filter)) else { panic!("alerts") };
        let mut alerts: Vec<Alert> = alerts.into_iter().map(Arc::unwrap_or_clone).collect();
        alerts.sort_by(|one, other| (&one.object, &one.definition).cmp(&(&other.object, &other.definition)));
        alerts
    }

    /// Returns the alert of this definition on this object.
    pub(super) fn alert(&self, object: &str, definition: &str) -> Alert {
        self.known().into_iter().find(|alert| alert.object == object && alert.definition == definition).unwrap()
    }

    /// Returns a line for each alert.
    pub(super) fn alerts(&self) -> Vec<String> {
        self.known().iter().map(line).collect()
    }

    /// Returns the notices since the last time.
    pub(super) fn notified(&mut self) -> Vec<String> {
        let taken = self.book.take();
        let notified = taken.notices.iter().map(|notice| {
            let happened = format!("{:?}", notice.happened).to_lowercase();
            format!("{}: {happened} {} on {}", notice.receiver, notice.alert.definition, notice.alert.object)
        });
        let notified = notified.collect();
        self.keep(taken);
        notified
    }

    /// Returns the audit entries since the last time.
    pub(super) fn audited(&mut self) -> Vec<String> {
        let taken = self.book.take();
        let entries =
            taken.audit.iter().map(|entry| format!("{}: {} {} {}", entry.who, entry.what, entry.before, entry.after));
        let entries = entries.collect();
        self.keep(taken);
        entries
    }

    fn keep(&mut self, taken: BookChanges) {
        self.said.notices.extend(taken.notices);
        self.said.audit.extend(taken.audit);
        self.said.badges.extend(taken.badges);
    }
}

fn line(alert: &Alert) -> String {
    let status = if alert.status == AlertStatus::Open { "open" } else { "cancelled" };
    let mut line = format!("{} {} {status} {} x{}", alert.object, alert.definition, alert.criticality, alert.count);
    if alert.allowed {
        line += " allowed";
    }
    if let Some(cause) = alert.cause {
        line += &format!(" by {}", format!("{cause:?}").to_lowercase());
    }
    if alert.reopened > 0 {
        line += &format!(" reopened {}", alert.reopened);
    }
    if alert.silenced_by.is_some() {
        line += " silenced";
    }
    if alert.inhibited_by.is_some() {
        line += " inhibited";
    }
    line
}

/// A raise of `RULE/SYMPTOM`, as an engine would hand it over.
pub(super) fn raise(at_s: u64, object: &str, symptom: &str, line: u64) -> model::RuleAlert {
    let (rule, symptom) = symptom.split_once('/').unwrap();
    model::RuleAlert {
        time_ns: at_s * S,
        rule: rule.to_owned(),
        symptom: symptom.to_owned(),
        title: format!("{symptom} seen"),
        object: object.to_owned(),
        criticality: Criticality::Warning,
        impact: Impact::Risk,
        change: Change::Raise,
        summary: format!("{symptom} at {at_s}"),
        recommendation: format!("fix {symptom}"),
        controls: vec![format!("CIS:{symptom}")],
        hold_ms: 0,
        attributes: vec![("image".to_owned(), "busybox".to_owned())],
        source: "log".to_owned(),
        line,
        text: format!("line {line}"),
        module: "sha256:0".to_owned(),
    }
}

pub(super) fn facts(at_s: u64, object: &str) -> ObjectFacts {
    ObjectFacts { object: object.to_owned(), time_ns: at_s * S, ..ObjectFacts::default() }
}

pub(super) fn place(line: u32) -> ConfigLocation {
    ConfigLocation { file: "test.toml".into(), line, column: 1 }
}

pub(super) fn symptom(name: &str) -> AlertCondition {
    AlertCondition::Symptom(Pattern::new(name), Scope::Own)
}

pub(super) fn fact(text: &str) -> AlertCondition {
    AlertCondition::Fact(text.to_owned(), Scope::Own)
}

pub(super) fn not(condition: AlertCondition) -> AlertCondition {
    AlertCondition::Not(Box::new(condition))
}

pub(super) fn define(name: &str, when: AlertCondition) -> AlertDefinition {
    AlertDefinition { title: format!("The alert {name}"), place: place(1), ..AlertDefinition::new(name, when) }
}

/// Groups by the property `env`, and one by name.
pub(super) fn groups() -> Vec<Group> {
    let group = |name: &str, line| Group {
        name: name.to_owned(),
        title: name.to_owned(),
        place: place(line),
        when: Some(format!("properties.env == \"{name}\"")),
        ..Group::default()
    };
    let listed =
        Group { name: "vms".to_owned(), place: place(3), objects: vec![Pattern::new("vm*")], ..Group::default() };
    vec![group("production", 1), group("playground", 2), listed]
}

pub(super) fn policy(name: &str, groups: &[&str], says: &[(&str, PolicySetting)]) -> Policy {
    let say = |(pattern, setting): &(&str, PolicySetting)| PolicyEntry {
        pattern: Pattern::new(*pattern),
        setting: setting.clone(),
        place: place(20),
    };
    Policy {
        name: name.to_owned(),
        place: place(10),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        entries: says.iter().map(say).collect(),
        ..Policy::default()
    }
}

/// A configuration in which Docker is allowed in the playground, and `desk` is notified of everything.
pub(super) fn house() -> ComplianceConfig {
    ComplianceConfig {
        groups: groups(),
        policies: vec![policy("playground", &["playground"], &[("docker/*", PolicySetting::Allow(true))])],
        routes: vec![route(&["desk"])],
        ..ComplianceConfig::default()
    }
}

pub(super) fn route(receivers: &[&str]) -> Route {
    Route {
        receivers: receivers.iter().map(|one| (*one).to_owned()).collect(),
        grouping: Grouping::default(),
        ..Route::default()
    }
}

pub(super) fn with(definitions: Vec<AlertDefinition>) -> ComplianceConfig {
    ComplianceConfig { definitions, ..ComplianceConfig::default() }
}
