//! The scan against a naive oracle: decode every line, search every literal in its message.

use std::sync::Arc;

use lifesigns_e2e::{
    modules, native,
    run::{Input, REFERENCE_NS, replay},
};
use lifesigns_engine::LoadedRule;
use lifesigns_intake::Format;
use lifesigns_model::limits::LINE_BYTES;
use proptest::prelude::*;

/// Words that literals and messages are made of: short, long, with what formats escape.
const WORDS: [&str; 24] = [
    "a",
    "ab",
    "error",
    "Error",
    "timeout",
    "out of memory",
    "connection refused",
    "containers/create",
    "/",
    "\\",
    "\"",
    "tab\there",
    "né",
    "ü",
    "docker0",
    "a\u{1}b",
    "日本",
    "=",
    "aaaa",
    "POST /v1.41/containers/create",
    "\"status\":\"create\"",
    "\"id\"",
    "{\"a\":\"b\"}",
    "C:\\x86\\Users",
];

#[derive(Clone, Debug)]
struct Looks {
    literals: Vec<String>,
    ignore_case: bool,
}

fn words(most: usize) -> impl Strategy<Value = String> {
    let word = prop_oneof![8 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => "[a-d ]{1,9}"];
    (prop::collection::vec(word, 1..=most), prop::sample::select(vec!["", " "]))
        .prop_map(|(words, gap)| words.join(gap))
}

fn rule() -> impl Strategy<Value = Looks> {
    (prop::collection::btree_set(words(2), 1..4), any::<bool>()).prop_map(|(literals, ignore_case)| {
        let mut seen = std::collections::BTreeSet::new();
        let keep =
            |literal: &String| seen.insert(if ignore_case { literal.to_ascii_lowercase() } else { literal.clone() });
        Looks { literals: literals.into_iter().filter(keep).collect(), ignore_case }
    })
}

/// How a character is written in JSON: as it is, as the short escape, as `\uXXXX`.
fn json(text: &str, style: u8) -> String {
    let mut out = String::new();
    for (at, ch) in text.chars().enumerate() {
        let unicode = style == 2 || (style == 1 && at % 3 == 0);
        match ch {
            '"' | '\\' if !unicode => out.extend(['\\', ch]),
            '/' if style > 0 && !unicode => out.push_str("\\/"),
            '\t' if !unicode => out.push_str("\\t"),
            ch if unicode || u32::from(ch) < 0x20 => {
                ch.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04X}")));
            }
            ch => out.push(ch),
        }
    }
    out
}

/// How Go's `%q` writes it (logrus); `style` puts in escapes that Go would not.
fn go(text: &str, style: u8) -> String {
    let mut out = String::new();
    for (at, ch) in text.chars().enumerate() {
        match ch {
            '"' | '\\' => out.extend(['\\', ch]),
            '\t' => out.push_str("\\t"),
            ch if u32::from(ch) < 0x20 && style == 0 => out.push_str(&format!("\\x{:02x}", u32::from(ch))),
            ch if style == 2 && at % 7 == 1 => out.push_str(&format!("\\U{:08x}", u32::from(ch))),
            ch if style == 2 && at % 7 == 3 && ch.is_ascii() => out.push_str(&format!("\\x{:02x}", u32::from(ch))),
            ch if style == 2 && at % 7 == 5 && ch.is_ascii() => out.push_str(&format!("\\{:03o}", u32::from(ch))),
            ch if u32::from(ch) < 0x20 || (style == 2 && at % 2 == 0 && u32::from(ch) < 0x1_0000) => {
                out.push_str(&format!("\\u{:04x}", u32::from(ch)));
            }
            ch => out.push(ch),
        }
    }
    out
}

