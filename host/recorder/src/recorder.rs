//! The recorder's life: cut the stream, tell the book, commit, acknowledge, tell the receivers. It is
//! the only one that changes the book and writes the store.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use lifesigns_compliance::{AuditRecord, BookInput, NoticeKind};
use lifesigns_model::RuleAlert;
use lifesigns_store::{Commit, OutboxChange, OutboxUpdate, ReceiverPause, Store};

use crate::{
    crash,
    receivers::Receivers,
    request::RecorderRequest,
    setup::{ConfigureError, Setup},
    shared::Shared,
    status,
    warnings::{self, Warnings},
};

/// Requests and clocks are looked at this often when nothing comes.
const TURN: Duration = Duration::from_millis(25);
/// Two cuts are at least this far apart, unless room runs short: one write to the disk for many events.
const APART: Duration = Duration::from_millis(10);
/// After a commit that failed, it is tried again this soon, then ever later.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(2);
/// Retention takes a step this often, and while there is more to let go.
const RETAIN: Duration = Duration::from_secs(60);
const RETAIN_MORE: Duration = Duration::from_millis(200);

/// Is shown what rules say, before it is committed: what is said again after a crash is shown again.
pub type RuleAlertObserver = Arc<dyn Fn(&RuleAlert) + Send + Sync>;

/// An answer that waits for the commit.
enum PendingReply {
    Done(Sender<Result<(), String>>),
    Configured(Sender<Result<(), ConfigureError>>),
    Count(Sender<Result<usize, String>>, usize),
}

impl PendingReply {
    fn give(self, outcome: Result<(), String>) {
        // Whoever asked may have gone away.
        let _ = match self {
            Self::Done(to) => to.send(outcome).is_ok(),
            Self::Configured(to) => to.send(outcome.map_err(ConfigureError::Store)).is_ok(),
            Self::Count(to, count) => to.send(outcome.map(|()| count)).is_ok(),
        };
    }
}

/// See the module.
pub(crate) struct Recorder {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Store,
    pub(crate) receivers: Receivers,
    pub(crate) requests: Receiver<RecorderRequest>,
    pub(crate) on_rule_alert: Option<RuleAlertObserver>,
    pub(crate) setup: Setup,
    /// When retention takes its next step.
    pub(crate) retain: Instant,
    /// What became of deliveries while the store took nothing.
    pub(crate) deferred: Vec<OutboxUpdate>,
    /// See `deferred`.
    pub(crate) deferred_pauses: Vec<ReceiverPause>,
    /// Notices may wait for receivers that are not there.
    pub(crate) orphans: bool,
    /// What the log was warned of.
    pub(crate) warnings: Warnings,
    /// Entries of the audit that are not the book's, for the next commit.
    pub(crate) audit: Vec<AuditRecord>,
    /// The version of the present rules that the book knows.
    pub(crate) rules_seen: u64,
}

impl Recorder {
    /// Keeps, until it is told to stop and everything is committed. The error is why it cannot go on.
    pub(crate) fn run(mut self) -> Result<(), String> {
        let (mut stopping, mut early) = (false, false);
        // What was handed in before the end is committed, in however many cuts.
        while !stopping || early {
            if self.shared.engine.wait_dirty(TURN) {
                self.shared.engine.wait_urgent(APART);
            }
            if self.shared.engine.is_broken() {
                return Err("a thread that evaluates rules has ended".to_owned());
            }
            let mut commit = Commit { now_ns: self.now_ns(), ..Commit::default() };
            let mut answers = Vec::new();
            // The clock first: what comes is measured by it.
            self.advance_wall_clock(commit.now_ns);
            self.note_rules();
            self.take_orders(&mut commit, &mut answers, &mut stopping);
            // Whatever sources have handed in until here is in the cut, unless that is early.
            let (until_ns, progressed) = (self.now_ns(), self.shared.progress.take());
            let held;
            (held, early) = self.take_cut(&mut commit);
            if early {
                self.shared.progress.put_back(progressed);
            } else {
                self.advance_event_time(until_ns, progressed, &commit);
            }
            self.take_orphans(&mut commit);
            self.warn(commit.now_ns);
            if !self.take_book(&mut commit) {
                crash::point(crash::BEFORE_COMMIT);
                if !self.commit(&commit, &mut answers, &mut stopping) {
                    // Dropped, not released: what is not on the disk comes again.
                    break;
                }
                crash::point(crash::AFTER_COMMIT);
                self.after(commit);
                crash::point(crash::BEFORE_RELEASE);
            }
            held.release();
            crash::point(crash::AFTER_RELEASE);
            answers.into_iter().for_each(|answer| answer.give(Ok(())));
            self.receivers.tell();
            self.retain();
        }
        self.end();
        Ok(())
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.shared.clock.now_ns()
    }

