//! What a decoder says of a raw line without decoding it: whether it may have a time.

use std::sync::{Arc, LazyLock};

use lifesigns_intake::{Format, TimeFormat, object_decoder, parse_time};
use lifesigns_model::ManualClock;
use proptest::prelude::*;

/// 2026-11-24T00:00:00Z.
const REFERENCE_NS: u64 = 1_795_478_400_000_000_000;

/// Pieces of times, of what is before them, and of what hides them.
const PIECES: [&str; 89] = [
    "2026-11-23",
    "2026/11/23",
    r"2026\/11\/23",
    r"2026\/11/23",
    "T",
    " ",
    "06:39:59",
    "06:39",
    ":",
    "=",
    "\"",
    "\\\"",
    "Nov 23 ",
    "Nov  3 ",
    "Nov 3 2005 ",
    "2005 Nov 3 ",
    "12",
    "123456789",
    "1699956904",
    "1699956904.123456 ",
    "1.7e+09",
    "17E8",
    ".5",
    "\t",
    "\r",
    "[",
    "]",
    "Z",
    "+01:00",
    ",",
    "{",
    "}",
    "{\"",
    "\"}",
    "Sun Dec 04 ",
    "081109 203615 ",
    "\"time\":",
    "\"ts\": ",
    "\"timeNano\":",
    "\"date\" : ",
    "\"@timestamp\":\"",
    "\"log\":\"",
    "\"message\":\"",
    "\"msg\":",
    "\"created\":\"",
    "\"id\":",
    "\"event\":",
    "\"docker\":",
    "\"fields\":",
    "\"status\":\"start\",",
    "\"from\":\"a\",",
    "time=",
    "ts=\"",
    "t=",
    "msg=\"",
    "took=",
    "level=info ",
    r"\u0031",
    r"\u003a",
    r"\u003c",
    r"\u0020",
    r"\u005c",
    r"\x31",
    r"\061",
    r"\n",
    r"\t",
    r"\\",
    r"\u001b",
    "u0031",
    "[10/Oct/2000:13:55:36 -0700]",
    "a - b ",
    "web-1  | ",
    "<13>",
    "<165>1 ",
    "vm app[7]: ",
    "\"MESSAGE\":[50,48,50,54,45,49,49,45,50,51]",
    "\"MESSAGE\":[",
    "\u{1b}[36m",
    "\u{feff}",
    "#033[36m",
    "INFO[",
    "*",
    "%SYS-5-A: ",
    "03-17 16:13:38.811  1702  2395 D a",
    "[10.30 16:49:06] a.exe - b",
    "20171223-22:15:29:606|",
    "17/06/09 20:10:40 ",
    "9.5 1699956904 2005.11.09 ",
    "Mon 2026-11-23 06:39:59 UTC host ",
];

/// Whole times, and the forms in which lines carry them.
const CARRIERS: [(&str, &str); 10] = [
    ("", " text"),
    ("web-1 | {\"log\":\"", "\"}"),
    ("{\"time\":\"", "\"}"),
    ("{\"a\":{\"time\":", "}}"),
    ("{\"log\":\"{\\\"ts\\\":\\\"", "\\\"}\"}"),
    ("{\"message\":\"<13>", " vm app: text\"}"),
    ("{\"msg\":\"<165>1 ", " vm app - - - text\"}"),
    ("time=", " msg=a"),
    ("level=info ts=\"", "\" msg=a"),
    ("<13>", " vm app: text"),
];

/// How the times of a source may look, to find them among the pieces.
static OWN: LazyLock<Vec<TimeFormat>> = LazyLock::new(|| {
    ["%y/%m/%d %T", "%s", "%e.%m %H", "%a %b %d %T", "{\"%H %d %m"].map(|text| text.parse().expect("a format")).into()
});

