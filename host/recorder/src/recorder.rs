//! The recorder's loop: wait, collect a turn, commit it, acknowledge the sources, notify the receivers.
//! Only this thread changes the book and writes the store.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;
use lifesigns_compliance::{Book, BookView};
use lifesigns_notifications::DeliveryOutcome;
use lifesigns_record::{Commit, OutboxChange, OutboxUpdate, ReceiverPause, RecordError};
use lifesigns_text::count_text;

use crate::{
    committer::Committer,
    config::RecorderConfig,
    crash,
    pace::TurnPace,
    receivers::Receivers,
    request::RecorderRequest,
    shared::RecorderShared,
    turn::{Coverage, Gathered, InFlight, Replies, Turn, unavailable},
    warnings::Warnings,
};

/// The delay before a failed commit is retried; it doubles up to the second.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(2);
/// How often retention takes a step, and how soon while there is more to remove.
const RETAIN_NS: u64 = 60_000_000_000;
const RETAIN_MORE_NS: u64 = 200_000_000;

/// Why the recorder stopped before it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecorderFailure {
    /// The engine cannot go on.
    #[error("a thread that evaluates rules has ended")]
    Engine,
    /// Another host writes the record now.
    #[error("{0}")]
    Superseded(RecordError),
    /// What was committed last cannot be read.
    #[error("the record cannot be read again after a commit failed: {0}")]
    Unreadable(RecordError),
}

/// The result of a turn's commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum CommitOutcome {
    /// The turn is on the disk.
    Committed,
    /// The recorder has to stop while the store takes no commits: nothing of the turn is on the disk.
    Abandoned,
}

/// What ended the wait between two attempts to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// The time is over.
    Elapsed,
    /// The recorder was asked to stop.
    StopRequested,
}

/// See the module.
pub(crate) struct Recorder {
    pub(crate) shared: Arc<RecorderShared>,
    pub(crate) book: Book,
    /// The writer of the record.
    pub(crate) committer: Committer,
    /// The turn whose commit another thread writes.
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) receivers: Receivers,
    pub(crate) requests: Receiver<RecorderRequest>,
    /// Requests that came while the recorder waited, for the next turn.
    pub(crate) inbox: VecDeque<RecorderRequest>,
    pub(crate) config: RecorderConfig,
    pub(crate) pace: TurnPace,
    /// When retention took its last step, by the host's clock.
    pub(crate) retained_ns: u64,
    /// How soon after that the next one follows.
    pub(crate) retain_every_ns: u64,
    /// Results of deliveries that came while the store took no commits.
    pub(crate) deferred: Vec<OutboxUpdate>,
    /// See `deferred`.
    pub(crate) deferred_pauses: Vec<ReceiverPause>,
    /// Callers whose configuration is committed and whose receivers start after the next commit.
    pub(crate) replacing: Option<Replies>,
    /// Notices may wait for receivers that do not exist.
    pub(crate) orphans: bool,
    /// What the log was warned of.
    pub(crate) warnings: Warnings,
    /// The version of the present rules that the book knows.
    pub(crate) rules_seen: u64,
}

impl Recorder {
    /// Runs until it is asked to stop and everything is committed.
    ///
    /// # Errors
    /// Why it cannot go on.
    pub(crate) fn run(mut self) -> Result<(), RecorderFailure> {
        let mut stop = false;
        let mut coverage = Coverage::Complete;
        loop {
            let gathered = self.wait_for_turn(coverage);
            if self.shared.engine.is_broken() {
                // The turn that is being written may be on the disk: its sources learn of it.
                let _ = self.settle(&mut Turn { stop: true, ..Turn::default() })?;
                return Err(RecorderFailure::Engine);
            }
            let began = Instant::now();
            let mut turn = Turn { stop, coverage, ..Turn::default() };
            if gathered == Gathered::Work {
                self.shared.pulse.begin(began);
                turn = self.collect(stop);
            }
            // The acknowledgements of an abandoned turn are dropped, not released: what is not on the disk comes again.
            if self.settle(&mut turn)? == CommitOutcome::Abandoned {
                break;
            }
            (stop, coverage) = (turn.stop, turn.coverage);
            if gathered == Gathered::Written {
                continue;
            }
            self.shared.pulse.begin(began);
            if self.may_overlap(&turn) {
                self.begin_commit(turn, began);
                continue;
            }
            if self.commit(&mut turn)? == CommitOutcome::Abandoned {
                break;
            }
            stop = turn.stop;
            let is_last = turn.is_last();
            let mut requested = std::mem::take(&mut turn.requested);
            self.complete(turn);
            if coverage == Coverage::Partial {
                self.put_off(&mut requested);
            }
            self.carry_out(requested)?;
            self.end_turn(began);
            if is_last {
                break;
            }
        }
        self.end();
        Ok(())
    }

