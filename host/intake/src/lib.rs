//! Front doors and decoders: bytes come in as whole lines, decoders make records of lines. Nothing
//! here knows rules, and nothing here is asynchronous: a source blocks while the engine is busy.

mod cursor;
mod decode;
mod follow;
pub mod inventory;
mod lines;
mod rotated;
mod stop;

pub use cursor::Cursor;
pub use decode::{Format, UnknownFormat, parse_time};
pub use follow::{FollowError, Followed, Follower, Position};
pub use lines::LineChunks;
pub use stop::Stop;
