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

/// What differs, in lines that contain a text (of a priority alone: that are it), and why it should.
const EXPLAINED: &[(&str, &[&str], &str)] = &[
    ("%SYS-5-CONFIG_I", &["app", "message"], CISCO),
    ("%LINK-3-UPDOWN", &["time", "host", "app", "message"], CISCO),
    ("%ASA-6-302013", &["host", "app", "message"], CISCO),
    ("%ETHPORT-5-IF_UP", &["time", "host", "app", "message"], CISCO),
    ("2026-11-23 06:39:59 web-1", &["time", "host", "app", "message"], "a date and a time need no `T` between them"),
    ("<30>dockerd[812]: level", &["app", "pid", "message"], "a tag needs no time before it, and logfmt is opened"),
    ("dockerd 812 - - time=", &["time", "message"], "logfmt is opened, and has the time of the program"),
    ("<13> Nov 23", &["host", "app", "message"], "more spaces than there should be cost nothing"),
    ("relay-1", &["time", "host", "app", "pid", "message"], "a header in a header is that of the first sender"),
    (
        "<192>",
        &["time", "host", "app", "message"],
        "RFC 5424, 6.2.1: the highest priority is 191, so this is no header",
    ),
    ("\u{feff}", &["message"], "RFC 5424, 6.4: the byte order mark is no text"),
    ("never closed", &["time", "host", "app", "message"], BROKEN),
    ("not closed", &["time", "host", "app", "pid", "msgid", "message"], BROKEN),
    ("Use the BFG!", &["app", "message"], "a word without a colon is no tag (RFC 3164, 5.4, example 2)"),
    ("app 7 - text", &["app", "message"], "a word without a colon is no tag"),
    ("rsyslogd: [origin", &["message"], "RFC 3164 has no structured data: brackets are text"),
    ("<13>app[7]", &["app", "pid", "message"], "a tag with a number needs no time before it"),
    ("<13>app: no time", &["message"], PRIORITY),
    ("<13>no header", &["message"], PRIORITY),
    ("<13>only text", &["message"], PRIORITY),
    ("yesterday", &["message"], PRIORITY),
    ("<13>", &["message"], PRIORITY),
];
const CISCO: &str = "Cisco's headers are read: sequence numbers, marks of the clock, the mnemonic as the app";
const BROKEN: &str = "broken structured data costs the header nothing";
const PRIORITY: &str = "a line without a header is its text, and the priority is none of it";

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
            let is_of = |text: &str| if text == "<13>" { line == text } else { line.contains(text) };
            let why = EXPLAINED.iter().position(|(text, parts, _)| is_of(text) && parts.contains(part));
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
