//! A rule's alert as it leaves the engine: borrowed on the way out, owned by those who keep it.

use crate::{Change, Criticality, Impact, Span, SymptomDefinition};

/// The line that shows an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceRef<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The line's number in the source, from 1.
    pub line: u64,
    /// The raw line; invalid UTF-8 is replaced.
    pub text: &'a str,
}

/// What is shown of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEvidence<'a> {
    /// The source and the line's number there, from 1, of a line that was read elsewhere.
    pub place: Option<(&'a str, u64)>,
    /// The text as its author wrote it.
    pub text: &'a str,
}

impl<'a> LineEvidence<'a> {
    /// Returns it with its place, which is that of the chunk unless it was read elsewhere.
    pub fn or_at(self, source: &'a str, line: u64) -> EvidenceRef<'a> {
        let (source, line) = self.place.unwrap_or((source, line));
        EvidenceRef { source, line, text: self.text }
    }
}

/// The order of all rule alerts of a replay: event time, then the sources' order, then line, then rule
/// name, then the rule's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RuleAlertOrder {
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The source's rank.
    pub source: u32,
    /// The line's number in the source.
    pub line: u64,
    /// The rule's place among all rules by name.
    pub rule: u32,
    /// The alert's place in the rule's answer to the event.
    pub nth: u32,
}

/// Names and values over one text.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    arena: &'a str,
    pairs: &'a [(Span, Span)],
}

impl<'a> Attributes<'a> {
    /// The pairs of `arena`.
    pub const fn new(arena: &'a str, pairs: &'a [(Span, Span)]) -> Self {
        Self { arena, pairs }
    }

    /// Name and value, in the rule's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        let arena = self.arena;
        self.pairs.iter().map(move |(name, value)| (name.str(arena), value.str(arena)))
    }
}

/// A borrowed rule alert on its way out of the engine.
#[derive(Clone, Copy, Debug)]
pub struct RuleAlertRef<'a> {
    /// Its place in the order of all rule alerts; carries the event time.
    pub order: RuleAlertOrder,
    /// The rule's name.
    pub rule: &'a str,
    /// The symptom, as the rule declared it.
    pub symptom: &'a SymptomDefinition,
    /// The object.
    pub object: &'a str,
    /// Raise or clear.
    pub change: Change,
    /// One line for a person.
    pub summary: &'a str,
    /// Details.
    pub attributes: Attributes<'a>,
    /// The line that shows it. A reminder's alert shows the line that set the reminder.
    pub evidence: EvidenceRef<'a>,
    /// `sha256:…` of the rule's module.
    pub module: &'a str,
}

/// An owned rule alert: a rule raises or clears a symptom of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RuleAlert {
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The rule's name.
    pub rule: String,
    /// The symptom's id.
    pub symptom: String,
    /// The symptom's title.
    pub title: String,
    /// The object.
    pub object: String,
    /// How bad the rule says it is.
    pub criticality: Criticality,
    /// What suffers.
    pub impact: Impact,
    /// Raise or clear.
    pub change: Change,
    /// One line for a person.
    pub summary: String,
    /// What a person should do; may be empty.
    pub recommendation: String,
    /// Controls such as `CIS-Docker-1.6:5.4`.
    pub controls: Vec<String>,
    /// The symptom clears by itself after this long without a raise; 0 for never.
    pub hold_ms: u64,
    /// Names and values.
    pub attributes: Vec<(String, String)>,
    /// The source's name.
    pub source: String,
    /// The line's number in the source.
    pub line: u64,
    /// The raw line.
    pub text: String,
    /// `sha256:…` of the module.
    pub module: String,
}

impl From<&RuleAlertRef<'_>> for RuleAlert {
    fn from(alert: &RuleAlertRef<'_>) -> Self {
        Self {
            time_ns: alert.order.time_ns,
            rule: alert.rule.to_owned(),
            symptom: alert.symptom.id.clone(),
            title: alert.symptom.title.clone(),
            object: alert.object.to_owned(),
            criticality: alert.symptom.criticality,
            impact: alert.symptom.impact,
            change: alert.change,
            summary: alert.summary.to_owned(),
            recommendation: alert.symptom.recommendation.clone(),
            controls: alert.symptom.controls.clone(),
            hold_ms: alert.symptom.hold_ms,
            attributes: alert.attributes.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            source: alert.evidence.source.to_owned(),
            line: alert.evidence.line,
            text: alert.evidence.text.to_owned(),
            module: alert.module.to_owned(),
        }
    }
}

impl RuleAlert {
    /// Calls `to` with the borrowed form. Of its place in the order only time and line are known.
    pub fn lend<R>(&self, to: impl FnOnce(&RuleAlertRef<'_>) -> R) -> R {
        let symptom = SymptomDefinition {
            id: self.symptom.clone(),
            title: self.title.clone(),
            criticality: self.criticality,
            impact: self.impact,
            recommendation: self.recommendation.clone(),
            controls: self.controls.clone(),
            hold_ms: self.hold_ms,
        };
        let (mut arena, mut pairs) = (String::new(), Vec::with_capacity(self.attributes.len()));
        for (name, value) in &self.attributes {
            pairs.push((Span::push(&mut arena, name), Span::push(&mut arena, value)));
        }
        to(&RuleAlertRef {
            order: RuleAlertOrder { time_ns: self.time_ns, line: self.line, ..RuleAlertOrder::default() },
            rule: &self.rule,
            symptom: &symptom,
            object: &self.object,
            change: self.change,
            summary: &self.summary,
            attributes: Attributes::new(&arena, &pairs),
            evidence: EvidenceRef { source: &self.source, line: self.line, text: &self.text },
            module: &self.module,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lent_is_what_was_kept() {
        let alert = RuleAlert {
            time_ns: 7,
            rule: "r".into(),
            symptom: "s".into(),
            title: "A title".into(),
            object: "vm".into(),
            criticality: Criticality::Immediate,
            impact: Impact::Risk,
            change: Change::Raise,
            summary: "sum".into(),
            recommendation: "do".into(),
            controls: vec!["CIS".into()],
            hold_ms: 3,
            attributes: vec![("a".into(), "1".into()), ("é".into(), String::new())],
            source: "log".into(),
            line: 4,
            text: "raw".into(),
            module: "sha256:0".into(),
        };
        assert_eq!(alert.lend(|lent| RuleAlert::from(lent)), alert);
    }
}
