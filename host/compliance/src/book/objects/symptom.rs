//! How raises, clears and the end of the hold time change the state of a symptom.

use lifesigns_model::{self as model, Change, NS_PER_MS};
use sha2::{Digest, Sha256};

use crate::{
    book::{ids::Id, limits},
    evidence::{EvidenceExcerpt, EvidenceLine},
    record::{EndCause, SymptomState},
    shared_text::{SharedList, SharedText},
};

/// The effect of a raise on its symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RaiseOutcome {
    /// None: it is from before the symptom was cleared.
    Stale,
    /// The symptom is active as before, and was raised once more.
    Repeated,
    /// The symptom became active, or says something else about itself.
    Changed,
}

/// The effect of a clear on its symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClearOutcome {
    /// The symptom stays as it was: a clear of before the last raise clears nothing.
    Unchanged,
    /// The symptom was active and is no longer.
    Cleared,
}

impl SymptomState {
    /// Returns an inactive symptom with the description that a rule gives.
    pub(crate) fn inactive(rule_alert: &model::RuleAlert, object: &Id, name: &Id) -> Self {
        Self {
            object: object.into(),
            name: name.into(),
            title: rule_alert.title.as_str().into(),
            criticality: rule_alert.criticality,
            impact: rule_alert.impact,
            recommendation: rule_alert.recommendation.as_str().into(),
            controls: rule_alert.controls.clone().into(),
            hold_ms: rule_alert.hold_ms,
            active: false,
            since_ns: 0,
            last_ns: 0,
            count: 0,
            summary: SharedText::default(),
            attributes: SharedList::default(),
            module: rule_alert.module.as_str().into(),
            shown: EvidenceExcerpt::default(),
            recent: Vec::new(),
            ended_by: None,
            heard_ns: 0,
        }
    }

    /// Returns the source of the last raise; empty if there was none.
    pub(crate) fn source(&self) -> &str {
        self.shown.latest().map_or("", |evidence| &evidence.source)
    }

    /// Returns the event time at which the symptom clears by itself, if it does.
    pub(crate) fn hold_due_ns(&self) -> Option<u64> {
        (self.active && self.hold_ms > 0).then(|| self.last_ns.saturating_add(millis(self.hold_ms)))
    }

    /// Applies a raise. `event_ns` is how far the event clock of the object and source has come.
    pub(crate) fn raise(
        &mut self,
        rule_alert: Box<model::RuleAlert>,
        time_ns: u64,
        event_ns: u64,
        evidence: EvidenceLine,
    ) -> RaiseOutcome {
        if self.is_stale(time_ns, rule_alert.hold_ms, event_ns) {
            return RaiseOutcome::Stale;
        }
        let same = self.active && self.is_described_alike(&rule_alert);
        if !self.active {
            self.active = true;
            self.since_ns = time_ns;
            self.last_ns = time_ns;
            self.count = 0;
            self.ended_by = None;
            self.shown = EvidenceExcerpt::default();
        }
        let latest = time_ns >= self.last_ns;
        self.last_ns = self.last_ns.max(time_ns);
        self.count += 1;
        self.shown.add(evidence);
        if latest {
            self.describe(rule_alert);
        }
        if same || !latest { RaiseOutcome::Repeated } else { RaiseOutcome::Changed }
    }

    /// Returns whether a raise at `time_ns` is from before the symptom ended. A raise that comes late
    /// prolongs the hold if that would still go on.
    fn is_stale(&self, time_ns: u64, hold_ms: u64, event_ns: u64) -> bool {
        // An end that the rule did not report is no event: a raise after the rule's last report counts.
        let ended_by_host = matches!(self.ended_by, Some(EndCause::Hand | EndCause::RuleRemoved));
        let since_ns = if ended_by_host { 0 } else { self.since_ns };
        if self.active || time_ns >= since_ns.max(self.last_ns) {
            return false;
        }
        let hold_ended = self.ended_by == Some(EndCause::Hold) && time_ns >= self.last_ns;
        !(hold_ended && time_ns.saturating_add(millis(hold_ms)) > event_ns)
    }

    fn is_described_alike(&self, rule_alert: &model::RuleAlert) -> bool {
        self.criticality == rule_alert.criticality
            && self.impact == rule_alert.impact
            && self.hold_ms == rule_alert.hold_ms
            && self.title == rule_alert.title
            && self.recommendation == rule_alert.recommendation
            && self.controls == rule_alert.controls
    }

    fn describe(&mut self, rule_alert: Box<model::RuleAlert>) {
        let rule_alert = *rule_alert;
        self.criticality = rule_alert.criticality;
        self.impact = rule_alert.impact;
        self.hold_ms = rule_alert.hold_ms;
        set_text(&mut self.title, rule_alert.title);
        set_text(&mut self.recommendation, rule_alert.recommendation);
        set_text(&mut self.module, rule_alert.module);
        set_text(&mut self.summary, rule_alert.summary);
        set_list(&mut self.controls, rule_alert.controls);
        set_list(&mut self.attributes, rule_alert.attributes);
    }

    /// Applies a clear.
    pub(crate) fn clear(&mut self, time_ns: u64) -> ClearOutcome {
        if time_ns < self.last_ns {
            return ClearOutcome::Unchanged;
        }
        self.last_ns = time_ns;
        if self.active {
            self.end(time_ns, EndCause::Clear);
            return ClearOutcome::Cleared;
        }
        // A symptom that was only ever cleared has been inactive since the first clear.
        if self.since_ns == 0 {
            self.since_ns = time_ns;
        }
        ClearOutcome::Unchanged
    }

    /// Makes the symptom inactive.
    pub(crate) fn end(&mut self, time_ns: u64, cause: EndCause) {
        self.active = false;
        self.since_ns = time_ns;
        self.ended_by = Some(cause);
    }
}

/// Sets a text; one that stays as it is stays shared.
fn set_text(known: &mut SharedText, text: String) {
    if *known != text {
        *known = text.into();
    }
}

/// Sets a list; one that stays as it is stays shared.
fn set_list<T: PartialEq>(known: &mut SharedList<T>, items: Vec<T>) {
    if *known != items {
        *known = items.into();
    }
}

fn millis(ms: u64) -> u64 {
    ms.saturating_mul(NS_PER_MS)
}

/// Returns the line that shows a raise, cut at [`limits::EVIDENCE_BYTES`].
pub(crate) fn evidence(rule_alert: &model::RuleAlert, time_ns: u64) -> EvidenceLine {
    let text = &rule_alert.text[..rule_alert.text.floor_char_boundary(limits::EVIDENCE_BYTES)];
    EvidenceLine { time_ns, source: rule_alert.source.as_str().into(), line: rule_alert.line, text: text.into() }
}

/// Returns a fingerprint that is the same for a line that is read twice, and hardly ever for two lines.
pub(crate) fn fingerprint(rule_alert: &model::RuleAlert) -> u64 {
    let mut digest = Sha256::new();
    digest.update(rule_alert.time_ns.to_le_bytes());
    digest.update(rule_alert.line.to_le_bytes());
    digest.update([u8::from(rule_alert.change == Change::Raise)]);
    for part in [&rule_alert.source, &rule_alert.rule, &rule_alert.symptom, &rule_alert.summary] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
