//! A JSON reader (RFC 8259) that hands out borrowed pieces: strings without escapes, numbers and
//! whole arrays are in the line as they are, and that is what rules see. `serde_json` would
//! reformat numbers and copy arrays.
//!
//! More lenient than the RFC in two points: control characters in strings are taken as they are,
//! and half surrogates become U+FFFD. What `serde_json` accepts, this accepts.

use std::borrow::Cow;

use memchr::memchr2;

/// Arrays and objects in each other; `serde_json` has the same bound.
const DEPTH: usize = 128;

/// Room for a string behind its first escape: few take more.
const ESCAPED_BYTES: usize = 128;

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not JSON")]
pub struct InvalidJson;

/// Reads one value from front to back, and hands out borrowed pieces of it.
#[derive(Clone, Debug)]
pub struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonReader<'a> {
    /// Returns a reader at the front of `text`.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the first byte of what comes next; 0 at the end.
    pub fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// Steps over `byte`, which must come next.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON.
    pub fn step(&mut self, byte: u8) -> Result<(), InvalidJson> {
        if self.peek() == byte {
            self.at += 1;
            return Ok(());
        }
        Err(InvalidJson)
    }

    /// Returns the next key of an object whose brace has been stepped over, or `None` after its end.
    /// `first` holds for the first call.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON.
    pub fn key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, InvalidJson> {
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(None);
        }
        if !first {
            self.step(b',')?;
            self.peek();
        }
        let key = self.string()?;
        self.step(b':')?;
        self.peek();
        Ok(Some(key))
    }

    /// Where the reader is in its text.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Whether what made a read fail is that the text ends too early.
    pub fn is_cut(&mut self) -> bool {
        self.peek() == 0 && self.at == self.text.len()
    }

    /// Nothing but space may be left.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON.
    pub fn end(&mut self) -> Result<(), InvalidJson> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { Err(InvalidJson) }
    }

    /// Returns the string that comes next.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON.
    pub fn string(&mut self) -> Result<Cow<'a, str>, InvalidJson> {
        match self.open_string()? {
            (text, true) => Ok(text),
            (_, false) => Err(InvalidJson),
        }
    }

    /// Returns the string that comes next, and whether it ends; one that does not is all that is left.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON.
    pub fn open_string(&mut self) -> Result<(Cow<'a, str>, bool), InvalidJson> {
        self.step(b'"')?;
        let rest = &self.text[self.at..];
        let Some(stop) = memchr2(b'"', b'\\', rest.as_bytes()) else {
            self.at = self.text.len();
            return Ok((Cow::Borrowed(rest), false));
        };
        self.at += stop + 1;
        if rest.as_bytes()[stop] == b'"' {
            return Ok((Cow::Borrowed(&rest[..stop]), true));
        }
        let mut text = String::with_capacity(rest.len().min(2 * stop + ESCAPED_BYTES));
        text.push_str(&rest[..stop]);
        loop {
            let rest = &self.text[self.at..];
            if self.escape(&mut text).is_err() {
                if !is_cut_escape(rest) {
                    return Err(InvalidJson);
                }
                self.at = self.text.len();
                return Ok((Cow::Owned(text), false));
            }
            let rest = &self.text[self.at..];
            let Some(stop) = memchr2(b'"', b'\\', rest.as_bytes()) else {
                text.push_str(rest);
                self.at = self.text.len();
                return Ok((Cow::Owned(text), false));
            };
            text.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Ok((Cow::Owned(text), true));
            }
        }
    }

    /// Undoes an escape whose backslash has been stepped over.
    fn escape(&mut self, text: &mut String) -> Result<(), InvalidJson> {
        let letter = *self.text.as_bytes().get(self.at).ok_or(InvalidJson)?;
        self.at += 1;
        text.push(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => self.unicode()?,
            _ => return Err(InvalidJson),
        });
        Ok(())
    }

    fn unicode(&mut self) -> Result<char, InvalidJson> {
        let high = self.hex(self.at)?;
        self.at += 4;
        if (0xd800..0xdc00).contains(&high) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            let low = self.hex(self.at + 2)?;
            if (0xdc00..0xe000).contains(&low) {
                self.at += 6;
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&self, at: usize) -> Result<u32, InvalidJson> {
        let digits = self.text.as_bytes().get(at..at + 4).ok_or(InvalidJson)?;
        digits.iter().try_fold(0, |code, digit| Ok(code << 4 | char::from(*digit).to_digit(16).ok_or(InvalidJson)?))
    }

    /// Returns the value that comes next, whatever it is, as it is in the text.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON.
    pub fn raw(&mut self) -> Result<&'a str, InvalidJson> {
        self.peek();
        let start = self.at;
        self.skip(0)?;
        Ok(&self.text[start..self.at])
    }

    /// Steps through the object that comes next: calls `member` for each key, which has to step over the value.
    ///
    /// # Errors
    /// If something else comes next, `null` too, or it is not JSON, or `member` fails.
    pub fn members<E: From<InvalidJson>>(
        &mut self,
        mut member: impl FnMut(&str, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.step(b'{')?;
        let mut first = true;
        while let Some(key) = self.key(first)? {
            first = false;
            member(&key, self)?;
        }
        Ok(())
    }

    /// Steps through the list that comes next: calls `element` before each value, which it has to step over. `null` is
    /// an empty list, as protocol buffers and Go write one.
    ///
    /// # Errors
    /// If something else comes next, or it is not JSON, or `element` fails.
    pub fn elements<E: From<InvalidJson>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.peek() == b'n' {
            self.raw()?;
            return Ok(());
        }
        self.step(b'[')?;
        if self.step(b']').is_ok() {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.step(b',').is_err() {
                self.step(b']')?;
                return Ok(());
            }
        }
    }

    fn skip(&mut self, depth: usize) -> Result<(), InvalidJson> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'{' | b'[' if depth == DEPTH => Err(InvalidJson),
            b'{' => {
                self.at += 1;
                let mut first = true;
                while self.key(first)?.is_some() {
                    first = false;
                    self.skip(depth + 1)?;
                }
                Ok(())
            }
            b'[' => self.skip_array(depth + 1),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn skip_array(&mut self, depth: usize) -> Result<(), InvalidJson> {
        self.at += 1;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip(depth)?;
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(InvalidJson),
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), InvalidJson> {
        let rest = self.rest();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        if word.starts_with(rest) {
            self.at = self.text.len();
        }
        Err(InvalidJson)
    }

    fn number(&mut self) -> Result<(), InvalidJson> {
        self.take(b"-");
        let zero = self.take(b"0");
        if !zero {
            self.digits()?;
        }
        if self.take(b".") {
            self.digits()?;
        }
        if self.take(b"eE") {
            self.take(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn take(&mut self, any: &[u8]) -> bool {
        let taken = self.text.as_bytes().get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(taken);
        taken
    }

    fn digits(&mut self) -> Result<(), InvalidJson> {
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(InvalidJson) }
    }
}

/// Whether `rest`, what follows a backslash, is the beginning of an escape and then the end.
fn is_cut_escape(rest: &str) -> bool {
    let hex = |text: &str| text.len() < 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match rest.strip_prefix('u') {
        None => rest.is_empty(),
        // The second half of a surrogate may be what is missing.
        Some(code) => hex(code) || code.get(4..).and_then(|low| low.strip_prefix("\\u")).is_some_and(hex),
    }
}

#[cfg(test)]
mod tests;
