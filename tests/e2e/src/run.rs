//! Replays of what is in memory.

use std::sync::{Arc, Mutex, PoisonError};

use lifesigns_engine::{self as engine, LoadedRule, ReplayOutcome, RuleSet};
use lifesigns_intake::Format;
use lifesigns_model::{EventSource, ObjectFacts, RuleAlert, RuleAlertRef};

/// 2026-12-31T00:00:00Z: stamps without a year lie before it.
pub const REFERENCE_NS: u64 = 1_798_675_200_000_000_000;

/// One source.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The object of lines that name none.
    pub object: String,
    /// How its lines are read.
    pub format: Format,
    /// Whole lines.
    pub chunks: Vec<Vec<u8>>,
}

impl Input {
    /// Returns a source in one chunk, read as what each line looks like.
    pub fn new(name: &str, object: &str, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), object: object.into(), format: Format::Auto, chunks: vec![text.into()] }
    }

    /// Returns the source for the engine.
    pub fn source(&self, rank: usize) -> Arc<EventSource> {
        Arc::new(EventSource {
            name: self.name.clone(),
            rank: rank as u32,
            object: self.object.clone(),
            app: None,
            decoder: self.format.decoder(REFERENCE_NS),
        })
    }
}

/// What a replay gave.
#[derive(Debug)]
pub struct Replayed {
    /// The alerts in order.
    pub alerts: Vec<RuleAlert>,
    /// The alerts as NDJSON.
    pub ndjson: Vec<u8>,
    /// What was counted.
    pub outcome: ReplayOutcome,
}

impl Replayed {
    /// Returns the lines of the alerts of `rule`, in order.
    pub fn lines(&self, rule: &str) -> Vec<u64> {
        self.alerts.iter().filter(|alert| alert.rule == rule).map(|alert| alert.line).collect()
    }
}

/// Replays `inputs` through `rules`.
///
/// # Panics
/// When the rules do not fit one index; reading and writing cannot fail here.
pub fn replay(rules: &[Arc<LoadedRule>], inputs: &[Input], known: &[ObjectFacts], threads: usize) -> Replayed {
    let rules = match RuleSet::new(rules.to_vec(), &[]) {
        Ok(rules) => Arc::new(rules),
        Err(error) => panic!("{error}"),
    };
    let inputs = inputs.iter().enumerate().map(|(rank, input)| {
        let mut chunks = input.chunks.clone().into_iter();
        engine::ReplayInput { source: input.source(rank), reader: Box::new(move |_: Vec<u8>| Ok(chunks.next())) }
    });
    // Alerts come in any order and are sorted as bytes: each alert's bytes are its index in here.
    let kept: Mutex<Vec<(RuleAlert, Vec<u8>)>> = Mutex::default();
    let mut order = Vec::new();
    let render = |alert: &RuleAlertRef<'_>, out: &mut Vec<u8>| {
        let mut bytes = Vec::new();
        lifesigns_notifications::ndjson::write(alert, &mut bytes);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        out.extend_from_slice(&kept.len().to_le_bytes());
        kept.push((RuleAlert::from(alert), bytes));
    };
    let mut emit = |bytes: &[u8]| {
        order.extend(bytes.as_chunks().0.iter().map(|index| usize::from_le_bytes(*index)));
        Ok(())
    };
    let mut output = engine::ReplayOutput { render: &render, emit: &mut emit, flush: &mut || Ok(()) };
    let outcome = match engine::replay(
        &engine::ReplayOptions::with_threads(threads),
        &rules,
        inputs.collect(),
        known,
        &mut output,
    ) {
        Ok(outcome) => outcome,
        Err(error) => panic!("{error}"),
    };
    let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    let alerts = order.iter().map(|index| kept[*index].0.clone()).collect();
    let ndjson = order.iter().flat_map(|index| kept[*index].1.clone()).collect();
    Replayed { alerts, ndjson, outcome }
}
