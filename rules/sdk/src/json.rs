//! A reader of JSON, for settings and for messages that hold some. A number stays text until a type wants one, so that
//! no module holds what it takes to print or parse floats unless its rule does.

use std::borrow::Cow;

/// Values within each other that are read.
const DEPTH: usize = 64;

/// A JSON value.
///
/// ```
/// use lifesigns_rule::json::JsonValue;
///
/// let value = JsonValue::parse(r#"{"image": "busybox", "tags": ["1", "2"]}"#).unwrap();
/// assert_eq!(value.get("image").and_then(JsonValue::as_str), Some("busybox"));
/// assert_eq!(JsonValue::parse("{"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonValue<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'a str),
    /// A text, with its escapes undone.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<JsonValue<'a>>),
    /// An object; of keys that occur twice, both are there.
    Table(Vec<(Cow<'a, str>, JsonValue<'a>)>),
}

impl<'a> JsonValue<'a> {
    /// Parses a whole text. Returns `None` if it is no JSON, or more than 64 values are within each other.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(DEPTH)?;
        parser.blank();
        (parser.at == text.len()).then_some(value)
    }

    /// Returns the value under `key` of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Table(entries) => entries.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns a text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Returns the entries of an object, keys and unparsed values, up to its end or to what is no JSON: what a line that
/// was cut off still holds.
///
/// ```
/// let cut = r#"{"image": "a", "labels": {"x": 1}, "name": "b"#;
/// let entries: Vec<_> = lifesigns_rule::json::entries(cut).map(|(key, _)| key.into_owned()).collect();
/// assert_eq!(entries, ["image", "labels"]);
/// ```
pub fn entries(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut parser = Parser { text, at: 0 };
    let mut open = parser.eat(b'{');
    std::iter::from_fn(move || {
        if !open {
            return None;
        }
        let key = parser.key()?;
        parser.blank();
        let from = parser.at;
        parser.value(DEPTH)?;
        let value = text.get(from..parser.at)?;
        open = parser.eat(b',');
        Some((key, value))
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What is not read yet; nothing within a character.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes `byte`, after blanks. Returns whether it was there.
    fn eat(&mut self, byte: u8) -> bool {
        self.blank();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &str, value: JsonValue<'a>) -> Option<JsonValue<'a>> {
        let is_there = self.rest().starts_with(word);
        self.at += word.len();
        is_there.then_some(value)
    }

    fn value(&mut self, depth: usize) -> Option<JsonValue<'a>> {
        let depth = depth.checked_sub(1)?;
        self.blank();
        match self.peek()? {
            b'{' => self.table(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(JsonValue::Text),
            b't' => self.word("true", JsonValue::Bool(true)),
            b'f' => self.word("false", JsonValue::Bool(false)),
            b'n' => self.word("null", JsonValue::Null),
            b'-' | b'0'..=b'9' => Some(JsonValue::Number(self.number())),
            _ => None,
        }
    }

    fn number(&mut self) -> &'a str {
        let from = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn list(&mut self, depth: usize) -> Option<JsonValue<'a>> {
        self.at += 1;
        let mut values = Vec::new();
        if self.eat(b']') {
            return Some(JsonValue::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            if !self.eat(b',') {
                return self.eat(b']').then_some(JsonValue::List(values));
            }
        }
    }

    fn table(&mut self, depth: usize) -> Option<JsonValue<'a>> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.eat(b'}') {
            return Some(JsonValue::Table(entries));
        }
        loop {
            let key = self.key()?;
            entries.push((key, self.value(depth)?));
            if !self.eat(b',') {
                return self.eat(b'}').then_some(JsonValue::Table(entries));
            }
        }
    }

    /// Passes a key and its colon.
    fn key(&mut self) -> Option<Cow<'a, str>> {
        self.blank();
        let key = if self.peek()? == b'"' { self.string()? } else { return None };
        self.eat(b':').then_some(key)
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.at += 1;
        let mut owned = String::new();
        loop {
            let rest = self.text.get(self.at..)?;
            let end = rest.bytes().position(|byte| byte == b'"' || byte == b'\\')?;
            self.at += end + 1;
            if rest.as_bytes().get(end) == Some(&b'"') {
                if owned.is_empty() {
                    return rest.get(..end).map(Cow::Borrowed);
                }
                owned.push_str(rest.get(..end)?);
                return Some(Cow::Owned(owned));
            }
            owned.push_str(rest.get(..end)?);
            owned.push(self.escape()?);
        }
    }

    /// Returns the character of an escape, whose backslash is passed.
    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hexadecimal()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                let is_pair = self.rest().starts_with("\\u");
                self.at += 2;
                let second = if is_pair { self.hexadecimal()?.checked_sub(0xdc00)? } else { return None };
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + second);
            }
            _ => return None,
        })
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_and_what_is_not() {
        let text = |text: &'static str| JsonValue::Text(text.into());
        assert_eq!(
            JsonValue::parse(" [1, -2.5e3 ,true,null,\"a\"] "),
            Some(JsonValue::List(vec![
                JsonValue::Number("1"),
                JsonValue::Number("-2.5e3"),
                JsonValue::Bool(true),
                JsonValue::Null,
                text("a"),
            ]))
        );
        assert_eq!(
            JsonValue::parse(r#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#),
            Some(text("a\"\\/\u{8}\u{c}\n\r\téé😀"))
        );
        assert_eq!(JsonValue::parse("{}"), Some(JsonValue::Table(Vec::new())));
        for none in [
            "",
            "{",
            "[1",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1,}",
            "tru",
            "\"a",
            "\"\\x\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\u0041\"",
            "\"\\u00",
            "1 2",
            "{\"a\":1}x",
            "é",
        ] {
            assert_eq!(JsonValue::parse(none), None, "{none}");
        }
        assert!(JsonValue::parse(&("[".repeat(63) + &"]".repeat(63))).is_some());
        assert_eq!(JsonValue::parse(&("[".repeat(70_000) + &"]".repeat(70_000))), None);
    }
}
