//! How the recorder waits for its next turn: for a request, for a checkpoint that is worth it, for a
//! source, a rule or the clock that moved, or until something is due.

use std::time::Duration;

use crossbeam_channel::{after, at, select};

use crate::{recorder::Recorder, turn::Gathered};

/// The longest wait. The book learns the time at least this often, and `status` how receivers stand.
const TICK: Duration = Duration::from_secs(1);

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// There may be more of the same soon.
    ByWork,
    /// Something is due.
    ByTime,
}

impl Recorder {
    /// Waits until there is work for a turn. Requests that came meanwhile are in the inbox.
    pub(crate) fn wait(&mut self) {
        if self.wait_for_work() == Woken::ByWork {
            self.gather();
        }
    }

    /// Waits for more work until the next turn may begin ([`TurnPace`](crate::pace::TurnPace)), unless room runs
    /// short or a caller waits for a reply.
    pub(crate) fn gather(&mut self) {
        let window = at(self.pace.next_turn());
        while !self.inbox.iter().any(|request| request.has_caller()) {
            select! {
                recv(self.requests) -> request => self.inbox.extend(request),
                recv(self.shared.engine.checkpoint_urgent()) -> _ => return,
                recv(window) -> _ => return,
            }
        }
    }

    /// Waits while a turn is being written, unless room runs short or a caller waits for a reply: more commits than that
    /// takes would only be smaller.
    pub(crate) fn gather_while_committing(&mut self) -> Gathered {
        while !self.inbox.iter().any(|request| request.has_caller()) {
            select! {
                recv(self.committer.written()) -> _ => return Gathered::Written,
                recv(self.requests) -> request => self.inbox.extend(request),
                recv(self.shared.engine.checkpoint_urgent()) -> _ => return Gathered::Work,
            }
        }
        Gathered::Work
    }

    fn wait_for_work(&mut self) -> Woken {
        let longest = after(self.longest_wait());
        select! {
            recv(self.requests) -> request => {
                self.inbox.extend(request);
                Woken::ByWork
            }
            recv(self.shared.engine.checkpoint_ready()) -> _ => Woken::ByWork,
            recv(self.shared.progress.moved()) -> _ => Woken::ByTime,
            recv(self.shared.overview.changed()) -> _ => Woken::ByTime,
            recv(self.shared.clock_set.receiver()) -> _ => Woken::ByTime,
            recv(longest) -> _ => Woken::ByTime,
        }
    }

    /// Returns how long the next turn may wait, and notes what sources may make due earlier.
    fn longest_wait(&self) -> Duration {
        let (_, due_ns) = self.book.next_due();
        self.shared.progress.expect_due(due_ns);
        let now_ns = self.now_ns();
        // What is overdue after a turn waits for a source: its progress wakes the recorder.
        let until_due = due_ns.filter(|due_ns| *due_ns > now_ns).map(|due_ns| Duration::from_nanos(due_ns - now_ns));
        let until_retained = Duration::from_nanos(self.retain_every_ns);
        TICK.min(until_retained).min(until_due.unwrap_or(TICK))
    }
}
