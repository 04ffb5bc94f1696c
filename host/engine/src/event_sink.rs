//! What a shard says while it takes the stream, and where in the stream it says so.

use lifesigns_model::{ObjectFacts, Observation, RuleAlert, RuleAlertOrder, RuleAlertRef, limits};

use crate::byte_semaphore::BytePermit;

/// A place in the stream, in its order.
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

/// What happens with a line, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Its object is taken up.
    #[default]
    Seen,
    /// Reminders fire.
    Reminder,
    /// Facts are noted.
    Facts,
    /// Rules are shown it.
    Event,
    /// Reminders of silent objects fire.
    Silence,
}

/// Where a line stands: in the stream, and in the order of alerts, with its event time and source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineContext<'a> {
    pub(crate) position: StreamPosition,
    pub(crate) order: RuleAlertOrder,
    /// None of what the inventory says.
    pub(crate) source: Option<&'a str>,
}

/// Where a shard's words go.
pub(crate) trait EventSink {
    /// A rule's alert.
    fn alert(&mut self, position: StreamPosition, alert: &RuleAlertRef<'_>);

    /// A line's facts.
    fn facts(&mut self, _at: LineContext<'_>, _facts: &ObjectFacts) {}

    /// The line's object was not known.
    fn seen(&mut self, _at: LineContext<'_>, _object: &str) {}

    /// Whether so much waits that nothing should be said that nobody asked for.
    fn is_backlogged(&self) -> bool {
        false
    }

    /// Whether so much waits that there is no room for more, of a rule of whose alerts so many bytes
    /// wait.
    fn is_full(&self, _of_rule: usize) -> bool {
        false
    }

    /// What waits, in bytes.
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
    /// Facts to keep, with their time.
    pub(crate) fn facts(&self, facts: &ObjectFacts) -> Observation {
        let facts = ObjectFacts { time_ns: self.order.time_ns, ..facts.clone() };
        match self.source {
            Some(source) => Observation::Facts(facts, source.to_owned()),
            None => Observation::Inventory(facts),
        }
    }

    /// An object that was not known. That the inventory names one does not say that it was heard of.
    pub(crate) fn seen(&self, object: &str) -> Option<Observation> {
        let source = self.source?.to_owned();
        Some(Observation::Seen { object: object.to_owned(), source, time_ns: self.order.time_ns })
    }
}

/// Keeps everything until the next cut.
#[derive(Default)]
pub(crate) struct ObservationBuffer {
    list: Vec<(StreamPosition, u32, Observation)>,
    /// Roughly what they take since they were last [charged](Self::uncharged).
    new_bytes: usize,
    /// Roughly what all of them take.
    bytes: usize,
    most_bytes: usize,
    /// The room that they take.
    pub(crate) permit: Option<BytePermit>,
}

/// An attribute's two texts, with what the allocator adds.
const ATTRIBUTE_BYTES: usize = size_of::<(String, String)>() + 32;

impl ObservationBuffer {
    /// None yet, and room for so many bytes of them.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, ..Self::default() }
    }

    /// The bytes that have come since the last call.
    pub(crate) fn uncharged(&mut self) -> usize {
        std::mem::take(&mut self.new_bytes)
    }

    /// All of them, and the room that they take.
    pub(crate) fn take(&mut self) -> (Vec<(StreamPosition, u32, Observation)>, Option<BytePermit>) {
        self.bytes = 0;
        (std::mem::take(&mut self.list), self.permit.take())
    }

    /// Drops what was said of these objects. The room that it takes is given back with the rest.
    pub(crate) fn forget(&mut self, objects: &[String]) {
        self.list.retain(|(.., observation)| {
            let object = match observation {
                Observation::RuleAlert(alert) => &alert.object,
                Observation::Facts(facts, _) | Observation::Inventory(facts) => &facts.object,
                Observation::Seen { object, .. } => object,
            };
            !objects.contains(object)
        });
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
        let bytes = attributes + symptom + texts.iter().map(|text| text.len()).sum::<usize>();
        self.push(position, alert.order.rule, Observation::RuleAlert(RuleAlert::from(alert)), bytes);
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
