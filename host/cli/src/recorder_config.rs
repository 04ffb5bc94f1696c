//! From the checked configuration to the one that a recorder takes.

use std::sync::Arc;

use lifesigns::RecorderConfig;
use lifesigns_settings::Settings;

/// Returns the part of the configuration that a host takes, and that can change while it runs.
pub(crate) fn recorder_config(settings: &Settings) -> RecorderConfig {
    let retention = &settings.retention;
    RecorderConfig {
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
