//! A rule without Wasm, as used by the module's glue, the test bench, and a host that links rules
//! natively.

use crate::{Alerts, Description, Event, Rule, alerts, settings::path_at};

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
    /// Returns the text of the rule, or of serde, about the settings.
    pub fn new(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        let rule = R::new(serde_json::from_str(settings).map_err(|error| settings_error(settings, &error))?)?;
        let description = rule.describe();
        Ok(Self { rule, description })
    }

    /// Returns the rule's description.
    pub fn description(&self) -> &Description {
        &self.description
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
}

/// Returns serde's text with the path of the setting in place of the position: settings come from a TOML table, so
/// positions in the JSON made of it are meaningless.
fn settings_error(settings: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
    let named = text.starts_with("unknown field") || text.starts_with("missing field");
    match path_at(settings, error.line(), error.column()) {
        Some(path) if !named => format!("`{path}`: {text}"),
        _ => text.to_owned(),
    }
}
