//! What others want of the recorder. It alone changes the book and writes the store.

use std::sync::Arc;

use crossbeam_channel::Sender;
use lifesigns_compliance::{Command, ComplianceConfig, ConfigError};
use lifesigns_model::ObjectFacts;
use lifesigns_notifications::{DeliveryReport, OutboundConfig, ReceiverConfig};

/// Something to do before the next commit; the answer comes after it.
pub(crate) enum Order {
    /// A person did something.
    Command(Command, Sender<Result<(), String>>),
    /// The operators decided anew.
    Configure(Box<Setup>, Sender<Result<(), ConfigureError>>),
    /// The inventory, whole.
    Inventory(Vec<ObjectFacts>, Sender<Result<(), String>>),
    /// What became of deliveries.
    Settled(DeliveryReport),
    /// Notices are to be told again: by number, or all dead ones of a receiver.
    Resend(Vec<u64>, Option<String>, Sender<Result<usize, String>>),
    /// Dead letters are to go: by number, or all of a receiver; who wants it.
    Drop(Vec<u64>, Option<String>, String, Sender<Result<usize, String>>),
    /// Everything that was handed in is to be committed; then the recorder ends.
    Stop,
}

/// What the operators decided.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Groups, policies, alert definitions, routes.
    pub compliance: Arc<ComplianceConfig>,
    /// Back doors.
    pub receivers: Vec<ReceiverConfig>,
    /// Where they may lead.
    pub outbound: OutboundConfig,
    /// How long what is over is kept.
    pub retention: lifesigns_store::Retention,
}

/// Why a configuration is not in force. The one before is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConfigureError {
    /// What is wrong with it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Config(Vec<ConfigError>),
    /// A receiver cannot be made.
    #[error("receiver {name}: {why}")]
    Receiver {
        /// Its name.
        name: String,
        /// Why not.
        why: String,
    },
    /// The store cannot be written now.
    #[error("{0}")]
    Store(String),
}
