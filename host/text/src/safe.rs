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

/// Returns `text` as [`visible`] does, of at most `chars` characters, with `…` where it was cut.
#[must_use]
pub fn visible_short(text: &str, chars: usize) -> String {
    shortened(&visible(text), chars)
}

/// Returns a word of a file or of a person, safe to show and of at most 60 characters: for a message
/// that names it.
#[must_use]
pub fn visible_word(word: &str) -> String {
    const CHARS: usize = 60;
    visible_short(word, CHARS)
}

/// Returns `text` as [`visible_short`] does, with every run of white space, line ends too, as one
/// space.
#[must_use]
pub fn one_line(text: &str, chars: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    visible_short(&words.join(" "), chars)
}

/// Returns `text` as [`visible_lines`] does, but keeps ANSI colours (`ESC [`, digits and `;`, `m`), which
/// change how characters look and nothing else.
#[must_use]
pub fn visible_except_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let colour_bytes = colour_bytes(rest);
        let (piece, after) = rest.split_at(colour_bytes.unwrap_or(character.len_utf8()));
        if is_unsafe(character) && character != '\n' && colour_bytes.is_none() {
            shown.extend(character.escape_default());
        } else {
            shown.push_str(piece);
        }
        rest = after;
    }
    shown
}

/// Returns the length of the ANSI colour that a text begins with, if it does.
fn colour_bytes(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\x1b[")?;
    let end = numbers.find(|character: char| !character.is_ascii_digit() && character != ';')?;
    numbers[end..].starts_with('m').then_some(end + "\x1b[m".len())
}

/// Returns `line` with another character of as many bytes in the place of each unsafe one, tabs aside:
/// for a line below which a caret points at a byte.
#[must_use]
pub fn visible_same_length(line: &str) -> String {
    line.chars().map(|it| if is_unsafe(it) && it != '\t' { stand_in(it) } else { it }).collect()
}

fn stand_in(character: char) -> char {
    match character.len_utf8() {
        1 => '?',
        2 => '\u{bf}',
        3 => '\u{fffd}',
        _ => '\u{1f6ab}',
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

    #[test]
    fn colours_stay_and_nothing_else_that_acts() {
        let record = "\x1b[33m WARN\x1b[0m a\u{202e}b\u{9b}31m \\x1b[2J\n";
        assert_eq!(visible_except_colours(record), "\x1b[33m WARN\x1b[0m a\\u{202e}b\\u{9b}31m \\x1b[2J\n");
        assert_eq!(visible_except_colours("\x1b[2J\x1b[\x1b[1;31m"), "\\u{1b}[2J\\u{1b}[\x1b[1;31m");
    }

    #[test]
    fn a_hostile_line_keeps_its_length_and_acts_no_more() {
        let line = "a = \"\x1b[2J\u{9b}\u{202e}\u{e0041}\"\t";
        let shown = visible_same_length(line);
        assert_eq!(shown.len(), line.len());
        assert!(!shown.contains(|it| is_unsafe(it) && it != '\t'), "{shown:?}");
    }

    #[test]
    fn a_text_of_several_lines_becomes_one() {
        assert_eq!(one_line("a\r\n  b\x1b", 9), "a b\\u{1b}");
        assert_eq!(one_line(&"x".repeat(400), 300).chars().count(), 301);
        assert_eq!(visible_short("a\nb", 60), "a\\nb");
    }
}
