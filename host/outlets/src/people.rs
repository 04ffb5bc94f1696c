//! Alerts as a person wants to read them: one line each, colour where there is a terminal.

use std::fmt::Write;

use lifesigns_model::{AlertRef, Change, Criticality};

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours, for a terminal.
    On,
    /// None, for a pipe or a file.
    Off,
}

impl Colour {
    /// `text` in an ANSI style such as `1;31`, or as it is.
    pub fn paint(self, style: &str, text: &str) -> String {
        match self {
            Self::On => format!("\x1b[{style}m{text}\x1b[0m"),
            Self::Off => text.to_owned(),
        }
    }

    /// The word for a criticality in its colour, padded to the longest.
    pub fn criticality(self, criticality: Criticality) -> String {
        let style = match criticality {
            Criticality::Information => "36",
            Criticality::Warning => "33",
            Criticality::Immediate => "38;5;208",
            Criticality::Critical => "1;31",
        };
        self.paint(style, &format!("{criticality:<11}"))
    }
}

/// Longest attribute value that is shown whole.
const VALUE_CHARS: usize = 48;

/// Appends one line for an alert to `out`: time, criticality, object, summary, details.
pub fn write(alert: &AlertRef<'_>, colour: Colour, out: &mut String) {
    let time = crate::rfc3339(alert.order.time_ns);
    let (date, clock) = time.split_once('T').unwrap_or(("", &time));
    let clock = clock.get(..8).unwrap_or(clock);
    let what = match alert.change {
        Change::Raise => colour.criticality(alert.symptom.criticality),
        Change::Clear => colour.paint("32", &format!("{:<11}", "clear")),
    };
    let object = colour.paint("1", &format!("{:<14}", printable(alert.object)));
    let _ =
        write!(out, "{} {what} {object} {}", colour.paint("2", &format!("{date} {clock}")), printable(alert.summary));
    let mut details = String::new();
    for (name, value) in alert.attributes.iter() {
        let _ = write!(details, " {}={}", printable(name), shortened(&printable(value)));
    }
    let _ = writeln!(out, " {}", colour.paint("2", &format!("[{}/{}{details}]", alert.rule, alert.symptom.id)));
}

/// What logs say is shown, never obeyed: control characters, and with them terminal escapes, are
/// written out.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_logs_say_cannot_drive_a_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{9b}c\n"), "a\\u{1b}[2Jb\\u{9b}c\\n");
    }

    #[test]
    fn long_values_are_shortened_between_characters() {
        assert_eq!(shortened(&"é".repeat(60)), format!("{}…", "é".repeat(48)));
        assert_eq!(shortened("x"), "x");
    }
}
