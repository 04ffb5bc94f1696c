//! Sources that are no files: syslog over UDP, TCP, TLS and Unix sockets, Docker, the journal. Each has a thread with a small runtime of
//! its own; it submits what it has read, and reads nothing while the sink has no room.

mod admission;
mod batch;
mod bind;
mod connection;
mod counters;
mod datagrams;
mod docker;
mod driver;
mod framing;
mod journal;
mod kernel_drops;
mod listener;
#[doc(hidden)]
pub mod parsing;
mod race;
mod retry;
mod stoppable;

pub use bind::{BindError, check};
pub use driver::NetworkDriver;
