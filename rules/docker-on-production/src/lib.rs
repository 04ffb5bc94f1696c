//! Docker on an object that is production: evaluated when Docker does something, and when the
//! object becomes production, or is no longer.

use docker::{Activity, DockerAction, FIELDS, Verb, interests};
use lifesigns_rule::{
    Alerts, Criticality, Description, Event, Interest, Kind, Rule, State, Symptom,
    settings::{Duration, Values},
};

lifesigns_rule::settings! {
    /// The `[settings]` table.
    #[derive(Debug)]
    pub struct Settings {
        /// The property that says what an object is for.
        pub property: String = "env",
        /// Its values on which Docker is unwanted.
        pub values: Values = ["production"],
        /// An object that becomes production counts if Docker was at work on it within so long.
        pub memory: Duration = "1d",
        /// While the symptom lasts, further work is raised at most once in so long.
        pub repeat: Duration = "1h",
    }
}

/// The rule.
pub struct DockerOnProduction(Settings);

const SYMPTOM: &str = "docker-on-production";
/// The last work of Docker: [`DockerAction`].
const WORK: &str = "work";
/// Set while the symptom is raised: when last, in nanoseconds.
const RAISED: &str = "raised";
/// Set beside it if that was with a container's name.
const NAMED: &str = "named";
/// Version 0 had both in one text under [`RAISED`]: `1797829200000000000 named`.
const STATE_VERSION: u32 = 1;

impl Rule for DockerOnProduction {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        if settings.property.is_empty() {
            return Err("`property` is empty: name the property that says what an object is for, such as `env`".into());
        }
        if settings.values.0.is_empty() {
            return Err("`values` is empty, so nothing would be production: give at least one value, such as values = [\"production\"]".into());
        }
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        Description::new(SYMPTOM, env!("CARGO_PKG_VERSION"))
            .symptom(
                Symptom::new(SYMPTOM, "Docker on a production object")
                    .criticality(Criticality::Immediate)
                    .recommendation("Move the containers to an object that is meant for them, or remove Docker here; if Docker is meant to be here, allow it in the policy of the object's group."),
            )
            .interests(interests(&[Verb::Create, Verb::Start, Verb::Pull, Verb::Present]))
            .interest(Interest::fact())
            .fields(FIELDS)
            .properties([&self.0.property])
            .state_version(STATE_VERSION)
            .migrates_from(0)
    }

    fn migrate(&self, _version: u32, _keys: &[String], state: &State<'_>) {
        let Some(raised) = state.get_str(RAISED) else { return };
        let (time_ns, named) = raised.split_once(' ').unwrap_or((&raised, ""));
        set_raised(state, time_ns.parse().unwrap_or(0), !named.is_empty());
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let value = event.property(&self.0.property);
        let production = value.filter(|value| self.0.values.0.iter().any(|known| known == value));
        let work = match event.kind() {
            Kind::Log => match Activity::of(event).filter(Activity::is_work) {
                Some(activity) => Some(self.remember(event, &activity)),
                None => return,
            },
            _ => None,
        };
        match (production, work) {
            (Some(value), Some(work)) => {
                if self.is_due(event, &work) {
                    let summary =
                        format!("Docker is at work on {}, which is {value}: {}", event.object(), work.words());
                    self.raise(event, alerts, &work, value, summary);
                }
            }
            (Some(value), None) => self.became(event, alerts, value),
            (None, _) => self.left(event, alerts, value),
        }
    }
}

impl DockerOnProduction {
    fn remember(&self, event: &Event<'_>, activity: &Activity<'_>) -> DockerAction {
        let work = DockerAction::of(event, activity);
        if self.0.memory.ms() > 0 {
            event.state().set(WORK, work.to_text(), self.0.memory.ms());
        }
        work
    }

    /// The object became production: what Docker did here before counts now.
    fn became(&self, event: &Event<'_>, alerts: &mut Alerts<'_>, value: &str) {
        let state = event.state();
        if state.get(RAISED).is_some() {
            return;
        }
        let Some(work) = state.get_str(WORK).and_then(|text| DockerAction::of_text(&text)) else { return };
        let age_ns = event.time_ns().saturating_sub(work.time_ns);
        if age_ns >= self.0.memory.ns() {
            return;
        }
        let ago = Duration::from_secs(age_ns / 1_000_000_000);
        let summary =
            format!("{} became {value}, and Docker was at work on it {ago} ago: {}", event.object(), work.words());
        self.raise(event, alerts, &work, value, summary);
    }

    fn left(&self, event: &Event<'_>, alerts: &mut Alerts<'_>, value: Option<&str>) {
        let state = event.state();
        if state.get(RAISED).is_none() {
            return;
        }
        state.delete(RAISED);
        state.delete(NAMED);
        let now = match value {
            Some(value) => format!("{} is now {value}", event.object()),
            None => format!("{} no longer has a property {}", event.object(), self.0.property),
        };
        alerts.clear(SYMPTOM, now).attribute("property", &*self.0.property).maybe("value", value);
    }

    fn is_due(&self, event: &Event<'_>, work: &DockerAction) -> bool {
        let state = event.state();
        let Some(raised) = state.get(RAISED) else { return true };
        let since_ns = event.time_ns().saturating_sub(raised.try_into().map_or(0, u64::from_le_bytes));
        since_ns >= self.0.repeat.ns() || (!work.container.is_empty() && !state.is_marked(NAMED))
    }

    fn raise(&self, event: &Event<'_>, alerts: &mut Alerts<'_>, work: &DockerAction, value: &str, summary: String) {
        set_raised(&event.state(), event.time_ns(), !work.container.is_empty());
        let raised = alerts.raise(SYMPTOM, summary).attribute("property", &*self.0.property).attribute("value", value);
        work.attributes(raised);
    }
}

fn set_raised(state: &State<'_>, time_ns: u64, is_named: bool) {
    state.set(RAISED, time_ns.to_le_bytes(), 0);
    if is_named {
        state.set(NAMED, "", 0);
    } else {
        state.delete(NAMED);
    }
}

lifesigns_rule::export!(DockerOnProduction);

#[cfg(test)]
mod tests;
