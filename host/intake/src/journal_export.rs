//! The export format of systemd's journal, as `journalctl -o export` and `systemd-journal-upload` write it
//! (<https://systemd.io/JOURNAL_EXPORT_FORMATS>): each entry becomes the line of JSON that `journalctl -o json` makes.

use lifesigns_model::limits::FIELDS;
use lifesigns_text::write_json_string;

use crate::carry::quoted;

/// The longest field that may come, in bytes; the journal's own bound.
const FIELD_BYTES: u64 = 768 << 20;
/// The longest name of a field, in bytes; the journal's own bound.
const NAME_BYTES: usize = 64;
/// What is kept of the message, of another field, and of all other fields together: bytes of JSON.
const MESSAGE_BYTES: usize = 36 << 10;
const VALUE_BYTES: usize = 4 << 10;
const VALUES_BYTES: usize = 24 << 10;
const MESSAGE: &str = "MESSAGE";
const CURSOR: &str = "__CURSOR";

/// Why bytes are no export of a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExport {
    /// A line is no field.
    #[error("entry {entry}: a field has a name of 1 to 64 capital letters, digits and `_`")]
    Name {
        /// The number of the entry, from 1.
        entry: u64,
    },
    /// A binary field is too long.
    #[error("entry {entry}: a field of {length} bytes; it may have 768 MiB")]
    TooLong {
        /// The number of the entry, from 1.
        entry: u64,
        /// How long it says to be.
        length: u64,
    },
    /// A binary field does not end where it says.
    #[error("entry {entry}: a binary field does not end with a line end")]
    Unended {
        /// The number of the entry, from 1.
        entry: u64,
    },
    /// The bytes end within a field.
    #[error("entry {entry}: it ends within a field")]
    Cut {
        /// The number of the entry, from 1.
        entry: u64,
    },
}

/// Where an entry stands in its journal: `s=` and `i=` of its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalCursor {
    /// The journal: a file, or several that go on with each other's numbers.
    pub journal: u128,
    /// The number of the entry, which grows.
    pub number: u64,
}

impl JournalCursor {
    fn parse(text: &str) -> Option<Self> {
        let part = |key: &str| text.split(';').find_map(|part| part.strip_prefix(key));
        let journal = u128::from_str_radix(part("s=")?, 16).ok()?;
        Some(Self { journal, number: u64::from_str_radix(part("i=")?, 16).ok()? })
    }
}

/// An entry that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedEntry {
    /// The entry as JSON, without a line end.
    pub line: Vec<u8>,
    /// Where it stands, if it says so.
    pub cursor: Option<JournalCursor>,
    /// Whether a field was cut or left out, because the entry would be longer than a line.
    pub is_cut: bool,
}

/// Reads entries as their bytes arrive. What it holds is bounded whatever comes.
#[derive(Debug, Default)]
pub struct JournalExport {
    state: State,
    entry: EntryLine,
    /// Entries that are whole.
    entries: u64,
}

#[derive(Debug)]
enum State {
    /// Within a line.
    Line(Kept),
    /// Within the length of a binary field.
    Length { name: String, bytes: Vec<u8> },
    /// Within a binary field.
    Value { name: String, left: u64, value: Kept },
    /// Before the line end of a binary field.
    End,
}

impl Default for State {
    fn default() -> Self {
        Self::Line(Kept::default())
    }
}

