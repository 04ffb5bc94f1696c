//! Symptoms as the rules raise and clear them.

use std::sync::Arc;

use lifesigns_model::{self as model, Change, DropKind};
use sha2::{Digest, Sha256};

use super::{
    Book, limits,
    look::Trigger,
    page::Id,
    timers::{ClockKey, Task},
};
use crate::record::{Alert, AlertStatus, EndCause, EvidenceExcerpt, EvidenceLine, SymptomState};

/// A raise that counts.
#[derive(Clone, Debug)]
pub(super) struct Raise {
    pub(super) object: Id,
    pub(super) symptom: Id,
    pub(super) time_ns: u64,
    pub(super) fingerprint: u64,
    pub(super) evidence: EvidenceLine,
}

impl Raise {
    /// Counts in an alert that is open.
    pub(super) fn count_in(&self, alert: &mut Alert) {
        alert.count += 1;
        alert.last_ns = alert.last_ns.max(self.time_ns);
        alert.shown.add(self.evidence.clone());
    }
}

/// What a raise or clear did to its symptom.
enum Effect {
    /// Nothing.
    None,
    /// It is there as before, and was raised once more.
    Again,
    /// It came, went, or says something else about itself.
    Changed,
}

impl Book {
    /// A rule raised or cleared a symptom.
    pub(super) fn symptom(&mut self, said: model::RuleAlert) {
        self.source.clone_from(&said.source);
        let time_ns = self.hear(&said.object, said.time_ns);
        self.source.clear();
        self.seen(&said.object, time_ns);
        // The registry has counted why it does not know the object.
        if self.registry.object(&said.object).is_none() {
            self.unhear(&said.object);
            return;
        }
        let object = self.page(&said.object);
        let fingerprint = fingerprint(&said);
        let Some(page) = self.pages.get_mut(&object) else { return };
        let name = format!("{}/{}", said.rule, said.symptom);
        let name = page.symptoms.get_key_value(name.as_str()).map_or_else(|| name.into(), |(name, _)| Arc::clone(name));
        if !page.symptoms.contains_key(&name) {
            if page.symptoms.len() >= limits::OBJECT_SYMPTOMS {
                self.dropped.note(DropKind::Symptoms, format_args!("{name} on {object}"));
                return;
            }
            page.symptoms.insert(Arc::clone(&name), Arc::new(unknown(&said, &name)));
        }
        let Some(symptom) = page.symptom_mut(&name) else { return };
        if symptom.recent.contains(&fingerprint) {
            return;
        }
        if symptom.recent.len() >= limits::FINGERPRINTS {
            symptom.recent.remove(0);
        }
        symptom.recent.push(fingerprint);
        self.dirty.symptoms.insert((Arc::clone(&object), Arc::clone(&name)));
        self.rules.note_gone(&said.rule, self.clock_ns);
        let who = format!("rule {}", said.rule);
        match said.change {
            Change::Raise => self.raise(&object, &name, said, time_ns, fingerprint, &who),
            Change::Clear => {
                if symptom.clear(time_ns) {
                    self.symptom_changed(&object, &name, &Trigger::of(EndCause::Clear, time_ns, &who));
                }
            }
        }
    }

    fn raise(&mut self, object: &Id, name: &Id, said: model::RuleAlert, time_ns: u64, fingerprint: u64, who: &str) {
        let (heard_ns, clock_ns) = (self.heard_ns(), self.clock_ns);
        let Some(symptom) = self.pages.get_mut(object).and_then(|page| page.symptom_mut(name)) else { return };
        let evidence = evidence(&said, time_ns);
        let source_before = symptom.source().to_owned();
        let effect = symptom.raise(said, time_ns, heard_ns, evidence.clone());
        if !matches!(effect, Effect::None) {
            symptom.heard_ns = clock_ns;
        }
        // One timer a symptom and source is enough: it is set again when it fires too early.
        let timed = matches!(effect, Effect::Changed) || source_before != symptom.source();
        if let Some(due_ns) = symptom.hold_due().filter(|_| timed && !matches!(effect, Effect::None)) {
            self.timers.add((due_ns, Arc::clone(object), Task::Hold, Arc::clone(name)), &self.hearing);
        }
        let raise = Raise { object: Arc::clone(object), symptom: Arc::clone(name), time_ns, fingerprint, evidence };
        let trigger = Trigger { raise: Some(&raise), ..Trigger::of(EndCause::Clear, time_ns, who) };
        match effect {
            Effect::None => {}
            Effect::Again => self.raised_again(object, name, &trigger, &raise),
            Effect::Changed => self.symptom_changed(object, name, &trigger),
        }
    }

