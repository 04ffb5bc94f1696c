//! A guest that does what a line says: `WORD+ a` raises the symptom `a`, `WORD- a` clears it. The
//! setting `word` chooses the word; symptoms are `a`, `b` and `c`.

use lifesigns_rule::{Alerts, Description, Event, Interest, Kinds, Rule, Symptom};

lifesigns_rule::settings! {
    /// The settings.
    pub struct Settings {
        /// The word.
        word: String,
    }
}

/// The rule.
pub struct Toggle {
    raise: String,
    clear: String,
}

const SYMPTOMS: [&str; 3] = ["a", "b", "c"];

impl Rule for Toggle {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self { raise: format!("{}+ ", settings.word), clear: format!("{}- ", settings.word) })
    }

    fn describe(&self) -> Description {
        let interest = Interest::of(Kinds::LOG).contains(&[self.raise.clone(), self.clear.clone()]);
        let description = Description::new("toggle", env!("CARGO_PKG_VERSION")).interest(interest);
        SYMPTOMS.iter().fold(description, |description, id| {
            description.symptom(Symptom::new(id, &format!("Toggled {id}")).recommendation("Toggle it back"))
        })
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let message = event.message();
        let says = |word: &str| message.split_once(word).map(|(_, rest)| rest.trim());
        let known = |id: Option<&str>| SYMPTOMS.into_iter().find(|symptom| Some(*symptom) == id);
        if let Some(symptom) = known(says(&self.raise)) {
            alerts.raise(symptom, "it is on");
        } else if let Some(symptom) = known(says(&self.clear)) {
            alerts.clear(symptom, "it is off");
        }
    }
}

lifesigns_rule::export!(Toggle);
