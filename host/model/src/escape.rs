//! Escapes in raw lines that stand for a character by its number, which decoders undo and searches in raw bytes must
//! know of.

/// Returns the number in the escape that `bytes` begins with, and the escape's length in bytes; `None` if it is no number.
/// `\xHH` and `\ooo` are bytes in Go's quotes, where three octal digits may say more than 255; `\UHHHHHHHH` is a character
/// there, and `\uHHHH` there and in JSON.
#[inline]
pub fn escaped_number(bytes: &[u8]) -> Option<(u32, usize)> {
    let (start, len, radix) = match bytes.get(1)? {
        b'x' => (2, 2, 16),
        b'u' => (2, 4, 16),
        b'U' => (2, 8, 16),
        b'0'..=b'7' => (1, 3, 8),
        _ => return None,
    };
    let mut number = 0;
    for digit in bytes.get(start..start + len)? {
        // At most eight digits of four bits each.
        number = number * radix + char::from(*digit).to_digit(radix)?;
    }
    Some((number, start + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_escapes() {
        for (text, expected) in [
            (r"\x41", Some((0x41, 4))),
            (r"\101 and more", Some((0x41, 4))),
            (r"\777", Some((0o777, 4))),
            (r"\u00e9", Some((0xe9, 6))),
            (r"\UFFFFFFFF", Some((u32::MAX, 10))),
            (r"\x4", None),
            (r"\12", None),
            (r"\xyz", None),
            (r"\n", None),
            (r"\", None),
            ("", None),
        ] {
            assert_eq!(escaped_number(text.as_bytes()), expected, "{text}");
        }
    }
}
