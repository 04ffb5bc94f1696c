//! Folders whose changes the system reports. A report is a hint: what is read afterwards is the truth, and
//! callers look by themselves now and then.

mod change;
mod error;
mod file_system;
mod system;

pub use change::{FolderChange, FolderWatch, OnChange};
pub use error::WatchError;
pub use file_system::{Reliability, reliability};
pub use system::SystemWatch;
