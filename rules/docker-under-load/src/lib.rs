//! Docker at work on an object while its load stays high: two things that come from different
//! places, and neither of which is worth an alert alone.

mod settings;

use docker::{Activity, DockerAction, FIELDS, Verb, interests};
use lifesigns_rule::{
    Alerts, Criticality, Description, Event, Impact, Interest, Kind, Rule, State, Symptom, settings::Duration,
    text::Decimal,
};
pub use settings::Settings;

/// The rule.
pub struct DockerUnderLoad(Settings);

const SYMPTOM: &str = "docker-under-load";
/// Since when the metric has been over the threshold, in nanoseconds.
const OVER: &str = "over";
/// When Docker was last at work, and with what: [`DockerAction`].
const WORK: &str = "work";
/// Set while the symptom is raised.
const RAISED: &str = "raised";

impl Rule for DockerUnderLoad {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        settings.check()?;
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        Description::new(SYMPTOM, env!("CARGO_PKG_VERSION"))
            .symptom(
                Symptom::new(SYMPTOM, "Docker is at work under high load")
                    .criticality(Criticality::Warning)
                    .impact(Impact::Health)
                    .recommendation("See with `docker stats` which container takes the most, and limit it or move it."),
            )
            .interests(interests(&[Verb::Create, Verb::Start, Verb::Pull, Verb::Present]))
            .interest(Interest::fact())
            .interest(Interest::reminder())
            .fields(FIELDS)
            .metrics([&self.0.metric])
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let state = event.state();
        if event.kind() == Kind::Log {
            let Some(activity) = Activity::of(event).filter(Activity::is_work) else { return };
            state.set(WORK, DockerAction::of(event, &activity).to_text(), self.0.activity.ms());
        }
        let load = event.metric(&self.0.metric);
        let over_since = self.over_since(&state, event.time_ns(), load);
        let work =
            state.get_str(WORK).and_then(|text| DockerAction::of_text(&text)).filter(|work| self.is_fresh(work, event));
        if state.get(RAISED).is_some() {
            self.stay_or_clear(event, alerts, load, work.as_ref());
        } else if let (Some(since), Some(work), Some(load)) = (over_since, work, load) {
            self.raise_or_wait(event, alerts, since, load, &work);
        }
    }
}

impl DockerUnderLoad {
    /// Since when the metric has been over the threshold, as far as this rule was shown.
    fn over_since(&self, state: &State<'_>, now_ns: u64, load: Option<f64>) -> Option<u64> {
        let known: Option<u64> = state.get_str(OVER).and_then(|text| text.parse().ok());
        match (load.is_some_and(|load| load > self.0.threshold), known) {
            (true, Some(since)) => Some(since),
            (true, None) => {
                state.set(OVER, now_ns.to_string(), 0);
                Some(now_ns)
            }
            (false, known) => {
                if known.is_some() {
                    state.delete(OVER);
                    state.forget(OVER);
                }
                None
            }
        }
    }

    fn is_fresh(&self, work: &DockerAction, event: &Event<'_>) -> bool {
        event.time_ns().saturating_sub(work.time_ns) < self.0.activity.ns()
    }

    fn raise_or_wait(&self, event: &Event<'_>, alerts: &mut Alerts<'_>, since_ns: u64, load: f64, work: &DockerAction) {
        let (state, due_ns) = (event.state(), since_ns.saturating_add(self.0.period.ns()));
        if event.time_ns() < due_ns {
            state.remind_at(OVER, due_ns);
            return;
        }
        state.set(RAISED, "", 0);
        state.remind_at(WORK, work.time_ns.saturating_add(self.0.activity.ns()));
        let lasted = Duration::from_secs(event.time_ns().saturating_sub(since_ns) / 1_000_000_000);
        let metric = &self.0.metric;
        let summary = format!(
            "Docker is at work on {} while {metric} is {}, over {} for {lasted}",
            event.object(),
            Decimal(load),
            Decimal(self.0.threshold)
        );
        let raised = alerts
            .raise(SYMPTOM, summary)
            .attribute("metric", metric.as_str())
            .attribute("value", Decimal(load).to_string())
            .attribute("threshold", Decimal(self.0.threshold).to_string());
        work.attributes(raised);
    }

    fn stay_or_clear(
        &self,
        event: &Event<'_>,
        alerts: &mut Alerts<'_>,
        load: Option<f64>,
        work: Option<&DockerAction>,
    ) {
        let (state, metric) = (event.state(), &self.0.metric);
        let why = match (load, work) {
            (None, _) => format!("{} no longer tells {metric}", event.object()),
            (Some(load), _) if load < self.0.clear_below() => {
                format!("{metric} of {} fell to {}", event.object(), Decimal(load))
            }
            (_, None) => format!("Docker has not been at work on {} for {}", event.object(), self.0.activity),
            (Some(_), Some(work)) => {
                state.remind_at(WORK, work.time_ns.saturating_add(self.0.activity.ns()));
                return;
            }
        };
        state.delete(RAISED);
        state.forget(WORK);
        alerts
            .clear(SYMPTOM, why)
            .attribute("metric", metric.as_str())
            .maybe("value", load.map(|load| Decimal(load).to_string()));
    }
}

lifesigns_rule::export!(DockerUnderLoad);

#[cfg(test)]
mod tests;
