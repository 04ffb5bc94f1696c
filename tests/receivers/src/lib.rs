//! The other side of receivers, for tests: a scripted HTTP server, a real Alertmanager,
//! a real SMTP server and a false one; and a dispatcher with an outbox in memory.

mod alertmanager;
mod identity;
mod mail;
mod process;
mod rig;
mod sample;
mod script;
mod site;

pub use alertmanager::AlertmanagerProcess;
pub use identity::Identity;
pub use mail::{Letter, MailProcess, MailWay};
pub use process::Unavailable;
pub use rig::{DEADLINE, QUIET, Rig, config, local, wait_until, webhook};
pub use sample::{alert, grouped, notice};
pub use script::{Line, Script};
pub use site::{Answer, Request, Site};
