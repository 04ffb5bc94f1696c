//! Messages that journald writes as a list of bytes, because they hold a control character or are not
//! UTF-8 (systemd's `JOURNAL_EXPORT_FORMATS`, "JSON Format").

use lifesigns_model::BYTE_LIST_MARKS;

/// Whether `before` ends with the key of such a list as the host looks for it in raw lines.
pub(crate) fn follows_key(before: &str) -> bool {
    BYTE_LIST_MARKS.iter().any(|mark| mark.strip_suffix('[').is_some_and(|key| before.ends_with(key)))
}

/// Returns the text that a JSON list of bytes says; what is not UTF-8 in it becomes U+FFFD. `None` for anything else.
pub(crate) fn text(raw: &str) -> Option<String> {
    let list = raw.strip_prefix('[')?.strip_suffix(']')?;
    let bytes: Vec<u8> = list.split(',').map(|number| number.trim_ascii().parse().ok()).collect::<Option<_>>()?;
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_bytes_is_a_text() {
        assert_eq!(text("[100, 111,7]").as_deref(), Some("do\u{7}"));
        assert_eq!(text("[195,169,255]").as_deref(), Some("é\u{fffd}"));
        for no in ["[]", "[256]", "[-1]", "[1.5]", "[\"a\"]", "null", "\"a\"", "[1,[2]]", "7"] {
            assert_eq!(text(no), None, "{no}");
        }
    }
}
