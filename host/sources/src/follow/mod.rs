//! Followed files: many of them, read by few threads. A change that the system reports makes a file due at
//! once; without reports it is due after a while all the same. What a look finds does not depend on reports.

mod arming;
mod file;
mod folders;
mod followers;
mod pool;
mod schedule;
mod shared;

pub use self::arming::StartWatch;
pub(crate) use self::{file::FollowedFile, followers::Followers, schedule::FollowerId};
