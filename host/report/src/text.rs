//! Text and times as people read them.

use jiff::Timestamp;

/// `text` with every character written out that would do something instead of being seen: control
/// characters, and those that turn the direction of reading around.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        if character.is_control() || turns {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A time in UTC, to the second: `2026-11-23 06:40:02`.
pub fn time(time_ns: u64) -> String {
    // A u64 of nanoseconds ends in the year 2554, within jiff's range.
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX);
    let text = time.to_string();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {}", clock.get(..8).unwrap_or(clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_is_written_out() {
        assert_eq!(visible("a\x1b[2J\u{202e}b\nc\u{9b}\u{2069}é"), "a\\u{1b}[2J\\u{202e}b\\nc\\u{9b}\\u{2069}é");
    }

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(time(1_763_880_000_500_000_000), "2025-11-23 06:40:00");
        assert_eq!(time(0), "1970-01-01 00:00:00");
        assert_eq!(time(u64::MAX), "2554-07-21 23:34:33");
    }
}