/// The beginning of what came.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let room = MESSAGE_BYTES.saturating_sub(self.bytes.len());
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl JournalExport {
    /// Takes what has arrived, and hands on each entry that is whole.
    ///
    /// # Errors
    /// Where the bytes are no export; entries before that have been handed on, and nothing more is to be read.
    pub fn read(&mut self, mut bytes: &[u8], mut found: impl FnMut(ExportedEntry)) -> Result<(), InvalidExport> {
        while !bytes.is_empty() {
            bytes = self.step(bytes, &mut found)?;
        }
        Ok(())
    }

    /// Ends the reading: the last entry needs no empty line behind it.
    ///
    /// # Errors
    /// If the bytes end within a field.
    pub fn finish(mut self, mut found: impl FnMut(ExportedEntry)) -> Result<(), InvalidExport> {
        match &self.state {
            State::Line(line) if line.bytes.is_empty() => {
                self.end_entry(&mut found);
                Ok(())
            }
            _ => Err(InvalidExport::Cut { entry: self.number() }),
        }
    }

    const fn number(&self) -> u64 {
        self.entries + 1
    }

    /// Takes as many bytes as belong together, and returns the rest.
    fn step<'b>(&mut self, bytes: &'b [u8], found: &mut impl FnMut(ExportedEntry)) -> Result<&'b [u8], InvalidExport> {
        let entry = self.number();
        match &mut self.state {
            State::Line(line) => {
                let Some(end) = memchr::memchr(b'\n', bytes) else {
                    line.add(bytes);
                    return Ok(&[]);
                };
                line.add(&bytes[..end]);
                let line = std::mem::take(line);
                self.end_line(line, found)?;
                Ok(&bytes[end + 1..])
            }
            State::Length { name, bytes: length } => {
                let (taken, rest) = bytes.split_at(bytes.len().min(8 - length.len()));
                length.extend_from_slice(taken);
                if let Ok(whole) = <[u8; 8]>::try_from(&length[..]) {
                    let length = u64::from_le_bytes(whole);
                    if length > FIELD_BYTES {
                        return Err(InvalidExport::TooLong { entry, length });
                    }
                    self.state = State::Value { name: std::mem::take(name), left: length, value: Kept::default() };
                }
                Ok(rest)
            }
            State::Value { name, left, value } => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                let (taken, rest) = bytes.split_at(count);
                value.add(taken);
                *left -= count as u64;
                if *left == 0 && !rest.is_empty() {
                    let (name, value) = (std::mem::take(name), std::mem::take(value));
                    self.entry.add(&name, &value.bytes, value.is_cut);
                    self.state = State::End;
                }
                Ok(rest)
            }
            State::End => {
                let Some(rest) = bytes.strip_prefix(b"\n") else { return Err(InvalidExport::Unended { entry }) };
                self.state = State::default();
                Ok(rest)
            }
        }
    }

    fn end_line(&mut self, line: Kept, found: &mut impl FnMut(ExportedEntry)) -> Result<(), InvalidExport> {
        if line.bytes.is_empty() {
            self.end_entry(found);
            return Ok(());
        }
        let end = memchr::memchr(b'=', &line.bytes).unwrap_or(line.bytes.len());
        let name = name(&line.bytes[..end]).ok_or(InvalidExport::Name { entry: self.number() })?;
        match line.bytes.get(end + 1..) {
            Some(value) => self.entry.add(name, value, line.is_cut),
            None => self.state = State::Length { name: name.to_owned(), bytes: Vec::with_capacity(8) },
        }
        Ok(())
    }

    fn end_entry(&mut self, found: &mut impl FnMut(ExportedEntry)) {
        if let Some(entry) = std::mem::take(&mut self.entry).finish() {
            self.entries += 1;
            found(entry);
        }
    }
}

/// Returns the name of a field if it is one.
fn name(bytes: &[u8]) -> Option<&str> {
    let is_name = (1..=NAME_BYTES).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    if is_name { str::from_utf8(bytes).ok() } else { None }
}

/// An entry on its way to a line of JSON.
#[derive(Debug, Default)]
struct EntryLine {
    fields: Vec<u8>,
    message: Option<String>,
    count: usize,
    cursor: Option<JournalCursor>,
    is_cut: bool,
}

impl EntryLine {
    /// Adds a field; of equal messages the first counts.
    fn add(&mut self, name: &str, value: &[u8], is_cut: bool) {
        let text = String::from_utf8_lossy(value);
        self.is_cut |= is_cut;
        if name == MESSAGE {
            if self.message.is_none()
                && let Some((text, is_cut)) = quoted(&text, MESSAGE_BYTES)
            {
                self.message = Some(text);
                self.is_cut |= is_cut;
            }
            return;
        }
        if name == CURSOR {
            self.cursor = JournalCursor::parse(&text);
        }
        let room = VALUES_BYTES.saturating_sub(self.fields.len() + name.len() + 4).min(VALUE_BYTES);
        let Some((text, is_cut)) = quoted(&text, room).filter(|_| self.count < FIELDS) else {
            self.is_cut = true;
            return;
        };
        self.count += 1;
        self.is_cut |= is_cut;
        self.fields.push(if self.fields.is_empty() { b'{' } else { b',' });
        write_json_string(name, &mut self.fields);
        self.fields.push(b':');
        self.fields.extend_from_slice(text.as_bytes());
    }

