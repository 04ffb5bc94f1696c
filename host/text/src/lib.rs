//! Text for people: what comes from outside made safe to show, and durations and sizes in one
//! grammar. This crate knows nothing else of the house and no crate from outside.

mod duration;
mod safe;
mod size;

pub use duration::{LONGEST_MS, duration_ms, duration_text};
pub use safe::{is_unsafe, quoted, shortened, visible, visible_json, visible_lines};
pub use size::{size_bytes, size_text};