    /// Looks at everything that looks at a symptom.
    pub(super) fn symptom_changed(&mut self, object: &Id, symptom: &Id, trigger: &Trigger<'_>) {
        for (object, name) in self.concerned(object, symptom) {
            self.look(&object, &name, trigger);
        }
    }

    /// A raise of a symptom that is there already: no condition turns by it, so only what is open
    /// counts it, and what a person cancelled is looked at.
    fn raised_again(&mut self, object: &Id, symptom: &Id, trigger: &Trigger<'_>, raise: &Raise) {
        for (object, name) in self.concerned(object, symptom) {
            let Some(alert) = self.pages.get_mut(&object).and_then(|page| page.alert_mut(&name)) else { continue };
            let is_all = matches!(&alert.symptoms[..], [one] if **one == **symptom);
            match (alert.status, alert.cause) {
                (AlertStatus::Open, _) if is_all => {
                    raise.count_in(alert);
                    self.mark(&object, &name);
                    self.say_as_symptom(&object, &name, raise);
                    // The details may be what a silence looks at.
                    if !self.silences.is_empty() {
                        self.rehush(&object, &name);
                    }
                }
                (AlertStatus::Open, _) | (_, Some(EndCause::Hand)) => self.look(&object, &name, trigger),
                _ => {}
            }
        }
    }

    /// The one line and the details of an alert's only symptom.
    fn say_as_symptom(&mut self, object: &Id, name: &Id, raise: &Raise) {
        let Some(symptom) = self.pages.get(&raise.object).and_then(|page| page.symptoms.get(&raise.symptom)) else {
            return;
        };
        let (summary, attributes) = (symptom.summary.clone(), symptom.attributes.clone());
        if let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) {
            (alert.summary, alert.attributes) = (summary, attributes);
        }
    }

    /// Objects and definitions that look at a symptom of `object`.
    fn concerned(&mut self, object: &Id, symptom: &Id) -> Vec<(Id, Id)> {
        let uses = self.index.uses(symptom);
        let mut all: Vec<(Id, Id)> = uses.own.iter().map(|name| (Arc::clone(object), Arc::clone(name))).collect();
        if !uses.mentioned {
            all.push((Arc::clone(object), Arc::clone(symptom)));
        }
        if !uses.parent.is_empty() {
            let children: Vec<String> = self.registry.children(object).map(str::to_owned).collect();
            for child in children {
                let child = self.page(&child);
                all.extend(uses.parent.iter().map(|name| (Arc::clone(&child), Arc::clone(name))));
            }
        }
        let parent = self.registry.object(object).and_then(|object| object.parent.clone());
        if let Some(parent) = parent.filter(|_| !uses.children.is_empty()) {
            let parent = self.page(&parent);
            all.extend(uses.children.iter().map(|name| (Arc::clone(&parent), Arc::clone(name))));
        }
        all
    }

    /// A symptom's hold time may be up.
    pub(super) fn held(&mut self, object: &Id, name: &Id, time_ns: u64) {
        let Some(symptom) = self.pages.get_mut(object).and_then(|page| page.symptom_mut(name)) else { return };
        let Some(due_ns) = symptom.hold_due() else { return };
        if due_ns > time_ns {
            let key = ClockKey::new(symptom.source(), object);
            return self.timers.add((due_ns, Arc::clone(object), Task::Hold, Arc::clone(name)), &key);
        }
        symptom.end(due_ns, EndCause::Hold);
        self.dirty.symptoms.insert((Arc::clone(object), Arc::clone(name)));
        self.symptom_changed(object, name, &Trigger::of(EndCause::Hold, due_ns, "time"));
    }
}

impl SymptomState {
    /// The source of its last raise.
    pub(super) fn source(&self) -> &str {
        self.shown.last.last().or(self.shown.first.last()).map_or("", |evidence| &evidence.source)
    }

    /// When it clears by itself.
    pub(super) fn hold_due(&self) -> Option<u64> {
        (self.active && self.hold_ms > 0).then(|| self.last_ns.saturating_add(self.hold_ms.saturating_mul(1_000_000)))
    }

