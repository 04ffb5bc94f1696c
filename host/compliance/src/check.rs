//! Checks a configuration apart from its expressions: names that are missing, duplicate or malformed,
//! cycles of groups, thresholds that no definition declares, empty hours.

use std::collections::{HashMap, HashSet};

use lifesigns_text::suggestion;

use crate::{
    config::{
        AlertDefinition, ComplianceConfig, ConfigError, ConfigLocation, Hours, Policy, PolicyEntry, PolicySetting,
        Route,
    },
    groups::cycles,
};

/// Returns all such mistakes in `config`, in the order of its parts.
pub(crate) fn check(config: &ComplianceConfig) -> Vec<ConfigError> {
    let mut check =
        Checker { config, groups: config.groups.iter().map(|one| one.name.as_str()).collect(), errors: Vec::new() };
    check.names("group", config.groups.iter().map(|one| (one.name.as_str(), &one.place)));
    check.names("policy", config.policies.iter().map(|one| (one.name.as_str(), &one.place)));
    check.names("alert", config.definitions.iter().map(|one| (one.name.as_str(), &one.place)));
    for group in &config.groups {
        check.groups(&format!("group `{}`", group.name), &group.place, &group.groups);
    }
    for cycle in cycles::find(&config.groups) {
        check.error(&cycle.place, format!("groups contain each other: {}", cycle.names.join(" → ")));
    }
    for definition in &config.definitions {
        for why in definition.thresholds.keys().filter_map(|name| reserved_threshold(name)) {
            check.error(&definition.place, format!("alert `{}`: {why}", definition.name));
        }
    }
    config.policies.iter().for_each(|policy| check.policy(policy));
    config.routes.iter().for_each(|route| check.route(route));
    check.errors
}

/// Keywords of the expression language (CEL), which cannot be written after `threshold.`.
const RESERVED_WORDS: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Returns why a threshold cannot be called `name`, and how to rename it; `None` if the name is valid.
pub fn reserved_threshold(name: &str) -> Option<String> {
    match name {
        "count" => Some(
            "`count` is reserved for `count = N` of a condition, which no threshold replaces; choose another name for \
             the threshold, such as `errors`"
                .to_owned(),
        ),
        word if RESERVED_WORDS.contains(&word) => {
            Some(format!("`{word}` is a keyword of expressions; choose another name for the threshold"))
        }
        _ => None,
    }
}

struct Checker<'a> {
    config: &'a ComplianceConfig,
    groups: HashSet<&'a str>,
    errors: Vec<ConfigError>,
}

impl<'a> Checker<'a> {
    fn error(&mut self, place: &ConfigLocation, message: String) {
        self.errors.push(ConfigError::new(place, message));
    }

    /// Checks that the names of one kind are not empty, have no `/` or `*`, and are unique.
    fn names(&mut self, kind: &str, names: impl Iterator<Item = (&'a str, &'a ConfigLocation)>) {
        let mut first = HashMap::new();
        for (name, place) in names {
            if name.is_empty() {
                self.error(place, format!("the {kind} has no name"));
            } else if let Some(letter) = name.chars().find(|&letter| is_forbidden(letter)) {
                self.error(place, format!("the name of {kind} `{name}` may not contain {letter:?}"));
            }
            if let Some(other) = first.get(name) {
                self.error(place, format!("{kind} `{name}` is already defined at {other}"));
            } else {
                first.insert(name, place);
            }
        }
    }

    fn groups(&mut self, of: &str, place: &ConfigLocation, names: &[String]) {
        let mut seen = HashSet::new();
        for name in names {
            if !self.groups.contains(name.as_str()) {
                let hint = suggestion(name, self.config.groups.iter().map(|one| one.name.as_str()));
                self.error(place, format!("{of}: there is no group `{name}`{hint}"));
            }
            if !seen.insert(name) {
                self.error(place, format!("{of}: the group `{name}` is named twice"));
            }
        }
    }

    fn policy(&mut self, policy: &Policy) {
        let of = format!("policy `{}`", policy.name);
        self.groups(&of, &policy.place, &policy.groups);
        for hours in &policy.hours {
            if let Some(what) = wrong_hours(hours) {
                self.error(&policy.place, format!("{of}: {what}"));
            }
        }
        for entry in &policy.entries {
            self.entry(&of, entry);
        }
    }

    /// Checks that an entry names alerts that exist, and a threshold that one of them has.
    fn entry(&mut self, of: &str, entry: &PolicyEntry) {
        let pattern = &entry.pattern;
        let definitions = &self.config.definitions;
        let named: Vec<&AlertDefinition> = definitions.iter().filter(|one| pattern.matches(&one.name)).collect();
        if pattern.is_literal() && !pattern.as_str().contains('/') && named.is_empty() {
            let hint = suggestion(pattern.as_str(), definitions.iter().map(|one| one.name.as_str()));
            let text = format!("{of}: there is no alert `{pattern}`{hint}; a symptom is written RULE/SYMPTOM");
            self.error(&entry.place, text);
            return;
        }
        let PolicySetting::Threshold(name, value) = &entry.setting else { return };
        let thresholds: Vec<&str> = named.iter().flat_map(|one| one.thresholds.keys()).map(String::as_str).collect();
        if !thresholds.contains(&name.as_str()) {
            let hint = suggestion(name, thresholds);
            let text = format!("{of}: no alert that `{pattern}` names has a threshold `{name}`{hint}");
            self.error(&entry.place, text);
        }
        if !value.is_finite() {
            self.error(&entry.place, format!("{of}: the threshold `{name}` is not a number"));
        }
    }

    fn route(&mut self, route: &Route) {
        self.groups("route", &route.place, &route.groups);
        route.routes.iter().for_each(|route| self.route(route));
    }
}

/// Returns whether a name may not contain `letter`.
fn is_forbidden(letter: char) -> bool {
    letter == '/' || letter == '*' || letter.is_control()
}

/// Returns what is wrong with `hours`, if anything is.
fn wrong_hours(hours: &Hours) -> Option<&'static str> {
    let from = hours.from_minute;
    let to = hours.to_minute;
    if hours.days & 0x7f == 0 {
        return Some("the hours name no day");
    }
    if from >= 1440 || to > 1440 {
        return Some("the hours go beyond 24:00");
    }
    if from == to {
        return Some("the hours begin and end at the same time; 00:00 to 24:00 is a whole day");
    }
    None
}
