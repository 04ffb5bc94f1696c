//! Who is told of an alert: the routing tree.

use std::collections::BTreeMap;

use crate::{
    config::{Grouping, Route},
    record::{Alert, Matcher},
};

/// A receiver and how its alerts are put together.
pub(super) type Told<'a> = (&'a str, &'a Grouping);

/// Who is told, each once, in the order of the routes. `instead` is what policy names: its
/// receivers, put together as the first route that matches says.
pub(super) fn receivers<'a>(
    routes: &'a [Route],
    none: &'a Grouping,
    alert: &Alert,
    instead: Option<&'a [String]>,
) -> Vec<Told<'a>> {
    let mut matching = Vec::new();
    walk(routes, alert, &mut matching);
    let mut told: Vec<Told<'a>> = Vec::new();
    let mut add = |receivers: &'a [String], grouping: &'a Grouping| {
        for receiver in receivers {
            if !told.iter().any(|(known, _)| known == receiver) {
                told.push((receiver, grouping));
            }
        }
    };
    match instead {
        Some(receivers) => add(receivers, matching.first().map_or(none, |route| &route.grouping)),
        None => matching.iter().for_each(|route| add(&route.receivers, &route.grouping)),
    }
    told
}

/// Collects the routes that it is given to; whether any route here matches.
fn walk<'a>(routes: &'a [Route], alert: &Alert, matching: &mut Vec<&'a Route>) -> bool {
    let mut any = false;
    for route in routes.iter().filter(|route| matches(route, alert)) {
        // Where it cannot be decided whether the object is in the route's group, it is notified and so are
        // the routes behind it: a route that keeps an alert quiet must match for certain.
        if is_uncertain(route, alert) {
            if !walk(&route.routes, alert, matching) {
                matching.push(route);
            }
            continue;
        }
        any = true;
        if !walk(&route.routes, alert, matching) {
            matching.push(route);
        }
        if !route.go_on {
            break;
        }
    }
    any
}

pub(super) fn matches(route: &Route, alert: &Alert) -> bool {
    let among = |all: &[crate::Pattern], name: &str| all.is_empty() || all.iter().any(|one| one.matches(name));
    (route.groups.is_empty() || route.groups.iter().any(|group| alert.groups.contains(group)))
        && route.at_least.is_none_or(|least| alert.criticality >= least)
        && among(&route.objects, &alert.object)
        && among(&route.alerts, &alert.definition)
}

/// Whether a route matches only by a group of which it cannot be decided whether the object is in it.
fn is_uncertain(route: &Route, alert: &Alert) -> bool {
    let certain = |group: &String| alert.groups.contains(group) && !alert.uncertain_groups.contains(group);
    !route.groups.is_empty() && !route.groups.iter().any(certain)
}

/// Whether any of these routes tells again what is still open.
pub(super) fn repeat(routes: &[Route]) -> bool {
    routes.iter().any(|route| route.grouping.repeat_ms > 0 || repeat(&route.routes))
}

/// The values that alerts of one message share. An object's groups stand together as one value.
pub(super) fn bundle(grouping: &Grouping, alert: &Alert) -> BTreeMap<String, String> {
    let value = |name: &String| {
        let value = match name.as_str() {
            "group" => alert.groups.join(","),
            name => values(name, alert).next().unwrap_or_default().to_owned(),
        };
        (name.clone(), value)
    };
    grouping.by.iter().map(value).collect()
}

/// What names of matchers and groupings stand for; any other is a detail of the alert.
pub(super) const NAMES: [&str; 8] = ["alert", "object", "group", "criticality", "impact", "symptom", "control", "id"];
/// Before the name of a detail, which may then be called as one of [`NAMES`].
pub(super) const DETAIL: &str = "detail.";

/// What an alert has under a name that a matcher or a grouping knows.
fn values<'a>(name: &'a str, alert: &'a Alert) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    match name {
        "alert" => Box::new(std::iter::once(alert.definition.as_str())),
        "object" => Box::new(std::iter::once(alert.object.as_str())),
        "criticality" => Box::new(std::iter::once(alert.criticality.as_str())),
        "impact" => Box::new(std::iter::once(alert.impact.as_str())),
        "group" => Box::new(alert.groups.iter().map(String::as_str)),
        "symptom" => Box::new(alert.symptoms.iter().map(String::as_str)),
        "control" => Box::new(alert.controls.iter().map(String::as_str)),
        "id" => Box::new(std::iter::once(alert.id.as_str())),
        name => {
            let detail = name.strip_prefix(DETAIL).unwrap_or(name);
            let named = alert.attributes.iter().filter(move |(one, _)| one == detail);
            Box::new(named.map(|(_, value)| value.as_str()))
        }
    }
}

impl Matcher {
    /// Whether it matches. What an alert does not have is empty.
    pub(super) fn matches(&self, alert: &Alert) -> bool {
        let mut values = values(&self.name, alert).peekable();
        let found = match values.peek() {
            None => self.pattern.matches(""),
            // A silence needs a member for certain: a group that the object may be in counts only
            // where it must not be in it.
            Some(_) if self.name == "group" && !self.negated => {
                let certain = |group: &&str| !alert.uncertain_groups.iter().any(|one| one == group);
                values.filter(certain).any(|value| self.pattern.matches(value))
            }
            Some(_) => values.any(|value| self.pattern.matches(value)),
        };
        found != self.negated
    }
}
