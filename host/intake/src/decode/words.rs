//! Texts up to an ASCII character. `str` does the same, but slower in the short texts of headers.

use memchr::memchr;

/// Returns what is before the first `mark`, which is ASCII, and what is behind it.
#[inline]
pub(crate) fn split_once(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = position(text, mark)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Returns what is before the first `mark`, which is ASCII; all if there is none.
#[inline]
pub(crate) fn until(text: &str, mark: u8) -> &str {
    position(text, mark).map_or(text, |at| &text[..at])
}

/// Returns what is behind the last `mark`, which is ASCII; all if there is none.
#[inline]
pub(crate) fn behind_last(text: &str, mark: u8) -> &str {
    text.bytes().rposition(|byte| byte == mark).map_or(text, |at| &text[at + 1..])
}

/// Most words are short: a call to search in vectors would cost more than it saves.
#[inline]
fn position(text: &str, mark: u8) -> Option<usize> {
    const NEAR_BYTES: usize = 32;
    debug_assert!(mark.is_ascii());
    let (near, far) = text.as_bytes().split_at(text.len().min(NEAR_BYTES));
    let found = near.iter().position(|byte| *byte == mark);
    found.or_else(|| memchr(mark, far).map(|at| near.len() + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_as_str_splits_them() {
        let long = "ö".repeat(40);
        for text in ["", "/", "a", "é/ü/", "//b", "a/ö b/c", &long, &format!("{long}/{long}/b")] {
            assert_eq!(split_once(text, b'/'), text.split_once('/'), "{text}");
            assert_eq!(Some(until(text, b'/')), text.split('/').next(), "{text}");
            assert_eq!(Some(behind_last(text, b'/')), text.rsplit('/').next(), "{text}");
        }
    }
}
