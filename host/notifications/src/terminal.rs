//! The raises and clears of rules as lines for people, in colour on a terminal.

use std::fmt::Write;

use lifesigns_model::{Change, Criticality, RuleAlertRef};
use lifesigns_text::{time_text, visible, visible_short};

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI colours, for a terminal.
    On,
    /// Without, for a pipe or a file.
    Off,
}

impl Colour {
    /// Returns `text` in an ANSI style such as `1;31`, or unchanged without colour.
    pub fn paint(self, style: &str, text: &str) -> String {
        match self {
            Self::On => format!("\x1b[{style}m{text}\x1b[0m"),
            Self::Off => text.to_owned(),
        }
    }

    /// Returns the name of a criticality in its colour, padded to the longest name.
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

/// The most characters of the value of an attribute that are shown.
const VALUE_CHARS: usize = 48;

/// Appends one line for a raise or clear to `out`: time, criticality, object, summary, details.
pub fn write(alert: &RuleAlertRef<'_>, colour: Colour, out: &mut String) {
    let time = colour.paint("2", &time_text(alert.order.time_ns));
    let what = match alert.change {
        Change::Raise => colour.criticality(alert.symptom.criticality),
        Change::Clear => colour.paint("32", &format!("{:<11}", "clear")),
    };
    let object = colour.paint("1", &format!("{:<14}", visible(alert.object)));
    let _ = write!(out, "{time} {what} {object} {}", visible(alert.summary));
    let mut details = String::new();
    for (name, value) in alert.attributes.iter() {
        let _ = write!(details, " {}={}", visible(name), visible_short(value, VALUE_CHARS));
    }
    let _ = writeln!(out, " {}", colour.paint("2", &format!("[{}/{}{details}]", alert.rule, alert.symptom.id)));
}