    /// Lets deliveries finish, and writes down what became of them: else they are delivered again.
    pub(crate) fn end(&mut self) {
        self.receivers.stop();
        let mut commit = Commit {
            now_ns: self.now_ns(),
            outbox: std::mem::take(&mut self.deferred),
            pauses: std::mem::take(&mut self.deferred_pauses),
            ..Commit::default()
        };
        while let Ok(request) = self.requests.try_recv() {
            // What was withheld stays in the outbox: the book writes no more, and would not know.
            if let RecorderRequest::Settled(settled) = request
                && !matches!(settled.outcome, lifesigns_notifications::DeliveryOutcome::Withheld(_))
            {
                commit.pauses.extend(Receivers::pause(&settled));
                commit.outbox.push(Receivers::outbox_update(settled));
            }
        }
        if !commit.is_empty()
            && let Err(error) = self.store.commit(&commit)
        {
            tracing::warn!("what was delivered last is delivered again: {error}");
        }
        self.shared.listeners.end();
    }

    /// Warns of what cannot be decided, and of what found no room.
    fn warn(&mut self, now_ns: u64) {
        let undecided = self.shared.book().take_warnings();
        warnings::undecided(&undecided);
        if self.warnings.is_due(now_ns) {
            self.warnings.drops(&status::dropped(&self.shared), now_ns);
        }
    }

    /// What changed in the book; says whether there is nothing to commit.
    fn take_book(&mut self, commit: &mut Commit) -> bool {
        let mut book = self.shared.book();
        commit.changes = book.take();
        commit.changes.audit.append(&mut self.audit);
        // A receiver that is gone has nothing to be cleared of.
        commit
            .changes
            .notices
            .retain(|notice| notice.happened != NoticeKind::Resolved || self.receivers.knows(&notice.receiver));
        for gone in &commit.changes.rules_gone {
            let cancelled = if gone.alerts == 1 { "alert" } else { "alerts" };
            tracing::warn!("rule {}: removed ({} open {cancelled} cancelled)", gone.rule, gone.alerts);
        }
        self.orphans |= commit.changes.notices.iter().any(|notice| !self.receivers.knows(&notice.receiver));
        if commit.is_empty() {
            return true;
        }
        commit.event_ns = Some(book.event_ns());
        false
    }

    /// Notices that nobody is there for become dead letters, which a person may send again.
    fn take_orphans(&mut self, commit: &mut Commit) {
        if !std::mem::take(&mut self.orphans) {
            return;
        }
        match self.receivers.orphans() {
            Ok(rows) => {
                // There may be more of them.
                self.orphans = !rows.is_empty();
                commit.outbox.extend(rows);
            }
            Err(why) => tracing::warn!("notices for receivers that are gone cannot be read: {why}"),
        }
    }

    fn take_orders(&mut self, commit: &mut Commit, answers: &mut Vec<PendingReply>, stopping: &mut bool) {
        commit.outbox.append(&mut self.deferred);
        commit.pauses.append(&mut self.deferred_pauses);
        while let Ok(request) = self.requests.try_recv() {
            match request {
                RecorderRequest::Command(command, to) => match self.shared.book().apply(BookInput::Command(command)) {
                    Ok(()) => answers.push(PendingReply::Done(to)),
                    Err(refused) => drop(to.send(Err(refused.to_string()))),
                },
                RecorderRequest::Inventory(objects, to) => {
                    let _ = self.shared.book().apply(BookInput::Inventory(objects));
                    answers.push(PendingReply::Done(to));
                }
                RecorderRequest::Configure(setup, to) => match self.configure(*setup) {
                    Ok(()) => answers.push(PendingReply::Configured(to)),
                    Err(error) => drop(to.send(Err(error))),
                },
                RecorderRequest::Settled(settled) => {
                    commit.pauses.extend(Receivers::pause(&settled));
                    commit.outbox.push(self.settled(settled));
                }
                RecorderRequest::Resend(ids, receiver, to) => match self.receivers.revive(&ids, receiver.as_deref()) {
                    Ok(rows) => {
                        answers.push(PendingReply::Count(to, rows.len()));
                        commit.outbox.extend(rows);
                        self.orphans = true;
                    }
                    Err(why) => drop(to.send(Err(why))),
                },
                RecorderRequest::Drop(ids, receiver, who, to) => {
                    match self.receivers.drop_dead(&ids, receiver.as_deref()) {
                        Ok(rows) => {
                            self.audit.push(dropped(commit.now_ns, &who, receiver.as_deref(), &rows));
                            answers.push(PendingReply::Count(to, rows.len()));
                            commit.outbox.extend(rows);
                        }
                        Err(why) => drop(to.send(Err(why))),
                    }
                }
                RecorderRequest::Stop => *stopping = true,
            }
        }
    }

