//! Look-ups in the book: what is not there is there by construction (`existing`, which says what is missing), or the
//! code says why it may be missing. None is skipped without a word.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{read, sources};

#[test]
fn the_book_skips_nothing_without_a_reason() {
    let mut found = Vec::new();
    let in_book = |path: &String| path.starts_with("host/compliance/src/book/") && !path.contains("/tests/");
    for path in sources().into_iter().filter(in_book) {
        let source = read(&path);
        let mut reason = false;
        for (at, line) in source.lines().map(str::trim).enumerate() {
            if line.ends_with("else { return };") && !reason {
                found.push(format!("{path}:{}", at + 1));
            }
            // Look-ups in a row share a reason.
            reason = line.starts_with("//") || reason && line.ends_with("else { return };");
        }
    }
    assert!(found.is_empty(), "say above it why it may be missing, or take `existing`:\n  {}", found.join("\n  "));
}
