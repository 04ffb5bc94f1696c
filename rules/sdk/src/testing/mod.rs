//! A test bench for a rule's unit tests: the host in small, native and in memory, one event at a time.
//!
//! It answers as the host does: an event is shown to the rule if one of its interests asks for it, reminders that are
//! due come before a later event, state has the limits, windows and evictions of the contract, and a description or an
//! answer that the host refuses is refused. `tests/native` holds it to the host.
//!
//! ```
//! use lifesigns_rule::{Alerts, Description, Event, Interest, Kind, Rule, Symptom, testing::Bench};
//!
//! /// Raises a minute after "down" unless "up" comes.
//! struct Down;
//!
//! impl Rule for Down {
//!     type Settings = ();
//!
//!     fn new(_: ()) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!
//!     fn describe(&self) -> Description {
//!         Description::new("down", "1.0.0")
//!             .symptom(Symptom::new("down", "It is down"))
//!             .interest(Interest::log().contains(["link is down", "link is up"]))
//!             .interest(Interest::reminder())
//!     }
//!
//!     fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
//!         match event.kind() {
//!             Kind::Reminder => drop(alerts.raise("down", format!("{} is down", event.object()))),
//!             _ if event.message().contains("up") => event.state().forget("down"),
//!             _ => event.state().remind_at("down", event.time_ns() + 60_000_000_000),
//!         }
//!     }
//! }
//!
//! let mut bench = Bench::<Down>::new("{}").unwrap();
//! assert!(bench.at_ms(0).log("vm-1", "eth0: link is down").is_empty());
//! assert!(bench.at_ms(1000).log("vm-1", "another line").is_empty());
//! let alerts = bench.advance_to_ms(120_000);
//! assert_eq!((alerts[0].summary.as_str(), alerts[0].time_ns), ("vm-1 is down", 60_000_000_000));
//! ```

mod check;
mod digest;
mod interests;
mod memory;
mod windows;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use self::{interests::Candidate, memory::Memory};
use crate::{
    Alert, Description, Kinds, Rule, alerts,
    native::{Columns, Native},
};

/// The kinds of events, as the contract numbers them.
const LOG: u8 = 0;
const FACT: u8 = 1;
const REMINDER: u8 = 2;
/// Reminders that come between two events; the host defers more of them, too.
const REMINDERS_PER_GAP: usize = 1024;

/// Returns whether a rule has an interest in reminders.
fn reminds(description: &Description) -> bool {
    description.interests.iter().any(|interest| interest.kinds & Kinds::REMINDER == Kinds::REMINDER)
}

/// A rule with its state and the facts of its objects, which last as long as the bench.
pub struct Bench<R> {
    rule: Native<R>,
    host: Memory,
    time_ns: u64,
    shows_all: bool,
    /// The time at which as many reminders came as may.
    deferred_ns: Option<u64>,
    app: Option<String>,
    fields: BTreeMap<String, String>,
    properties: BTreeMap<(String, String), String>,
    metrics: BTreeMap<(String, String), f64>,
}

impl<R: Rule> Bench<R> {
    /// Makes the rule from `settings`, a JSON object.
    ///
    /// # Errors
    /// Returns the rule's text about its settings, or what the host would not accept of its description.
    pub fn new(settings: &str) -> Result<Self, String> {
        let rule = Native::new(settings)?;
        check::description(rule.description())
            .map_err(|why| format!("the module's description is not acceptable: {why}"))?;
        let reminds = reminds(rule.description());
        Ok(Self {
            rule,
            host: Memory::new(reminds),
            time_ns: 1_000_000_000,
            shows_all: false,
            deferred_ns: None,
            app: None,
            fields: BTreeMap::new(),
            properties: BTreeMap::new(),
            metrics: BTreeMap::new(),
        })
    }

