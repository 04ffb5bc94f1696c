//! Runs the cases in `tests/decode/<format>/*.txt`: after `> ` a line, then the record that it must
//! give. `LIFESIGNS_BLESS=1 cargo test -p lifesigns-intake --test decode` writes the records again.

#![allow(clippy::unwrap_used, clippy::ptr_arg)]

use std::{borrow::Cow, fmt::Write as _, fs, path::Path};

use jiff::Timestamp;
use lifesigns_intake::Format;
use lifesigns_model::{Decoder, LogRecord};

/// 2026-11-24T00:00:00Z: gives times without a year their year.
const REFERENCE_NS: u64 = 1_795_478_400_000_000_000;

#[test]
fn records_are_as_the_cases_say() {
    let bless = std::env::var_os("LIFESIGNS_BLESS").is_some();
    let mut wrong = String::new();
    for format in Format::ALL {
        let decoder = format.decoder(REFERENCE_NS);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode").join(format.as_str());
        let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "no cases in {}", folder.display());
        for path in paths {
            let expected = fs::read_to_string(&path).unwrap();
            let actual = run(&expected, &*decoder);
            if bless {
                fs::write(&path, &actual).unwrap();
            } else if actual != expected {
                let differs = |(one, two): &(&str, &str)| one != two;
                let first = expected.lines().zip(actual.lines()).find(differs);
                let _ = writeln!(wrong, "{}:\n  expected, actual: {first:#?}", path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The file as it should be: comments and lines kept, records made.
fn run(file: &str, decoder: &dyn Decoder) -> String {
    let mut text = String::new();
    for line in file.lines() {
        if line.starts_with('#') || line.is_empty() {
            let _ = writeln!(text, "{line}");
        } else if let Some(input) = line.strip_prefix("> ") {
            let _ = writeln!(text, "{line}");
            let line = meant(input);
            let record = decoder.decode(&line);
            assert!(record.time_ns.is_none() || decoder.may_have_time(line.as_bytes()), "{input}");
            write(&mut text, &record);
        }
    }
    text
}

/// The pictures of control characters stand for themselves: NUL, ESC and RS.
fn meant(input: &str) -> String {
    input.replace('\u{2400}', "\0").replace('\u{241b}', "\u{1b}").replace('\u{241e}', "\u{1e}")
}

fn write(text: &mut String, record: &LogRecord<'_>) {
    if record.malformed {
        text.push_str("malformed\n");
    }
    if let Some(ns) = record.time_ns {
        let _ = writeln!(text, "time    {}", Timestamp::from_nanosecond(i128::from(ns)).unwrap());
    }
    let parts = [("object ", &record.object), ("app    ", &record.app), ("message", &record.message)];
    for (name, value) in parts {
        value.iter().for_each(|value| one(text, name, value));
    }
    for (name, value) in &record.fields {
        one(text, &format!("  {name} ="), value);
    }
    let Some(facts) = &record.facts else { return };
    text.push_str("facts\n");
    facts.kind.iter().for_each(|kind| one(text, "  kind   ", kind));
    facts.parent.iter().for_each(|parent| one(text, "  parent ", parent));
    for (name, value) in &facts.properties {
        match value {
            Some(value) => one(text, &format!("  property {name} ="), value),
            None => _ = writeln!(text, "  property {name} removed"),
        }
    }
    for (name, value) in &facts.metrics {
        let _ = writeln!(text, "  metric {name} = {value:?}");
    }
}

/// Values that do not stand in the line as they are, are marked.
fn one(text: &mut String, name: &str, value: &Cow<'_, str>) {
    let copied = if matches!(value, Cow::Owned(_)) { " (copied)" } else { "" };
    let shown = if value.contains(char::is_control) { format!("{value:?}") } else { value.to_string() };
    let _ = writeln!(text, "{}", format!("{name}{copied} {shown}").trim_end());
}
