//! Follows a file as `tail -F` does: through rotation, truncation and times without the file.

mod late;
mod locate;
mod path;
mod reading;
mod tail;

use std::{ops::ControlFlow, path::PathBuf, time::Duration};

pub use self::tail::Tail;
use crate::{Cursor, FollowEvent, Stop};

/// How often a file at its end is looked at unless said otherwise, in milliseconds.
const POLL_MS: u64 = 150;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the start of the file.
    Start,
    /// At its end as it is when following begins; at the start of a file that comes later.
    End,
    /// Where an earlier run was. A file that has been renamed since is read to its end first; if it is
    /// gone, the present one is read from its start, and that is a gap.
    At(Cursor),
}

/// What became of following a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Where it ended.
    pub cursor: Option<Cursor>,
    /// Lines that were longer than a chunk.
    pub cut_lines: u64,
    /// NUL bytes before lines that were skipped.
    pub nul_bytes: u64,
    /// Times that another file took the path.
    pub rotations: u64,
    /// Times that the file was truncated, or rewritten in place.
    pub truncations: u64,
    /// Times that something was not read, or may not have been.
    pub gaps: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// There is nothing more to read now.
    Wait,
    /// The stop signal has ended it.
    Stopped,
    /// The receiver has ended it.
    Ended,
}

/// Follows one file by polling.
///
/// After a rename it stays with the old file until the new one at the path has bytes, then reads
/// the old one to its end, then goes on with the new one; so lines of a writer that is slow to
/// reopen are not lost. Files that came and went in between, renamed as rotation does (`app.log.1`,
/// `app-20261124.log`, also in a subfolder), are read in their order. A file that was truncated or
/// rewritten is read from its start, after the rest of the copy that was made of it before. A file that
/// was put in the place of another with the same content, or an edited one, is gone on with behind what
/// was read. What was not read, or may not have been, is a [`Gap`](crate::Gap).
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

    /// Hands whole lines, gaps and changes of state to `emit`, lines in chunks of at most
    /// [`CHUNK_BYTES`](lifesigns_model::limits::CHUNK_BYTES) bytes, each with the place after it, until
    /// `stop` is set or `emit` breaks. It blocks while `emit` does. What is absent, unreadable or no
    /// regular file is waited for.
    ///
    /// On stop an unfinished last line is handed over too, but its cursor stays at its start: a
    /// later run reads it again, whole.
    pub fn run(&self, stop: &Stop, mut emit: impl FnMut(FollowEvent) -> ControlFlow<()>) -> Followed {
        let mut tail = Tail::new(&self.path, self.position);
        loop {
            match tail.look(stop, &mut emit) {
                Look::Wait if !stop.wait(self.poll) => {}
                Look::Wait | Look::Stopped => {
                    tail.finish(&mut emit);
                    return tail.followed();
                }
                Look::Ended => return tail.followed(),
            }
        }
    }
}
