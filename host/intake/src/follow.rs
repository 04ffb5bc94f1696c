//! Follows a file as `tail -F` does: through rotation, truncation and times without the file.

mod late;
mod locate;
mod look;
mod path;
mod reading;
mod start_position;
mod tail;

use std::{ops::ControlFlow, path::PathBuf, time::Duration};

use lifesigns_model::{SharedClock, SystemClock, WakeSignal, Wakeup};

pub use self::{look::Look, start_position::StartPosition, tail::Tail};
use crate::{followed::Followed, gap::FollowEvent};

/// How often a file at its end is looked at unless said otherwise, in milliseconds.
const POLL_MS: u64 = 150;

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
pub struct PollingTail {
    path: PathBuf,
    position: StartPosition,
    poll: Duration,
    clock: SharedClock,
}

impl PollingTail {
    /// Follows `path` from `position` on.
    pub fn new(path: impl Into<PathBuf>, position: StartPosition) -> Self {
        let poll = Duration::from_millis(POLL_MS);
        Self { path: path.into(), position, poll, clock: SystemClock::shared() }
    }

    /// Looks at the file this often; 150 ms unless set.
    #[must_use]
    pub const fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Sets the clock that looks are timed by; the system's unless set.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Passes whole lines, gaps, changes of state and the end of each look to `emit`, lines in chunks of at
    /// most [`CHUNK_BYTES`](lifesigns_model::limits::CHUNK_BYTES) bytes, each with the offset after it, until
    /// `stop` is stopped or `emit` breaks. Blocks while `emit` does. A path at which no regular file can be read
    /// is looked at again.
    ///
    /// When it is stopped, an unfinished last line comes as [`FollowEvent::Unfinished`].
    pub fn run(&self, stop: &WakeSignal, mut emit: impl FnMut(FollowEvent) -> ControlFlow<()>) -> Followed {
        let mut tail = Tail::new(&self.path, self.position);
        loop {
            let began_ns = self.clock.now_ns();
            match tail.look(stop, &mut emit) {
                Look::Ended => return tail.followed(),
                Look::More => continue,
                Look::Wait => {
                    let (followed, encoding) = (tail.followed(), tail.encoding());
                    if emit(FollowEvent::Looked { began_ns, followed, encoding }).is_break() {
                        return followed;
                    }
                    if stop.wait(self.poll) != Wakeup::Stopped {
                        continue;
                    }
                }
                Look::Stopped => {}
            }
            tail.finish(&mut emit);
            return tail.followed();
        }
    }
}
