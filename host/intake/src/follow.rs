//! Follows a file as `tail -F` does: through rotation, truncation and times without the file.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use lifesigns_model::limits::CHUNK_BYTES;

use crate::{
    Stop,
    cursor::{Cursor, HEAD_BYTES, head, is_it, same},
    lines::{LineBuffer, Pulled},
    rotated::{between, renamed},
};

/// How often a file at its end is looked at unless said otherwise, in milliseconds.
const POLL_MS: u64 = 150;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the start of the file.
    Start,
    /// At its end as it is when following begins; at the start of a file that comes later.
    End,
    /// Where an earlier run was. A file that has been renamed since within its folder is read to
    /// its end first; if it is gone, the present one is read from its start.
    At(Cursor),
}

/// Why a file cannot be followed. A file that is absent or unreadable is waited for instead.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// It is a folder, a pipe or a device.
    #[error("{path} is not a regular file: only regular files can be followed; read others as a stream")]
    NotAFile {
        /// The path as it was given.
        path: PathBuf,
    },
}

/// What became of following a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Where it ended.
    pub cursor: Option<Cursor>,
    /// Lines that were longer than a chunk.
    pub cut_lines: u64,
    /// Times that another file took the path.
    pub rotations: u64,
    /// Times that the file became shorter than what had been read of it.
    pub truncations: u64,
}

/// Follows one file by polling.
///
/// After a rename it stays with the old file until the new one at the path has bytes, then reads
/// the old one to its end, then goes on with the new one; so lines of a writer that is slow to
/// reopen are not lost. Files that came and went in between, renamed as rotation does (`app.log.1`,
/// `app.log-20261124`), are read in their order. A file that is truncated is read from its start; one that is truncated and
/// has grown past the old place between two polls cannot be told from one that only grew.
#[derive(Clone, Debug)]
pub struct Follower {
    path: PathBuf,
    position: Position,
    poll: Duration,
}

impl Follower {
    /// Follows `path` from `position` on.
    pub fn new(path: impl Into<PathBuf>, position: Position) -> Self {
        Self { path: path.into(), position, poll: Duration::from_millis(POLL_MS) }
    }

    /// Looks at the file this often; 150 ms unless set.
    #[must_use]
    pub const fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Hands whole lines to `emit`, in chunks of at most [`CHUNK_BYTES`] bytes, each with the place
    /// after it, until `stop` is set or `emit` breaks. It blocks while `emit` does.
    ///
    /// On stop an unfinished last line is handed over too, but its cursor stays at its start: a
    /// later run reads it again, whole.
    ///
    /// # Errors
    /// When the path is not a regular file.
    pub fn run(
        &self,
        stop: &Stop,
        mut emit: impl FnMut(Vec<u8>, Cursor) -> ControlFlow<()>,
    ) -> Result<Followed, FollowError> {
        let mut tail = Tail::new(&self.path);
        let mut position = self.position;
        let mut warned = false;
        loop {
            if fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file()) {
                return Err(FollowError::NotAFile { path: self.path.clone() });
            }
            let step = match &tail.open {
                None => tail.begin(position),
                Some(_) => tail.advance(stop, &mut emit),
            };
            match step {
                Ok(Step::Ended) => break,
                Ok(Step::More) => {
                    warned = false;
                    continue;
                }
                Ok(Step::Wait) => {}
                Err(error) => {
                    if !warned && error.kind() != io::ErrorKind::NotFound {
                        tracing::warn!(path = %self.path.display(), %error, "the file cannot be read; trying again");
                        warned = true;
                    }
                    position = tail.lose(position, &error);
                }
            }
            if stop.wait(self.poll) {
                tail.finish(&mut emit);
                break;
            }
        }
        Ok(Followed { cut_lines: tail.buffer.cut_lines(), ..tail.followed })
    }
}

/// What comes next.
enum Step {
    /// Look again at once.
    More,
    /// Look again later.
    Wait,
    /// The stop signal or the receiver has ended it.
    Ended,
}

struct Tail<'a> {
    path: &'a Path,
    buffer: LineBuffer,
    open: Option<Open>,
    followed: Followed,
}

struct Open {
    file: File,
    /// Of the file's start, but for the offset: that is where reading goes on.
    read: Cursor,
    /// How many bytes its head was taken of, or more.
    headed: u64,
    /// Another file with bytes in it has the path; at the next end this one is done.
    leaving: bool,
}

impl Open {
    fn at(file: File, offset: u64) -> io::Result<Self> {
        let read = Cursor::of(&file, offset)?;
        (&file).seek(SeekFrom::Start(offset))?;
        Ok(Self { file, read, headed: offset, leaving: false })
    }
}

impl<'a> Tail<'a> {
    fn new(path: &'a Path) -> Self {
        Self { path, buffer: LineBuffer::new(CHUNK_BYTES), open: None, followed: Followed::default() }
    }

