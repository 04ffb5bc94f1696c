//! Text from outside, made safe to show: on a terminal, in an e-mail, on a page. Logs, rules,
//! manifests and configuration are hostile; what they say is shown and never obeyed.

use std::fmt::Write;

/// Returns whether a character acts instead of being seen: control characters (terminal escapes
/// begin with one), the line and paragraph separators, characters that turn the direction of reading
/// around (Unicode Standard Annex #9), characters of no width, and tags.
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns `text` on one line, with every [unsafe](is_unsafe) character written out as Rust writes
/// it: `\n`, `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns `text` as [`visible`] does, but keeps its line ends: for messages that are laid out over
/// several lines.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Returns the JSON text `json` with unsafe characters inside its strings written as `\u202e`. It
/// stays the same JSON value: outside of strings only line ends and tabs occur, which are kept.
#[must_use]
pub fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if !is_unsafe(character) || matches!(character, '\n' | '\t' | '\r') {
            shown.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing into a string does not fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

/// Returns at most `chars` characters of `text`, with `…` where it was cut.
#[must_use]
pub fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns `text` as [`visible`] does, of at most `most_bytes` of it: where more was cut off,
/// `… (N bytes)` says how long it was. For messages that repeat what a module or a file says.
#[must_use]
pub fn quoted(text: &str, most_bytes: usize) -> String {
    if text.len() <= most_bytes {
        return visible(text);
    }
    format!("{}… ({} bytes)", visible(&text[..text.floor_char_boundary(most_bytes)]), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corpus, with its escapes undone.
    fn hostile() -> Vec<String> {
        let lines = include_str!("../../../tests/grammar/hostile-texts.txt").lines();
        lines.filter(|line| !line.starts_with('#')).map(unescaped).collect()
    }

    fn unescaped(line: &str) -> String {
        let mut parts = line.split("\\u{");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (digits, rest) = part.split_once('}').expect("a brace that closes");
            let number = u32::from_str_radix(digits, 16).expect("hexadecimal digits");
            text.push(char::from_u32(number).expect("a character"));
            text.push_str(rest);
        }
        text
    }

    #[test]
    fn what_would_act_is_written_out() {
        assert_eq!(visible("a\x1b[2J\u{202e}b\nc\u{9b}\u{2069}é"), "a\\u{1b}[2J\\u{202e}b\\nc\\u{9b}\\u{2069}é");
        assert_eq!(hostile().len(), 20);
        for text in hostile() {
            assert!(text.contains(is_unsafe), "{text:?}");
            assert!(!visible(&text).contains(is_unsafe), "{text:?}");
            assert!(!visible_lines(&text).contains(|it| is_unsafe(it) && it != '\n'), "{text:?}");
        }
        assert_eq!(visible_lines("a\n\x1bb\n"), "a\n\\u{1b}b\n");
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["", "Grüße, 你好, עברית, 👩‍💻".replace('\u{200d}', "").as_str(), "a\\u{1b}b"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        assert_eq!(visible_json("{\n  \"a\": \"\u{202e}x\u{e0041}\"\n}"), "{\n  \"a\": \"\\u202ex\\udb40\\udc41\"\n}");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(60), 48), format!("{}…", "é".repeat(48)));
        assert_eq!(shortened("x", 1), "x");
    }

    #[test]
    fn a_long_text_says_how_long_it_was() {
        assert_eq!(quoted("abc", 3), "abc");
        assert_eq!(quoted("äöü", 3), "ä… (6 bytes)");
        let long = quoted(&"\x1b".repeat(6 << 20), 16);
        assert!(long.len() < 200 && long.ends_with("… (6291456 bytes)"), "{long}");
    }
}
