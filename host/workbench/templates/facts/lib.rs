//! Raises a symptom when a command is run as root on an object whose property says that it is in production, and clears
//! it when the property changes.

use lifesigns_rule::{Alerts, Criticality, Description, Event, Interest, Kind, Rule, Symptom, Test, settings::Values};

lifesigns_rule::settings! {
    /// The `[settings]` of the manifest.
    pub struct Settings {
        /// Values of the property `env` that mean production.
        pub production: Values = ["production"],
    }
}

/// The rule.
pub struct NewRule(Settings);

/// The id of the symptom.
const ROOT: &str = "root-on-production";
/// What sudo writes; the host looks for it in every line, and this rule sees no other.
const AS_ROOT: &str = " ; USER=root ; COMMAND=";

impl Rule for NewRule {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        if settings.production.0.is_empty() {
            return Err("`production` is empty, so nothing would be production: give at least one value".into());
        }
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        let symptom = Symptom::new(ROOT, "A command was run as root in production")
            .criticality(Criticality::Immediate)
            .recommendation("Ask the user why.");
        Description::new("new-rule", env!("CARGO_PKG_VERSION"))
            .symptom(symptom)
            .interest(Interest::log().contains([AS_ROOT]).property("env", Test::one_of(&self.0.production.0)))
            .interest(Interest::fact())
            .properties(["env"])
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let (state, object) = (event.state(), event.object());
        let is_production = event.property("env").is_some_and(|env| self.0.production.0.iter().any(|one| one == env));
        match event.kind() {
            Kind::Log => {
                let Some((who, command)) = event.message().split_once(AS_ROOT) else { return };
                let user = who.split(' ').next().unwrap_or_default();
                state.turn(ROOT, true);
                alerts.raise(ROOT, format!("{user} ran a command as root on {object}")).attribute("command", command);
            }
            // Only what was raised is cleared.
            _ if !is_production && state.turn(ROOT, false).is_some() => {
                alerts.clear(ROOT, format!("{object} is not in production any more"));
            }
            _ => {}
        }
    }
}

lifesigns_rule::export!(NewRule);

#[cfg(test)]
mod tests {
    use lifesigns_rule::testing::Bench;

    use super::*;

    #[test]
    fn only_production_counts() {
        let mut bench = Bench::<NewRule>::new("{}").unwrap();
        let line = "anna : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/id";
        assert!(bench.log("vm-1", line).is_empty());
        let alerts = bench.property("vm-1", "env", "production").log("vm-1", line);
        assert_eq!(alerts[0].summary, "anna ran a command as root on vm-1");
    }
}
