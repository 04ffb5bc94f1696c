//! Limits how deep an expression nests, before it is parsed: parsing and evaluation recurse, and a stack
//! overflow ends the process.

use crate::limits::{EXPRESSION_DEPTH, EXPRESSION_OPERATORS};

/// Escapes within strings. Others are refused, so that this file and the parser agree on where a string
/// ends; any character can be written as itself.
const ESCAPES: &str = "\\\"'`?nrt";

/// Operators and brackets so far within one pair of brackets.
#[derive(Default)]
struct Level {
    /// `? :`, which nest to the right.
    choices: usize,
    /// Operators, dots and calls since the last `&&`, `||`, `,`, `?` or `:`; each nests one deeper.
    steps: usize,
}

/// Checks that `text` nests within the limits. Refuses what it does not understand; other mistakes are left
/// to the parser.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let mut scan = Scan { levels: vec![Level::default()], operators: 0, word: String::new(), last: ' ' };
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => {
                scan.end_word();
                letters.by_ref().find(|&letter| letter == '\n');
                scan.last = ' ';
                continue;
            }
            '"' | '\'' => {
                let raw = scan.word.eq_ignore_ascii_case("r");
                if !raw && !scan.word.is_empty() {
                    return Err(format!("`{}` stands right before a quote", scan.word));
                }
                scan.word.clear();
                quoted(letter, raw, &mut letters)?;
                if letters.peek() == Some(&letter) {
                    return Err("three quotes in a row; one is enough".to_owned());
                }
            }
            _ => scan.letter(letter),
        }
        scan.last = letter;
        if scan.depth() > EXPRESSION_DEPTH {
            return Err(format!("it nests more than {EXPRESSION_DEPTH} operators and brackets"));
        }
        if scan.operators > EXPRESSION_OPERATORS {
            return Err(format!("it has more than {EXPRESSION_OPERATORS} operators and brackets"));
        }
    }
    Ok(())
}

/// Skips a string up to its closing quote.
fn quoted(quote: char, raw: bool, letters: &mut impl Iterator<Item = char>) -> Result<(), String> {
    loop {
        match letters.next() {
            None | Some('\n' | '\r') => return Err("a text has no closing quote in its line".to_owned()),
            Some(letter) if letter == quote => return Ok(()),
            Some('\\') if !raw => match letters.next() {
                Some(letter) if ESCAPES.contains(letter) => {}
                _ => return Err(r"an escape that is not one of \\ \' \n \r \t; write the letter itself".to_owned()),
            },
            Some(_) => {}
        }
    }
}

struct Scan {
    levels: Vec<Level>,
    operators: usize,
    word: String,
    last: char,
}

impl Scan {
    fn letter(&mut self, letter: char) {
        if letter.is_alphanumeric() || letter == '_' {
            self.word.push(letter);
            return;
        }
        self.end_word();
        if !letter.is_ascii_punctuation() {
            return;
        }
        self.operators += 1;
        let Some(level) = self.levels.last_mut() else { return };
        match letter {
            '(' | '[' | '{' => {
                level.steps += 1;
                self.levels.push(Level::default());
            }
            ')' | ']' | '}' => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
            }
            ',' => *level = Level::default(),
            '?' => {
                level.choices += 1;
                level.steps = 0;
            }
            ':' => level.steps = 0,
            '&' | '|' if self.last == letter => level.steps = 0,
            // The rest of an operator, as in `==`.
            '=' if "=!<>".contains(self.last) => {}
            _ => level.steps += 1,
        }
    }

    fn end_word(&mut self) {
        if self.word == "in" {
            self.operators += 1;
            if let Some(level) = self.levels.last_mut() {
                level.steps += 1;
            }
        }
        self.word.clear();
    }

    /// Returns the deepest that the expression can nest at this place.
    fn depth(&self) -> usize {
        self.levels.iter().map(|level| level.choices + level.steps).sum()
    }
}