    /// Whether a raise at `time_ns` is of before it was cleared. A raise that came late makes it
    /// hold on if it would still.
    fn is_stale(&self, time_ns: u64, hold_ms: u64, event_ns: u64) -> bool {
        // What the rule did not say itself was no event: what is later than its last word counts.
        let by_host = matches!(self.ended_by, Some(EndCause::Hand | EndCause::RuleRemoved));
        let since_ns = if by_host { 0 } else { self.since_ns };
        if self.active || time_ns >= since_ns.max(self.last_ns) {
            return false;
        }
        let held = self.ended_by == Some(EndCause::Hold) && time_ns >= self.last_ns;
        !(held && time_ns.saturating_add(hold_ms.saturating_mul(1_000_000)) > event_ns)
    }

    fn raise(&mut self, said: model::RuleAlert, time_ns: u64, event_ns: u64, evidence: EvidenceLine) -> Effect {
        if self.is_stale(time_ns, said.hold_ms, event_ns) {
            return Effect::None;
        }
        let same = self.active
            && (self.criticality, self.impact, self.hold_ms) == (said.criticality, said.impact, said.hold_ms)
            && (&self.title, &self.recommendation, &self.controls)
                == (&said.title, &said.recommendation, &said.controls);
        if !self.active {
            (self.active, self.since_ns, self.last_ns, self.count) = (true, time_ns, time_ns, 0);
            self.ended_by = None;
            self.shown = EvidenceExcerpt::default();
        }
        let latest = time_ns >= self.last_ns;
        self.last_ns = self.last_ns.max(time_ns);
        self.count += 1;
        self.shown.add(evidence);
        if latest {
            self.title = said.title;
            (self.criticality, self.impact) = (said.criticality, said.impact);
            (self.recommendation, self.controls) = (said.recommendation, said.controls);
            (self.hold_ms, self.module) = (said.hold_ms, said.module);
            (self.summary, self.attributes) = (said.summary, said.attributes);
        }
        if same || !latest { Effect::Again } else { Effect::Changed }
    }

    /// Whether it was there and is not any more. A clear of before the last raise clears nothing.
    fn clear(&mut self, time_ns: u64) -> bool {
        if time_ns < self.last_ns {
            return false;
        }
        self.last_ns = time_ns;
        if self.active {
            self.end(time_ns, EndCause::Clear);
            return true;
        }
        // One that was only ever cleared has been so since the first time.
        if self.since_ns == 0 {
            self.since_ns = time_ns;
        }
        false
    }

    /// It is not there any more.
    pub(super) fn end(&mut self, time_ns: u64, cause: EndCause) {
        (self.active, self.since_ns, self.ended_by) = (false, time_ns, Some(cause));
    }
}

impl<'a> Trigger<'a> {
    pub(super) fn of(cause: EndCause, time_ns: u64, who: &'a str) -> Self {
        Self { cause, time_ns, who, raise: None, review: false }
    }
}

fn unknown(said: &model::RuleAlert, name: &Id) -> SymptomState {
    SymptomState {
        object: said.object.clone(),
        name: name.to_string(),
        title: said.title.clone(),
        criticality: said.criticality,
        impact: said.impact,
        recommendation: said.recommendation.clone(),
        controls: said.controls.clone(),
        hold_ms: said.hold_ms,
        active: false,
        since_ns: 0,
        last_ns: 0,
        count: 0,
        summary: String::new(),
        attributes: Vec::new(),
        module: said.module.clone(),
        shown: EvidenceExcerpt::default(),
        recent: Vec::new(),
        ended_by: None,
        heard_ns: 0,
    }
}

fn evidence(said: &model::RuleAlert, time_ns: u64) -> EvidenceLine {
    let text = said.text[..said.text.floor_char_boundary(limits::EVIDENCE_BYTES)].to_owned();
    EvidenceLine { time_ns, source: said.source.clone(), line: said.line, text }
}

/// The same for a line that is read twice, and hardly ever for two lines.
fn fingerprint(said: &model::RuleAlert) -> u64 {
    let mut digest = Sha256::new();
    digest.update(said.time_ns.to_le_bytes());
    digest.update(said.line.to_le_bytes());
    digest.update([u8::from(said.change == Change::Raise)]);
    for part in [&said.source, &said.rule, &said.symptom, &said.summary] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
