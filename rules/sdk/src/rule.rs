//! The trait that a rule implements.

use crate::{Alerts, Description, Event, State, settings::RuleSettings};

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

    /// Brings what one object's state holds from `version` to that of the description. It is called when this module
    /// takes the place of one with an older [`Description::state_version`], which is not below
    /// [`Description::migrates_from`]; `keys` are the object's keys. What is not changed here stays as it is. Reminders
    /// stay too: they can be cancelled, and not set. If it panics, the object's state is discarded, and counted.
    ///
    /// ```
    /// # use lifesigns_rule::{Alerts, Description, Event, Interest, Rule, State};
    /// # struct Logins;
    /// # impl Rule for Logins {
    /// #     type Settings = ();
    /// #     fn new(_: ()) -> Result<Self, String> { Ok(Self) }
    /// #     fn evaluate(&self, _: &Event<'_>, _: &mut Alerts<'_>) {}
    /// fn describe(&self) -> Description {
    ///     Description::new("logins", "2.0.0").state_version(2).migrates_from(1).interest(Interest::log().contains(["login"]))
    /// }
    ///
    /// /// Version 1 counted under `user`, version 2 counts under `login:user`.
    /// fn migrate(&self, _version: u32, keys: &[String], state: &State<'_>) {
    ///     for key in keys {
    ///         state.rename(key, &format!("login:{key}"));
    ///     }
    /// }
    /// # }
    /// ```
    fn migrate(&self, _version: u32, _keys: &[String], _state: &State<'_>) {}
}
