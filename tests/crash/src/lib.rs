//! A host in a folder of its own, numbered events that flow into the files it follows, and what must
//! be true of its record however often it was killed.

mod binary;
mod campaign;
mod check;
mod feed;
mod home;
mod host;
mod notified;
mod random;

pub use campaign::{Campaign, Death};
pub use check::{Figures, check};
pub use feed::Feed;
pub use home::Home;
pub use host::{Host, wait_until};
pub use notified::Notified;
pub use random::Random;
