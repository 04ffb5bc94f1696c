//! Who would be notified of an alert, by which route or policy, and what keeps it back.

use crate::{
    book::{
        notify::routes::{self, is_among},
        questions::notified::ParentNotified,
        view::BookView,
    },
    change::RequestError,
    config::{Grouping, Route},
    pattern::Pattern,
    query::{Recipient, RouteOutcome, RouteStep, Routing},
    record::{Alert, AlertStatus},
};

/// Returns how an alert is routed as it is now, whether or not it is open.
pub(crate) fn routing(view: &BookView, id: &str) -> Result<Routing, RequestError> {
    let (object, name) = view.alerts.find(id)?;
    let alert = view.alerts.existing(&object, &name);
    let resolution = view.context().resolution(&object, &name);
    let config_routes = &view.config().routes;
    let mut steps = Vec::new();
    explain(config_routes, alert, 0, &mut steps);
    let no_route = Grouping::default();
    let parents = ParentNotified::of(view, &object, &name);
    let routed = routes::receivers(config_routes, &no_route, alert, resolution.receivers.as_deref());
    let mut receivers = Vec::new();
    for (receiver, grouping) in routed {
        receivers.push(Recipient {
            receiver: receiver.to_owned(),
            route: taken_route(&steps, receiver, resolution.receivers.is_some()).map(|step| step.place.clone()),
            grouping: grouping.clone(),
            notified_ns: alert.notified.get(receiver).map(|known| known.last_ns),
            inhibited_by: instead_of(parents.as_ref(), receiver),
        });
    }
    let instead = resolution.why.steps.into_iter().find(|step| step.setting == "receivers").map(|step| step.by);
    let kept_back = kept_back(view, alert, receivers.is_empty());
    Ok(Routing { routes: steps, instead, receivers, kept_back, alert: alert.clone() })
}

/// Returns the route by which a receiver is notified: the first that is taken, of those that name the receiver
/// unless a policy does.
fn taken_route<'a>(steps: &'a [RouteStep], receiver: &str, named_by_policy: bool) -> Option<&'a RouteStep> {
    let mut taken = steps.iter().filter(|step| step.outcome == RouteOutcome::Taken);
    taken.find(|step| named_by_policy || step.receivers.iter().any(|one| one == receiver))
}

/// Returns which alert a receiver is notified of instead.
fn instead_of(parent: Option<&ParentNotified>, receiver: &str) -> Option<String> {
    let parent = parent.filter(|parent| parent.covers(receiver))?;
    Some(format!("alert {} on its parent {}", parent.alert, parent.parent))
}

/// Returns why nothing is sent of an alert now, each reason by itself.
fn kept_back(view: &BookView, alert: &Alert, unrouted: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if unrouted {
        let no_routes = view.config().routes.is_empty();
        let reason = if no_routes { "the configuration has no route" } else { "no route that matches has a receiver" };
        reasons.push(reason.to_owned());
    }
    if alert.status == AlertStatus::Cancelled {
        reasons.push("it is cancelled: it is over".to_owned());
        return reasons;
    }
    if alert.allowed {
        reasons.push("it is allowed: `policy why` says by which policy".to_owned());
    }
    if let Some(id) = &alert.silenced_by {
        reasons.push(match view.silences.get(id) {
            Some(silence) => format!("silence {id} by {} matches it: {}", silence.who, silence.why),
            None => format!("silence {id} matches it"),
        });
    }
    if let Some(id) = &alert.inhibited_by {
        reasons
            .push(format!("alert {id} on its parent stands for it: all of these receivers are notified of that one"));
    }
    reasons
}

/// Tries the routes as [`routes::receivers`] does, and notes the outcome of each. Returns whether any matched.
fn explain(routes: &[Route], alert: &Alert, depth: usize, steps: &mut Vec<RouteStep>) -> bool {
    let mut any = false;
    let mut reached = true;
    for route in routes {
        let at = steps.len();
        let outcome = if reached { outcome(route, alert) } else { RouteOutcome::NotReached };
        let matched = outcome == RouteOutcome::Taken;
        steps.push(RouteStep {
            place: route.place.clone(),
            depth,
            outcome,
            receivers: route.receivers.clone(),
            goes_on: route.go_on,
        });
        if !matched {
            continue;
        }
        any = true;
        if explain(&route.routes, alert, depth + 1, steps)
            && let Some(step) = steps.get_mut(at)
        {
            step.outcome = RouteOutcome::PassedOn;
        }
        reached = route.go_on;
    }
    any
}

/// Returns whether a route matches an alert, or why it does not.
fn outcome(route: &Route, alert: &Alert) -> RouteOutcome {
    if routes::matches(route, alert) {
        return RouteOutcome::Taken;
    }
    RouteOutcome::NoMatch(mismatch(route, alert))
}

/// Returns why a route that does not match an alert does not.
fn mismatch(route: &Route, alert: &Alert) -> String {
    if !route.groups.is_empty() && !route.groups.iter().any(|group| alert.groups.contains(group)) {
        return format!("{} is not in {}", alert.object, route.groups.join(" or "));
    }
    if let Some(least) = route.at_least.filter(|least| alert.criticality < *least) {
        return format!("it is {}, below {least}", alert.criticality);
    }
    if !is_among(&route.objects, &alert.object) {
        return format!("{} is not among the objects {}", alert.object, joined(&route.objects));
    }
    format!("{} is not among the alerts {}", alert.definition, joined(&route.alerts))
}

fn joined(patterns: &[Pattern]) -> String {
    patterns.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ")
}