fn holds(line: &str) {
    for format in Format::ALL {
        let decoder = format.decoder_with(Arc::new(ManualClock::new(REFERENCE_NS)), &OWN);
        let time_ns = decoder.decode(line).time_ns;
        assert!(time_ns.is_none() || decoder.may_have_time(line.as_bytes()), "own, {format}: {time_ns:?} in {line:?}");
    }
    for format in Format::ALL {
        let decoder = format.decoder(REFERENCE_NS);
        let time_ns = decoder.decode(line).time_ns;
        assert!(time_ns.is_none() || decoder.may_have_time(line.as_bytes()), "{format}: {time_ns:?} in {line:?}");
        let with_object = object_decoder(decoder);
        let line = format!("vm-1\u{1f}{line}");
        let time_ns = with_object.decode(&line).time_ns;
        assert!(time_ns.is_none() || with_object.may_have_time(line.as_bytes()), "{format}: {time_ns:?} in {line:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_line_with_a_time_may_have_one(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..14)) {
        holds(&pieces.concat());
    }

    #[test]
    fn an_object_with_a_time_may_have_one(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..8)) {
        let text = pieces.concat();
        holds(&format!("{{{text}"));
        holds(&format!("{{\"log\":{}}}", serde_json::Value::from(text)));
    }

    #[test]
    fn a_carried_time_is_found(
        carrier in prop::sample::select(&CARRIERS[..]),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 1..4),
        pad in 0_usize..80,
    ) {
        let (before, after) = carrier;
        holds(&format!("{before}{}{after}", pieces.concat()));
        holds(&format!("{{\"k\":\"{}\",\"log\":{}}}", "x".repeat(pad), serde_json::Value::from(pieces.concat())));
    }
}

/// Checks that no line behind the last sign in `lines` has a time, and returns whether one of them has.
fn behind_the_last_sign_is_no_time(lines: &str) -> bool {
    let mut any = false;
    for format in Format::ALL {
        let own = format.decoder_with(Arc::new(ManualClock::new(REFERENCE_NS)), &OWN);
        for decoder in [format.decoder(REFERENCE_NS), own] {
            let sign = decoder.last_sign_of_time(lines.as_bytes());
            let mut start = 0;
            for line in lines.split('\n') {
                // Lines are decoded without their ends.
                let time_ns = decoder.decode(line.strip_suffix('\r').unwrap_or(line)).time_ns;
                let is_found = sign.is_some_and(|sign| start <= sign);
                assert!(time_ns.is_none() || is_found, "{format}: {time_ns:?} in {line:?}, {sign:?} in {lines:?}");
                any |= time_ns.is_some();
                start += line.len() + 1;
            }
        }
    }
    any
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_behind_the_last_sign_has_a_time(
        lines in prop::collection::vec(prop::collection::vec(prop::sample::select(&PIECES[..]), 0..7), 0..8),
        pad in 0_usize..70,
    ) {
        let lines: Vec<String> = lines.iter().map(|pieces| pieces.concat()).collect();
        behind_the_last_sign_is_no_time(&format!("{}{}", "x".repeat(pad), lines.join("\n")));
    }

    #[test]
    fn a_time_before_lines_without_one_is_found(
        carrier in prop::sample::select(&CARRIERS[..]),
        time in prop::sample::select(&["2026-11-23T06:39:59Z", "Nov 23 06:39:59", "1699956904", "1.7e9"][..]),
        pads in (0_usize..80, 0_usize..150),
    ) {
        let (before, after) = carrier;
        let (front, behind) = ("a - b\n".repeat(pads.0), "c: 12 [d] e\n".repeat(pads.1));
        behind_the_last_sign_is_no_time(&format!("{front}{before}{time}{after}\n{behind}"));
    }
}

/// Every byte of a line can be the first of a block.
#[test]
fn lines_are_found_wherever_blocks_begin() {
    for line in
        ["a 2026-11-23 06:39:59 b", "{\"time\":1699956904}", "{\"ts\" : 1.7e+09}", "081109 203615 a", "\u{1b}[0m9.5 a"]
    {
        for (front, behind) in (0..70).flat_map(|front| (0..70).map(move |behind| (front, behind))) {
            let (front, behind) = ("x".repeat(front), "y".repeat(behind));
            behind_the_last_sign_is_no_time(&format!("{front}\n{line}\n{behind}"));
        }
    }
    assert!(behind_the_last_sign_is_no_time("a\n2026-11-23T06:39:59Z a\nb"));
}

