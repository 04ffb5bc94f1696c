//! The index of a rule set: from literals, fields and facts to interests and rules.

use std::{collections::HashMap, ops::Range, sync::Arc};

use aho_corasick::AhoCorasick;
use lifesigns_model::{BYTE_LIST_MARKS, EventKind, EventKinds, Interest, InterestCondition, Subject};

use crate::{
    LoadedRule,
    condition::CompiledTest,
    cost_units::{FREE_UNITS, LITERAL_UNITS},
    escape::EscapeIndex,
    literal::{LiteralKey, Pattern, needed, triggers},
    prefilter::{Literal, Prefilter, PrefilterError},
};

/// An interest with its names resolved.
pub(crate) struct CompiledInterest {
    /// The rule's place in the set.
    pub(crate) rule: u32,
    /// The kinds of event.
    pub(crate) kinds: EventKinds,
    /// Conditions on fields, by the field's number.
    pub(crate) fields: Vec<(u32, CompiledTest)>,
    /// Conditions on properties, by name.
    pub(crate) properties: Vec<(String, CompiledTest)>,
    /// The rule's first interest in log events with the same conditions on properties: a line that
    /// both want is reported for that one.
    pub(crate) stands_for: u32,
    /// The rule pays for what its interests cost; see [`Index::billed`].
    pub(crate) is_billed: bool,
    pub(crate) contains: Vec<LiteralKey>,
    /// All of them, for events that the prefilter does not see (facts and reminders).
    message: Option<AhoCorasick>,
}

impl CompiledInterest {
    fn new(rule: u32, interest: &Interest, fields: &mut FieldNumbers) -> Self {
        let mut compiled = Self {
            rule,
            kinds: interest.kinds,
            fields: Vec::new(),
            properties: Vec::new(),
            contains: Vec::new(),
            message: None,
            stands_for: 0,
            is_billed: false,
        };
        for condition in &interest.conditions {
            match &condition.subject {
                Subject::Field(name) => compiled.fields.push((fields.number(name), CompiledTest::new(&condition.test))),
                Subject::Property(name) => compiled.properties.push((name.clone(), CompiledTest::new(&condition.test))),
            }
        }
        let key = |text: &String| LiteralKey { text: text.clone(), ignore_case: interest.ignore_case };
        compiled.contains = interest.contains.iter().map(key).collect();
        if !interest.contains.is_empty()
            && (interest.kinds.has(EventKind::Fact) || interest.kinds.has(EventKind::Reminder))
        {
            let builder = AhoCorasick::builder().ascii_case_insensitive(interest.ignore_case).build(&interest.contains);
            compiled.message = builder.ok();
        }
        compiled
    }

    /// Whether a fact or reminder event with this message passes, its properties aside.
    pub(crate) fn takes_message(&self, kind: EventKind, message: &str) -> bool {
        self.kinds.has(kind)
            && self.fields.iter().all(|(_, test)| test.passes(None))
            && match &self.message {
                Some(automaton) => automaton.is_match(message),
                None => self.contains.is_empty() || self.contains.iter().any(|literal| literal.is_in(message)),
            }
    }
}

/// Names to numbers, in the order of first use.
#[derive(Default)]
pub(crate) struct FieldNumbers(HashMap<String, u32>);

impl FieldNumbers {
    fn number(&mut self, name: &str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    /// The number of a name that some rule uses.
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }

    /// Whether no rule uses any name.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Everything that the scanner and the shards look up.
pub(crate) struct Index {
    pub(crate) prefilter: Prefilter,
    /// By the prefilter's literal numbers.
    pub(crate) patterns: Vec<Pattern>,
    /// All interests of all rules, rule by rule.
    pub(crate) interests: Vec<CompiledInterest>,
    /// Interests in log events that name no literal.
    pub(crate) without_literals: Vec<u32>,
    /// Rules whose interests in log events can cost more than a line pays for, in order.
    pub(crate) billed: Vec<u32>,
    /// Fields that any rule reads or tests.
    pub(crate) fields: FieldNumbers,
    /// Which escapes in raw lines may hide a literal.
    pub(crate) escapes: EscapeIndex,
    /// Some literal can only be found in text whose simple escapes are decoded.
    pub(crate) needs_unescaped: bool,
    /// Some literal is searched for in the form that nested lines write it.
    pub(crate) nested: bool,
    /// For each rule, the numbers of its wanted fields.
    pub(crate) wanted_fields: Vec<Vec<u32>>,
    /// Rules with an interest in facts, by property and by metric.
    pub(crate) property_watchers: HashMap<String, Vec<u32>>,
    pub(crate) metric_watchers: HashMap<String, Vec<u32>>,
    /// For each rule, its interests in `interests`.
    pub(crate) interests_of: Vec<Range<usize>>,
}

impl Index {
    pub(crate) fn new(rules: &[Arc<LoadedRule>], sample: &[u8]) -> Result<Self, PrefilterError> {
        let mut fields = FieldNumbers::default();
        let mut interests = Vec::new();
        let mut interests_of = Vec::with_capacity(rules.len());
        let mut wanted_fields = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            let start = interests.len();
            for interest in &rule.description.interests {
                interests.push(CompiledInterest::new(number as u32, interest, &mut fields));
            }
            let firsts = stand_ins(&rule.description.interests);
            for (interest, first) in interests[start..].iter_mut().zip(firsts) {
                interest.stands_for = (start + first) as u32;
            }
            interests_of.push(start..interests.len());
            wanted_fields.push(rule.description.wants.fields.iter().map(|name| fields.number(name)).collect());
        }
        let (property_watchers, metric_watchers) = watchers(rules);
        let billed = billed(&mut interests, &interests_of);
        let (patterns, without_literals) = patterns(&interests);
        let literals: Vec<Literal<'_>> = patterns.iter().map(Pattern::literal).collect();
        let prefilter = Prefilter::new(&literals, sample)?;
        let needs_unescaped = patterns.iter().any(|pattern| pattern.needs_unescaped);
        let nested = patterns.iter().any(|pattern| pattern.nested);
        Ok(Self {
            prefilter,
            escapes: EscapeIndex::new(&patterns),
            patterns,
            interests,
            without_literals,
            billed,
            fields,
            needs_unescaped,
            nested,
            wanted_fields,
            property_watchers,
            metric_watchers,
            interests_of,
        })
    }

