//! The keeper's life: cut the stream, tell the book, commit, acknowledge, tell the receivers. It is
//! the only one that changes the book and writes the store.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use lifesigns_compliance::Input;
use lifesigns_model::{Alert, Held, Sign};
use lifesigns_outlets::Settled;
use lifesigns_store::{Commit, Outcome, Store};

use crate::{
    clock::{EventClock, now_ns},
    crash,
    order::{ConfigureError, Order, Setup},
    receivers::Receivers,
    shared::Shared,
};

/// Orders and clocks are looked at this often when nothing comes.
const TURN: Duration = Duration::from_millis(25);
/// Two cuts are at least this far apart, unless room runs short: one write to the disk for many events.
const APART: Duration = Duration::from_millis(10);
/// After a commit that failed, it is tried again this soon, then ever later.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(2);
/// Retention takes a step this often.
const RETAIN: Duration = Duration::from_secs(60);

/// Is shown what rules say, before it is committed: what is said again after a crash is shown again.
pub type SignSink = Arc<dyn Fn(&Alert) + Send + Sync>;

/// An answer that waits for the commit.
enum Answer {
    Done(Sender<Result<(), String>>),
    Configured(Sender<Result<(), ConfigureError>>),
    Count(Sender<Result<usize, String>>, usize),
}

impl Answer {
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
pub(crate) struct Keeper {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Store,
    pub(crate) receivers: Receivers,
    pub(crate) orders: Receiver<Order>,
    pub(crate) event: EventClock,
    pub(crate) on_sign: Option<SignSink>,
    pub(crate) setup: Setup,
    pub(crate) retained: Instant,
    /// What became of deliveries while the store took nothing.
    pub(crate) late: Vec<Settled>,
}

impl Keeper {
    /// Keeps, until it is told to stop and everything is committed.
    pub(crate) fn run(mut self) {
        let mut stopping = false;
        while !stopping {
            if self.shared.engine.wait_dirty(TURN) {
                self.shared.engine.wait_urgent(APART);
            }
            let mut commit = Commit { now_ns: now_ns(), ..Commit::default() };
            let mut answers = Vec::new();
            self.take_orders(&mut commit, &mut answers, &mut stopping);
            let held = self.take_cut(&mut commit);
            self.tick(commit.now_ns);
            let event_ns = {
                let mut book = self.shared.book();
                commit.changes = book.take();
                book.event_ns()
            };
            if !commit.is_empty() {
                commit.event_ns = Some(event_ns);
                crash::point(crash::BEFORE_COMMIT);
                self.commit(&commit, &mut answers, &mut stopping);
                crash::point(crash::AFTER_COMMIT);
                self.after(commit);
                crash::point(crash::BEFORE_RELEASE);
            }
            held.release();
            crash::point(crash::AFTER_RELEASE);
            answers.into_iter().for_each(|answer| answer.give(Ok(())));
            self.retain();
        }
        self.receivers.stop();
        self.shared.listeners.end();
    }

