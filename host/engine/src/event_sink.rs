//! The observations of a shard: where they go, and their position in the stream.

use lifesigns_model::{ObjectFacts, Observation, RuleAlert, RuleAlertOrder, RuleAlertRef, RuleCall, limits};

use crate::{RuleAlertObserver, byte_semaphore::BytePermit};

/// A position in the stream; ordered as the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamPosition {
    /// The chunk's number.
    pub(crate) chunk: u64,
    /// The line, as one of the chunk's kept lines.
    pub(crate) line: u32,
    pub(crate) phase: Phase,
    /// Of reminders the shard's own count.
    pub(crate) nth: u64,
}

/// The phases in which a line is evaluated, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// An object that was not known is inserted.
    #[default]
    Seen,
    /// Reminders fire.
    Reminder,
    /// Its facts are applied.
    Facts,
    /// It is shown to rules.
    Event,
    /// Reminders of silent objects fire.
    Silence,
}

/// A line's position in the stream and in the order of rule alerts, with its event time and source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineContext<'a> {
    pub(crate) position: StreamPosition,
    pub(crate) order: RuleAlertOrder,
    /// `None` for facts of the inventory.
    pub(crate) source: Option<&'a str>,
}

/// Receives the observations of a shard.
pub(crate) trait EventSink {
    /// A rule's alert.
    fn alert(&mut self, position: StreamPosition, alert: &RuleAlertRef<'_>);

    /// Facts of a line.
    fn facts(&mut self, _at: LineContext<'_>, _facts: &ObjectFacts) {}

    /// The line's object was not known.
    fn seen(&mut self, _at: LineContext<'_>, _object: &str) {}

    /// Returns whether it keeps what rules were given.
    fn keeps_calls(&self) -> bool {
        false
    }

    /// Keeps what a rule was given.
    fn call(&mut self, _call: RuleCall) {}

    /// Returns whether so much is buffered that reminders of silent objects should wait.
    fn is_backlogged(&self) -> bool {
        false
    }

    /// Returns whether there is no room for more, or none for a rule of whose alerts `of_rule` bytes
    /// are buffered.
    fn is_full(&self, _of_rule: usize) -> bool {
        false
    }

    /// Returns the bytes that are buffered.
    fn buffered_bytes(&self) -> usize {
        0
    }
}

impl<F: FnMut(&RuleAlertRef<'_>)> EventSink for F {
    fn alert(&mut self, _: StreamPosition, alert: &RuleAlertRef<'_>) {
        self(alert);
    }
}

impl LineContext<'_> {
    /// Returns facts as an observation, with their time.
    pub(crate) fn facts(&self, facts: &ObjectFacts) -> Observation {
        let facts = ObjectFacts { time_ns: self.order.time_ns, ..facts.clone() };
        match self.source {
            Some(source) => Observation::Facts(facts, source.to_owned()),
            None => Observation::Inventory(facts),
        }
    }

    /// Returns an object that was not known as an observation; `None` for the inventory, which may name
    /// objects of which no event came.
    pub(crate) fn seen(&self, object: &str) -> Option<Observation> {
        let source = self.source?.to_owned();
        Some(Observation::Seen { object: object.to_owned(), source, time_ns: self.order.time_ns })
    }
}

/// Buffers observations until the next checkpoint.
#[derive(Default)]
pub(crate) struct ObservationBuffer {
    list: Vec<(StreamPosition, u32, Observation)>,
    calls: Vec<RuleCall>,
    /// How many of them were [announced](Self::announce).
    announced: usize,
    /// Roughly the bytes that were added since they were last [charged](Self::uncharged).
    new_bytes: usize,
    /// Roughly the bytes of all of them.
    bytes: usize,
    most_bytes: usize,
    /// The permit for their bytes.
    pub(crate) permit: Option<BytePermit>,
}

/// An attribute's two texts, with what the allocator adds.
const ATTRIBUTE_BYTES: usize = size_of::<(String, String)>() + 32;

/// The most observations for which a buffer has room from the start.
const KEPT_ROOM: usize = 1024;

impl ObservationBuffer {
    /// Returns an empty buffer for about `most_bytes`.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, ..Self::default() }
    }

    /// Returns the bytes that were added since the last call.
    pub(crate) fn uncharged(&mut self) -> usize {
        std::mem::take(&mut self.new_bytes)
    }

    /// Passes on the rule alerts that were added since the last call.
    pub(crate) fn announce(&mut self, observer: &RuleAlertObserver) {
        let new = self.list[self.announced..].iter();
        let alerts: Vec<&RuleAlert> = new
            .filter_map(|(.., observation)| match observation {
                Observation::RuleAlert(alert) => Some(&**alert),
                _ => None,
            })
            .collect();
        if !alerts.is_empty() {
            (observer.0)(&alerts);
        }
        self.announced = self.list.len();
    }

    /// Takes all of them, and the permit for their bytes. All have been announced.
    pub(crate) fn take(&mut self) -> (Vec<(StreamPosition, u32, Observation)>, Option<BytePermit>) {
        (self.bytes, self.announced) = (0, 0);
        // As many are likely to follow.
        let next = Vec::with_capacity(self.list.len().min(KEPT_ROOM));
        (std::mem::replace(&mut self.list, next), self.permit.take())
    }

    /// Takes what rules were given.
    pub(crate) fn take_calls(&mut self) -> Vec<RuleCall> {
        std::mem::take(&mut self.calls)
    }

    /// Drops the observations of these objects. Their bytes are given back with the rest. All have been announced.
    pub(crate) fn forget(&mut self, objects: &[String]) {
        self.list.retain(|(.., observation)| {
            let object = match observation {
                Observation::RuleAlert(alert) => &alert.object,
                Observation::Facts(facts, _) | Observation::Inventory(facts) => &facts.object,
                Observation::Seen { object, .. } => object,
            };
            !objects.contains(object)
        });
        self.calls.retain(|call| !objects.contains(&call.object));
        self.announced = self.list.len();
    }

    fn push(&mut self, position: StreamPosition, rule: u32, observation: Observation, bytes: usize) {
        let bytes = size_of::<(StreamPosition, u32, Observation)>() + bytes;
        self.new_bytes += bytes;
        self.bytes += bytes;
        self.list.push((position, rule, observation));
    }
}

impl EventSink for ObservationBuffer {
    fn alert(&mut self, position: StreamPosition, alert: &RuleAlertRef<'_>) {
        let attribute = |(name, value): (&str, &str)| ATTRIBUTE_BYTES + name.len() + value.len();
        let attributes = alert.attributes.iter().map(attribute).sum::<usize>();
        let symptom = alert.symptom.id.len() + alert.symptom.title.len() + alert.symptom.recommendation.len();
        let texts = [alert.rule, alert.object, alert.summary, alert.evidence.text, alert.evidence.source, alert.module];
        let bytes = size_of::<RuleAlert>() + attributes + symptom + texts.iter().map(|text| text.len()).sum::<usize>();
        self.push(position, alert.order.rule, Observation::RuleAlert(Box::new(RuleAlert::from(alert))), bytes);
    }

