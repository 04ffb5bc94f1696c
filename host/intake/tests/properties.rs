//! What holds for every line in every format.

#![allow(clippy::ptr_arg)]

use std::borrow::Cow;

use lifesigns_intake::Format;
use lifesigns_model::{BYTE_LIST_MARKS, LogRecord, limits};
use proptest::prelude::*;

/// 2026-11-24T00:00:00Z.
const REFERENCE_NS: u64 = 1_795_478_400_000_000_000;

/// Pieces that the formats are made of, in any order.
const PIECE: &str = "\\PC{0,4}|[<>\\[\\]{}:,\"\\\\= \t\u{feff}-]|<1[0-9]>|1 |\\\\[\"\\\\\\]nux]|[0-9]{1,4}|\
    Nov 23 06:39:59 |2026-11-23T06:39:59(\\.[0-9]{1,10})?(Z|\\+01:00)|web-1 |app\\[7\\]: |kernel: |@cee: |\
    (time|level|msg|a)=|\"(time|log|message|object|fields|properties|metrics|kind)\":|\"\\\\u[0-9a-d]{4}\"|null|1e3|\
    \0|\u{1b}\\[36m|#033\\[0m|DEBU\\[|INFO\\[7\\] |  k=v|web-1  \\| |\\[pod/a/b\\] |stdout F |EST |\\*|%A-5-B: |\
    \"MESSAGE\":\\[100,111\\]|\"docker\":\\{\"Type\":\"container\",\"Action\":\"create\"\\}";

fn texts<'r, 'a>(record: &'r LogRecord<'a>) -> impl Iterator<Item = &'r Cow<'a, str>> {
    let parts = [&record.object, &record.app, &record.message].into_iter().flatten();
    parts.chain(record.fields.iter().flat_map(|(name, value)| [name, value]))
}

fn lies_in(text: &str, line: &str) -> bool {
    let (line, text) = (line.as_bytes().as_ptr_range(), text.as_bytes().as_ptr_range());
    line.start <= text.start && text.end <= line.end
}

