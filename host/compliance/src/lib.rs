//! Pure decisions: which groups an object is in, what their policies say, which alerts that makes,
//! and what colour the badge has. No I/O, no thread, and no clock of its own: the same inputs in the
//! same order give the same alerts.

pub mod config;
pub mod limits;

pub mod query;

mod book;
mod change;
mod compiled;
mod directory;
mod expression;
mod grammar;
mod hours;
mod nesting;
mod pattern;
mod policy;
mod reads;
mod record;
mod suggest;
mod why;

pub use book::Book;
pub use change::{Act, Audit, Changes, Command, Happened, Input, Notice, Pending, Refused, Restored};
pub use compiled::{Compiled, CompiledCondition, ConfigError};
pub use config::Config;
pub use directory::{Directory, Touched};
pub use expression::{Expression, Outcome};
pub use pattern::Pattern;
pub use reads::{Names, Reads};
pub use record::{
    Alert, Badge, BadgeOf, BadgePoint, Cause, EVIDENCE, Evidence, Fact, Listed, Matcher, NOTES, Note, Object, Shown,
    Signature, Silence, Status, Symptom,
};
pub use why::{Membership, Step, Verdict, Why};
