//! What should be open: derived from what was written, when, and from what the documentation promises,
//! with none of the host's code. Where the promise leaves room (a timer that falls due while the host
//! is down, or between two looks), the answer is that both are right.

use std::collections::BTreeMap;

use crate::fleet::{ALLOWED_IN_LAB, DEFINITIONS, Definition, Object, Of, STEP_MIN};

/// What the model says of one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is open, and allowed or not.
    Open {
        /// Policy allows it.
        allowed: bool,
    },
    /// It is not open.
    Closed,
    /// Either is right just now.
    Either,
}

/// From when to when something was so, in minutes.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: u64,
    /// Still so where there is none.
    to: Option<u64>,
}

#[derive(Default)]
struct Track(Vec<Span>);

impl Track {
    fn is_on(&self) -> bool {
        self.0.last().is_some_and(|span| span.to.is_none())
    }

    fn set(&mut self, at: u64, on: bool) {
        match (self.is_on(), on) {
            (false, true) => self.0.push(Span { from: at, to: None }),
            (true, false) => self.0.last_mut().expect("it is on").to = Some(at),
            _ => {}
        }
    }
}

#[derive(Default)]
struct State {
    /// By definition.
    tracks: BTreeMap<&'static str, Track>,
    symptoms: BTreeMap<&'static str, bool>,
    load: bool,
    env: &'static str,
    env_at: u64,
    ahead: u64,
    raised: Option<u64>,
    /// How often `kw` was raised.
    raises: u64,
}

pub(crate) struct Model {
    states: Vec<State>,
    /// What the host has read of the inventory last.
    read: Vec<&'static str>,
    /// When the host was down, in minutes.
    down: Vec<Span>,
    policy: bool,
    /// When the host may last have noticed that the rule `other` is gone, while it is.
    gone: Option<u64>,
}

impl Model {
    pub(crate) fn new(objects: &[Object]) -> Self {
        let state = |object: &Object| State { env: object.listed, ..State::default() };
        let read = objects.iter().map(|object| object.listed).collect();
        Self { states: objects.iter().map(state).collect(), read, down: Vec::new(), policy: true, gone: None }
    }

    /// A line that raises or clears a symptom, written at `at`.
    pub(crate) fn toggle(&mut self, object: usize, symptom: &'static str, at: u64, on: bool) {
        self.states[object].symptoms.insert(symptom, on);
        self.follow(object, at);
    }

    /// A line that raises what ends by itself.
    pub(crate) fn keyword(&mut self, object: usize, at: u64) {
        self.states[object].raised = Some(at);
        self.states[object].raises += 1;
    }

    /// A line that gives the load.
    pub(crate) fn load(&mut self, object: usize, at: u64, high: bool) {
        self.states[object].load = high;
        self.follow(object, at);
    }

    /// A line of the object that is stamped `stamp` and read at `now`. What is stamped later than it is read
    /// counts as of then, and what comes after it in its file does not count as of before it. Returns as of
    /// when it counts.
    pub(crate) fn heard(&mut self, object: usize, stamp: u64, now: u64) -> u64 {
        let state = &mut self.states[object];
        let counted = stamp.max(state.ahead).min(now);
        if stamp > now {
            state.ahead = counted;
        }
        counted
    }

    /// A line that gives `env`, which counts as of `counted` on the host's clock.
    pub(crate) fn env(&mut self, object: usize, counted: u64, value: &'static str) {
        let state = &mut self.states[object];
        if counted >= state.env_at {
            (state.env, state.env_at) = (value, counted);
        }
        self.follow(object, counted);
    }

    /// The host reads the inventory at `at`.
    pub(crate) fn inventory(&mut self, objects: &[Object], at: u64) {
        for (number, object) in objects.iter().enumerate() {
            if self.read[number] != object.listed {
                self.read[number] = object.listed;
                (self.states[number].env, self.states[number].env_at) = (object.listed, at);
                self.follow(number, at);
            }
        }
    }

    pub(crate) fn policy(&mut self, on: bool) {
        self.policy = on;
    }

    /// The rule `other` is gone: what it said ends after a grace, which begins when the host notices it.
    pub(crate) fn rule_gone(&mut self, at: u64) {
        // It may notice it a step later.
        self.gone = Some(at);
        for number in 0..self.states.len() {
            self.states[number].symptoms.insert("other/a", false);
            self.follow(number, at);
        }
    }

    /// The rule `other` is there again.
    pub(crate) fn rule_back(&mut self) {
        self.gone = None;
    }

