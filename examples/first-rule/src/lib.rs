//! Raises a symptom when a command is run as root, with sudo, on a production object.

use lifesigns_rule::{Alerts, Criticality, Description, Event, Interest, Rule, Symptom, Test};

lifesigns_rule::settings! {
    /// The `[settings]` of the manifest.
    pub struct Settings {
        /// Values of the property `env` that mean production.
        pub production: Vec<String> = ["production"],
    }
}

/// The rule.
pub struct RootCommand(Settings);

/// sudo writes: `anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/docker ps`.
const AS_ROOT: &str = " ; USER=root ; COMMAND=";

impl Rule for RootCommand {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        if settings.production.is_empty() {
            return Err("`production` is empty, so nothing would be production: give at least one value".into());
        }
        Ok(Self(settings))
    }

    fn describe(&self) -> Description {
        let interest = Interest::log().contains([AS_ROOT]).property("env", Test::one_of(&self.0.production));
        Description::new("root-command", env!("CARGO_PKG_VERSION"))
            .symptom(Symptom::new("root-command", "A command was run as root").criticality(Criticality::Immediate))
            .interest(interest)
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let Some((who, command)) = event.message().split_once(AS_ROOT) else { return };
        let user = who.split_whitespace().next().unwrap_or("an unknown user");
        alerts
            .raise("root-command", format!("{user} ran a command as root on {}", event.object()))
            .attribute("user", user)
            .attribute("command", command);
    }
}

lifesigns_rule::export!(RootCommand);

#[cfg(test)]
mod tests {
    use lifesigns_rule::testing::Bench;

    use super::RootCommand;

    #[test]
    fn the_user_and_the_command_are_named() {
        let mut bench = Bench::<RootCommand>::new("{}").unwrap();
        let line = "anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/docker ps";
        assert!(bench.log("vm-1", line).is_empty(), "it is not known to be production");
        let alerts = bench.property("vm-1", "env", "production").log("vm-1", line);
        assert_eq!(alerts[0].summary, "anna ran a command as root on vm-1");
        assert_eq!(alerts[0].attributes[1], ("command".to_owned(), "/usr/bin/docker ps".to_owned()));
    }

    #[test]
    fn a_wrong_setting_says_which() {
        let error = Bench::<RootCommand>::new(r#"{"prodution": []}"#).err().unwrap();
        assert!(error.contains("did you mean `production`?"), "{error}");
        assert!(Bench::<RootCommand>::new(r#"{"production": []}"#).is_err());
    }
}
