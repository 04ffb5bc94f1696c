//! Who is notified of alerts: routes, silences, inhibition by the parent, repeats.

pub(super) mod notifier;
pub(super) mod repeats;
pub(super) mod routes;
pub(super) mod silences;
pub(super) mod state;
pub(super) mod suppression;
