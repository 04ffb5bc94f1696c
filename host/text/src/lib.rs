//! Text for people: what comes from outside made safe to show, errors with their causes, suggestions
//! for misspelt names, JSON strings, numbers with what they count, and one grammar each for durations, sizes and
//! times. It imports no other crate
//! of the workspace.

mod causes;
mod duration;
mod json;
mod number;
mod safe;
mod size;
mod suggest;
mod time;

pub use causes::with_causes;
pub use duration::{LONGEST_MS, duration_ms, duration_text};
pub use json::{write_json_string, write_json_text};
pub use number::{count_text, grouped};
pub use safe::{
    is_unsafe, one_line, quoted, shortened, visible, visible_except_colours, visible_json, visible_lines,
    visible_same_length, visible_short, visible_word,
};
pub use size::{size_bytes, size_text};
pub use suggest::{did_you_mean, hint, nearest, suggestion};
pub use time::{age_text, rfc3339, time_text, write_rfc3339};
