//! A guest whose state has the version that its settings say: it counts lines under a key that has the version in its
//! name, and takes over the counts of older versions. On objects that hold `poison` it fails to.

use lifesigns_rule::{Alerts, Description, Event, Interest, Rule, State, Symptom};

lifesigns_rule::settings! {
    /// The settings.
    pub struct Settings {
        /// The version of its state.
        version: u32,
        /// The oldest version that it takes over; none if it is left out.
        from: Option<u32>,
    }
}

/// The rule.
pub struct Versioned {
    settings: Settings,
    key: String,
}

const DAY_MS: u64 = 86_400_000;

fn key(version: u32) -> String {
    format!("lines-{version}")
}

impl Rule for Versioned {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self { key: key(settings.version), settings })
    }

    fn describe(&self) -> Description {
        let version = self.settings.version;
        Description::new("versioned", env!("CARGO_PKG_VERSION"))
            .symptom(Symptom::new("line", "A line was counted").recommendation("Count on"))
            .interest(Interest::log().contains(["count this"]))
            .state_version(version)
            .migrates_from(self.settings.from.unwrap_or(version))
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let state = event.state();
        if event.message().contains("poison") {
            state.set("poison", "", 0);
        }
        alerts.raise("line", format!("{} lines", state.count(&self.key, 1, DAY_MS)));
    }

    fn migrate(&self, version: u32, keys: &[String], state: &State<'_>) {
        let renamed = state.rename(&key(version), &self.key);
        assert!(renamed, "there is no {} among {keys:?}", key(version));
        assert!(!keys.iter().any(|key| key == "poison"), "poison");
    }
}

lifesigns_rule::export!(Versioned);
