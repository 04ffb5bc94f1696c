//! Frames, whole and in pieces, right and wrong.

use super::*;

const LINE_BYTES: usize = 16;

/// A line, and `c` if it was cut, `m` if its frame was wrong.
type Seen = (String, &'static str);

fn seen(line: ReceivedLine<'_>) -> Seen {
    let marks = match (line.is_cut, line.is_malformed) {
        (false, false) => "",
        (true, false) => "c",
        (false, true) => "m",
        (true, true) => "cm",
    };
    (String::from_utf8_lossy(line.bytes).into_owned(), marks)
}

fn lines(pieces: &[&[u8]]) -> Vec<Seen> {
    let (mut framer, mut lines) = (Framer::new(LINE_BYTES), Vec::new());
    for piece in pieces {
        framer.feed(piece, |line| lines.push(seen(line)));
    }
    framer.end(|line| lines.push(seen(line)));
    lines.retain(|(line, _)| !line.is_empty());
    lines
}

/// Whatever the pieces in which it comes, `stream` is these lines.
#[track_caller]
fn is(stream: &str, expected: &[(&str, &'static str)]) {
    let expected: Vec<Seen> = expected.iter().map(|(line, marks)| ((*line).to_owned(), *marks)).collect();
    let bytes = stream.as_bytes();
    assert_eq!(lines(&[bytes]), expected, "whole: {stream:?}");
    for at in 0..bytes.len() {
        assert_eq!(lines(&[&bytes[..at], &bytes[at..]]), expected, "cut at {at}: {stream:?}");
    }
    let each: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(lines(&each), expected, "byte by byte: {stream:?}");
}

#[test]
fn a_trailer_ends_a_line() {
    is("<13>a\n<13>b\r\n\n<13>c", &[("<13>a", ""), ("<13>b\r", ""), ("<13>c", "")]);
    is("<13>a\0<13>b\nc\0<13>d\0", &[("<13>a", ""), ("<13>b", ""), ("c", ""), ("<13>d", "")]);
    is("<13>a\n<13>b\0c\n", &[("<13>a", ""), ("<13>b", ""), ("c", "")]);
    is("12 apples\n0 <1>\n", &[("12 apples", ""), ("0 <1>", "")]);
}

#[test]
fn a_count_says_how_long_a_line_is() {
    is("5 <13>a6 <13>b\n9 <13>c\nd\ne", &[("<13>a", ""), ("<13>b\n", ""), ("<13>c\nd\ne", "")]);
    is("5 <13>a\n5 <13>b\0\r\n5 <13>c", &[("<13>a", ""), ("<13>b", ""), ("<13>c", "")]);
    is("5 <13>a4 plan", &[("<13>a", ""), ("plan", "")]);
}

#[test]
fn a_wrong_count_costs_the_text_up_to_the_next_line_end() {
    is("5 <13>ax\n5 <13>b", &[("<13>a", ""), ("x", "m"), ("<13>b", "")]);
    is("5 <13>a05 <13>b\n5 <13>c", &[("<13>a", ""), ("05 <13>b", "m"), ("<13>c", "")]);
    is("7 <13>a8 <13>b\n5 <13>c", &[("<13>a8 ", ""), ("<13>b", "m"), ("<13>c", "")]);
    is("50 <13>a", &[("<13>a", "m")]);
    is("5 <13>a12", &[("<13>a", ""), ("12", "m")]);
    is("999999999999 <13>a\n<13>b\n", &[("999999999999 <13", "c"), ("<13>b", "")]);
    is("5 <13>a999999999999 <13>b\n5 <13>c", &[("<13>a", ""), ("999999999999 <13", "cm"), ("<13>c", "")]);
}

#[test]
fn long_lines_are_cut_and_the_next_one_is_whole() {
    let long = "x".repeat(LINE_BYTES);
    is(&format!("{long}\n{long}y\n{long}"), &[(&long, ""), (&long, "c"), (&long, "")]);
    is(
        &format!("17 <{long}16 <{}", &long[1..]),
        &[(&format!("<{}", &long[1..]), "c"), (&format!("<{}", &long[1..]), "")],
    );
    is("999999999 <13>012345678901234567", &[("<13>012345678901", "cm")]);
}

#[test]
fn what_is_held_is_bounded() {
    let mut framer = Framer::new(LINE_BYTES);
    for _ in 0..1000 {
        framer.feed(&[b'x'; 1000], |_| unreachable!("there is no end of a line"));
    }
    assert!(framer.partial.capacity() <= 2 * LINE_BYTES);
}
