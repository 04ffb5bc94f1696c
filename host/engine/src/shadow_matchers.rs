//! What rules and their shadows said in one shard, until it is settled what both said. The two are shown
//! the same events in batches of their own, so their answers to one event come at different moments;
//! between two flushes of the shard at the latest.

use std::{collections::HashMap, hash::BuildHasher, mem, sync::Arc};

use lifesigns_model::{Change, ChangeCount, DiffExample, LaneWork, RuleAlertRef, RuleLane, ShadowDiff, limits};

use crate::RuleSet;

/// The matchers of all rules that have a shadow.
#[derive(Default)]
pub(crate) struct ShadowMatchers {
    /// By rule, its matcher. Empty if no rule has a shadow.
    matcher_of: Vec<Option<u32>>,
    matchers: Vec<ShadowMatcher>,
}

impl ShadowMatchers {
    /// Returns empty matchers for the pairs of a rule set.
    pub(crate) fn new(rules: &RuleSet) -> Self {
        if rules.pairs.is_empty() {
            return Self::default();
        }
        let mut matchers = Self { matcher_of: vec![None; rules.rules().len()], matchers: Vec::new() };
        for (number, pair) in rules.pairs.iter().enumerate() {
            matchers.matcher_of[pair.live as usize] = Some(number as u32);
            matchers.matcher_of[pair.shadow as usize] = Some(number as u32);
            let symptoms = Arc::clone(&pair.shadow_symptoms);
            matchers.matchers.push(ShadowMatcher { symptoms, ..ShadowMatcher::default() });
        }
        matchers
    }

    /// Returns the matcher of a rule, if it is one of a pair.
    pub(crate) fn of_rule(&mut self, rule: u32) -> Option<&mut ShadowMatcher> {
        let matcher = (*self.matcher_of.get(rule as usize)?)?;
        self.matchers.get_mut(matcher as usize)
    }

    /// Settles what both have said, when both have answered everything that they were shown.
    pub(crate) fn record_differences(&mut self, rules: &RuleSet) {
        for (matcher, pair) in self.matchers.iter_mut().zip(&rules.pairs) {
            if let Some(settled) = matcher.take_difference() {
                rules.rules()[pair.shadow as usize].comparison().add(&pair.live_version, settled);
            }
        }
    }
}

/// What makes two raises or clears the same, beside the text.
#[derive(PartialEq, Eq, Hash)]
struct AlertKey {
    object: Arc<str>,
    time_ns: u64,
    source: u32,
    line: u64,
    symptom: u32,
    change: Change,
}

/// What one version said, and the other has not said yet.
struct Unmatched {
    lane: RuleLane,
    /// A hash of the text of each that is the same in everything else.
    texts: Vec<u64>,
    example: Option<Box<DiffExample>>,
}

/// What a rule and its shadow said since it was settled last.
#[derive(Default)]
pub(crate) struct ShadowMatcher {
    symptoms: Arc<[u32]>,
    unmatched: HashMap<AlertKey, Unmatched, foldhash::fast::FixedState>,
    /// Of the live version and of the shadow: how many unmatched ones have an example.
    examples: [usize; 2],
    /// There were too many: no more is compared before it is settled.
    is_full: bool,
    settled: ShadowDiff,
}

impl ShadowMatcher {
    /// Counts the events of one call, and what they cost.
    pub(crate) fn charge(&mut self, lane: RuleLane, events: u64, cpu_ns: u64) {
        let work = match lane {
            RuleLane::Live => &mut self.settled.live,
            RuleLane::Shadow | RuleLane::Previous => &mut self.settled.shadow,
        };
        *work += LaneWork { events, cpu_ns, ..LaneWork::default() };
    }

    /// Takes what one version says, with the number of the symptom in its own description.
    pub(crate) fn note(&mut self, lane: RuleLane, symptom: u32, object: &Arc<str>, alert: &RuleAlertRef<'_>) {
        if self.is_full || self.unmatched.len() >= limits::SHADOW_PENDING {
            self.overflow();
            return;
        }
        let symptom = match lane {
            RuleLane::Live => symptom,
            RuleLane::Shadow | RuleLane::Previous => self.symptoms[symptom as usize],
        };
        let (time_ns, source, line) = (alert.order.time_ns, alert.order.source, alert.order.line);
        let key = AlertKey { object: Arc::clone(object), time_ns, source, line, symptom, change: alert.change };
        let text = text_hash(alert);
        match self.unmatched.get_mut(&key) {
            Some(unmatched) if unmatched.lane == lane => unmatched.texts.push(text),
            Some(unmatched) => {
                self.settled.both.add(alert.change);
                self.settled.reworded += u64::from(unmatched.texts.remove(0) != text);
                if unmatched.texts.is_empty() {
                    self.examples[unmatched.lane as usize] -= usize::from(unmatched.example.is_some());
                    self.unmatched.remove(&key);
                }
            }
            None => {
                let wanted = self.examples[lane as usize] < limits::SHADOW_EXAMPLES;
                self.examples[lane as usize] += usize::from(wanted);
                let example = wanted.then(|| Box::new(example(lane, alert)));
                self.unmatched.insert(key, Unmatched { lane, texts: vec![text], example });
            }
        }
    }

