//! What must outlast a restart, as plain data, and the traits of what keeps it: [`RecordWriter`] is the one
//! writer, [`RecordReader`] reads beside it.
//!
//! One [`Commit`] is one transaction: how far sources were taken, rules' state, reminders, facts, the
//! book's changes, the audit, and the outbox with the results of deliveries. [`MemoryStore`] keeps a
//! record in memory, for simulations and tests. No clock in here: the caller says what time it is.

mod agent;
mod audit;
mod calls;
mod commit;
mod epoch;
mod error;
mod fact_history;
mod history;
mod memory;
mod outbox;
mod record;
mod retention;
mod state;
mod token;

pub use agent::{AgentChange, StoredAgent};
pub use audit::{AuditError, AuditLogEntry, ChainHash, ChainMark, ChainVerification, chain_hash};
pub use calls::{CallFilter, settings_digest};
pub use commit::{Commit, OutboxChange, OutboxUpdate, ReceiverPause};
pub use epoch::{Superseded, WriterEpoch};
pub use error::{BackupError, ErrorCause, RecordError};
pub use fact_history::{FACT_HISTORY, FactHistory, observe};
pub use history::{AlertHistoryFilter, AuditFilter};
pub use memory::{MemoryRecord, MemoryStore};
pub use outbox::{ReceiverState, StoredNotice};
pub use record::{RecordReader, RecordReaders, RecordWriter};
pub use retention::{RetentionPolicy, RetentionStep};
pub use state::RecordedState;
pub use token::{StoredToken, TokenChange};