    /// Waits until there is work for a turn, after one that covered so much.
    fn wait_for_turn(&mut self, coverage: Coverage) -> Gathered {
        if self.in_flight.is_some() {
            return self.gather_while_committing();
        }
        // What came while a turn was written waits already, receivers that are replaced start after the next commit, and
        // a store that failed is tried again.
        let is_idle = coverage == Coverage::Complete && self.inbox.is_empty();
        if is_idle && !self.receivers.is_replacing() && self.shared.health.is_ok() {
            self.wait();
        } else {
            self.gather();
        }
        Gathered::Work
    }

    pub(crate) fn end_turn(&mut self, began: Instant) {
        let ended = Instant::now();
        self.shared.pulse.end(ended);
        self.pace.end(began, ended);
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.shared.clock.now_ns()
    }

    /// Commits a turn, however long it takes: until then nothing is acknowledged, so sources wait. What callers ask
    /// for is refused at the first failure. A store that failed is tried again also if there is nothing to commit.
    pub(crate) fn commit(&mut self, turn: &mut Turn) -> Result<CommitOutcome, RecorderFailure> {
        if turn.commit.is_empty() && self.shared.health.is_ok() {
            // What needs no commit may have changed, such as the clock.
            self.shared.publish(self.book.view());
            return Ok(CommitOutcome::Committed);
        }
        crash::point(crash::BEFORE_COMMIT);
        if !turn.commit.rule_changes.is_empty() {
            crash::point(crash::RULE_UNRECORDED);
        }
        let written = self.committer.record().commit(&turn.commit);
        self.insist(turn, written)
    }

    /// Tries to commit a turn again until that succeeds, if it has not at first.
    pub(crate) fn insist(
        &mut self,
        turn: &mut Turn,
        mut written: Result<(), RecordError>,
    ) -> Result<CommitOutcome, RecorderFailure> {
        let mut delay = RETRY_FIRST;
        while let Err(error) = written {
            self.shared.health.failed(&error);
            let why = self.shared.health.get().text.clone();
            turn.refuse(&why);
            self.replacing.take().unwrap_or_default().send();
            if matches!(error, RecordError::Superseded(_)) {
                return Err(RecorderFailure::Superseded(error));
            }
            if turn.stop {
                tracing::error!("stopped without a last commit; nothing of it was acknowledged, so it comes again");
                return Ok(CommitOutcome::Abandoned);
            }
            turn.stop = self.refuse_requests(&why, delay) == Pause::StopRequested;
            delay = (delay * 2).min(RETRY_LAST);
            written = self.committer.record().commit(&turn.commit);
        }
        let view = turn.view.take().unwrap_or_else(|| self.book.view());
        self.committed(view);
        Ok(CommitOutcome::Committed)
    }

    /// Publishes what is committed, before anyone learns of the commit: they may ask what it changed.
    pub(crate) fn committed(&self, view: BookView) {
        self.shared.publish(view);
        self.shared.health.committed(self.now_ns());
        crash::point(crash::AFTER_COMMIT);
    }

    /// Refuses requests for `delay` while the store takes no commits. A request to stop ends the wait;
    /// results of deliveries are deferred to the next commit.
    fn refuse_requests(&mut self, why: &str, delay: Duration) -> Pause {
        let until = Instant::now() + delay;
        while let Ok(request) = self.requests.recv_deadline(until) {
            match request {
                RecorderRequest::Act(_, caller) => caller.reply(Err(unavailable(why))),
                RecorderRequest::Settled(report) => {
                    self.deferred_pauses.extend(Receivers::pause(&report));
                    let update = self.settled(report);
                    self.deferred.push(update);
                }
                RecorderRequest::Stop => return Pause::StopRequested,
            }
        }
        Pause::Elapsed
    }

