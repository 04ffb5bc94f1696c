//! The agent of a machine: its configuration comes from a host by group, what it follows goes through a spool on disk,
//! and from there to the host in compressed batches, which are forgotten only when the host has committed them.

mod agent;
mod client;
mod collect;
mod credentials;
mod enrolment;
mod error;
mod event;
mod glob;
mod lines;
mod options;
mod reporter;
mod segment;
mod sender;
mod sink;
mod spool;
mod state;

pub use agent::run;
pub use error::AgentError;
pub use options::AgentOptions;
