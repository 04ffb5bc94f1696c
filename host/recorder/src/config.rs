//! The operators' decisions that a recorder works by.

use std::sync::Arc;

use lifesigns_compliance::{ComplianceConfig, ConfigError};
use lifesigns_notifications::{OutboundConfig, ReceiverConfig};

/// What operators configure: compliance, receivers and retention.
#[derive(Clone, Debug, Default)]
pub struct RecorderConfig {
    /// Groups, policies, alert definitions, routes.
    pub compliance: Arc<ComplianceConfig>,
    /// Receivers of notifications.
    pub receivers: Vec<ReceiverConfig>,
    /// Which addresses receivers may connect to.
    pub outbound: OutboundConfig,
    /// How long closed alerts, badges and audit entries are retained.
    pub retention: lifesigns_record::RetentionPolicy,
}

/// Why a configuration was not applied; the previous one stays in force.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConfigureError {
    /// The compliance configuration has errors.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Config(Vec<ConfigError>),
    /// A receiver cannot be constructed.
    #[error("receiver {name}: {why}")]
    Receiver {
        /// The receiver's name.
        name: String,
        /// The reason, for a person.
        why: String,
    },
    /// The store takes no commits now.
    #[error("{0}")]
    Store(String),
}
