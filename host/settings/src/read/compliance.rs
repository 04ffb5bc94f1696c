//! Groups, policies, alert definitions and routes, which name each other.

use lifesigns_compliance::{
    ComplianceConfig, Pattern,
    config::{AlertDefinition, BadgeFormula},
};
use lifesigns_document::{Checker, RawNode, TextSpan};

use super::{
    alerts::definitions,
    fields::{names, unique},
};

const REOPEN_MS: u64 = 10 * 60 * 1000;
const METRICS_AGE_MS: u64 = 24 * 3600 * 1000;

/// Reads what names groups, receivers and definitions, all of which it knows.
pub(super) struct ComplianceReader<'r, 'c> {
    pub(super) check: &'r mut Checker<'c>,
    groups: Vec<String>,
    receivers: Vec<String>,
    pub(super) definitions: Vec<AlertDefinition>,
}

pub(super) fn compliance(root: &RawNode, own_receivers: &[&str], check: &mut Checker<'_>) -> ComplianceConfig {
    let (groups, policies, alerts) = (root.list_of("group"), root.list_of("policy"), root.list_of("alert"));
    unique("a group", groups, check);
    unique("a policy", policies, check);
    unique("an alert", alerts, check);
    let mut receivers = names(root.list_of("receiver"));
    receivers.extend(own_receivers.iter().map(|name| (*name).to_owned()));
    let definitions = definitions(alerts, check);
    let mut reader = ComplianceReader { check, groups: names(groups), receivers, definitions };
    let share = root.get("badge").and_then(|badge| badge.text_of("formula")) == Some("share");
    ComplianceConfig {
        groups: reader.groups(groups),
        policies: reader.policies(policies),
        routes: reader.routes(root.list_of("route")),
        badge: if share { BadgeFormula::Share } else { BadgeFormula::Worst },
        reopen_ms: root.duration_of("reopen").unwrap_or(REOPEN_MS),
        metrics_age_ms: root.duration_of("metrics-age").unwrap_or(METRICS_AGE_MS),
        inhibit_by_parent: root.flag_of("inhibit-by-parent").unwrap_or(true),
        definitions: reader.definitions,
    }
}

impl ComplianceReader<'_, '_> {
    /// Reports the texts of a list that are no group's name.
    pub(super) fn known_groups(&mut self, list: &[RawNode]) {
        known("group", list, &self.groups, self.check);
    }

    /// Reports the texts of a list that are no receiver's name.
    pub(super) fn known_receivers(&mut self, list: &[RawNode]) {
        known("receiver", list, &self.receivers, self.check);
    }

    /// Reports the name of an alert that no definition has and no symptom can have.
    pub(super) fn known_alert(&mut self, at: &TextSpan, pattern: &str) {
        let literal = Pattern::new(pattern).is_literal() && !pattern.contains('/');
        if literal && !pattern.is_empty() && !self.definitions.iter().any(|definition| definition.name == pattern) {
            let names = self.definitions.iter().map(|definition| definition.name.as_str());
            self.check.unknown_name(at, "alert", pattern, names);
        }
    }
}

fn known(what: &str, list: &[RawNode], known: &[String], check: &mut Checker<'_>) {
    for node in list {
        if let Some(name) = node.text()
            && !known.iter().any(|one| one == name)
        {
            check.unknown_name(&node.at, what, name, known.iter().map(String::as_str));
        }
    }
}