    pub(crate) fn down(&mut self, at: u64) {
        self.down.push(Span { from: at, to: None });
    }

    pub(crate) fn up(&mut self, at: u64) {
        if let Some(span) = self.down.last_mut() {
            span.to = Some(at);
        }
        // The grace begins again.
        self.gone = self.gone.map(|_| at);
    }

    /// Notes which conditions hold since `at`.
    fn follow(&mut self, object: usize, at: u64) {
        let state = &mut self.states[object];
        for definition in &DEFINITIONS {
            let is = |symptom| state.symptoms.get(symptom).copied().unwrap_or(false);
            let on = match definition.of {
                Of::Toggle(symptom) => is(symptom),
                Of::ToggleInProduction(symptom) => is(symptom) && state.env == "prod",
                Of::Load => state.load,
                Of::Held(_) => continue,
            };
            state.tracks.entry(definition.name).or_default().set(at, on);
        }
    }

    /// How much later than it should something may come about that was so from `from` to `to`: the host
    /// was down, an object's clock is behind, and a step is a step.
    fn late(&self, object: &Object, from: u64, to: u64) -> u64 {
        let away = self.down.iter().map(|span| {
            let end = span.to.unwrap_or(to).min(to);
            // Read late is heard late: a downtime that ended just before counts whole.
            let start = span.from.max(from);
            end.saturating_sub(start)
        });
        away.sum::<u64>() + object.skew_min.min(0).unsigned_abs() + 2 * STEP_MIN
    }

    /// How much earlier: a clock that is behind is once taken to be where the file's last line is.
    fn early(object: &Object) -> u64 {
        object.skew_min.min(0).unsigned_abs() + STEP_MIN
    }

    /// What should be so at `now`, when everything has been read.
    pub(crate) fn expected(&self, objects: &[Object], number: usize, definition: &Definition, now: u64) -> Expected {
        let (object, state) = (&objects[number], &self.states[number]);
        let open = match definition.of {
            Of::Held(hold) => state.raised.map_or(Some(false), |at| self.still(object, at, now, hold)),
            _ => {
                let empty = Track::default();
                let track = state.tracks.get(definition.name).unwrap_or(&empty);
                self.open(object, track, definition, now)
            }
        };
        let in_grace = self.gone.is_some_and(|at| now <= at + 2 * STEP_MIN);
        let open = if in_grace && definition.is_of_other() && open == Some(false) { None } else { open };
        let allowed = self.policy && state.env == "lab" && ALLOWED_IN_LAB.contains(&definition.name);
        match open {
            Some(true) => Expected::Open { allowed },
            Some(false) => Expected::Closed,
            None => Expected::Either,
        }
    }

    /// Whether what began to end at `at` and takes `for_min` is still so at `now`.
    fn still(&self, object: &Object, at: u64, now: u64, for_min: u64) -> Option<bool> {
        let passed = now.saturating_sub(at);
        if passed + Self::early(object) < for_min {
            return Some(true);
        }
        (passed > for_min + self.late(object, at, now)).then_some(false)
    }

    /// Whether it had waited long enough by `to`.
    fn waited(&self, object: &Object, from: u64, to: u64, definition: &Definition) -> Option<bool> {
        let wait = definition.wait_min;
        if wait == 0 {
            return Some(true);
        }
        let passed = to.saturating_sub(from);
        if passed > wait + self.late(object, from, to) {
            return Some(true);
        }
        (passed + Self::early(object) < wait).then_some(false)
    }

    fn open(&self, object: &Object, track: &Track, definition: &Definition, now: u64) -> Option<bool> {
        let Some(last) = track.0.last() else { return Some(false) };
        if last.to.is_none() {
            return match self.waited(object, last.from, now, definition) {
                // What was open before may still linger.
                Some(false) if definition.cancel_min > 0 => None,
                answer => answer,
            };
        }
        let ended = last.to.expect("it ended");
        if definition.cancel_min == 0 {
            return Some(false);
        }
        self.still(object, ended, now, definition.cancel_min)
    }

    /// How often an alert may have opened at most.
    pub(crate) fn openings(&self, objects: &[Object], number: usize, definition: &Definition) -> u64 {
        let state = &self.states[number];
        if let Of::Held(_) = definition.of {
            return state.raises;
        }
        let Some(track) = state.tracks.get(definition.name) else { return 0 };
        let may = |span: &&Span| {
            let to = span.to.unwrap_or(u64::MAX / 2);
            self.waited(&objects[number], span.from, to, definition) != Some(false)
        };
        track.0.iter().filter(may).count() as u64
    }
}
