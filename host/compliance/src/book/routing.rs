//! Who would be notified of an alert, by which route or policy, and what keeps it back.

use super::{Book, commands::unknown, route};
use crate::{
    change::RequestError,
    config::{Grouping, Route},
    query::{Recipient, RouteOutcome, RouteStep, Routing},
    record::{Alert, AlertStatus},
};

impl Book {
    /// How an alert is routed as it is now, whether or not it is open.
    pub(super) fn routing(&self, id: &str) -> Result<Routing, RequestError> {
        let (object, name) = self.find(id)?;
        let alert = self.pages.get(&object).and_then(|page| page.alerts.get(&name));
        let Some(alert) = alert.map(|alert| Alert::clone(alert)) else { return Err(unknown("alert", id)) };
        let said = self.resolution(&object, &name);
        let routes = &self.compiled.config().routes;
        let mut steps = Vec::new();
        explain(routes, &alert, 0, &mut steps);
        let none = Grouping::default();
        let told = route::receivers(routes, &none, &alert, said.receivers.as_deref());
        let taken: Vec<&RouteStep> = steps.iter().filter(|step| step.outcome == RouteOutcome::Taken).collect();
        let route_of = |receiver: &str| match said.receivers {
            Some(_) => taken.first().map(|step| step.place.clone()),
            None => {
                let names = |step: &&&RouteStep| step.receivers.iter().any(|one| one == receiver);
                taken.iter().find(names).map(|step| step.place.clone())
            }
        };
        let parent = self.standing_for(&object, &name);
        let notified_of_parent: Vec<String> = parent
            .map(|(parent, alert)| {
                let said = self.resolution(parent, &name);
                let told = route::receivers(routes, &none, alert, said.receivers.as_deref());
                told.into_iter().map(|(receiver, _)| receiver.to_owned()).collect()
            })
            .unwrap_or_default();
        let inhibited = |receiver: &str| {
            let (parent, alert) = parent?;
            let covered = notified_of_parent.iter().any(|one| one == receiver);
            covered.then(|| format!("alert {} on its parent {parent}", alert.id))
        };
        let recipient = |(receiver, grouping): (&str, &Grouping)| Recipient {
            receiver: receiver.to_owned(),
            route: route_of(receiver),
            grouping: grouping.clone(),
            notified_ns: alert.told.get(receiver).map(|known| known.last_ns),
            inhibited_by: inhibited(receiver),
        };
        let receivers: Vec<Recipient> = told.into_iter().map(recipient).collect();
        let instead = said.why.steps.into_iter().find(|step| step.setting == "receivers").map(|step| step.by);
        let kept_back = self.kept_back(&alert, receivers.is_empty());
        Ok(Routing { routes: steps, instead, receivers, kept_back, alert })
    }

    /// Why nothing is sent of an alert now, each reason by itself.
    fn kept_back(&self, alert: &Alert, unrouted: bool) -> Vec<String> {
        let mut reasons = Vec::new();
        if unrouted {
            reasons.push(match self.compiled.config().routes.is_empty() {
                true => "the configuration has no route".to_owned(),
                false => "no route that matches has a receiver".to_owned(),
            });
        }
        if alert.status == AlertStatus::Cancelled {
            reasons.push("it is cancelled: it is over".to_owned());
            return reasons;
        }
        if alert.allowed {
            reasons.push("it is allowed: `policy why` says by which policy".to_owned());
        }
        if let Some(silence) = alert.silenced_by.as_ref().map(|id| (id, self.silences.get(id))) {
            reasons.push(match silence {
                (id, Some(silence)) => format!("silence {id} by {} matches it: {}", silence.who, silence.why),
                (id, None) => format!("silence {id} matches it"),
            });
        }
        if let Some(id) = &alert.inhibited_by {
            reasons.push(format!(
                "alert {id} on its parent stands for it: all of these receivers are notified of that one"
            ));
        }
        reasons
    }
}

/// Tries the routes as [`route::receivers`] does, and notes what came of each; whether any matched.
fn explain(routes: &[Route], alert: &Alert, depth: usize, steps: &mut Vec<RouteStep>) -> bool {
    let (mut any, mut reached) = (false, true);
    for route in routes {
        let at = steps.len();
        let outcome = match (reached, mismatch(route, alert)) {
            (false, _) => RouteOutcome::NotReached,
            (true, Some(why)) => RouteOutcome::NoMatch(why),
            (true, None) => RouteOutcome::Taken,
        };
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

/// Why the route does not match the alert; `None` if it does.
fn mismatch(route: &Route, alert: &Alert) -> Option<String> {
    let list = |all: &[crate::Pattern]| all.iter().map(crate::Pattern::as_str).collect::<Vec<_>>().join(", ");
    if route::matches(route, alert) {
        return None;
    }
    let among = |all: &[crate::Pattern], name: &str| all.is_empty() || all.iter().any(|one| one.matches(name));
    if !route.groups.is_empty() && !route.groups.iter().any(|group| alert.groups.contains(group)) {
        return Some(format!("{} is not in {}", alert.object, route.groups.join(" or ")));
    }
    if let Some(least) = route.at_least.filter(|least| alert.criticality < *least) {
        return Some(format!("it is {}, below {least}", alert.criticality));
    }
    if !among(&route.objects, &alert.object) {
        return Some(format!("{} is not among the objects {}", alert.object, list(&route.objects)));
    }
    Some(format!("{} is not among the alerts {}", alert.definition, list(&route.alerts)))
}
