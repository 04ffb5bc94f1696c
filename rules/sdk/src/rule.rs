//! The trait that a rule implements.

use crate::{Alerts, Description, Event, settings::RuleSettings};

/// A rule. Its value holds the settings and what is computed from them once, and nothing that
/// changes: `evaluate` gets `&self`, and what must be remembered belongs into [`Event::state`].
pub trait Rule: Sized + 'static {
    /// The `[settings]` of the rule's manifest, declared with [`settings!`](crate::settings!); `()` if there are none.
    type Settings: RuleSettings;

    /// Makes the rule from its settings, whose types and bounds are checked.
    ///
    /// # Errors
    /// Returns a text for the person who wrote the settings: begin with the setting in backquotes, and name the fix.
    fn new(settings: Self::Settings) -> Result<Self, String>;

    /// Returns the rule's symptoms, its interests in events, and the fields and facts that it reads.
    fn describe(&self) -> Description;

    /// Evaluates one event.
    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>);
}