    /// The interests of a rule.
    pub(crate) fn of_rule(&self, rule: u32) -> &[CompiledInterest] {
        &self.interests[self.interests_of[rule as usize].clone()]
    }
}

/// Marks the interests of rules that can cost more than a line pays for: those with conditions, or with
/// many literals. Returns the rules.
fn billed(interests: &mut [CompiledInterest], interests_of: &[Range<usize>]) -> Vec<u32> {
    let mut billed = Vec::new();
    for (rule, range) in interests_of.iter().enumerate() {
        let interests = &mut interests[range.clone()];
        let of_log = || interests.iter().filter(|interest| interest.kinds.has(EventKind::Log));
        let literals: usize = of_log().map(|interest| interest.contains.len()).sum();
        let is_billed = literals as u64 * LITERAL_UNITS > FREE_UNITS
            || of_log().any(|interest| !interest.fields.is_empty() || !interest.properties.is_empty());
        if is_billed {
            billed.push(rule as u32);
            interests.iter_mut().for_each(|interest| interest.is_billed = true);
        }
    }
    billed
}

/// For each interest in log events the first one that has the same conditions on properties.
fn stand_ins(interests: &[Interest]) -> Vec<usize> {
    let mut firsts: Vec<(Vec<&InterestCondition>, usize)> = Vec::new();
    let mut stand_ins = Vec::with_capacity(interests.len());
    for (number, interest) in interests.iter().enumerate() {
        let on_property = |condition: &&InterestCondition| matches!(condition.subject, Subject::Property(_));
        let conditions: Vec<&InterestCondition> = interest.conditions.iter().filter(on_property).collect();
        let known = firsts.iter().find(|(known, _)| interest.kinds.has(EventKind::Log) && *known == conditions);
        match known {
            Some((_, first)) => stand_ins.push(*first),
            None => {
                stand_ins.push(number);
                if interest.kinds.has(EventKind::Log) {
                    firsts.push((conditions, number));
                }
            }
        }
    }
    stand_ins
}

/// The patterns of each different literal, and the interests that have none.
fn patterns(interests: &[CompiledInterest]) -> (Vec<Pattern>, Vec<u32>) {
    let mut numbers: HashMap<&LiteralKey, Range<usize>> = HashMap::new();
    let mut patterns: Vec<Pattern> = vec![Pattern::facts("\"properties\""), Pattern::facts("\"metrics\"")];
    patterns.extend(BYTE_LIST_MARKS.map(Pattern::byte_list));
    let mut without_literals = Vec::new();
    for (number, interest) in interests.iter().enumerate() {
        if !interest.kinds.has(EventKind::Log) {
            continue;
        }
        if interest.contains.is_empty() {
            without_literals.push(number as u32);
        }
        for literal in needed(&interest.contains) {
            let of_literal = numbers.entry(literal).or_insert_with(|| {
                let first = patterns.len();
                patterns.extend(triggers(literal));
                first..patterns.len()
            });
            for pattern in &mut patterns[of_literal.clone()] {
                if pattern.interests.last() != Some(&(number as u32)) {
                    pattern.interests.push(number as u32);
                }
            }
        }
    }
    (patterns, without_literals)
}

type Watchers = HashMap<String, Vec<u32>>;

fn watchers(rules: &[Arc<LoadedRule>]) -> (Watchers, Watchers) {
    let (mut properties, mut metrics) = (Watchers::new(), Watchers::new());
    for (number, rule) in rules.iter().enumerate() {
        if !rule.description.wants_kind(EventKind::Fact) {
            continue;
        }
        for name in &rule.description.wants.properties {
            properties.entry(name.clone()).or_default().push(number as u32);
        }
        for name in &rule.description.wants.metrics {
            metrics.entry(name.clone()).or_default().push(number as u32);
        }
    }
    (properties, metrics)
}