    /// Publishes a committed turn: receivers, sources and callers learn of it.
    pub(crate) fn complete(&mut self, turn: Turn) {
        let Turn { commit, acts, acks, .. } = turn;
        // The last results of the receivers before them are on the disk now.
        self.receivers.begin();
        self.replacing.take().unwrap_or_default().send();
        let replies = acts.map(|acts| self.adopt(acts)).unwrap_or_default();
        if !commit.is_empty() {
            self.publish(commit);
            crash::point(crash::BEFORE_RELEASE);
        }
        acks.release();
        crash::point(crash::AFTER_RELEASE);
        self.receivers.publish_status();
        if self.receivers.is_replacing() {
            self.replacing = Some(replies);
        } else {
            replies.send();
        }
        self.retain();
    }

    /// Passes what is committed on to the receivers and the listeners.
    fn publish(&mut self, commit: Commit) {
        if !commit.changes.forgotten.is_empty() {
            // Before the next checkpoint: what it has of them would make them known again as they were.
            self.shared.engine.forget(&commit.changes.forgotten);
        }
        self.end_rule_changes(&commit);
        for gone in &commit.changes.rules_gone {
            tracing::warn!("rule {}: removed ({} cancelled)", gone.rule, count_text(gone.alerts as u64, "open alert"));
        }
        let mut health = self.shared.health.get();
        for offset in commit.offsets {
            if offset.is_forgotten {
                health.offsets.remove(&offset.source);
            } else {
                health.offsets.insert(offset.source.clone(), offset);
            }
        }
        drop(health);
        let revived = commit.outbox.iter().any(|update| update.change == OutboxChange::Revived);
        if revived || !commit.changes.notices.is_empty() {
            self.receivers.wake(revived);
        }
        self.shared.tokens.apply(commit.tokens);
        self.shared.changes.note(&commit.changes);
        self.shared.listeners.publish(commit.changes.alerts);
    }

    /// Ends the changes of rules that are committed. What stays noted as under way is ended by the next start.
    fn end_rule_changes(&self, commit: &Commit) {
        let Some(control) = self.shared.overview.control().ok().filter(|_| !commit.rule_changes.is_empty()) else {
            return;
        };
        crash::point(crash::RULE_RECORDED);
        commit.rule_changes.iter().for_each(|mark| control.committed(mark));
    }

    fn retain(&mut self) {
        let now_ns = self.now_ns();
        // Also if the clock was set back: it may have been far ahead.
        if now_ns.abs_diff(self.retained_ns) < self.retain_every_ns {
            return;
        }
        let more = match self.committer.record().retain(now_ns, &self.config.retention) {
            Ok(step) => step.more,
            Err(error) => {
                tracing::warn!("retention failed: {error}");
                false
            }
        };
        self.retained_ns = now_ns;
        self.retain_every_ns = if more { RETAIN_MORE_NS } else { RETAIN_NS };
    }

    /// Lets deliveries finish and commits their results; without it they would be delivered again.
    pub(crate) fn end(&mut self) {
        self.receivers.stop();
        self.replacing.take().unwrap_or_default().send();
        let mut commit = Commit {
            now_ns: self.now_ns(),
            outbox: std::mem::take(&mut self.deferred),
            pauses: std::mem::take(&mut self.deferred_pauses),
            ..Commit::default()
        };
        for request in self.inbox.drain(..).chain(self.requests.try_iter()) {
            // What was withheld stays in the outbox: the book takes no more and would not know of it.
            if let RecorderRequest::Settled(report) = request
                && !matches!(report.outcome, DeliveryOutcome::Withheld(_))
            {
                commit.pauses.extend(Receivers::pause(&report));
                commit.outbox.push(Receivers::outbox_update(report));
            }
        }
        if !commit.is_empty()
            && let Err(error) = self.committer.record().commit(&commit)
        {
            tracing::warn!("the last deliveries will be repeated: {error}");
        }
        self.shared.listeners.end();
    }
}
