//! From the configuration as it was checked to the setup that a host takes.

use std::sync::Arc;

use lifesigns::Setup;
use lifesigns_settings::Settings;

/// Returns the part of the configuration that a host takes, and that can change while it runs.
pub(crate) fn setup(settings: &Settings) -> Setup {
    let retention = &settings.retention;
    Setup {
        compliance: Arc::new(settings.compliance.clone()),
        receivers: settings.receivers.clone(),
        outbound: settings.outbound.clone(),
        retention: lifesigns::RetentionPolicy {
            alerts_age_ms: retention.alerts_ms,
            audit_age_ms: retention.audit_ms,
            badges_age_ms: retention.badges_ms,
            size_bytes: retention.size_bytes,
        },
    }
}
