//! Pure decisions: which groups an object is in, what their policies say, which alerts that makes,
//! and what colour the badge has. No I/O, no thread, and no clock of its own: the same inputs in the
//! same order give the same alerts.

pub mod config;
pub mod limits;

pub mod query;

mod alert_rank;
mod book;
mod certainty;
mod change;
mod check;
mod compiled;
mod condition;
mod evidence;
mod explain;
mod expression;
mod groups;
mod hours;
mod pattern;
mod policy;
mod recent;
mod record;
mod registry;
mod resolver;
mod shared_map;
mod shared_table;
mod shared_text;
mod silence;
mod text_map;
mod undecided;
mod why;
mod zone;

pub use book::{Book, BookView};
pub use change::{
    AuditedChange, BookChanges, BookInput, BookSnapshot, Command, CommandAction, KnownRule, Notice, NoticeKind,
    PendingTransition, RemovedRule, RequestError, WithheldNotice,
};
pub use check::reserved_threshold;
pub use compiled::CompiledConfig;
pub use condition::CompiledCondition;
pub use config::{ComplianceConfig, ConfigError};
pub use evidence::{EVIDENCE_LINES, EvidenceExcerpt, EvidenceLine};
pub use expression::{Expression, ExpressionOutcome, NameSet, References, StepBudget};
pub use pattern::Pattern;
pub use record::{
    ALERT_NOTES, Alert, AlertStatus, Badge, BadgeOwner, BadgePoint, EndCause, Fact, InventoryEntry, Note, Notified,
    Object, Signature, SymptomState,
};
pub use registry::{AffectedObjects, GroupView, InventoryDiff, ObjectRegistry, ObjectTable};
pub use shared_text::{SharedList, SharedText};
pub use silence::{Matcher, Silence};
pub use text_map::{TextMap, TextMapIter};
pub use undecided::{FailedExpression, UndecidedExpression};
pub use why::{Decision, Membership, PolicyStatement, Why};