    /// Returns the entry, unless nothing is in it.
    fn finish(self) -> Option<ExportedEntry> {
        let mut line = self.fields;
        if let Some(message) = self.message {
            line.push(if line.is_empty() { b'{' } else { b',' });
            write_json_string(MESSAGE, &mut line);
            line.push(b':');
            line.extend_from_slice(message.as_bytes());
        }
        if line.is_empty() {
            return None;
        }
        line.push(b'}');
        Some(ExportedEntry { line, cursor: self.cursor, is_cut: self.is_cut })
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::limits::LINE_BYTES;

    use super::*;

    /// What comes of the bytes when they arrive in pieces of this length.
    fn entries(bytes: &[u8], length: usize) -> (Vec<ExportedEntry>, Result<(), InvalidExport>) {
        let (mut export, mut found) = (JournalExport::default(), Vec::new());
        for piece in bytes.chunks(length) {
            if let Err(error) = export.read(piece, |entry| found.push(entry)) {
                return (found, Err(error));
            }
        }
        let ended = export.finish(|entry| found.push(entry));
        (found, ended)
    }

    fn binary(name: &str, value: &[u8]) -> Vec<u8> {
        [name.as_bytes(), b"\n", &(value.len() as u64).to_le_bytes(), value, b"\n"].concat()
    }

    const CURSOR_LINE: &str = "__CURSOR=s=0f;i=1a;b=2;m=3;t=4;x=5\n";

    #[test]
    fn entries_are_lines_of_json_however_they_arrive() {
        let two_lines = binary(MESSAGE, b"one\n\ntwo\xff");
        let bytes =
            [CURSOR_LINE.as_bytes(), b"_PID=7\n", &two_lines, b"X=\n\n\n\nMESSAGE=a=b\nMESSAGE=other\n"].concat();
        for length in [1, 2, 7, 1000] {
            let (found, ended) = entries(&bytes, length);
            assert_eq!(ended, Ok(()));
            let lines: Vec<_> = found.iter().map(|entry| String::from_utf8_lossy(&entry.line)).collect();
            let first = r#"{"__CURSOR":"s=0f;i=1a;b=2;m=3;t=4;x=5","_PID":"7","X":"","MESSAGE":"one\n\ntwo�"}"#;
            assert_eq!(lines, [first, r#"{"MESSAGE":"a=b"}"#], "{length}");
            assert_eq!(found[0].cursor, Some(JournalCursor { journal: 15, number: 26 }));
            assert!(found[1].cursor.is_none() && !found[0].is_cut);
        }
    }

    #[test]
    fn an_entry_has_room_in_a_line_whatever_is_in_it() {
        let mut bytes = [b"MESSAGE=", &[1; 200 << 10][..], b"\n"].concat();
        bytes.extend(binary("COREDUMP", &vec![b'"'; 3 << 20]));
        for number in 0..1000 {
            bytes.extend(format!("F{number}={}\n", "\u{7f}é\"".repeat(300)).as_bytes());
        }
        let (found, ended) = entries(&bytes, 64 << 10);
        assert_eq!((found.len(), ended), (1, Ok(())));
        assert!(found[0].is_cut && found[0].line.len() <= LINE_BYTES, "{}", found[0].line.len());
        let line = String::from_utf8(found[0].line.clone()).expect("text");
        let mut json = crate::JsonReader::new(&line);
        assert!(json.raw().is_ok() && json.end().is_ok());
    }

    #[test]
    fn what_is_no_export_is_said_with_its_entry() {
        let long = [b"A\n", &u64::MAX.to_le_bytes()[..]].concat();
        let unended = [b"A\n", &1_u64.to_le_bytes()[..], b"xy"].concat();
        let cases: [(&[u8], InvalidExport); 8] = [
            (b"A=1\n\nb=2\n", InvalidExport::Name { entry: 2 }),
            (b"=2\n", InvalidExport::Name { entry: 1 }),
            (b"GET / HTTP/1.1\n", InvalidExport::Name { entry: 1 }),
            (b"\0\xff\n", InvalidExport::Name { entry: 1 }),
            (&long, InvalidExport::TooLong { entry: 1, length: u64::MAX }),
            (&unended, InvalidExport::Unended { entry: 1 }),
            (b"A=1", InvalidExport::Cut { entry: 1 }),
            (b"A\n\x05", InvalidExport::Cut { entry: 1 }),
        ];
        for (bytes, error) in cases {
            assert_eq!(entries(bytes, 3).1, Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn a_field_without_end_is_not_held() {
        let mut export = JournalExport::default();
        export.read(b"A=", |_| {}).expect("it may go on");
        for _ in 0..100 {
            export.read(&[b'x'; 64 << 10], |_| {}).expect("it may go on");
        }
        let State::Line(kept) = &export.state else { panic!("a line") };
        assert!(kept.is_cut && kept.bytes.capacity() <= 2 * MESSAGE_BYTES);
    }
}
