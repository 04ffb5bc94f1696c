//! Bytes that are before a line or a payload and are no text: NUL and other control characters, a
//! byte order mark, terminal sequences such as colours, and those as rsyslog writes them (`#033[36m`).

/// The longest parameters of a terminal sequence that is taken for one.
const PARAMETERS_BYTES: usize = 32;

/// Returns `text` from its first character that is text. Tabs and spaces count as text.
pub(crate) fn skip(text: &str) -> &str {
    let mut rest = text;
    loop {
        let next = skip_one(rest);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// Skips what `skip` skips, and spaces and tabs.
pub(crate) fn skip_blank(text: &str) -> &str {
    let mut rest = text;
    loop {
        let next = skip(rest).trim_start_matches([' ', '\t']);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

fn skip_one(text: &str) -> &str {
    match text.as_bytes() {
        [0x1b, ..] => sequence(text, 1).unwrap_or(&text[1..]),
        [b'#', b'0', b'3', b'3', ..] => sequence(text, 4).unwrap_or(text),
        [b'\t', ..] => text,
        [0..0x20 | 0x7f, ..] => &text[1..],
        [0xef, 0xbb, 0xbf, ..] => &text[3..],
        _ => text,
    }
}

/// What follows a control sequence (ECMA-48, 5.4) whose escape character ends at `at`.
fn sequence(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    let parameters = bytes[at + 1..].iter().take(PARAMETERS_BYTES);
    let len = parameters.take_while(|byte| matches!(byte, b'0'..=b'?')).count();
    let end = at + 1 + len;
    bytes.get(end).filter(|last| matches!(last, b'@'..=b'~')).map(|_| &text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_skipped() {
        for (text, rest) in [
            ("\0\0\0text", "text"),
            ("\u{feff}\u{feff}text", "text"),
            ("\u{1b}[1;31m\u{1b}[Ktext\u{1b}[0m", "text\u{1b}[0m"),
            ("#033[36mtext", "text"),
            ("\u{1e}{}", "{}"),
            ("\u{feff}\0\u{1b}[m#033[0m text", " text"),
            ("\0\0", ""),
            ("", ""),
            ("\ttext", "\ttext"),
            ("#033 text", "#033 text"),
            ("#0333", "#0333"),
            ("\u{1b}text", "text"),
            ("é", "é"),
        ] {
            assert_eq!(skip(text), rest, "{text:?}");
        }
        assert_eq!(skip_blank("\u{1b}[36m \u{1b}[0m\ttext"), "text");
    }
}