    fn take_orders(&mut self, commit: &mut Commit, answers: &mut Vec<Answer>, stopping: &mut bool) {
        for settled in std::mem::take(&mut self.late) {
            commit.deliveries.push(Receivers::delivery(settled));
        }
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Command(command, to) => match self.shared.book().apply(Input::Command(command)) {
                    Ok(()) => answers.push(Answer::Done(to)),
                    Err(refused) => drop(to.send(Err(refused.to_string()))),
                },
                Order::Inventory(objects, to) => {
                    let _ = self.shared.book().apply(Input::Inventory(objects));
                    answers.push(Answer::Done(to));
                }
                Order::Configure(setup, to) => match self.configure(*setup) {
                    Ok(()) => answers.push(Answer::Configured(to)),
                    Err(error) => drop(to.send(Err(error))),
                },
                Order::Settled(settled) => commit.deliveries.push(Receivers::delivery(settled)),
                Order::Resend(ids, receiver, to) => match self.receivers.revive(&ids, receiver.as_deref()) {
                    Ok(rows) => {
                        answers.push(Answer::Count(to, rows.len()));
                        commit.deliveries.extend(rows);
                    }
                    Err(why) => drop(to.send(Err(why))),
                },
                Order::Stop => *stopping = true,
            }
        }
    }

    fn configure(&mut self, setup: Setup) -> Result<(), ConfigureError> {
        self.receivers.check(&setup)?;
        self.shared.book().configure(Arc::clone(&setup.compliance)).map_err(ConfigureError::Config)?;
        self.receivers.configure(&setup)?;
        crash::point(crash::RELOADED);
        self.setup = setup;
        self.shared.health.get().config_ns = now_ns();
        Ok(())
    }

    /// Cuts the stream, and tells the book what came.
    fn take_cut(&mut self, commit: &mut Commit) -> Held {
        let cut = self.shared.engine.cut();
        let (signs, held) = commit.take(cut);
        let now_ns = commit.now_ns;
        let mut book = self.shared.book();
        for sign in signs {
            let input = match sign {
                Sign::Alert(mut alert) => {
                    if let Some(on_sign) = &self.on_sign {
                        on_sign(&alert);
                    }
                    alert.time_ns = self.event.hear(alert.time_ns, now_ns);
                    Input::Symptom(Box::new(alert))
                }
                Sign::Facts(mut facts) => {
                    facts.time_ns = self.event.hear(facts.time_ns, now_ns);
                    Input::Facts(facts)
                }
                Sign::Seen { object, time_ns } => Input::Seen { object, time_ns: self.event.hear(time_ns, now_ns) },
            };
            // Only commands are refused.
            let _ = book.apply(input);
        }
        held
    }

    /// Lets time pass, where something waits for it.
    fn tick(&self, now_ns: u64) {
        let mut book = self.shared.book();
        let (event_due, clock_due) = book.next_due();
        if let Some(event_ns) = self.event.quiet(now_ns)
            && event_due.is_some_and(|due_ns| due_ns <= event_ns)
        {
            let _ = book.apply(Input::Time(event_ns));
        }
        if clock_due.is_none_or(|due_ns| due_ns <= now_ns) || now_ns.saturating_sub(book.clock_ns()) >= 1_000_000_000 {
            let _ = book.apply(Input::Clock(now_ns));
        }
    }

    /// Commits, however long it takes: until then nothing is acknowledged, so sources wait. Whoever
    /// wants something meanwhile is told why it cannot be.
    fn commit(&mut self, commit: &Commit, answers: &mut Vec<Answer>, stopping: &mut bool) {
        let mut pause = RETRY_FIRST;
        while let Err(error) = self.store.commit(commit) {
            self.shared.health.failed(&error);
            let text = self.shared.health.get().text.clone();
            answers.drain(..).for_each(|answer| answer.give(Err(text.clone())));
            if *stopping {
                tracing::error!("stopped without a last commit: what it held was not acknowledged and comes again");
                return;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(RETRY_LAST);
            *stopping |= self.turn_away(&text);
        }
        self.shared.health.committed(commit.now_ns);
    }

    /// Answers orders while the store takes nothing; says whether one of them was to stop. What
    /// became of deliveries waits for the next commit.
    fn turn_away(&mut self, text: &str) -> bool {
        let mut stop = false;
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Command(_, to) | Order::Inventory(_, to) => drop(to.send(Err(text.to_owned()))),
                Order::Configure(_, to) => drop(to.send(Err(ConfigureError::Store(text.to_owned())))),
                Order::Resend(.., to) => drop(to.send(Err(text.to_owned()))),
                Order::Settled(settled) => self.late.push(settled),
                Order::Stop => stop = true,
            }
        }
        stop
    }

    /// What is committed is told.
    fn after(&self, commit: Commit) {
        {
            let mut health = self.shared.health.get();
            for place in commit.places {
                health.places.insert(place.source.clone(), place);
            }
        }
        let again = commit.deliveries.iter().any(|row| row.outcome == Outcome::Revived);
        if again || !commit.changes.notices.is_empty() {
            self.receivers.nudge(again);
        } else if !commit.deliveries.is_empty() {
            self.receivers.tell();
        }
        self.shared.listeners.tell(commit.changes.alerts);
    }

    fn retain(&mut self) {
        if self.retained.elapsed() < RETAIN {
            return;
        }
        self.retained = Instant::now();
        if let Err(error) = self.store.retain(now_ns(), &self.setup.retention) {
            tracing::warn!("what is past its age cannot be let go: {error}");
        }
    }
}