    /// Opens the file where `position` says.
    fn begin(&mut self, position: Position) -> io::Result<Step> {
        let open = match position {
            Position::At(cursor) => self.resume(cursor)?,
            Position::Start => Open::at(File::open(self.path)?, 0)?,
            Position::End => {
                let file = File::open(self.path)?;
                let offset = file.metadata()?.len();
                Open::at(file, offset)?
            }
        };
        self.followed.cursor = Some(open.read);
        self.open = Some(open);
        Ok(Step::More)
    }

    fn resume(&mut self, from: Cursor) -> io::Result<Open> {
        let present = File::open(self.path);
        if let Ok(file) = &present {
            let metadata = file.metadata()?;
            if is_it(file, &metadata, from) {
                return Open::at(present?, from.offset);
            } else if same(&metadata, from) && metadata.len() < from.offset {
                self.followed.truncations += 1;
            }
        }
        match renamed(self.path, from) {
            Some(file) => Open::at(file, from.offset),
            None => Open::at(present?, 0),
        }
    }

    /// Reads to the end of the open file, then looks what has become of it.
    fn advance(&mut self, stop: &Stop, emit: &mut impl FnMut(Vec<u8>, Cursor) -> ControlFlow<()>) -> io::Result<Step> {
        let Some(open) = &mut self.open else { return Ok(Step::More) };
        loop {
            let pulled = self.buffer.pull(&mut open.file)?;
            // All that has been read is in the chunk or still in the buffer.
            open.read.offset = (&open.file).stream_position()?;
            match pulled {
                Pulled::Nothing => {}
                Pulled::End => break,
                Pulled::Chunk(bytes) => {
                    let offset = open.read.offset - self.buffer.pending() as u64;
                    if open.headed < HEAD_BYTES {
                        (open.headed, open.read.head) = (offset, head(&open.file, offset)?);
                    }
                    let after = Cursor { offset, ..open.read };
                    self.followed.cursor = Some(after);
                    if emit(bytes, after).is_break() {
                        return Ok(Step::Ended);
                    }
                    if stop.is_stopped() {
                        // In the middle of a file the rest is no unfinished line, only half read.
                        if open.file.metadata()?.len() <= open.read.offset {
                            self.finish(emit);
                        }
                        return Ok(Step::Ended);
                    }
                }
            }
        }
        if open.file.metadata()?.len() < open.read.offset {
            self.buffer.forget();
            open.file.rewind()?;
            (open.read.offset, open.read.head, open.headed) = (0, head(&open.file, 0)?, 0);
            self.followed.cursor = Some(open.read);
            self.followed.truncations += 1;
            return Ok(Step::More);
        }
        if open.leaving {
            return self.turn(emit);
        }
        let other = fs::metadata(self.path).is_ok_and(|metadata| !same(&metadata, open.read) && metadata.len() > 0);
        open.leaving = other;
        Ok(if other { Step::More } else { Step::Wait })
    }

    /// The old file is done: what is left of it is its last line.
    fn turn(&mut self, emit: &mut impl FnMut(Vec<u8>, Cursor) -> ControlFlow<()>) -> io::Result<Step> {
        let old = self.open.take();
        let next = old.as_ref().and_then(|open| between(self.path, &open.file));
        let old = old.map(|open| open.read);
        self.followed.rotations += 1;
        if let (Some(bytes), Some(end)) = (self.buffer.rest(), old) {
            self.followed.cursor = Some(end);
            if emit(bytes, end).is_break() {
                return Ok(Step::Ended);
            }
        }
        if let Some(file) = next {
            let open = Open::at(file, 0)?;
            self.followed.cursor = Some(open.read);
            self.open = Some(open);
            return Ok(Step::More);
        }
        self.begin(Position::Start)
    }

    /// The file could not be opened or read; says where to begin when it can be again.
    fn lose(&mut self, position: Position, error: &io::Error) -> Position {
        self.buffer.forget();
        self.open = None;
        match (self.followed.cursor, position) {
            (Some(cursor), _) => Position::At(cursor),
            (None, Position::End) if error.kind() == io::ErrorKind::NotFound => Position::Start,
            (None, position) => position,
        }
    }

    fn finish(&mut self, emit: &mut impl FnMut(Vec<u8>, Cursor) -> ControlFlow<()>) {
        if let (Some(bytes), Some(start)) = (self.buffer.rest(), self.followed.cursor) {
            let _ = emit(bytes, start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_file_that_comes_later_is_its_start() {
        let mut tail = Tail::new(Path::new("/nowhere/app.log"));
        let error = tail.begin(Position::End).err().expect("there is no such file");
        assert_eq!(tail.lose(Position::End, &error), Position::Start);
        let other = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(tail.lose(Position::End, &other), Position::End);
    }
}
