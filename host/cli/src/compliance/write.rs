//! Answers on standard output: a page for people, or JSON.

use std::io::{IsTerminal, Write, stdout};

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_notifications::terminal::Colour;
use lifesigns_text::{visible, visible_json};
use serde::Serialize;

use super::{
    args::{Output, TargetArgs},
    table::{self, View},
};
use crate::exit::{Failure, Outcome};

/// Writes `answer` as JSON, or the page that `draw` makes of it. A reader that has gone away is no
/// failure.
pub(crate) fn emit<T: Serialize>(answer: &T, place: &TargetArgs, draw: impl FnOnce(&View) -> String) -> Outcome {
    let text = match place.output {
        Output::Json => visible_json(&serde_json::to_string_pretty(answer).map_err(Failure::failed)?) + "\n",
        Output::Table => {
            let view = View { colour: colour(), width: width(), now_ns: SystemClock.now_ns() };
            table::paint(&draw(&view), view.colour)
        }
    };
    let _ = stdout().lock().write_all(text.as_bytes());
    Ok(())
}

/// Clears the terminal, for a page that replaces the last one.
pub(crate) fn clear_screen() {
    let _ = stdout().lock().write_all(b"\x1b[H\x1b[2J");
}

/// Writes what was done.
pub(crate) fn emit_text(text: &str, place: &TargetArgs) -> Outcome {
    emit(&serde_json::json!({ "done": text }), place, |_| format!("{}\n", visible(text)))
}

/// Colour for standard output.
fn colour() -> Colour {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if stdout().is_terminal() && wanted { Colour::On } else { Colour::Off }
}

/// Returns the terminal's width; what goes into a pipe or a file has none.
fn width() -> Option<u16> {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 => Some(size.ws_col),
        // Piped, but the width is given: `COLUMNS=100 lifesigns alerts | less`.
        _ => columns,
    }
}