    /// Gives up comparing until it is settled: what waits could have a counterpart that has no room.
    fn overflow(&mut self) {
        let waiting: usize = self.unmatched.values().map(|unmatched| unmatched.texts.len()).sum();
        self.settled.not_compared += waiting as u64 + 1;
        self.unmatched.clear();
        self.examples = [0, 0];
        self.is_full = true;
    }

    /// Returns what is new since the last call: what has no counterpart now has none.
    fn take_difference(&mut self) -> Option<ShadowDiff> {
        self.is_full = false;
        self.examples = [0, 0];
        for (key, Unmatched { lane, texts, example }) in self.unmatched.drain() {
            let count = match lane {
                RuleLane::Live => &mut self.settled.only_live,
                RuleLane::Shadow | RuleLane::Previous => &mut self.settled.only_shadow,
            };
            for _ in &texts {
                ChangeCount::add(count, key.change);
            }
            self.settled.examples.extend(example.map(|example| *example));
        }
        (self.settled != ShadowDiff::default()).then(|| mem::take(&mut self.settled))
    }
}

/// Returns a hash of everything that a person reads of an alert.
fn text_hash(alert: &RuleAlertRef<'_>) -> u64 {
    let attributes: Vec<(&str, &str)> = alert.attributes.iter().collect();
    let text = (alert.symptom.criticality, alert.summary, attributes);
    foldhash::quality::FixedState::with_seed(0).hash_one(text)
}

fn example(lane: RuleLane, alert: &RuleAlertRef<'_>) -> DiffExample {
    let cut = |text: &str| text[..text.floor_char_boundary(limits::SHADOW_EXAMPLE_BYTES)].to_owned();
    DiffExample {
        lane,
        time_ns: alert.order.time_ns,
        object: cut(alert.object),
        symptom: alert.symptom.id.clone(),
        change: alert.change,
        summary: cut(alert.summary),
        source: cut(alert.evidence.source),
        line: alert.evidence.line,
        text: cut(alert.evidence.text),
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{Criticality, Impact, RuleAlert};

    use super::*;

    fn note(matcher: &mut ShadowMatcher, lane: RuleLane, symptom: u32, line: u64) {
        let object = "vm".to_owned();
        let alert = RuleAlert {
            time_ns: 7,
            rule: "r".into(),
            symptom: "s".into(),
            title: String::new(),
            object: object.clone(),
            criticality: Criticality::Warning,
            impact: Impact::Risk,
            change: Change::Clear,
            summary: String::new(),
            recommendation: String::new(),
            controls: Vec::new(),
            hold_ms: 0,
            attributes: Vec::new(),
            source: "a.log".into(),
            line,
            text: "x".repeat(2 * limits::SHADOW_EXAMPLE_BYTES),
            module: String::new(),
        };
        alert.lend(|alert| matcher.note(lane, symptom, &object.into(), alert));
    }

    fn clears(clears: u64) -> ChangeCount {
        ChangeCount { raises: 0, clears }
    }

    #[test]
    fn the_same_symptom_may_stand_elsewhere_in_the_other_description() {
        let mut matcher = ShadowMatcher { symptoms: [1, 2, 0].into(), ..ShadowMatcher::default() };
        note(&mut matcher, RuleLane::Live, 0, 1);
        note(&mut matcher, RuleLane::Live, 1, 1);
        note(&mut matcher, RuleLane::Shadow, 2, 1);
        note(&mut matcher, RuleLane::Shadow, 1, 1);
        let settled = matcher.take_difference().expect("something was said");
        assert_eq!((settled.both, settled.reworded), (clears(1), 0));
        assert_eq!((settled.only_live, settled.only_shadow), (clears(1), clears(1)));
        assert_eq!(settled.examples.len(), 2);
        assert!(settled.examples.iter().all(|one| one.text.len() == limits::SHADOW_EXAMPLE_BYTES));
        assert_eq!(matcher.take_difference(), None);
    }

    #[test]
    fn what_is_too_much_is_counted_and_not_called_different() {
        let mut matcher = ShadowMatcher { symptoms: [0].into(), ..ShadowMatcher::default() };
        let most = limits::SHADOW_PENDING as u64;
        (0..=most).for_each(|line| note(&mut matcher, RuleLane::Live, 0, line));
        note(&mut matcher, RuleLane::Shadow, 0, 5);
        let settled = matcher.take_difference().expect("something was said");
        assert_eq!(settled, ShadowDiff { not_compared: most + 2, ..ShadowDiff::default() });
        note(&mut matcher, RuleLane::Live, 0, 1);
        note(&mut matcher, RuleLane::Shadow, 0, 1);
        assert_eq!(matcher.take_difference().expect("something was said").both, clears(1), "it goes on");
    }
}