    fn facts(&mut self, at: LineContext<'_>, facts: &ObjectFacts) {
        let property = |(name, value): &(String, Option<String>)| name.len() + value.as_ref().map_or(0, String::len);
        let bytes = facts.properties.iter().map(property).sum::<usize>()
            + facts.metrics.iter().map(|(name, _)| name.len() + size_of::<f64>()).sum::<usize>();
        self.push(at.position, 0, at.facts(facts), facts.object.len() + at.source.map_or(0, str::len) + bytes);
    }

    fn seen(&mut self, at: LineContext<'_>, object: &str) {
        if let Some(observation) = at.seen(object) {
            self.push(at.position, 0, observation, object.len() + at.source.map_or(0, str::len));
        }
    }

    fn keeps_calls(&self) -> bool {
        true
    }

    fn call(&mut self, call: RuleCall) {
        let bytes = call.bytes();
        self.new_bytes += bytes;
        self.bytes += bytes;
        self.calls.push(call);
    }

    fn is_backlogged(&self) -> bool {
        self.bytes > limits::OBSERVATION_BYTES
    }

    fn is_full(&self, of_rule: usize) -> bool {
        of_rule > self.most_bytes / 2 || self.bytes > self.most_bytes
    }

    fn buffered_bytes(&self) -> usize {
        self.bytes
    }
}
