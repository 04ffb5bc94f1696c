//! Times at the front of plain lines that only one program writes so, which is seen by what is behind them.

use std::sync::LazyLock;

use super::time_format::TimeFormat;

/// The front of a line, and how its time looks.
struct Shape {
    /// Whether a line may be of this shape; cheap.
    begins: fn(&[u8]) -> bool,
    time: TimeFormat,
    /// Whether what is behind the time is as the program writes it.
    follows: fn(&[u8]) -> bool,
}

/// Android's `logcat`, Proxifier, HealthApp.
static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let shapes = [
        shape(
            |line| matches!(line, [_, _, b'-', _, _, b' ', _, _, b':', _, _, b':', _, _, b'.', ..]),
            "%m-%d %H:%M:%S.%f",
            is_logcat,
        ),
        shape(|line| matches!(line, [b'[', _, _, b'.', _, _, b' ', ..]), "[%m.%d %H:%M:%S]", is_proxifier),
        shape(|line| line.get(8) == Some(&b'-') && line.get(6..8).is_some_and(is_digits), "%Y%m%d-%H:%M:%S:%L", is_bar),
    ];
    shapes.into_iter().flatten().collect()
});

fn shape(begins: fn(&[u8]) -> bool, time: &str, follows: fn(&[u8]) -> bool) -> Option<Shape> {
    time.parse().ok().map(|time| Shape { begins, time, follows })
}

/// Returns how the time looks that `line` begins with, if it is one of these shapes.
pub(super) fn find(line: &[u8]) -> Option<&'static TimeFormat> {
    if !matches!(line.first(), Some(b'0'..=b'9' | b'[')) {
        return None;
    }
    let shape = SHAPES.iter().find(|shape| (shape.begins)(line))?;
    let len = shape.time.len(line)?;
    (shape.follows)(&line[len..]).then_some(&shape.time)
}

fn is_digits(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

fn is_level(letter: u8) -> bool {
    matches!(letter, b'V' | b'D' | b'I' | b'W' | b'E' | b'F' | b'S' | b'A')
}

/// `  1702  2395 D Tag: …` (threadtime), or ` D/Tag( 1702): …` (time).
fn is_logcat(rest: &[u8]) -> bool {
    if let [b' ', level, b'/', ..] = rest {
        return is_level(*level);
    }
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (process, thread, level) = (words.next(), words.next(), words.next());
    let numbers = process.is_some_and(is_digits) && thread.is_some_and(is_digits);
    numbers && matches!(level, Some([level]) if is_level(*level))
}

/// ` chrome.exe - proxy:5070 …`, ` a.exe *64 - …`.
fn is_proxifier(rest: &[u8]) -> bool {
    const NEAR_BYTES: usize = 128;
    let near = &rest[..rest.len().min(NEAR_BYTES)];
    let Some(at) = memchr::memmem::find(near, b" - ") else { return false };
    let program = near[..at].strip_suffix(b" *64").unwrap_or(&near[..at]);
    program.first() == Some(&b' ') && program.to_ascii_lowercase().ends_with(b".exe")
}

/// `|Step_LSC|30002312|…`.
fn is_bar(rest: &[u8]) -> bool {
    rest.first() == Some(&b'|')
}
