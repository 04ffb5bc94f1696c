//! A rule without Wasm, as used by the module's glue, the test bench, and a host that links rules
//! natively.

use crate::{Alerts, Description, Event, Rule, State, alerts, settings::RuleSettings as _};

#[doc(hidden)]
pub use crate::host::{Calls, Host as HostCalls};
pub use crate::{
    bindings::lifesigns::rule::types::{Answer, Span},
    columns::Columns,
};

/// A rule with its settings and description.
pub struct Native<R> {
    rule: R,
    description: Description,
}

impl<R: Rule> Native<R> {
    /// Makes the rule from its settings, a JSON object.
    ///
    /// # Errors
    /// Returns what is wrong with the settings, a line for each mistake.
    pub fn new(settings: &str) -> Result<Self, String> {
        let rule = R::new(R::Settings::from_json(settings)?)?;
        let description = rule.describe();
        Ok(Self { rule, description })
    }

    /// Returns the rule's description.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Describes the rule again.
    pub(crate) fn described(&self) -> Description {
        self.rule.describe()
    }

    /// Evaluates a batch and returns its alerts flat, as the contract hands them over.
    pub fn evaluate(&self, columns: Columns<'_>, host: &Calls) -> Answer {
        let mut answer = alerts::empty();
        for index in 0..columns.times_ns.len() {
            let event = Event::new(columns, &self.description.wants, host, index);
            self.rule.evaluate(&event, &mut Alerts::new(&self.description.symptoms, index as u32, &mut answer));
        }
        answer
    }

    /// Brings the state of objects from `version` to that of the description; of each, its keys.
    pub fn migrate(&self, version: u32, objects: &[Vec<String>], host: &Calls) {
        for (index, keys) in objects.iter().enumerate() {
            self.rule.migrate(version, keys, &State::new(host, index as u32));
        }
    }
}
