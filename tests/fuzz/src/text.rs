//! What people and logs write: lines, expressions, configuration, inventories.

use std::{cell::RefCell, collections::BTreeMap, fs};

use lifesigns_compliance::{Expression, ExpressionOutcome, Object, StepBudget};
use lifesigns_intake::{ExportedEntry, Format, InvalidExport, JournalExport};
use lifesigns_model::limits::LINE_BYTES;
use lifesigns_settings::Settings;

/// Lines for every decoder: it never fails, keeps to the line, and a time is found only where one may be, in the first
/// line as in all.
///
/// # Panics
/// If a promise is broken, as all here.
pub fn decoders(data: &[u8]) {
    const REFERENCE_NS: u64 = 1_798_675_200_000_000_000;
    let lines = String::from_utf8_lossy(data);
    let Some(line) = lines.lines().next() else { return };
    for format in [Format::Auto, Format::Plain, Format::Syslog, Format::Logfmt, Format::Ndjson] {
        let decoder = format.decoder(REFERENCE_NS);
        let record = decoder.decode(line);
        if record.time_ns.is_some() {
            assert!(decoder.may_have_time(line.as_bytes()), "{format}: a time where none may be: {line:?}");
        }
        // The same line gives the same record: a decoder keeps nothing between lines.
        assert_eq!(format!("{record:?}"), format!("{:?}", decoder.decode(line)), "{format}: {line:?}");
        let sign = decoder.last_sign_of_time(lines.as_bytes());
        let mut start = 0;
        for line in lines.split('\n') {
            let time_ns = decoder.decode(line.strip_suffix('\r').unwrap_or(line)).time_ns;
            let is_found = sign.is_some_and(|sign| start <= sign);
            assert!(time_ns.is_none() || is_found, "{format}: a time behind the last sign, {sign:?}: {lines:?}");
            start += line.len() + 1;
        }
    }
}

/// An export of the journal: in whatever pieces it arrives, the same comes of it, each entry a line of JSON that has room.
///
/// # Panics
/// See [`decoders`].
pub fn journal(data: &[u8]) {
    let whole = exported(data, data.len().max(1));
    assert_eq!(whole, exported(data, 1 + data.len() % 7), "in pieces");
    for entry in whole.0 {
        assert!(entry.line.len() <= LINE_BYTES && !entry.line.contains(&b'\n'), "{}", entry.line.len());
        let line = String::from_utf8(entry.line).expect("text");
        assert!(!Format::Ndjson.decoder(0).decode(&line).malformed, "{line}");
    }
}

fn exported(data: &[u8], length: usize) -> (Vec<ExportedEntry>, Result<(), InvalidExport>) {
    let (mut export, mut entries) = (JournalExport::default(), Vec::new());
    for piece in data.chunks(length) {
        if let Err(error) = export.read(piece, |entry| entries.push(entry)) {
            return (entries, Err(error));
        }
    }
    let ended = export.finish(|entry| entries.push(entry));
    (entries, ended)
}

/// An expression: what is compiled here is compiled by the reference implementation too, and is decided within its
/// steps.
///
/// # Panics
/// See [`decoders`].
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let expression = match Expression::compile(text) {
        Ok(expression) => expression,
        Err(why) => {
            assert!(!why.is_empty() && why.len() < 64 << 10);
            return;
        }
    };
    assert!(cel::Program::compile(text).is_ok(), "accepted here and not there: {text:?}");
    let outcome = expression.evaluate(&Object::default(), &BTreeMap::new(), &mut StepBudget::default());
    if let ExpressionOutcome::Undecided(why) = outcome {
        assert!(!why.is_empty());
    }
}

thread_local! {
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// Calls `with` with a file of this content, in a folder of this thread.
fn with_file(name: &str, data: &[u8], with: impl FnOnce(&std::path::Path)) {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a folder"));
        let path = folder.path().join(name);
        fs::write(&path, data).expect("a file");
        with(&path);
    });
}

/// A configuration: read, or refused with all its mistakes.
///
/// # Panics
/// See [`decoders`].
pub fn settings(data: &[u8]) {
    with_file("lifesigns.toml", data, |path| {
        if let Err(mistakes) = Settings::load(path, std::iter::empty()) {
            assert!(!mistakes.lines(20).is_empty());
        }
    });
}

/// An inventory, in each of its forms: read, or refused with all its mistakes.
///
/// # Panics
/// See [`decoders`].
pub fn inventory(data: &[u8]) {
    for name in ["inventory.toml", "inventory.json", "inventory.csv"] {
        with_file(name, data, |path| {
            if let Ok(objects) = lifesigns_intake::inventory::load(path) {
                assert!(objects.iter().all(|facts| !facts.object.is_empty()));
            }
        });
    }
}
