//! What is wrong with a configuration beside its expressions: names that are missing, double or
//! malformed, cycles, thresholds that nobody declared, hours without an hour.

use std::collections::{HashMap, HashSet};

use crate::{
    config::{ComplianceConfig, ConfigError, ConfigLocation, Hours, Policy, PolicySetting, Route},
    groups::cycles,
    suggest::suggestion,
};

/// Everything of that sort.
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
        check.wrong(&cycle.place, format!("groups contain each other: {}", cycle.names.join(" → ")));
    }
    for definition in &config.definitions {
        for why in definition.thresholds.keys().filter_map(|name| reserved_threshold(name)) {
            check.wrong(&definition.place, format!("alert `{}`: {why}", definition.name));
        }
    }
    config.policies.iter().for_each(|policy| check.policy(policy));
    config.routes.iter().for_each(|route| check.route(route));
    check.errors
}

/// Words of the language of expressions, which cannot be written after `threshold.`.
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

/// Why a threshold cannot be called `name`, and what to do; `None` if it can.
pub fn reserved_threshold(name: &str) -> Option<String> {
    match name {
        "count" => Some(
            "`count` is reserved: `count = N` of a condition is no threshold and no threshold replaces it; call the \
             threshold otherwise, such as `errors`"
                .to_owned(),
        ),
        word if RESERVED_WORDS.contains(&word) => {
            Some(format!("`{word}` is a word of the expressions; call the threshold otherwise"))
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
    fn wrong(&mut self, place: &ConfigLocation, message: String) {
        self.errors.push(ConfigError::new(place, message));
    }

    /// Names of one sort: there, without `/` and `*`, each once.
    fn names(&mut self, what: &str, names: impl Iterator<Item = (&'a str, &'a ConfigLocation)>) {
        let mut first = HashMap::new();
        for (name, place) in names {
            if name.is_empty() {
                self.wrong(place, format!("the {what} has no name"));
            } else if let Some(letter) =
                name.chars().find(|&letter| letter == '/' || letter == '*' || letter.is_control())
            {
                self.wrong(place, format!("the name of {what} `{name}` may not have a {letter:?}"));
            }
            if let Some(other) = first.get(name) {
                self.wrong(place, format!("{what} `{name}` is there already, at {other}"));
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
                self.wrong(place, format!("{of}: there is no group `{name}`{hint}"));
            }
            if !seen.insert(name) {
                self.wrong(place, format!("{of}: the group `{name}` is named twice"));
            }
        }
    }

    fn policy(&mut self, policy: &Policy) {
        let of = format!("policy `{}`", policy.name);
        self.groups(&of, &policy.place, &policy.groups);
        for hours in &policy.hours {
            if let Some(what) = wrong_hours(hours) {
                self.wrong(&policy.place, format!("{of}: {what}"));
            }
        }
        for say in &policy.says {
            let pattern = &say.pattern;
            let mut named = self.config.definitions.iter().filter(|one| pattern.matches(&one.name)).peekable();
            if pattern.is_literal() && !pattern.as_str().contains('/') && named.peek().is_none() {
                let hint = suggestion(pattern.as_str(), self.config.definitions.iter().map(|one| one.name.as_str()));
                let text = format!("{of}: there is no alert `{pattern}`{hint}; a symptom is written RULE/SYMPTOM");
                self.wrong(&say.place, text);
            } else if let PolicySetting::Threshold(name, value) = &say.setting {
                let thresholds: Vec<&str> = named.flat_map(|one| one.thresholds.keys()).map(String::as_str).collect();
                if !thresholds.contains(&name.as_str()) {
                    let hint = suggestion(name, thresholds);
                    self.wrong(
                        &say.place,
                        format!("{of}: no alert that `{pattern}` names has a threshold `{name}`{hint}"),
                    );
                }
                if !value.is_finite() {
                    self.wrong(&say.place, format!("{of}: the threshold `{name}` is not a number"));
                }
            }
        }
    }

    fn route(&mut self, route: &Route) {
        self.groups("route", &route.place, &route.groups);
        route.routes.iter().for_each(|route| self.route(route));
    }
}

fn wrong_hours(hours: &Hours) -> Option<String> {
    let (from, to) = (hours.from_minute, hours.to_minute);
    match () {
        () if hours.days & 0x7f == 0 => Some("hours without a day".to_owned()),
        () if from >= 1440 || to > 1440 => Some("an hour after 24:00".to_owned()),
        () if from == to => Some("hours that end when they begin; 00:00 to 24:00 is a whole day".to_owned()),
        () => None,
    }
}
