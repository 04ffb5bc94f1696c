//! Alert definitions and their conditions.

use std::collections::BTreeMap;

use lifesigns_compliance::{
    Expression, Pattern,
    config::{AlertCondition, AlertDefinition, Scope},
    reserved_threshold,
};
use lifesigns_model::Impact;

use lifesigns_text::{hint, visible_word};

use super::{
    fields::{criticality, duration, flag, list, number, owned, text, texts, whole},
    reader::Reader,
};
use crate::raw::{RawEntry, RawNode};

type Thresholds = BTreeMap<String, f64>;

impl Reader<'_, '_> {
    pub(super) fn definitions(&mut self, tables: &[RawNode]) -> Vec<AlertDefinition> {
        tables.iter().map(|table| self.definition(table)).collect()
    }

    fn definition(&mut self, table: &RawNode) -> AlertDefinition {
        let thresholds: Thresholds = table
            .get("thresholds")
            .map_or(&[][..], RawNode::entries)
            .iter()
            .map(|RawEntry { key, node, .. }| (key.clone(), number(node).unwrap_or_default()))
            .collect();
        for entry in table.get("thresholds").map_or(&[][..], RawNode::entries) {
            if let Some(why) = reserved_threshold(&entry.key) {
                self.check.wrong(&entry.at, why, None);
            }
        }
        let impacts = [Impact::Health, Impact::Risk, Impact::Efficiency];
        let impact = text(table, "impact").and_then(|word| impacts.into_iter().find(|one| one.as_str() == word));
        let name = owned(table, "name");
        AlertDefinition {
            title: text(table, "title").map_or_else(|| name.clone(), str::to_owned),
            name,
            place: self.place(table),
            kinds: texts(table, "kinds"),
            when: self.condition(table, &thresholds),
            thresholds,
            wait_ms: duration(table, "wait", 0),
            cancel_ms: duration(table, "cancel", 0),
            criticality: text(table, "criticality").and_then(criticality),
            impact,
            recommendations: texts(table, "recommendations"),
            controls: texts(table, "controls"),
        }
    }

    /// Returns the condition of a definition or of one of its items.
    fn condition(&mut self, table: &RawNode, thresholds: &Thresholds) -> AlertCondition {
        let scope = self.scope(table);
        let condition = if let Some(node) = table.get("symptom") {
            AlertCondition::Symptom(self.symptom(node), scope)
        } else if let Some(node) = table.get("fact") {
            AlertCondition::Fact(self.fact(node, thresholds), scope)
        } else if table.get("any").is_some() {
            AlertCondition::Any(self.conditions(list(table, "any"), thresholds))
        } else if table.get("of").is_some() {
            self.count(table, thresholds)
        } else {
            AlertCondition::All(self.conditions(list(table, "all"), thresholds))
        };
        if flag(table, "not", false) { AlertCondition::Not(Box::new(condition)) } else { condition }
    }

    fn conditions(&mut self, items: &[RawNode], thresholds: &Thresholds) -> Vec<AlertCondition> {
        items.iter().map(|item| self.condition(item, thresholds)).collect()
    }

    fn count(&mut self, table: &RawNode, thresholds: &Thresholds) -> AlertCondition {
        let of = self.conditions(list(table, "of"), thresholds);
        let count = whole(table, "count").and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
        if let Some(node) = table.get("count").filter(|_| count > of.len() && !of.is_empty()) {
            self.check.wrong(
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
            self.check.wrong(&entry.at, "`scope` belongs to a symptom or a fact", Some(help));
        }
        match text(table, "scope") {
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
            self.check.wrong(&node.at, format!("`{}` names no symptom", visible_word(text)), Some(help));
        }
        pattern
    }

    fn fact(&mut self, node: &RawNode, thresholds: &Thresholds) -> String {
        let text = node.text().unwrap_or_default().to_owned();
        if let Ok(expression) = Expression::compile(&text) {
            for name in &expression.references().thresholds.names {
                if !thresholds.contains_key(name) {
                    let known = thresholds.keys().map(String::as_str);
                    let help = hint(name, known).unwrap_or_else(|| format!("add `thresholds = {{ {name} = 1.0 }}`"));
                    self.check.wrong(
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