/// A line that carries the message in lines in each other, or behind what others put before it.
fn wrapped(time: &str, message: &str, style: u8, shape: usize) -> String {
    let inner = format!("time=\"{time}\" level=info msg=\"{}\"", go(message, style));
    let log = |text: &str, style| format!("{{\"log\":\"{}\\n\",\"stream\":\"stdout\"}}", json(text, style));
    let bytes = message.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",");
    match shape {
        0 => log(&inner, style),
        1 => log(message, style),
        2 => log(&log(message, style), 0),
        3 => log(&log(&log(&inner, style), 0), style / 2),
        4 => log(&log(&log(&log(&log(message, 0), 0), 0), 0), style),
        5 => format!("{{\"MESSAGE\":[{bytes}]}}"),
        6 => format!("{{\"MESSAGE\" :[{bytes}],\"a\":\"b\"}}"),
        7 => format!("Nov 23 06:40:01 vm-3 app: {{\"MESSAGE\" : [{}]}}", bytes.replace(',', ", ")),
        8 => log(&format!("{{\"MESSAGE\":[{bytes}]}}"), style),
        9 => format!("\0\u{feff}{inner}"),
        10 => format!("web-1  | {inner}"),
        11 => format!("{time} stdout F {inner}"),
        12 => format!("INFO[{time}] {message}        k=v"),
        13 => format!("Nov 23 06:40:02 relay Nov 23 06:40:01 vm-3 app[7]: {message}"),
        _ => format!(
            "{{\"integration\":\"docker\",\"docker\":{{\"Type\":\"a\",\"Action\":\"b\",\"x\":\"{}\"}}}}",
            json(message, style)
        ),
    }
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let parts = (words(5), 0_u8..3, 0_usize..28, any::<bool>(), any::<prop::sample::Index>(), 0_usize..40, 10_u8..60);
    parts.prop_map(|(message, style, shape, crlf, at, odd, second)| {
        let time = format!("2026-11-23T06:40:{second}Z");
        let line = match shape {
            0 | 1 => message.replace('\n', " "),
            2 => format!("{time} {message}"),
            3 => format!("<30>1 {time} vm-3 dockerd 811 - - {message}"),
            4 => format!("Nov 23 06:40:{second} vm-3 app[1]: {message}"),
            5 | 6 => format!("time=\"{time}\" level=info msg=\"{}\"", go(&message, style)),
            7 => {
                format!("<30>1 {time} vm-3 dockerd 811 - - time=\"{time}\" level=info msg=\"{}\"", go(&message, style))
            }
            8 => format!("{{\"time\":\"{time}\",\"message\":\"{}\",\"other\":\"error\"}}", json(&message, style)),
            9 => format!("{{\"time\":\"{time}\",\"object\":\"vm-9\",\"msg\":\"{}\"}}", json(&message, style)),
            10 => format!("{{\"time\":\"{time}\",\"message\":\"{}\"", json(&message, style)),
            11 => format!("time=\"{time}\" level=info msg=\"{}", go(&message, style)),
            _ => wrapped(&time, &message, style, shape - 12),
        };
        let mut bytes = line.into_bytes();
        match odd {
            // Not UTF-8, somewhere.
            0..4 => bytes.insert(at.index(bytes.len() + 1), 0xff),
            // Over the bound, or near it: what is behind is cut off.
            4 => {
                let mut long = vec![b'x'; LINE_BYTES - at.index(200)];
                long.extend(&bytes);
                bytes = long;
            }
            5 => bytes.clear(),
            _ => {}
        }
        if crlf {
            bytes.push(b'\r');
        }
        bytes
    })
}

/// The line as the contract says that it is read: no carriage return, cut at the bound on a
/// character's edge, bad bytes replaced.
fn as_read(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut end = line.len().min(LINE_BYTES);
    while end < line.len() && end > LINE_BYTES - 4 && line[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    String::from_utf8_lossy(&line[..end]).into_owned()
}

/// Number and event time of the lines that match. A line without a time takes that of the nearest
/// line before it that has one.
fn oracle(looks: &Looks, format: Format, lines: &[Vec<u8>]) -> Vec<(u64, u64)> {
    let decoder = format.decoder(REFERENCE_NS);
    let (mut found, mut time_ns) = (Vec::new(), 0);
    for (number, line) in (1..).zip(lines) {
        let text = as_read(line);
        if text.is_empty() {
            continue;
        }
        let record = decoder.decode(&text);
        time_ns = record.time_ns.unwrap_or(time_ns);
        let message = record.message.unwrap_or_default();
        let matches = looks.literals.iter().any(|literal| match looks.ignore_case {
            false => message.contains(literal.as_str()),
            true => message.to_ascii_lowercase().contains(&literal.to_ascii_lowercase()),
        });
        if matches {
            found.push((number, time_ns));
        }
    }
    found
}

fn open(number: usize, looks: &Looks) -> Arc<LoadedRule> {
    let settings = serde_json::json!({ "contains": looks.literals, "ignore-case": looks.ignore_case });
    let module = native::module("keyword").expect("it is there");
    modules::open(&format!("rule-{number}"), &module, &settings.to_string())
}

/// Cuts lines into chunks after those whose numbers are in `cuts`.
fn chunks(lines: &[Vec<u8>], cuts: &[prop::sample::Index], ended: bool) -> Vec<Vec<u8>> {
    let mut after: Vec<usize> = cuts.iter().map(|cut| cut.index(lines.len())).collect();
    after.sort_unstable();
    let mut chunks = vec![Vec::new()];
    for (number, line) in lines.iter().enumerate() {
        let chunk = chunks.last_mut().expect("there is always one");
        chunk.extend(line);
        if ended || number + 1 < lines.len() {
            chunk.push(b'\n');
        }
        if after.binary_search(&number).is_ok() {
            chunks.push(Vec::new());
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_finds_what_a_naive_search_finds(
        looks in prop_oneof![8 => prop::collection::vec(rule(), 1..12), 1 => prop::collection::vec(rule(), 60..150)],
        lines in prop::collection::vec(line(), 1..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ended: bool,
        format in prop::sample::select(&Format::ALL[..]),
        threads in 1_usize..3,
    ) {
        let rules: Vec<_> = looks.iter().enumerate().map(|(number, looks)| open(number, looks)).collect();
        let input = Input { format, chunks: chunks(&lines, &cuts, ended), ..Input::new("a", "a", "") };
        let replayed = replay(&rules, &[input], &[], threads);
        for (number, looks) in looks.iter().enumerate() {
            let name = format!("rule-{number}");
            let alerts = replayed.alerts.iter().filter(|alert| alert.rule == name);
            let mut found: Vec<(u64, u64)> = alerts.map(|alert| (alert.line, alert.time_ns)).collect();
            found.sort_unstable();
            prop_assert_eq!(found, oracle(looks, format, &lines), "{:?} {:?}", looks, format);
        }
        prop_assert_eq!(replayed.outcome.scan_counts.cut as usize, lines.iter().filter(|line| line.len() > LINE_BYTES).count());
    }
}
