//! Rules made of closures and lines that are easy to write, for tests of the engine by itself.
#![allow(dead_code, reason = "each test file uses what it needs")]

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use lifesigns_engine::{EngineConfig, LoadedRule, RuleAlertSink, RuleSet};
use lifesigns_model::{
    AckCallback, Change, Chunk, Criticality, Decoder, DescribedInstance, Description, EventBatch, EventKind,
    EventKinds, EventSource, Facts, Impact, InstanceError, InstantiateError, Interest, Limits, LogRecord, Module,
    RuleAlert, RuleAlertBatch, RuleInstance, RuleKey, RuleState, StateError, SymptomDefinition, Wants,
};

/// `TIME_MS OBJECT message`, or `TIME_MS OBJECT "properties" name=value` for a fact, and without the
/// value for one that is removed; a time of `-` is none.
pub(crate) struct Plain;

impl Decoder for Plain {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let mut words = line.splitn(3, ' ');
        let time_ns = words.next().and_then(|time| time.parse::<u64>().ok()).map(|time| time * 1_000_000);
        let object = words.next().map(Into::into);
        let message = words.next().unwrap_or_default();
        let mut record = LogRecord { time_ns, object, ..LogRecord::default() };
        match message.strip_prefix("\"properties\" ") {
            None => record.message = Some(message.into()),
            Some(fact) => {
                let (name, value) = fact.split_once('=').map_or((fact, None), |(name, value)| (name, Some(value)));
                let properties = vec![(name.into(), value.map(Into::into))];
                record.facts = Some(Facts { properties, ..Facts::default() });
            }
        }
        record
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        true
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        !line.starts_with(b"-")
    }
}

/// One event, as a closure sees it.
pub(crate) struct Event<'a> {
    pub(crate) number: u32,
    pub(crate) time_ns: u64,
    pub(crate) kind: u8,
    pub(crate) object: &'a str,
    pub(crate) message: &'a str,
    pub(crate) properties: Vec<Option<&'a str>>,
}

/// Judges one event: what it says becomes an alert.
pub(crate) type Judge = fn(&Event<'_>, &mut dyn RuleState) -> Result<Option<String>, StateError>;

struct Closure {
    description: Description,
    judge: Judge,
}

struct Running(Arc<Closure>);

impl Module for Running {
    fn digest(&self) -> &str {
        "closure"
    }

    fn instantiate(&self, _: &str, _: &Limits) -> Result<DescribedInstance, InstantiateError> {
        Ok(DescribedInstance { instance: Box::new(Self(Arc::clone(&self.0))), description: self.0.description.clone() })
    }
}

impl RuleInstance for Running {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        mut state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let width = 2 * EventBatch::width(&self.0.description.wants);
        for number in 0..batch.len() {
            let spans = &batch.spans[number * width..(number + 1) * width];
            let text = |at: usize| {
                let (offset, len) = (spans[2 * at], spans[2 * at + 1]);
                lifesigns_model::Span { offset, len }.get(&batch.text)
            };
            let event = Event {
                number: number as u32,
                time_ns: batch.times_ns[number],
                kind: batch.kinds[number],
                object: text(0).unwrap_or_default(),
                message: text(2).unwrap_or_default(),
                properties: (0..self.0.description.wants.properties.len()).map(|at| text(3 + at)).collect(),
            };
            match (self.0.judge)(&event, state.as_mut()) {
                Ok(None) => {}
                Ok(Some(summary)) => answer.push(event.number, 0, Change::Raise, &summary, []),
                Err(StateError(text)) => return (state, Err(InstanceError::Call(text))),
            }
        }
        (state, Ok(()))
    }
}

/// A rule that sees log lines with one of `contains` (all of them if there is none), the facts
/// `properties`, and reminders if `reminds`.
pub(crate) fn rule(name: &str, contains: &[&str], properties: &[&str], reminds: bool, judge: Judge) -> Arc<LoadedRule> {
    let interest = |kind, contains: &[&str]| Interest {
        kinds: EventKinds::of(&[kind]),
        contains: contains.iter().map(|text| (*text).to_owned()).collect(),
        ignore_case: false,
        conditions: Vec::new(),
    };
    let mut interests = vec![interest(EventKind::Log, contains)];
    if !properties.is_empty() {
        interests.push(interest(EventKind::Fact, &[]));
    }
    if reminds {
        interests.push(interest(EventKind::Reminder, &[]));
    }
    rule_of(name, interests, properties, judge)
}

