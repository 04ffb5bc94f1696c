//! Containers that come and go: many different ones, or many starts and stops, within a window.

mod tally;

use docker::{Activity, FIELDS, starts_and_ends};
use lifesigns_rule::{
    Alerts, Criticality, Description, Event, Impact, Interest, Kind, Rule, State, Symptom, settings::Duration,
};
use tally::Tally;

lifesigns_rule::settings! {
    /// The `[settings]` table.
    #[derive(Debug)]
    pub struct Settings {
        /// What is counted together.
        #[min("1s")]
        pub window: Duration = "10m",
        /// The number of different containers started that is too many.
        // As many as the host remembers.
        #[min(1)]
        #[max(4096)]
        pub containers: u32 = 20,
        /// The number of starts and stops that is too many.
        #[min(1)]
        #[max(65536)]
        pub starts_stops: u32 = 60,
    }
}

/// The rule.
pub struct ContainerChurn(Settings);

const CONTAINERS: &str = "many-containers";
const STARTS_STOPS: &str = "many-starts-stops";
/// The reminder that looks whether a raised symptom is over.
const LOOK: &str = "look";

impl Rule for ContainerChurn {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        Description::new("container-churn", env!("CARGO_PKG_VERSION"))
            .symptom(symptom(CONTAINERS, "Many different containers were started"))
            .symptom(symptom(STARTS_STOPS, "Containers were started and stopped many times"))
            .interests(starts_and_ends())
            .interest(Interest::reminder())
            .fields(FIELDS)
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let activity = match event.kind() {
            Kind::Log => match Activity::of(event) {
                Some(activity) => Some(activity),
                None => return,
            },
            _ => None,
        };
        let state = event.state();
        let tally = Tally::take(&state, activity.as_ref(), self.0.window.ms());
        let turned = |symptom, count, threshold: u32| turned(&state, symptom, count >= u64::from(threshold));
        let (object, window) = (event.object(), self.0.window);

        let containers = turned(CONTAINERS, tally.containers, self.0.containers);
        let words = format!("Different containers started on {object} within {window}: {}", tally.containers);
        say(alerts, CONTAINERS, containers, words, &[("containers", tally.containers)]);

        let both = tally.starts + tally.stops;
        let starts_stops = turned(STARTS_STOPS, both, self.0.starts_stops);
        let words = format!("Starts and stops on {object} within {window}: {} and {}", tally.starts, tally.stops);
        say(alerts, STARTS_STOPS, starts_stops, words, &[("starts", tally.starts), ("stops", tally.stops)]);

        if containers.0 || starts_stops.0 {
            state.remind_at(LOOK, event.time_ns().saturating_add(self.step_ns()));
        }
    }
}

fn symptom(id: &str, title: &str) -> Symptom {
    Symptom::new(id, title)
    .criticality(Criticality::Warning)
    .impact(Impact::Efficiency)
    .recommendation("See with `docker events` what comes and goes; a restart loop shows as one container that starts again and again.")
}

impl ContainerChurn {
    /// How often to look whether it is over: a tenth of the window, at least a second apart.
    fn step_ns(&self) -> u64 {
        (self.0.window.ns() / 10).max(1_000_000_000)
    }
}

/// Keeps whether the symptom is raised. Whether it is now, and whether that is new.
fn turned(state: &State<'_>, symptom: &str, is: bool) -> (bool, bool) {
    let was = state.get(symptom).is_some();
    match (was, is) {
        (false, true) => state.set(symptom, "", 0),
        (true, false) => state.delete(symptom),
        _ => {}
    }
    (is, was != is)
}

fn say(alerts: &mut Alerts<'_>, symptom: &str, (is, new): (bool, bool), words: String, counts: &[(&str, u64)]) {
    if !new {
        return;
    }
    let mut alert = if is { alerts.raise(symptom, words) } else { alerts.clear(symptom, words) };
    for (name, count) in counts {
        alert = alert.attribute(name, count.to_string());
    }
}

lifesigns_rule::export!(ContainerChurn);

#[cfg(test)]
mod tests;