    /// Makes the rule of a new version, which goes on with the state, facts and time of the one before, as in the host:
    /// its [`Rule::migrate`] is called if the versions of their state differ.
    ///
    /// ```
    /// # use lifesigns_rule::{Alerts, Description, Event, Interest, Rule, State, Symptom, testing::Bench};
    /// # macro_rules! version { ($name:ident, $key:literal, $describe:ident => $description:expr, $migrate:item) => {
    /// #     struct $name;
    /// #     impl Rule for $name {
    /// #         type Settings = ();
    /// #         fn new(_: ()) -> Result<Self, String> { Ok(Self) }
    /// #         fn describe(&self) -> Description {
    /// #             let $describe = Description::new("count", "1.0.0").symptom(Symptom::new("third", "The third"));
    /// #             $description.interest(Interest::log().contains(["failed"]))
    /// #         }
    /// #         fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
    /// #             if event.state().count($key, 1, 60_000) == 3 { alerts.raise("third", "the third"); }
    /// #         }
    /// #         $migrate
    /// #     }
    /// # } }
    /// # version!(Old, "n", it => it.state_version(1), fn migrate(&self, _: u32, _: &[String], _: &State<'_>) {});
    /// # version!(New, "failures", it => it.state_version(2).migrates_from(1),
    /// #     fn migrate(&self, _: u32, _: &[String], state: &State<'_>) { state.rename("n", "failures"); });
    /// let mut old = Bench::<Old>::new("{}").unwrap();
    /// assert!(old.log("vm-1", "failed").is_empty());
    /// assert!(old.log("vm-1", "failed").is_empty());
    /// // `New` counts under another key, and its `migrate` renames it.
    /// let mut new = Bench::<New>::after(old, "{}").unwrap();
    /// assert_eq!(new.log("vm-1", "failed").len(), 1);
    /// ```
    ///
    /// # Errors
    /// As [`Self::new`]; or the host would refuse the rule because it does not take over the state.
    pub fn after<Old: Rule>(old: Bench<Old>, settings: &str) -> Result<Self, String> {
        let new = Self::new(settings)?;
        let held = old.rule.description().state_version;
        let (own, from) = (new.rule.description().state_version, new.rule.description().migrates_from);
        let reminds = new.reminds();
        let Bench { host, time_ns, shows_all, deferred_ns, app, fields, properties, metrics, .. } = old;
        host.set_reminds(reminds);
        if held != own {
            if held > own || held < from {
                return Err(format!(
                    "what it remembers is state of version {held}; that of this rule is version {own}, and it takes over \
                     state from version {from} on"
                ));
            }
            host.migrate(|keys, calls| new.rule.migrate(held, keys, calls));
        }
        Ok(Self { host, time_ns, shows_all, deferred_ns, app, fields, properties, metrics, ..new })
    }

    fn reminds(&self) -> bool {
        reminds(self.rule.description())
    }

    /// Makes the bench show the rule every event, also those that no interest asks for: for tests of what `evaluate`
    /// does with lines that it would not be given.
    pub fn show_all(&mut self) -> &mut Self {
        self.shows_all = true;
        self
    }

    /// Sets the time of the events that follow, in milliseconds.
    pub fn at_ms(&mut self, time_ms: u64) -> &mut Self {
        self.time_ns = time_ms * 1_000_000;
        self
    }

    /// Sets the program that wrote the next log record.
    pub fn app(&mut self, name: &str) -> &mut Self {
        self.app = Some(name.into());
        self
    }

    /// Sets a field of the next log record.
    pub fn field(&mut self, name: &str, value: &str) -> &mut Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Sets a property of an object.
    pub fn property(&mut self, object: &str, name: &str, value: &str) -> &mut Self {
        self.properties.insert((object.into(), name.into()), value.into());
        self
    }

    /// Takes a property of an object away.
    pub fn without_property(&mut self, object: &str, name: &str) -> &mut Self {
        self.properties.remove(&(object.into(), name.into()));
        self
    }

    /// Sets a metric of an object.
    pub fn metric(&mut self, object: &str, name: &str, value: f64) -> &mut Self {
        self.metrics.insert((object.into(), name.into()), value);
        self
    }

    /// Lets a log record come, after the reminders that are due before it, and returns the alerts of all of them.
    ///
    /// # Panics
    /// Panics if the rule does, makes a call that traps in the host, or gives an answer that the host refuses. The
    /// event's changes of state are discarded then, as in the host.
    #[track_caller]
    pub fn log(&mut self, object: &str, message: &str) -> Vec<Alert> {
        let mut alerts = self.due();
        let (app, fields) = (self.app.take(), std::mem::take(&mut self.fields));
        alerts.extend(self.show(LOG, self.time_ns, object, app.as_deref(), message, &fields));
        alerts
    }

