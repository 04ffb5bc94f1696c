//! Which receivers an alert is routed to: the routing tree.

use std::collections::BTreeMap;

use crate::{
    config::{Grouping, Route},
    pattern::Pattern,
    record::Alert,
    silence::values,
};

/// A receiver, and how its alerts are put together.
pub(crate) type Routed<'a> = (&'a str, &'a Grouping);

/// Returns the receivers of an alert, each once, in the order of the routes. `instead`: the receivers that a
/// policy names; these are grouped as the first route that matches says, or by `no_route`.
pub(crate) fn receivers<'a>(
    routes: &'a [Route],
    no_route: &'a Grouping,
    alert: &Alert,
    instead: Option<&'a [String]>,
) -> Vec<Routed<'a>> {
    let mut matching = Vec::new();
    collect_matching(routes, alert, &mut matching);
    let mut routed = Vec::new();
    match instead {
        Some(receivers) => add(&mut routed, receivers, matching.first().map_or(no_route, |route| &route.grouping)),
        None => matching.iter().for_each(|route| add(&mut routed, &route.receivers, &route.grouping)),
    }
    routed
}

fn add<'a>(routed: &mut Vec<Routed<'a>>, receivers: &'a [String], grouping: &'a Grouping) {
    for receiver in receivers {
        if !routed.iter().any(|(known, _)| known == receiver) {
            routed.push((receiver, grouping));
        }
    }
}

/// Collects the routes that the alert takes. Returns whether any of `routes` matches for certain.
fn collect_matching<'a>(routes: &'a [Route], alert: &Alert, matching: &mut Vec<&'a Route>) -> bool {
    let mut any = false;
    for route in routes.iter().filter(|route| matches(route, alert)) {
        if !collect_matching(&route.routes, alert, matching) {
            matching.push(route);
        }
        // Where it cannot be decided whether the object is in the route's group, the routes behind it are tried
        // too: a route that keeps an alert quiet must match for certain.
        if is_uncertain(route, alert) {
            continue;
        }
        any = true;
        if !route.go_on {
            break;
        }
    }
    any
}

/// Returns whether an alert takes a route.
pub(crate) fn matches(route: &Route, alert: &Alert) -> bool {
    (route.groups.is_empty() || route.groups.iter().any(|group| alert.groups.contains(group)))
        && route.at_least.is_none_or(|least| alert.criticality >= least)
        && is_among(&route.objects, &alert.object)
        && is_among(&route.alerts, &alert.definition)
}

/// Returns whether a name matches one of `patterns`; no patterns match all names.
pub(crate) fn is_among(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}

/// Returns whether a route matches only by a group of which it cannot be decided whether the object is in it.
fn is_uncertain(route: &Route, alert: &Alert) -> bool {
    let is_certain = |group: &String| alert.groups.contains(group) && !alert.uncertain_groups.contains(group);
    !route.groups.is_empty() && !route.groups.iter().any(is_certain)
}

/// Returns whether any of these routes repeats notices of alerts that are still open.
pub(crate) fn repeat(routes: &[Route]) -> bool {
    routes.iter().any(|route| route.grouping.repeat_ms > 0 || repeat(&route.routes))
}

/// Returns the values that alerts of one message share. An object's groups are one value together.
pub(crate) fn bundle(grouping: &Grouping, alert: &Alert) -> BTreeMap<String, String> {
    grouping.by.iter().map(|name| (name.clone(), bundled_value(name, alert))).collect()
}

fn bundled_value(name: &str, alert: &Alert) -> String {
    if name == "group" {
        return alert.groups.join(",");
    }
    values(name, alert).next().unwrap_or_default().to_owned()
}
