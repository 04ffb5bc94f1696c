//! Policies, with their entries in the order of the file.

use std::collections::HashMap;

use lifesigns_compliance::{
    Pattern,
    config::{Hours, Policy, PolicyEntry, PolicySetting, Zone},
};
use lifesigns_document::{RawEntry, RawNode, TextSpan};
use lifesigns_model::Criticality;
use lifesigns_text::{hint, visible_word};

use super::{
    compliance::ComplianceReader,
    fields::{location, owned, texts},
};
use crate::{time_of_day, zone};

const EVERY_DAY: u8 = 0b111_1111;
const DAY_MINUTES: u16 = 24 * 60;

impl ComplianceReader<'_, '_> {
    pub(super) fn policies(&mut self, tables: &[RawNode]) -> Vec<Policy> {
        tables.iter().map(|table| self.policy(table)).collect()
    }

    fn policy(&mut self, table: &RawNode) -> Policy {
        self.known_groups(table.list_of("groups"));
        let mut says = Vec::new();
        // In the order of the file: of two patterns that match, the first wins.
        for RawEntry { key, node, .. } in table.entries() {
            match key.as_str() {
                "allow" | "forbid" => self.switch(node, &mut says, PolicySetting::Allow, key == "allow"),
                "enable" | "disable" => self.switch(node, &mut says, PolicySetting::Enable, key == "enable"),
                "criticality" | "threshold" | "recommendations" | "receivers" => {
                    for entry in node.entries() {
                        self.known_alert(&entry.at, &entry.key);
                        self.map(key, entry, &mut says);
                    }
                }
                _ => {}
            }
        }
        self.contradictions(table, [("allow", "forbid"), ("enable", "disable")]);
        Policy {
            name: owned(table, "name"),
            place: location(self.check, &table.at),
            groups: table.texts_of("groups"),
            priority: table.whole_of("priority").and_then(|number| i32::try_from(number).ok()).unwrap_or(0),
            hours: table.list_of("hours").iter().map(|hours| self.hours(hours)).collect(),
            zone: self.zone(table),
            entries: says,
        }
    }

    /// Returns the time zone of the hours; an unknown one was reported before.
    fn zone(&mut self, table: &RawNode) -> Zone {
        let Some(node) = table.get("zone") else { return Zone::default() };
        if table.get("hours").is_none() {
            let help = "add `hours`, or leave `zone` out".to_owned();
            self.check.error(&node.at, "a `zone` without `hours` says nothing", Some(help));
        }
        node.text().and_then(|name| zone::find(name).ok()).unwrap_or_default()
    }

    fn switch(&mut self, node: &RawNode, says: &mut Vec<PolicyEntry>, setting: fn(bool) -> PolicySetting, on: bool) {
        for node in node.items() {
            let Some(pattern) = node.text() else { continue };
            self.known_alert(&node.at, pattern);
            says.push(PolicyEntry {
                pattern: pattern.into(),
                setting: setting(on),
                place: location(self.check, &node.at),
            });
        }
    }

    /// Adds the entry of `key` for the alerts that the key of `entry` names.
    fn map(&mut self, key: &str, entry: &RawEntry, says: &mut Vec<PolicyEntry>) {
        let pattern = Pattern::from(entry.key.as_str());
        let mut say = |place, setting| says.push(PolicyEntry { pattern: pattern.clone(), setting, place });
        let place = location(self.check, &entry.at);
        match key {
            "criticality" => {
                if let Some(criticality) = entry.node.text().and_then(Criticality::from_word) {
                    say(place, PolicySetting::Criticality(criticality));
                }
            }
            "threshold" => {
                for RawEntry { key, at, node } in entry.node.entries() {
                    self.known_threshold(at, key, &pattern);
                    if let Some(number) = node.number() {
                        say(location(self.check, at), PolicySetting::Threshold(key.clone(), number));
                    }
                }
            }
            "recommendations" => say(place, PolicySetting::Recommendations(texts(entry.node.items()))),
            _ => {
                self.known_receivers(entry.node.items());
                say(place, PolicySetting::Receivers(texts(entry.node.items())));
            }
        }
    }

    /// Reports a threshold that no alert has that the pattern names.
    fn known_threshold(&mut self, at: &TextSpan, name: &str, pattern: &Pattern) {
        let named = || self.definitions.iter().filter(|definition| pattern.matches(&definition.name));
        if named().next().is_some() && named().all(|definition| !definition.thresholds.contains_key(name)) {
            let names = named().flat_map(|definition| definition.thresholds.keys().map(String::as_str));
            let message = format!(
                "no alert that `{}` names has a threshold `{}`",
                visible_word(pattern.as_str()),
                visible_word(name)
            );
            self.check.error(at, message, hint(name, names));
        }
    }

    /// Reports a name that is in two contradictory lists.
    fn contradictions(&mut self, table: &RawNode, pairs: [(&str, &str); 2]) {
        for (one, other) in pairs {
            let first: HashMap<&str, &TextSpan> =
                table.list_of(one).iter().filter_map(|node| Some((node.text()?, &node.at))).collect();
            for node in table.list_of(other) {
                if let Some(name) = node.text()
                    && let Some(at) = first.get(name)
                {
                    let place = self.check.sources.place(at);
                    let help = format!("it stands in `{one}` in {place}; keep one");
                    self.check.error(
                        &node.at,
                        format!("`{}` is in `{one}` and in `{other}`", visible_word(name)),
                        Some(help),
                    );
                }
            }
        }
    }

    fn hours(&mut self, table: &RawNode) -> Hours {
        let minute = |key, default| table.text_of(key).and_then(time_of_day::minute).unwrap_or(default);
        let hours = Hours {
            days: table.text_of("days").and_then(time_of_day::days).unwrap_or(EVERY_DAY),
            from_minute: minute("from", 0),
            to_minute: minute("to", DAY_MINUTES),
        };
        if hours.from_minute == hours.to_minute {
            let message = "hours that end when they begin; 00:00 to 24:00 is a whole day";
            self.check.error(&table.at, message, None);
        } else if hours.from_minute == DAY_MINUTES {
            self.check.error(&table.at, "these hours begin at \"24:00\"; write \"00:00\" of the next day", None);
        }
        hours
    }
}
