//! From the stream into the book, the store and the receivers. One recorder cuts the stream, applies
//! what came to the book, commits everything at once, and only then acknowledges the sources and
//! notifies the receivers: nothing acknowledged can be lost.

mod acts;
mod alert_stream;
mod at_rest;
mod change_log;
mod collect;
mod committer;
mod config;
#[doc(hidden)]
pub mod crash;
mod enrolment;
mod event_search;
mod explain;
mod handle;
mod health;
mod history;
mod ingest;
mod open;
mod overlap;
mod pace;
mod pulse;
mod receivers;
mod recorder;
mod request;
mod rule_audit;
mod rule_control;
mod rule_modules;
mod rule_overview;
mod rule_status;
mod service;
mod shared;
mod source_progress;
mod status;
mod tokens;
mod turn;
mod wait;
mod warnings;

pub use alert_stream::{AlertStream, AsyncAlertStream};
pub use at_rest::{AtRestRemark, OpenRules, OpenWriter, StoreAtRest};
pub use config::{ConfigureError, RecorderConfig};
pub use handle::RecorderHandle;
pub use lifesigns_api::{CompilingRule, DisabledRule, MemoryStatus, RefusedRule};
pub use open::{HostStart, OpenedRecord, RecorderError};
pub use receivers::MakeReceiver;
pub use rule_audit::RuleAudit;
pub use rule_control::RuleControl;
pub use rule_modules::RuleModules;
pub use rule_overview::RuleOverview;
pub use shared::{DescribeSources, INVENTORY_SOURCE, Reload, ValidateConfig};
