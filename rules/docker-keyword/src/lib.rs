//! A container was created, a container was started, Docker is there: whatever version of Docker,
//! whatever level its daemon logs at.

use docker::{Activity, FIELDS, Verb, interests, is_news};
use lifesigns_rule::{Alerts, Criticality, Description, Event, Rule, Symptom, settings::Duration};

lifesigns_rule::settings! {
    /// The `[settings]` table.
    #[derive(Debug)]
    pub struct Settings {
        /// `docker-present` is raised at most once in so long for one object.
        pub repeat: Duration = "1h",
    }
}

/// The rule.
pub struct DockerKeyword(Settings);

const CREATED: &str = "container-created";
const STARTED: &str = "container-started";
const PRESENT: &str = "docker-present";

impl Rule for DockerKeyword {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        let symptom = |id, title, criticality| Symptom::new(id, title).criticality(criticality);
        Description::new("docker-keyword", env!("CARGO_PKG_VERSION"))
            .symptom(symptom(CREATED, "A container was created", Criticality::Warning).recommendation(
                "Ask who runs containers here and whether this object is meant for them; if it is, put it into a group that allows Docker.",
            ))
            .symptom(symptom(STARTED, "A container was started", Criticality::Warning).recommendation(
                "See with `docker ps` what runs, and ask whether this object is meant for containers.",
            ))
            .symptom(symptom(PRESENT, "Docker is installed and its bridge is up", Criticality::Information))
            .interests(interests(&[Verb::Create, Verb::Start, Verb::Present]))
            .fields(FIELDS)
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let Some(activity) = Activity::of(event) else { return };
        match activity.verb {
            Verb::Create if is_news(event, &activity) => {
                raise(alerts, CREATED, &activity, &summary("created", &activity, event.object()));
            }
            Verb::Start if !activity.is_request() && is_news(event, &activity) => {
                raise(alerts, STARTED, &activity, &summary("started", &activity, event.object()));
            }
            Verb::Present if self.is_due(event) => {
                raise(alerts, PRESENT, &activity, &format!("The log of {} names docker0", event.object()));
            }
            _ => {}
        }
    }
}

impl DockerKeyword {
    /// The kernel names `docker0` several times for each container.
    fn is_due(&self, event: &Event<'_>) -> bool {
        if self.0.repeat.ms() == 0 {
            return true;
        }
        let state = event.state();
        let due = state.get(PRESENT).is_none();
        if due {
            state.set(PRESENT, "", self.0.repeat.ms());
        }
        due
    }
}

/// `Container web-1 was created on vm-1 from busybox:1.36`
fn summary(done: &str, activity: &Activity<'_>, object: &str) -> String {
    let container = activity.container_short();
    let (article, name) = container.map_or(("A container", ""), |name| ("Container ", name));
    let (from, image) = activity.image.as_deref().map_or(("", ""), |image| (" from ", image));
    format!("{article}{name} was {done} on {object}{from}{image}")
}

fn raise(alerts: &mut Alerts<'_>, symptom: &str, activity: &Activity<'_>, summary: &str) {
    alerts
        .raise(symptom, summary)
        .attribute("verb", activity.verb.as_str())
        .attribute("via", activity.trace.as_str())
        .maybe("container", activity.container())
        .maybe("image", activity.image.as_deref())
        .maybe("api", activity.api);
}

lifesigns_rule::export!(DockerKeyword);

#[cfg(test)]
mod tests;