    /// What became of a delivery, for the next commit. The book hears what was withheld.
    fn settled(&self, settled: lifesigns_notifications::DeliveryReport) -> OutboxUpdate {
        if let lifesigns_notifications::DeliveryOutcome::Withheld(withheld) = &settled.outcome {
            let _ = self.shared.book().apply(BookInput::Withheld(withheld.clone()));
        }
        Receivers::outbox_update(settled)
    }

    fn configure(&mut self, setup: Setup) -> Result<(), ConfigureError> {
        // Whatever can fail does so before anything has changed.
        let endpoints = self.receivers.prepare(&setup)?;
        self.shared.book().configure(Arc::clone(&setup.compliance)).map_err(ConfigureError::Config)?;
        if let Some(endpoints) = endpoints {
            // What became of their last deliveries is a request that is taken before the next commit;
            // the new ones begin after it.
            self.receivers.replace(endpoints, &setup);
            self.orphans = true;
        }
        crash::point(crash::RELOADED);
        self.setup = setup;
        self.shared.health.get().config_ns = self.now_ns();
        Ok(())
    }

    /// Commits, however long it takes: until then nothing is acknowledged, so sources wait. Whoever
    /// wants something meanwhile is told why it cannot be. Only if it is to stop it gives up, and says
    /// so with `false`.
    fn commit(&mut self, commit: &Commit, answers: &mut Vec<PendingReply>, stopping: &mut bool) -> bool {
        let mut pause = RETRY_FIRST;
        while let Err(error) = self.store.commit(commit) {
            self.shared.health.failed(&error);
            let text = self.shared.health.get().text.clone();
            answers.drain(..).for_each(|answer| answer.give(Err(text.clone())));
            if *stopping {
                tracing::error!("stopped without a last commit: what it held was not acknowledged and comes again");
                return false;
            }
            *stopping |= self.turn_away(&text, pause);
            pause = (pause * 2).min(RETRY_LAST);
        }
        self.shared.health.committed(self.now_ns());
        true
    }

    /// Answers requests for so long, while the store takes nothing; says whether one of them was to
    /// stop, which ends the wait. What became of deliveries waits for the next commit.
    fn turn_away(&mut self, text: &str, pause: Duration) -> bool {
        let mut stop = false;
        let until = Instant::now() + pause;
        while !stop && let Ok(request) = self.requests.recv_deadline(until) {
            match request {
                RecorderRequest::Command(_, to) | RecorderRequest::Inventory(_, to) => {
                    drop(to.send(Err(text.to_owned())))
                }
                RecorderRequest::Configure(_, to) => drop(to.send(Err(ConfigureError::Store(text.to_owned())))),
                RecorderRequest::Resend(.., to) | RecorderRequest::Drop(.., to) => drop(to.send(Err(text.to_owned()))),
                RecorderRequest::Settled(settled) => {
                    self.deferred_pauses.extend(Receivers::pause(&settled));
                    let delivery = self.settled(settled);
                    self.deferred.push(delivery);
                }
                RecorderRequest::Stop => stop = true,
            }
        }
        stop
    }

    /// What is committed is told.
    fn after(&mut self, commit: Commit) {
        self.receivers.begin();
        {
            let mut health = self.shared.health.get();
            for place in commit.places {
                if place.is_forgotten {
                    health.places.remove(&place.source);
                } else {
                    health.places.insert(place.source.clone(), place);
                }
            }
        }
        let again = commit.outbox.iter().any(|row| row.change == OutboxChange::Revived);
        if again || !commit.changes.notices.is_empty() {
            self.receivers.wake(again);
        }
        self.shared.listeners.tell(commit.changes.alerts);
    }

    fn retain(&mut self) {
        if Instant::now() < self.retain {
            return;
        }
        let more = match self.store.retain(self.now_ns(), &self.setup.retention) {
            Ok(retained) => retained.more,
            Err(error) => {
                tracing::warn!("what is past its age cannot be let go: {error}");
                false
            }
        };
        self.retain = Instant::now() + if more { RETAIN_MORE } else { RETAIN };
    }
}

/// Who dropped dead letters, and how many.
fn dropped(time_ns: u64, who: &str, receiver: Option<&str>, rows: &[OutboxUpdate]) -> AuditRecord {
    let ids: Vec<i64> = rows.iter().take(100).map(|row| row.id).collect();
    AuditRecord {
        time_ns,
        who: who.to_owned(),
        what: "dead letters dropped".to_owned(),
        subject: receiver.unwrap_or_default().to_owned(),
        before: serde_json::json!({ "notices": rows.len(), "numbers": ids }),
        after: serde_json::Value::Null,
    }
}