#[test]
fn a_line_end_of_two_bytes_hides_no_time() {
    for time in ["1699956904", "2026-11-23T06:39:59Z", "17/06/09 20:10:40", "{\"time\":1699956904}", "ts=1.7e9"] {
        for lines in [format!("{time}\r\na b\r\n"), format!("a b\r\n{time}\r"), format!("\r\n{time}\r\n\r\n")] {
            assert!(behind_the_last_sign_is_no_time(&lines), "{lines:?}");
        }
    }
    let decoder = Format::Auto.decoder(REFERENCE_NS);
    assert_eq!(decoder.last_sign_of_time(b"1699956904\r\ncontainer create failed\r\n"), Some(0));
    for lines in ["\r\n", "\r", "a b\r\n\r\n\r\n"] {
        assert_eq!(decoder.last_sign_of_time(lines.as_bytes()), None, "{lines:?}");
    }
}

#[test]
fn a_broken_object_behind_spaces_may_begin_with_a_time() {
    let line = " {9.5 1699956904 2005.11.09 text";
    assert_eq!(Format::Ndjson.decoder(REFERENCE_NS).decode(line).time_ns, Some(1_699_956_904_000_000_000));
    holds(line);
}

#[test]
fn a_time_is_found_wherever_it_stands_in_the_line() {
    let decoder = Format::Auto.decoder(REFERENCE_NS);
    for time in ["\"2026-11-23T06:39:59Z\"", "1699956904", "1.7e9", r#""2026-11-23T06:39\u003a59Z""#] {
        for (before, after) in (0..170).flat_map(|before| (0..90).map(move |after| (before, after))) {
            let (before, after) = ("x".repeat(before), "y".repeat(after));
            let line = format!("{{\"a\":\"{before}\",\"time\":{time},\"b\":\"{after}\"}}");
            assert!(decoder.may_have_time(line.as_bytes()), "{line}");
        }
    }
}

#[test]
fn the_formats_of_a_source_come_first() {
    let clock = Arc::new(ManualClock::new(REFERENCE_NS));
    let format: TimeFormat = "%d/%m/%y %T".parse().expect("a format");
    let decoder = Format::Auto.decoder_with(clock, &[format]);
    for (line, time) in [
        ("17/06/09 20:10:40 INFO a", Some("2009-06-17T20:10:40Z")),
        (r#"{"time":"17/06/09 20:10:40","msg":"a"}"#, Some("2009-06-17T20:10:40Z")),
        (r#"{"time":"17/06/09 20:10:40 +1","msg":"a"}"#, None),
        ("ts=\"17/06/09 20:10:40\" msg=a", Some("2009-06-17T20:10:40Z")),
        ("2026-11-23T06:39:59Z a", Some("2026-11-23T06:39:59Z")),
        ("\u{feff}17/06/09 20:10:40 a", Some("2009-06-17T20:10:40Z")),
    ] {
        assert_eq!(decoder.decode(line).time_ns, time.and_then(parse_time), "{line}");
    }
}

#[test]
fn lines_without_the_formats_of_a_source_need_no_decoding() {
    let decoder = Format::Auto.decoder_with(Arc::new(ManualClock::new(REFERENCE_NS)), &OWN);
    for line in
        [r#"{"level":"info","took":"12:00","msg":"started = 1"}"#, "level=info msg=\"17/06/09 20:10:40\"", "at 12:00"]
    {
        assert!(!decoder.may_have_time(line.as_bytes()), "{line}");
        assert_eq!(decoder.decode(line).time_ns, None, "{line}");
    }
}

#[test]
fn what_is_no_time_needs_no_decoding() {
    let decoder = Format::Auto.decoder(REFERENCE_NS);
    for line in [
        "accepted connection 17 from 10.0.0.12:8080 at 06:39:59 after 3e4f",
        r#"{"level":"info","trace":"7f3e4a5b6c7d8e9f","duration_ns":1000000000,"created":"2026-11-23T06:39:59Z","message":"a"}"#,
        r#"{"began":"06:39:59","msg":"say \"hi\" \u003cb\u003e \n"}"#,
        r"Loaded C:\Windows\winsxs\x86_a\servicing.dll",
    ] {
        assert!(!decoder.may_have_time(line.as_bytes()), "{line}");
        assert_eq!(decoder.last_sign_of_time(format!("{line}\n").repeat(40).as_bytes()), None, "{line}");
        assert_eq!(decoder.decode(line).time_ns, None, "{line}");
    }
}
