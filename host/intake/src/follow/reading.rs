//! A file that is open and read to its end, and how it is noticed that it was rewritten meanwhile.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use crate::{
    cursor::{Cursor, modified_ns},
    fingerprint::{FINGERPRINT_BYTES, before, fingerprint, head},
};

/// See the module.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: File,
    /// Under which name it was opened.
    path: PathBuf,
    device: u64,
    inode: u64,
    /// How far it was read.
    pub(super) offset: u64,
    /// The last bytes that were read: while they are in the file, it is the same content.
    tail: Vec<u8>,
    head: u64,
    /// How many bytes the head was taken of, or more.
    headed: u64,
    modified_ns: u64,
    /// Size and time when its end was last looked at, if everything before it had been read.
    seen: Option<(u64, u64)>,
    /// What comes next is read again when something has been written since it had this signature.
    pub(super) since: Option<(u64, u64)>,
}

/// What one read brought.
struct Tee<'a> {
    file: &'a File,
    fresh: Vec<u8>,
    count: u64,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.fresh.extend_from_slice(&buffer[count.saturating_sub(FINGERPRINT_BYTES as usize)..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// How the end of a file looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything has been read, and is there still.
    Same,
    /// It was emptied. What comes next may say why.
    Empty,
    /// What was read does not stand there any more.
    Rewritten,
}

impl OpenFile {
    /// Returns a file whose content up to `offset` is known, or does not matter.
    pub(super) fn at(file: File, path: &Path, offset: u64) -> io::Result<Self> {
        let place = Cursor::of(&file, offset)?;
        let tail = before(&file, offset)?;
        (&file).seek(SeekFrom::Start(offset))?;
        let Cursor { device, inode, head, modified_ns, .. } = place;
        let path = path.to_owned();
        Ok(Self { file, path, device, inode, offset, tail, head, headed: offset, modified_ns, seen: None, since: None })
    }

    pub(super) fn identity(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// How far it has been read, as a place by which the content can be known again.
    pub(super) fn end(&self) -> Cursor {
        let Self { device, inode, offset, head, modified_ns, .. } = *self;
        Cursor { device, inode, offset, head, tail: fingerprint(&self.tail), modified_ns }
    }

    /// Returns a place at or before [`Self::end`].
    pub(super) fn place(&self, offset: u64) -> io::Result<Cursor> {
        if offset == self.offset {
            return Ok(self.end());
        }
        let head = if offset < FINGERPRINT_BYTES { head(&self.file, offset)? } else { self.head };
        Ok(Cursor { offset, head, tail: fingerprint(&before(&self.file, offset)?), ..self.end() })
    }

    /// Reads through `pull`. `None`: what was read before is not in the file any more, so what came
    /// must not be used.
    pub(super) fn read<T>(&mut self, pull: impl FnOnce(&mut dyn Read) -> io::Result<T>) -> io::Result<Option<T>> {
        let mut tee = Tee { file: &self.file, fresh: Vec::new(), count: 0 };
        let pulled = pull(&mut tee)?;
        let Tee { mut fresh, count, .. } = tee;
        if count == 0 {
            return Ok(Some(pulled));
        }
        // After the read: a file that is as it was now was so then.
        if !self.stands()? {
            return Ok(None);
        }
        self.offset += count;
        self.since = None;
        self.tail.append(&mut fresh);
        self.tail.drain(..self.tail.len().saturating_sub(FINGERPRINT_BYTES as usize));
        if self.headed < FINGERPRINT_BYTES {
            (self.headed, self.head) = (self.offset, head(&self.file, self.offset)?);
        }
        self.modified_ns = modified_ns(&self.file.metadata()?);
        Ok(Some(pulled))
    }

    /// Whether the last bytes that were read are in the file as they were. NULs at their end may be
    /// room that was written to since.
    fn stands(&self) -> io::Result<bool> {
        let text = self.tail.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        match before(&self.file, self.offset) {
            Ok(bytes) if bytes.len() < self.tail.len() => Ok(false),
            Ok(bytes) => Ok(bytes[bytes.len() - self.tail.len()..].starts_with(&self.tail[..text])),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Looks at the end of the file, where there was nothing more to read.
    pub(super) fn look(&mut self) -> io::Result<End> {
        let metadata = self.file.metadata()?;
        if metadata.len() == 0 && self.offset > 0 {
            return Ok(End::Empty);
        }
        if metadata.len() < self.offset {
            return Ok(End::Rewritten);
        }
        let seen = Some((metadata.len(), modified_ns(&metadata)));
        if self.seen != seen {
            if !self.stands()? {
                return Ok(End::Rewritten);
            }
            // Bytes that were written since the last read are not read yet, so they are not seen.
            self.seen = seen.filter(|(len, _)| *len == self.offset);
        }
        Ok(End::Same)
    }

    /// Whether nothing has been written since the end was last looked at.
    pub(super) fn is_quiet(&self) -> bool {
        let since = if self.since.is_some() { self.since } else { self.seen };
        since.is_some() && since == self.signature()
    }

    /// Whether everything had been read when its end was last looked at, and nothing has been written since.
    pub(super) fn is_done(&self) -> bool {
        self.since.is_none() && self.seen.is_some() && self.seen == self.signature()
    }

    /// Changes when something is written.
    pub(super) fn signature(&self) -> Option<(u64, u64)> {
        self.file.metadata().ok().map(|metadata| (metadata.len(), modified_ns(&metadata)))
    }

    /// Goes back to a place before.
    pub(super) fn go_back(&mut self, offset: u64) -> io::Result<()> {
        (&self.file).seek(SeekFrom::Start(offset))?;
        self.tail = before(&self.file, offset)?;
        self.offset = offset;
        Ok(())
    }

    /// Returns the name that the file has now, as far as the system says it.
    pub(super) fn whereabouts(&self) -> PathBuf {
        let link = fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        match link {
            Ok(path) if path.is_absolute() && path.exists() => path,
            _ => self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bytes_written_between_the_last_read_and_the_look_at_the_end_are_not_seen() {
        let mut writer = tempfile::NamedTempFile::new().expect("a file");
        writer.write_all(b"one\n").expect("it takes bytes");
        let file = File::open(writer.path()).expect("it is there");
        let mut open = OpenFile::at(file, writer.path(), 0).expect("it can be read");
        let read = |mut reader: &mut dyn Read| io::copy(&mut reader, &mut io::sink());
        assert_eq!(open.read(read).expect("it can be read"), Some(4));
        writer.write_all(b"two\n").expect("it takes bytes");
        assert_eq!(open.look().expect("it can be read"), End::Same);
        assert!(!open.is_quiet(), "there is a line to read");
        assert_eq!(open.read(read).expect("it can be read"), Some(4));
        assert_eq!(open.look().expect("it can be read"), End::Same);
        assert!(open.is_quiet());
    }
}
