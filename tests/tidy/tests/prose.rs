//! Plain words: a few that this project once used in a way of its own stay out of comments, texts and
//! documents.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{blank, committed, read, sources};

/// Each with what to say instead. Split, so that this file does not hold them.
const WORDS: [(&str, &str); 7] = [
    (concat!("to", "ld"), "notified, passed, given"),
    (concat!("an", "ew"), "again, re-evaluated"),
    (concat!("who", "ever"), "name the caller"),
    (concat!("no", "body"), "name who does not, or use the passive"),
    (concat!("some", "body"), "name who does"),
    (concat!("let ", "go"), "released, evicted"),
    (concat!("so ", "many"), "a number, a limit"),
];

/// Quotations: log lines in which a user of Unix has one of these names, and a key of JSON that users have.
const QUOTED: [&str; 4] =
    [concat!("user=no", "body"), concat!("for no", "body"), concat!("user no", "body"), concat!("\"to", "ld\"")];

#[test]
fn comments_texts_and_documents_use_plain_words() {
    let mut found = Vec::new();
    for path in sources().into_iter().filter(|path| !path.ends_with(file!())) {
        look(&path, &prose(&read(&path)), &mut found);
    }
    for path in committed().into_iter().filter(|path| path.ends_with(".md") || path.ends_with(".wit")) {
        look(&path, &read(&path), &mut found);
    }
    assert!(found.is_empty(), "{} places:\n  {}", found.len(), found.join("\n  "));
}

/// `source` without its code: comments and texts; line ends stay.
fn prose(source: &str) -> String {
    let code = blank(source);
    let bytes = source.bytes().zip(code.bytes());
    let prose = bytes.map(|(byte, code)| if byte == code && byte != b'\n' { b' ' } else { byte }).collect();
    String::from_utf8(prose).expect("only whole characters are blanked")
}

fn look(path: &str, text: &str, found: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        let line = QUOTED.iter().fold(line.to_lowercase(), |line, quoted| line.replace(quoted, ""));
        for (word, instead) in WORDS {
            if has_word(&line, word) {
                found.push(format!("{path}:{}: `{word}`; better: {instead}", number + 1));
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |it: char| it.is_alphanumeric() || it == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_letter);
        let after = line[at + word.len()..].chars().next().is_some_and(is_letter);
        !before && !after
    })
}

#[test]
fn words_are_whole_words_of_prose() {
    assert!(has_word("it was to ld, so many times", concat!("so ", "many")));
    assert!(!has_word("so_many", concat!("so ", "many")) && !has_word("canew", concat!("an", "ew")));
    let source = "let told = 1; // it is told\nf(\"told\");\n";
    assert_eq!(prose(source).split_whitespace().collect::<Vec<_>>(), ["//", "it", "is", "told", "\"told\""]);
}