    /// Lets these facts (names, separated by commas) change; those that the rule does not want are left out.
    /// Otherwise as [`Self::log`].
    #[track_caller]
    pub fn fact(&mut self, object: &str, names: &str) -> Vec<Alert> {
        let mut alerts = self.due();
        let wants = &self.rule.description().wants;
        let is_wanted = |name: &&str| wants.properties.iter().chain(&wants.metrics).any(|wanted| wanted == name);
        let wanted: Vec<&str> = names.split(',').filter(|name| self.shows_all || is_wanted(name)).collect();
        if !wanted.is_empty() {
            let message = wanted.join(",");
            alerts.extend(self.show(FACT, self.time_ns, object, None, &message, &BTreeMap::new()));
        }
        alerts
    }

    /// Lets time pass up to then, and returns the alerts of the reminders that become due, each at its own time;
    /// otherwise as [`Self::log`].
    #[track_caller]
    pub fn advance_to_ms(&mut self, time_ms: u64) -> Vec<Alert> {
        self.at_ms(time_ms).due()
    }

    /// Returns the alerts of the reminders that are due at the present time; otherwise as [`Self::log`].
    #[track_caller]
    pub fn reminder(&mut self) -> Vec<Alert> {
        self.due()
    }

    /// Returns the lines that the rule wrote to its log.
    pub fn log_lines(&self) -> Vec<String> {
        self.host.lines()
    }

    #[track_caller]
    fn due(&mut self) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let most = if self.deferred_ns == Some(self.time_ns) { 0 } else { REMINDERS_PER_GAP };
        self.deferred_ns = Some(self.time_ns);
        for _ in 0..most {
            let Some((due_ns, object, name)) = self.host.due(self.time_ns) else {
                self.deferred_ns = None;
                break;
            };
            alerts.extend(self.show(REMINDER, due_ns, &object, None, &name, &BTreeMap::new()));
        }
        alerts
    }

    #[track_caller]
    fn show(
        &mut self,
        kind: u8,
        time_ns: u64,
        object: &str,
        app: Option<&str>,
        message: &str,
        fields: &BTreeMap<String, String>,
    ) -> Vec<Alert> {
        let property = |name: &str| self.properties.get(&(object.to_owned(), name.to_owned())).cloned();
        let field = |name: &str| fields.get(name).cloned();
        let event = Candidate { kind, message, field: &field, property: &property };
        if !self.shows_all && !interests::is_delivered(self.rule.description(), &event) {
            return Vec::new();
        }
        let (mut text, mut spans) = (String::new(), Vec::new());
        let mut push = |value: Option<&str>| match value {
            Some(value) => {
                spans.extend([text.len() as u32, value.len() as u32]);
                text.push_str(value);
            }
            None => spans.extend([u32::MAX, 0]),
        };
        let wants = &self.rule.description().wants;
        [Some(object), app, Some(message)].into_iter().for_each(&mut push);
        wants.fields.iter().for_each(|name| push(fields.get(name).map(String::as_str)));
        wants.properties.iter().for_each(|name| push(property(name).as_deref()));
        let metric = |name: &String| self.metrics.get(&(object.to_owned(), name.clone())).copied();
        let numbers: Vec<f64> = wants.metrics.iter().map(|name| metric(name).unwrap_or(f64::NAN)).collect();
        let columns = Columns { text: &text, times_ns: &[time_ns], kinds: &[kind], spans: &spans, numbers: &numbers };
        self.host.begin(object, time_ns);
        let answer = match catch_unwind(AssertUnwindSafe(|| self.rule.evaluate(columns, &self.host))) {
            Ok(answer) => answer,
            Err(panic) => {
                self.host.roll_back();
                resume_unwind(panic)
            }
        };
        let alerts = alerts::read(&answer, &self.rule.description().symptoms, time_ns, object);
        if let Err(why) = check::answer(&alerts) {
            self.host.roll_back();
            panic!("its answer is not acceptable: {why}");
        }
        alerts
    }
}