fn record_holds(format: Format, line: &str) {
    let decoder = format.decoder(REFERENCE_NS);
    let record = decoder.decode(line);
    assert_eq!(record, decoder.decode(line), "decoding is pure");
    assert!(record.message.is_some() || record.facts.is_some(), "a record says something");
    assert!(record.fields.len() <= limits::FIELDS);
    assert!(record.facts.is_none() || decoder.facts());
    assert!(record.time_ns.is_none() || decoder.may_have_time(line.as_bytes()), "a time shows in the raw line");
    let message = record.message.as_deref().unwrap_or_default();
    assert!(decoder.escapes() || line.contains(message), "without escapes a message stands in its line");
    // What the host knows of raw lines: elsewhere a literal of a message is found without decoding.
    let hidden = line.contains('\\') || BYTE_LIST_MARKS.iter().any(|mark| line.contains(mark));
    assert!(hidden || line.contains(message), "a message stands in its line unless something hides it");
    if let Some(Cow::Borrowed(message)) = &record.message {
        assert!(lies_in(message, line));
    }
    if !hidden {
        let values = record.fields.iter().map(|(_, value)| value).chain(&record.message);
        assert!(
            values.into_iter().all(|value| matches!(value, Cow::Borrowed(_))),
            "without a backslash all is borrowed"
        );
    }
    assert!(texts(&record).all(|text| text.len() <= 3 * line.len() + 16), "nothing grows");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_sound_record(line in "\\PC{0,80}") {
        Format::ALL.into_iter().for_each(|format| record_holds(format, &line));
    }

    #[test]
    fn any_pieces_give_a_sound_record(pieces in prop::collection::vec(PIECE, 0..24)) {
        let line = pieces.concat();
        Format::ALL.into_iter().for_each(|format| record_holds(format, &line));
    }

    #[test]
    fn cut_lines_give_a_sound_record(at in 0_usize..200) {
        let lines = [
            r#"{"object":"vm","fields":{"a":[1,{"b":"\u00e9"}]},"log":"level=info msg=\"x\"\n","metrics":{"m":1.5}}"#,
            r#"<165>1 2003-10-11T22:14:15.003Z host app 7 ID47 [a@1 b="\"x\""] {"msg":"é","properties":{"env":"lab"}}"#,
            r#"time="2026-11-23T06:40:13Z" level=warning msg="cleanup \"warnings\" \xe9 \u00e9" name=é"#,
            "2026-11-23T06:39:59.92+01:00 web-1 dockerd[812]: [Sun Dec 04 04:47:44.123 2005] é",
        ];
        for line in lines {
            let cut = line.get(..at.min(line.len())).unwrap_or(line);
            Format::ALL.into_iter().for_each(|format| record_holds(format, cut));
        }
    }

    #[test]
    fn json_comes_back(message in any::<String>().prop_filter("a line in a line", |text| !text.contains(['<', '{'])), name in "[a-z]{1,8}x", value in any::<String>(), number: i64) {
        let json = serde_json::json!({ "message": message, "fields": { &name: { &name: value } }, "count": number });
        let line = json.to_string();
        let decoder = Format::Ndjson.decoder(REFERENCE_NS);
        let record = decoder.decode(&line);
        prop_assert_eq!(record.message.as_deref(), Some(message.as_str()));
        let field = |wanted: &str| record.fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value);
        prop_assert_eq!(field(&format!("{name}.{name}")), Some(value.as_str()));
        let number = number.to_string();
        prop_assert_eq!(field("count"), Some(number.as_str()));
    }

    #[test]
    fn auto_reads_what_the_format_itself_reads(message in "[a-z][a-z ]{0,20}") {
        let lines = [
            (Format::Ndjson, format!("{{\"msg\":\"{message}\"}}")),
            (Format::Logfmt, format!("level=info msg=\"{message}\"")),
            (Format::Syslog, format!("<13>Nov 23 06:39:59 web-1 app[7]: {message}")),
            (Format::Syslog, format!("2026-11-23T06:39:59.92+01:00 web-1 app: {message}")),
            (Format::Plain, format!("2026-11-23 06:39:59 {message}")),
        ];
        for (format, line) in lines {
            prop_assert_eq!(Format::Auto.decoder(REFERENCE_NS).decode(&line), format.decoder(REFERENCE_NS).decode(&line));
        }
    }
}

#[test]
fn fields_and_depth_are_bounded() {
    let many: String = (0..1000).map(|number| format!("k{number}=v ")).collect();
    assert_eq!(Format::Logfmt.decoder(0).decode(&many).fields.len(), limits::FIELDS);
    let many = format!("{{{}\"z\":1}}", (0..1000).map(|number| format!("\"k{number}\":1,")).collect::<String>());
    assert_eq!(Format::Ndjson.decoder(0).decode(&many).fields.len(), limits::FIELDS);
    let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
    let decoder = Format::Ndjson.decoder(0);
    let record = decoder.decode(&deep);
    assert!(record.fields.iter().all(|(name, value)| name.len() < 40 && value.starts_with('{')) && !record.malformed);
}

#[test]
fn a_line_cannot_make_much_more_of_itself() {
    let (long, many) = ("k".repeat(20_000), (0..4000).map(|number| format!("\"{number}\":1,")).collect::<String>());
    let params = (0..4000).map(|number| format!(" {number}=\"1\"")).collect::<String>();
    for (format, line) in [
        (Format::Ndjson, format!("{{\"{long}\":{{{many}\"z\":1}}}}")),
        (Format::Syslog, format!("<165>1 - - - - - [{long}{params}] message")),
    ] {
        let decoder = format.decoder(REFERENCE_NS);
        let bytes: usize = texts(&decoder.decode(&line)).map(|text| text.len()).sum();
        assert!(bytes < 4 * line.len(), "{format}: {bytes} bytes of {}", line.len());
    }
}
