//! What of an alert decides who is notified of it.

use lifesigns_model::Criticality;

use crate::record::Alert;

/// How an alert was before a change, as far as others are notified of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NotifyState {
    pub(crate) violation: bool,
    pub(crate) silenced: bool,
    pub(crate) criticality: Option<Criticality>,
}

impl NotifyState {
    pub(crate) fn of(alert: &Alert) -> Self {
        Self {
            violation: alert.is_violation(),
            silenced: alert.silenced_by.is_some(),
            criticality: Some(alert.criticality),
        }
    }
}
