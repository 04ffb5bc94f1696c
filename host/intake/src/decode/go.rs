//! The escapes of Go's `%q` (`strconv.Quote`, Go 1.x), undone.

use std::borrow::Cow;

use lifesigns_model::escaped_number;
use memchr::{memchr, memchr2};

/// Returns the text that is in Go's quotes; without them. Escapes that Go does not know are kept as they stand;
/// bytes that are not UTF-8 and half surrogates become U+FFFD.
pub(crate) fn unquote(quoted: &str) -> Cow<'_, str> {
    let bytes = quoted.as_bytes();
    let Some(mut escape) = memchr(b'\\', bytes) else {
        return Cow::Borrowed(quoted);
    };
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    loop {
        text.extend_from_slice(&bytes[at..escape]);
        at = escape + one(&bytes[escape..], &mut text);
        match memchr(b'\\', &bytes[at..]) {
            Some(next) => escape = at + next,
            None => break,
        }
    }
    text.extend_from_slice(&bytes[at..]);
    Cow::Owned(match String::from_utf8(text) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Undoes the escape that `bytes` begins with and returns its length.
fn one(bytes: &[u8], text: &mut Vec<u8>) -> usize {
    let Some(letter) = bytes.get(1) else {
        text.push(b'\\');
        return 1;
    };
    let plain = match letter {
        b'"' | b'\\' | b'\'' => *letter,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'v' => 0x0b,
        b'x' | b'u' | b'U' | b'0'..=b'7' => return number(bytes, text),
        _ => {
            text.push(b'\\');
            return 1;
        }
    };
    text.push(plain);
    2
}

/// `\xHH` and `\ooo` are bytes, `\uHHHH` and `\UHHHHHHHH` characters.
fn number(bytes: &[u8], text: &mut Vec<u8>) -> usize {
    match escaped_number(bytes) {
        Some((number, end)) if matches!(bytes[1], b'u' | b'U') => {
            let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            end
        }
        Some((number, end)) if number < 256 => {
            text.push(number as u8);
            end
        }
        _ => {
            text.push(b'\\');
            1
        }
    }
}

/// Returns the position of the quote that ends a quoted value.
pub(crate) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Go's `strconv.Quote` does it, without its tables of printable characters.
    fn quote(text: &str) -> String {
        let mut quoted = String::new();
        for character in text.chars() {
            match character {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\x07' => quoted.push_str("\\a"),
                '\0'..' ' | '\x7f' => quoted.push_str(&format!("\\x{:02x}", character as u32)),
                '\u{80}'..='\u{ffff}' => quoted.push_str(&format!("\\u{:04x}", character as u32)),
                '\u{10000}'.. => quoted.push_str(&format!("\\U{:08x}", character as u32)),
                _ => quoted.push(character),
            }
        }
        quoted
    }

    #[test]
    fn every_escape_of_go() {
        assert_eq!(unquote(r#"\a\b\f\n\r\t\v\\\"\'"#), "\x07\x08\x0c\n\r\t\x0b\\\"'");
        assert_eq!(unquote(r"\x41\102\u00e9\U0001F433"), "ABé🐳");
        assert_eq!(unquote(r"\xc3\xa9 \xff \ud800 \U00110000"), "é \u{fffd} \u{fffd} \u{fffd}");
        assert_eq!(unquote(r"C:\Users\x4 \777 \"), r"C:\Users\x4 \777 \");
    }

    proptest! {
        #[test]
        fn round_trip(text in any::<String>()) {
            let quoted = quote(&text);
            prop_assert_eq!(unquote(&quoted), text);
        }

        #[test]
        fn borrows_without_escapes(text in "[^\\\\]{0,40}") {
            prop_assert!(matches!(unquote(&text), Cow::Borrowed(same) if same == text));
        }

        #[test]
        fn never_panics(text in "([\\\\xuU0-9a-f\"]|\\PC){0,40}") {
            let _ = unquote(&text);
        }
    }
}
