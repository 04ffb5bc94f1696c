//! Alert definitions and their conditions.

use std::collections::BTreeMap;

use lifesigns_compliance::{
    Expression, Pattern,
    config::{AlertCondition, AlertDefinition, Scope},
    reserved_threshold,
};
use lifesigns_document::{Checker, RawEntry, RawNode};
use lifesigns_model::{Criticality, Impact};
use lifesigns_text::{hint, visible_word};

use super::fields::{location, owned};

/// Reads one definition. Its thresholds are those that its facts may name.
struct DefinitionReader<'r, 'c> {
    check: &'r mut Checker<'c>,
    thresholds: BTreeMap<String, f64>,
}

pub(super) fn definitions(tables: &[RawNode], check: &mut Checker<'_>) -> Vec<AlertDefinition> {
    let mut definitions = Vec::with_capacity(tables.len());
    for table in tables {
        let thresholds = thresholds(table, check);
        definitions.push(DefinitionReader { check: &mut *check, thresholds }.definition(table));
    }
    definitions
}

fn thresholds(table: &RawNode, check: &mut Checker<'_>) -> BTreeMap<String, f64> {
    let mut thresholds = BTreeMap::new();
    for RawEntry { key, at, node } in table.entries_of("thresholds") {
        if let Some(why) = reserved_threshold(key) {
            check.error(at, why, None);
        }
        thresholds.insert(key.clone(), node.number().unwrap_or_default());
    }
    thresholds
}

impl DefinitionReader<'_, '_> {
    fn definition(mut self, table: &RawNode) -> AlertDefinition {
        let impacts = [Impact::Health, Impact::Risk, Impact::Efficiency];
        let impact = table.text_of("impact").and_then(|word| impacts.into_iter().find(|one| one.as_str() == word));
        let name = owned(table, "name");
        AlertDefinition {
            title: table.text_of("title").map_or_else(|| name.clone(), str::to_owned),
            name,
            place: location(self.check, &table.at),
            kinds: table.texts_of("kinds"),
            when: self.condition(table),
            thresholds: self.thresholds,
            wait_ms: table.duration_of("wait").unwrap_or(0),
            cancel_ms: table.duration_of("cancel").unwrap_or(0),
            criticality: table.text_of("criticality").and_then(Criticality::from_word),
            impact,
            recommendations: table.texts_of("recommendations"),
            controls: table.texts_of("controls"),
        }
    }

    /// Returns the condition of a definition or of one of its items.
    fn condition(&mut self, table: &RawNode) -> AlertCondition {
        let scope = self.scope(table);
        let condition = if let Some(node) = table.get("symptom") {
            AlertCondition::Symptom(self.symptom(node), scope)
        } else if let Some(node) = table.get("fact") {
            AlertCondition::Fact(self.fact(node), scope)
        } else if table.get("any").is_some() {
            AlertCondition::Any(self.conditions(table.list_of("any")))
        } else if table.get("of").is_some() {
            self.count(table)
        } else {
            AlertCondition::All(self.conditions(table.list_of("all")))
        };
        if table.flag_of("not").unwrap_or(false) { AlertCondition::Not(Box::new(condition)) } else { condition }
    }

    fn conditions(&mut self, items: &[RawNode]) -> Vec<AlertCondition> {
        items.iter().map(|item| self.condition(item)).collect()
    }

    fn count(&mut self, table: &RawNode) -> AlertCondition {
        let of = self.conditions(table.list_of("of"));
        let count = table.whole_of("count").and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
        if let Some(node) = table.get("count").filter(|_| count > of.len() && !of.is_empty()) {
            self.check.error(
                &node.at,
                format!("a count of {count} can never hold: there are {} conditions to count", of.len()),
                None,
            );
        }
        AlertCondition::Count(count, of)
    }

    fn scope(&mut self, table: &RawNode) -> Scope {
        if let Some(entry) = table.entry("scope")
            && table.get("symptom").is_none()
            && table.get("fact").is_none()
        {
            let help = "give each of its items one".to_owned();
            self.check.error(&entry.at, "`scope` belongs to a symptom or a fact", Some(help));
        }
        match table.text_of("scope") {
            Some("parent") => Scope::Parent,
            Some("children") => Scope::Children,
            _ => Scope::Own,
        }
    }

    fn symptom(&mut self, node: &RawNode) -> Pattern {
        let text = node.text().unwrap_or_default();
        let pattern = Pattern::new(text);
        if pattern.is_literal() && !text.contains('/') && !text.is_empty() {
            let help = format!("symptoms are named RULE/SYMPTOM; all of a rule are \"{}/*\"", visible_word(text));
            self.check.error(&node.at, format!("`{}` names no symptom", visible_word(text)), Some(help));
        }
        pattern
    }

    fn fact(&mut self, node: &RawNode) -> String {
        let text = node.text().unwrap_or_default().to_owned();
        if let Ok(expression) = Expression::compile(&text) {
            for name in &expression.references().thresholds.names {
                if !self.thresholds.contains_key(name) {
                    let known = self.thresholds.keys().map(String::as_str);
                    let help = hint(name, known).unwrap_or_else(|| format!("add `thresholds = {{ {name} = 1.0 }}`"));
                    self.check.error(
                        &node.at,
                        format!("the alert has no threshold `{}`", visible_word(name)),
                        Some(help),
                    );
                }
            }
        }
        text
    }
}
