//! Syslog lines as this crate and `syslog_loose` read them: where they differ, the table says why.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use chrono::Utc;
use lifesigns_intake::Format;
use syslog_loose::{Message, Variant, parse_message_with_year_tz};

/// 2026-11-24T00:00:00Z: gives times without a year their year.
const REFERENCE_NS: u64 = 1_795_478_400_000_000_000;

/// A part of a record in which the two may differ.
const PARTS: [&str; 6] = ["time", "host", "app", "pid", "msgid", "message"];

/// What differs, in lines that contain a text, and why it should.
const EXPLAINED: &[(&str, &[&str], &str)] = &[];

/// The parts of a line, in the order of [`PARTS`].
type Parts = [Option<String>; 6];

fn ours(line: &str) -> Parts {
    let decoder = Format::Syslog.decoder(REFERENCE_NS);
    let record = decoder.decode(line);
    let field = |names: [&str; 2]| {
        let found = record.fields.iter().find(|(name, _)| names.contains(&name.as_ref()));
        found.map(|(_, value)| value.to_string())
    };
    [
        record.time_ns.map(|time_ns| time_ns.to_string()),
        record.object.as_deref().map(str::to_owned),
        record.app.as_deref().map(str::to_owned),
        field(["pid", "procid"]),
        field(["msgid", "msgid"]),
        record.message.as_deref().map(str::to_owned).filter(|text| !text.is_empty()),
    ]
}

fn theirs(line: &str) -> Parts {
    // The reference is in November: what is later in a year was in the last one.
    let year = |(month, ..): (u32, u32, u32, u32, u32)| if month > 11 { 2025 } else { 2026 };
    let message: Message<&str> = parse_message_with_year_tz(line, year, Some(Utc), Variant::Either);
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    [
        message.timestamp.and_then(|time| time.timestamp_nanos_opt()).map(|time_ns| time_ns.to_string()),
        message.hostname.and_then(text),
        message.appname.and_then(text),
        message.procid.map(|pid| pid.to_string()),
        message.msgid.and_then(text),
        text(message.msg),
    ]
}

/// Lines that were sent, of the decoder's cases and of this test.
fn lines() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths: Vec<_> =
        fs::read_dir(folder.join("decode/syslog")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut lines = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        lines.extend(text.lines().filter_map(|line| line.strip_prefix("> ")).map(str::to_owned));
    }
    lines.extend(fs::read_to_string(folder.join("differential.txt")).unwrap().lines().map(str::to_owned));
    lines.retain(|line| line.starts_with('<'));
    lines
}

#[test]
fn differences_to_another_parser_are_explained() {
    let (mut unexplained, mut used, mut alike) = (Vec::new(), BTreeSet::new(), 0);
    let lines = lines();
    assert!(lines.len() > 50, "{}", lines.len());
    for line in &lines {
        let (ours, theirs) = (ours(line), theirs(line));
        for (index, part) in PARTS.iter().enumerate() {
            if ours[index] == theirs[index] {
                alike += 1;
                continue;
            }
            let why = EXPLAINED.iter().position(|(text, parts, _)| line.contains(text) && parts.contains(part));
            match why {
                Some(why) => _ = used.insert(why),
                None => unexplained.push(format!("{line}\n  {part}: {:?}, theirs {:?}", ours[index], theirs[index])),
            }
        }
    }
    assert!(unexplained.is_empty(), "{} of {alike}:\n{}", unexplained.len(), unexplained.join("\n"));
    let unused: Vec<_> = EXPLAINED.iter().enumerate().filter(|(index, _)| !used.contains(index)).collect();
    assert!(unused.is_empty(), "nothing differs as these say: {unused:?}");
    assert!(alike > lines.len() * 4, "{alike}");
}
