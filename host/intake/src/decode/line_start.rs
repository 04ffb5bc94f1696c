//! How lines begin that are nothing but log lines.

use super::{logfmt, noise, terminal};

/// Whether `text` begins like something that only a log line begins like.
pub(crate) fn is_log_line(text: &str) -> bool {
    let text = noise::skip_blank(text);
    text.starts_with(['{', '<']) || logfmt::begins(text.as_bytes()) || terminal::record(text).is_some()
}
