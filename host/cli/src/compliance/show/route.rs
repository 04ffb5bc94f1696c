//! Who is notified of an alert, and why; and who was.

use lifesigns_api::{DeliveryState, UndeliveredNotice};
use lifesigns_compliance::{
    Alert,
    query::{Recipient, RouteOutcome, RouteStep, Routing},
};
use lifesigns_text::{count_text, visible};

use super::{
    super::{
        table::{Style, Table, View, criticality, heading, names},
        when,
    },
    cells::{stamp, state},
};

/// Returns the way of an alert through the routes to its receivers.
pub(crate) fn route(routing: &Routing, undelivered: &[UndeliveredNotice], view: &View) -> String {
    let alert = &routing.alert;
    let title = visible(&format!("{} on {}", alert.definition, alert.object));
    let mut page = format!("{}  {}  {}\n", Style::Bold.on(&title), criticality(alert.criticality), state(alert));
    page.push_str(&routes(&routing.routes, view));
    if let Some(policy) = &routing.instead {
        let place = Style::Dim.on(&visible(&policy.place.to_string()));
        let said = visible(&format!("policy {} names receivers instead: {}", policy.policy, policy.value));
        page.push_str(&format!("  {said}  {place}\n"));
    }
    page.push_str(&heading("Notified"));
    page.push_str(&receivers(&routing.receivers, alert, undelivered, view));
    if !routing.kept_back.is_empty() {
        page.push_str(&heading("Nothing is sent now"));
        routing.kept_back.iter().for_each(|why| page.push_str(&format!("  {}\n", visible(why))));
    }
    page
}

fn routes(steps: &[RouteStep], view: &View) -> String {
    if steps.is_empty() {
        return "  the configuration has no route\n".to_owned();
    }
    let mut table = Table::pairs(view);
    for step in steps {
        let indent = "  ".repeat(step.depth + 1);
        let receivers = if step.receivers.is_empty() { "no receiver".to_owned() } else { names(&step.receivers) };
        let outcome = match &step.outcome {
            RouteOutcome::Taken if step.goes_on => Style::Green.on("taken; the routes after it are tried too"),
            RouteOutcome::Taken => Style::Green.on("taken"),
            RouteOutcome::PassedOn => "matches; a route within it is taken".to_owned(),
            RouteOutcome::NoMatch(why) => Style::Dim.on(&format!("not taken: {}", visible(why))),
            RouteOutcome::NotReached => Style::Dim.on("not tried: a route before it takes the alert"),
        };
        table.row(vec![format!("{indent}route {}", visible(&step.place.to_string())), receivers, outcome]);
    }
    table.draw()
}

fn receivers(receivers: &[Recipient], alert: &Alert, undelivered: &[UndeliveredNotice], view: &View) -> String {
    let mut table = Table::pairs(view);
    for one in receivers {
        if let Some(parent) = &one.inhibited_by {
            let instead = Style::Dim.on(&format!("is notified of {} instead", visible(parent)));
            table.row(vec![format!("  {}", visible(&one.receiver)), instead, String::new()]);
            continue;
        }
        let by = one.route.as_ref().map(|place| Style::Dim.on(&visible(&format!("by {place}")))).unwrap_or_default();
        table.row(vec![format!("  {}", visible(&one.receiver)), notified(&one.receiver, alert, undelivered, view), by]);
    }
    // Those that the routes no longer name still hear when it is over.
    let unrouted = alert.notified.keys().filter(|name| !receivers.iter().any(|one| one.receiver == **name));
    for name in unrouted {
        let note = Style::Dim.on("no route names it now");
        table.row(vec![format!("  {}", visible(name)), notified(name, alert, undelivered, view), note]);
    }
    match table.draw() {
        text if text.is_empty() => format!("  {}\n", Style::Yellow.on("no receiver is notified of this alert")),
        text => text,
    }
}

/// When a receiver was notified, and what still waits for it.
pub(super) fn notified(receiver: &str, alert: &Alert, undelivered: &[UndeliveredNotice], view: &View) -> String {
    let mine: Vec<&UndeliveredNotice> = undelivered.iter().filter(|row| row.notice.receiver == receiver).collect();
    let last = mine.last().map(|row| {
        let error = if row.last_error.is_empty() { String::new() } else { format!(": {}", visible(&row.last_error)) };
        match row.waiting {
            DeliveryState::Dead => {
                Style::Red.on(&format!("given up after {}{error}", count_text(u64::from(row.attempts), "try|tries")))
            }
            DeliveryState::Until(time_ns) if time_ns > view.now_ns => {
                Style::Yellow.on(&format!("waits, next try {}{error}", when::ago(time_ns, view.now_ns)))
            }
            DeliveryState::Until(_) => Style::Yellow.on(&format!("waits to be sent{error}")),
        }
    });
    match (alert.notified.get(receiver), last) {
        (_, Some(last)) => last,
        (Some(known), None) => format!("notified {}", stamp(known.last_ns, view)),
        (None, None) => Style::Dim.on("not notified so far"),
    }
}