/// A rule with these interests, which wants `properties`.
pub(crate) fn rule_of(name: &str, interests: Vec<Interest>, properties: &[&str], judge: Judge) -> Arc<LoadedRule> {
    let symptom = SymptomDefinition {
        id: "seen".into(),
        title: "Seen".into(),
        criticality: Criticality::Information,
        impact: Impact::Health,
        recommendation: String::new(),
        controls: Vec::new(),
        hold_ms: 0,
    };
    let description = Description {
        name: name.to_owned(),
        version: "1.0.0".into(),
        symptoms: vec![symptom],
        interests,
        wants: Wants { properties: properties.iter().map(|name| (*name).to_owned()).collect(), ..Wants::default() },
        ..Description::default()
    };
    let module: Arc<dyn Module> = Arc::new(Running(Arc::new(Closure { description, judge })));
    Arc::new(LoadedRule::new(name, module, "{}", Limits::default()).expect("a closure opens"))
}

/// The same module as the shadow of a rule.
pub(crate) fn shadow(rule: &LoadedRule) -> Arc<LoadedRule> {
    let (key, module) = (RuleKey::shadow(rule.name()), Arc::clone(&rule.module));
    Arc::new(LoadedRule::new(key, module, &rule.settings, rule.limits.clone()).expect("a closure opens"))
}

/// The same rule with other limits.
pub(crate) fn limited(rule: &LoadedRule, limits: Limits) -> Arc<LoadedRule> {
    Arc::new(
        LoadedRule::new(rule.key.clone(), Arc::clone(&rule.module), &rule.settings, limits).expect("a closure opens"),
    )
}

pub(crate) fn rules(rules: &[Arc<LoadedRule>]) -> Arc<RuleSet> {
    Arc::new(RuleSet::new(rules.to_vec(), &[]).expect("few literals"))
}

pub(crate) fn source(name: &str, rank: u32) -> Arc<EventSource> {
    Arc::new(EventSource { name: name.into(), rank, object: "-".into(), app: None, decoder: Arc::new(Plain) })
}

pub(crate) fn chunk(source: &Arc<EventSource>, text: &str, done: Option<AckCallback>) -> Chunk {
    Chunk { source: Arc::clone(source), bytes: text.into(), arrived_ns: None, cursor: None, ack: done }
}

pub(crate) fn config(shards: usize) -> EngineConfig {
    EngineConfig { scanners: 2, shards, pin: false, ..EngineConfig::default() }
}

/// Alerts as they come.
pub(crate) type Kept = Arc<Mutex<Vec<RuleAlert>>>;

pub(crate) fn sink() -> (Kept, RuleAlertSink) {
    let kept = Kept::default();
    let into = Arc::clone(&kept);
    (kept, Arc::new(move |alert| into.lock().unwrap_or_else(PoisonError::into_inner).push(RuleAlert::from(alert))))
}

pub(crate) fn summaries(kept: &Kept) -> Vec<String> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter().map(|alert| alert.summary.clone()).collect()
}

/// Ends the test if `work` hangs.
pub(crate) fn within<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let _ = sender.send(work());
    });
    match receiver.recv_timeout(std::time::Duration::from_secs(60)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("not done within a minute"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("it has sent nothing and not panicked"),
        },
    }
}

/// Two sources.
pub(crate) fn sources() -> [Arc<EventSource>; 2] {
    [0, 1].map(|number| source(&format!("source-{number}"), number))
}

/// Which chunks were acknowledged, as often as they were.
pub(crate) type Dones = Arc<Mutex<Vec<(usize, usize)>>>;

/// The chunk of a source that has `before` chunks before it.
pub(crate) fn numbered(source: usize, before: usize, text: &str, dones: &Dones) -> Chunk {
    let dones = Arc::clone(dones);
    let done: AckCallback = Box::new(move || dones.lock().expect("no thread panicked").push((source, before)));
    let cursor = Some((before + 1).to_le_bytes().to_vec());
    let source = Arc::clone(&sources()[source]);
    Chunk { source, bytes: text.into(), arrived_ns: None, cursor, ack: Some(done) }
}
