//! Enough of Rust's grammar to count functions and find words: texts and comments are blanked, and
//! braces counted in what is left.

/// A function and how long it is, from its `fn` to its closing brace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, from 1.
    pub line: usize,
    /// Its lines.
    pub lines: usize,
}

/// `source` with comments, texts and character literals replaced by spaces; line ends stay.
pub fn blank(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = at + foreign(&bytes[at..], at.checked_sub(1).map(|before| bytes[before]));
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How many bytes at the front are a comment, a text or a character literal; 0 for code.
fn foreign(rest: &[u8], before: Option<u8>) -> usize {
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => text(rest),
        [b'r', b'"' | b'#', ..] if !before.is_some_and(|byte| is_word(byte) && byte != b'b' && byte != b'c') => {
            raw_text(rest)
        }
        [b'\'', b'\\', ..] => 4 + rest.iter().skip(3).position(|byte| *byte == b'\'').unwrap_or(0),
        [b'\'', ..] => character(rest),
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn text(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_text(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        // A raw name: `r#type`.
        return 0;
    }
    let mut end = vec![b'#'; hashes + 1];
    end[0] = b'"';
    let body = &rest[2 + hashes..];
    body.windows(end.len()).position(|window| window == end).map_or(rest.len(), |at| 2 + hashes + at + end.len())
}

/// A character literal is closed after one character; a lifetime is not closed.
fn character(rest: &[u8]) -> usize {
    let width = match rest.get(1) {
        Some(0..=0x7f) => 1,
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        _ => 4,
    };
    if rest.get(1 + width) == Some(&b'\'') { 2 + width } else { 0 }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The functions with a body in `code`, which must be [`blank`]ed.
pub fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let name: String = code[at + 3..].chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        let word = at == 0 || !is_word(bytes[at - 1]);
        if let (true, false, Some(end)) = (word, name.is_empty(), body_end(&bytes[at..])) {
            let line = 1 + count_lines(&bytes[..at]);
            found.push(Function { name, line, lines: 1 + count_lines(&bytes[at..at + end]) });
        }
    }
    found
}

/// Where the body that follows a signature ends; `None` for a signature without one.
fn body_end(rest: &[u8]) -> Option<usize> {
    let (mut inside, mut depth) = (0_usize, 0_usize);
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'(' | b'[' => inside += 1,
            b')' | b']' => inside = inside.saturating_sub(1),
            b';' if depth == 0 && inside == 0 => return None,
            b'{' => depth += 1,
            b'}' if depth <= 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_are_blanked() {
        for (source, code) in [
            ("a // fn x() {", "a"),
            ("a /* { /* */ } */ b", "a b"),
            (r#"f("{ \" }") b"#, "f( ) b"),
            (r###"r#"{"}"# br"{" r#type"###, "b r#type"),
            ("x<'a>('{', '\\'', 'é')", "x<'a>( , , )"),
        ] {
            let blanked = blank(source);
            assert_eq!(blanked.len(), source.len(), "{source}");
            assert_eq!(blanked.split_whitespace().collect::<Vec<_>>().join(" "), code, "{source}");
        }
    }

    #[test]
    fn functions_are_measured_from_their_name_to_their_brace() {
        let code = "trait T {\n    fn a(&self, b: [u8; 2]);\n    fn c() -> u8 {\n        { 1 }\n    }\n}\nfn d() {}\n";
        let function = |name: &str, line, lines| Function { name: name.into(), line, lines };
        assert_eq!(functions(code), [function("c", 3, 3), function("d", 7, 1)]);
    }
}
