//! Messages of the process: on standard error, in colour where that is a terminal.

use std::{
    io::{self, IsTerminal, Write, stderr, stdout},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use lifesigns_notifications::terminal::Colour;
use lifesigns_settings::Diagnostics;
use lifesigns_text::{count_text, visible, visible_except_colours, visible_json, visible_lines};
use serde_json::json;
use tracing_subscriber::{EnvFilter, fmt};

use crate::exit::Failure;

/// Whether errors and warnings are JSON; the process has one standard error.
static JSON: AtomicBool = AtomicBool::new(false);

/// Logs of the host and of rules go to standard error; `LIFESIGNS_LOG` chooses what (`debug`,
/// `lifesigns_engine=trace`, …).
pub(crate) fn install_subscriber() {
    let filter = EnvFilter::try_from_env("LIFESIGNS_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let subscriber = fmt()
        .with_writer(|| SafeStderr)
        .with_env_filter(filter)
        .with_target(false)
        .without_time()
        .with_ansi(stderr().is_terminal());
    // There is no other subscriber: this is the process's only one.
    let _ = subscriber.try_init();
}

/// Standard error for log records. The subscriber escapes control characters in messages and debug fields,
/// but not in fields that are shown with `Display` (`%`); these are escaped here. The subscriber's own
/// colours are kept.
struct SafeStderr;

impl Write for SafeStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stderr().write_all(visible_except_colours(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

/// Returns whether standard error is coloured.
pub(crate) fn colour() -> Colour {
    if stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() { Colour::On } else { Colour::Off }
}

/// Writes a text on standard error, with control characters escaped.
pub(crate) fn line(text: &str) {
    coloured_line(&visible_lines(text));
}

/// Writes a text on standard error that has colours of this program and nothing unsafe.
#[expect(clippy::print_stderr, reason = "this is the one place that prints there")]
fn coloured_line(text: &str) {
    eprintln!("{text}");
}

/// Writes a line on standard output, which is for results. A closed pipe is no failure.
pub(crate) fn out(text: &str) {
    let _ = writeln!(stdout(), "{}", visible_lines(text));
}

/// Makes errors and warnings a line of JSON each from now on, for commands whose answers are JSON.
pub(crate) fn in_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Whether errors and warnings are JSON.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Prints why the command failed.
pub(crate) fn error(failure: &Failure) {
    if is_json() {
        let (kind, code) = (failure.kind(), failure.number());
        let error = json!({ "error": { "kind": kind, "code": code, "message": failure.to_string() } });
        return line(&visible_json(&error.to_string()));
    }
    let text = match failure {
        Failure::Diagnosed(text) => text.clone(),
        _ => visible_lines(&failure.to_string()),
    };
    coloured_line(&format!("{} {text}", colour().paint("1;31", "error:")));
}

/// Returns all mistakes in a file as a failure: with lines of the file for a terminal, else a line each.
pub(crate) fn diagnosed(path: &Path, mistakes: &Diagnostics) -> Failure {
    let number = count_text(mistakes.count() as u64, "mistake");
    if stderr().is_terminal() && !is_json() {
        let width = rustix::termios::tcgetwinsize(stderr()).map_or(100, |size| usize::from(size.ws_col).max(40));
        let text = mistakes.render(width, colour() == Colour::On);
        return Failure::Diagnosed(format!("{number} in {}:\n{text}", visible(&path.display().to_string())));
    }
    Failure::Configuration(format!("{number} in {}:\n{mistakes}", path.display()))
}

/// Prints a warning.
pub(crate) fn warning(text: &str) {
    if is_json() {
        return line(&visible_json(&json!({ "warning": { "message": text } }).to_string()));
    }
    coloured_line(&format!("{} {}", colour().paint("1;33", "warning:"), visible_lines(text)));
}

/// What rule alerts are counted as.
pub(crate) const RAISES: &str = "raise or clear|raises and clears";

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::fmt;

    #[derive(Clone, Default)]
    struct Records(Arc<Mutex<Vec<u8>>>);

    impl Write for Records {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no thread panicked").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn fields_that_are_shown_as_they_are_do_not_act() {
        let records = Records::default();
        let sink = records.clone();
        let subscriber = fmt().with_writer(move || sink.clone()).without_time().with_ansi(true).finish();
        let name = "a\x1b]0;title\x07\x1b[2J\x1b[1;1H\x1b[?25l\x1b[\x1b\u{9b}2Jb";
        tracing::subscriber::with_default(subscriber, || tracing::warn!(source = %name, "it is read: {name}"));
        let record = String::from_utf8(records.0.lock().expect("no thread panicked").clone()).expect("UTF-8");
        assert!(record.contains("\x1b[33m"), "it has colours: {record:?}");
        let safe = super::visible_except_colours(&record);
        assert!(safe.contains("\x1b[33m"), "they stay: {safe:?}");
        let shown = r"a\u{1b}]0;title\u{7}\u{1b}[2J\u{1b}[1;1H\u{1b}[?25l\u{1b}[\u{1b}\u{9b}2Jb";
        assert!(safe.contains(shown), "{safe:?}");
    }

    #[test]
    fn what_rules_return_is_not_called_alerts() {
        assert_eq!(super::count_text(1, super::RAISES), "1 raise or clear");
        assert_eq!(super::count_text(2000, super::RAISES), "2,000 raises and clears");
    }
}
