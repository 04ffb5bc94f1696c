//! Raises a symptom when too many logins fail within a window, and clears it when there are fewer again.

use lifesigns_rule::{
    Alerts, Criticality, Description, Edge, Event, Interest, Rule, Symptom, Threshold, settings::Duration,
};

lifesigns_rule::settings! {
    /// The `[settings]` of the manifest.
    pub struct Settings {
        /// How many failed logins are too many.
        #[min(1)]
        #[max(65536)]
        pub at_least: u32 = 5,
        /// The time in which they are counted.
        #[min("1s")]
        pub window: Duration = "5m",
    }
}

/// The rule.
pub struct NewRule {
    settings: Settings,
    failures: Threshold,
}

/// The id of the symptom.
const MANY_FAILURES: &str = "many-failed-logins";
/// The host looks for this in every line, and this rule sees no other.
const FAILED: &str = "Failed password for ";

impl Rule for NewRule {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        let failures = Threshold::events("failures", settings.at_least, settings.window);
        Ok(Self { settings, failures })
    }

    fn describe(&self) -> Description {
        let symptom = Symptom::new(MANY_FAILURES, "Many logins fail")
            .criticality(Criticality::Immediate)
            .recommendation("Look where the attempts come from, and block that address.");
        Description::new("new-rule", env!("CARGO_PKG_VERSION"))
            .symptom(symptom)
            .interest(Interest::log().contains([FAILED]))
            .interest(Interest::reminder())
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let (object, window) = (event.object(), self.settings.window);
        match self.failures.see(event) {
            Edge::Up(count) => {
                let summary = format!("{count} failed logins on {object} within {window}");
                alerts.raise(MANY_FAILURES, summary).attribute("count", count.to_string());
            }
            Edge::Down(count) => {
                alerts.clear(MANY_FAILURES, format!("{count} failed logins on {object} within {window}"));
            }
            Edge::Same(_) => {}
        }
    }
}

lifesigns_rule::export!(NewRule);

#[cfg(test)]
mod tests {
    use lifesigns_rule::{Change, testing::Bench};

    use super::*;

    #[test]
    fn it_clears_by_itself() {
        let mut bench = Bench::<NewRule>::new(r#"{"at-least": 2, "window": "1m"}"#).unwrap();
        let line = "Failed password for root from 192.0.2.7 port 51123 ssh2";
        assert!(bench.at_ms(10_000).log("vm-1", line).is_empty());
        assert_eq!(bench.at_ms(20_000).log("vm-1", line)[0].change, Change::Raise);
        let later = bench.advance_to_ms(300_000);
        assert_eq!((later[0].change, later[0].time_ns), (Change::Clear, 70_000_000_000));
    }
}
