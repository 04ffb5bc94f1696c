//! Front doors and decoders: bytes come in as whole lines, decoders make records of lines. Nothing
//! here knows rules, and nothing here is asynchronous: a source blocks while the engine is busy.

mod decode;
mod follow;
pub mod inventory;
mod lines;
mod stop;

pub use decode::{Format, UnknownFormat, parse_time};
pub use follow::{Cursor, FollowError, Followed, Follower, Position};
pub use lines::LineChunks;
pub use stop::Stop;
