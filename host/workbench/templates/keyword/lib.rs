//! Raises a symptom for each failed login, with the user as an attribute.

use lifesigns_rule::{Alerts, Criticality, Description, Event, Interest, Rule, Symptom};

lifesigns_rule::settings! {
    /// The `[settings]` of the manifest.
    pub struct Settings {
        /// Users whose failed logins are no symptom.
        pub ignored: Vec<String> = [],
    }
}

/// The rule.
pub struct NewRule(Settings);

/// The id of the symptom.
const FAILED_LOGIN: &str = "failed-login";
/// What sshd writes before the user's name. The host looks for it in every line, and this rule sees no other.
const BEFORE_USER: &str = "Failed password for ";

impl Rule for NewRule {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        let symptom = Symptom::new(FAILED_LOGIN, "A login failed")
            .criticality(Criticality::Warning)
            .recommendation("Ask the user, or block the address that it comes from.");
        Description::new("new-rule", env!("CARGO_PKG_VERSION"))
            .symptom(symptom)
            .interest(Interest::log().contains([BEFORE_USER]))
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let Some((_, rest)) = event.message().split_once(BEFORE_USER) else { return };
        let rest = rest.strip_prefix("invalid user ").unwrap_or(rest);
        let user = rest.split(' ').next().unwrap_or_default();
        if self.0.ignored.iter().any(|ignored| ignored == user) {
            return;
        }
        let summary = format!("A login of {user} failed on {}", event.object());
        alerts.raise(FAILED_LOGIN, summary).attribute("user", user);
    }
}

lifesigns_rule::export!(NewRule);

#[cfg(test)]
mod tests {
    use lifesigns_rule::testing::Bench;

    use super::*;

    #[test]
    fn the_user_is_named() {
        let mut bench = Bench::<NewRule>::new("{}").unwrap();
        let alerts = bench.log("vm-1", "Failed password for invalid user eve from 192.0.2.7 port 22 ssh2");
        assert_eq!(alerts[0].summary, "A login of eve failed on vm-1");
        assert!(bench.log("vm-1", "Accepted password for eve").is_empty());
    }
}
