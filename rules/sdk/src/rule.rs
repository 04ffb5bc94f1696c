//! The trait that a rule implements.

use crate::{Alerts, Description, Event};

/// A rule. Values of it hold its settings and what was computed from them once, and nothing that
/// changes: `evaluate` gets `&self`, and what must be remembered belongs into [`Event::state`].
pub trait Rule: Sized + 'static {
    /// The `[settings]` of the rule's manifest. Let unknown keys be refused
    /// (`#[serde(deny_unknown_fields)]`), so that a typing error does not stay unseen.
    type Settings: serde::de::DeserializeOwned;

    /// Makes the rule from its settings.
    ///
    /// # Errors
    /// A text for the person who wrote the settings: name the setting and the fix.
    fn new(settings: Self::Settings) -> Result<Self, String>;

    /// What the rule can raise, what it wants to see and what it wants to read.
    fn describe(&self) -> Description;

    /// Evaluates one event.
    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>);
}
