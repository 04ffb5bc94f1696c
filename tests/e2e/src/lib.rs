//! What the end-to-end tests share: rules linked natively behind the module's port, replays in
//! memory, built modules in one sandbox, the runner of the rules' cases, the real binary as a
//! host, and hosts inside the test's process.

pub mod binary;
pub mod bombs;
pub mod cases;
pub mod embedded;
pub mod folders;
pub mod host;
pub mod modules;
pub mod native;
pub mod run;
