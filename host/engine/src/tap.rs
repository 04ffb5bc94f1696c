//! What a rule is given and answers, for a person who watches: recorded only while it is asked for, and
//! bounded.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_model::{
    Description, EventBatch, FIXED_SPANS, InstanceError, RuleAlertBatch, Span, TapAnswer, TapEvent, TapPage, limits,
};

/// A tap that is not read for this long ends.
const LEASE_NS: u64 = 10_000_000_000;

/// The tap of one rule, shared by the shards.
#[derive(Debug, Default)]
pub(crate) struct RuleTap {
    /// Until when it is wanted, on the clock of the shards; 0 for not at all.
    until_ns: AtomicU64,
    state: Mutex<TapState>,
}

#[derive(Debug, Default)]
struct TapState {
    /// The number of the next event.
    next: u64,
    left_out: u64,
    events: VecDeque<TapEvent>,
}

impl RuleTap {
    /// Returns whether events are to be recorded now.
    pub(crate) fn is_open(&self, now_ns: u64) -> bool {
        let until_ns = self.until_ns.load(Ordering::Relaxed);
        if until_ns == 0 {
            return false;
        }
        if now_ns > until_ns {
            self.until_ns.store(0, Ordering::Relaxed);
            self.lock().events.clear();
            return false;
        }
        true
    }

    /// Returns what was recorded with a number from `from` on, and keeps recording for a while.
    pub(crate) fn read(&self, from: u64, now_ns: u64) -> TapPage {
        self.until_ns.store(now_ns.saturating_add(LEASE_NS), Ordering::Relaxed);
        let mut state = self.lock();
        state.events.retain(|event| event.number >= from);
        TapPage {
            next: state.next,
            left_out: std::mem::take(&mut state.left_out),
            events: state.events.iter().cloned().collect(),
        }
    }

    fn add(&self, event: TapEvent) {
        let mut state = self.lock();
        if state.events.len() >= limits::TAP_EVENTS {
            state.events.pop_front();
            state.left_out += 1;
        }
        let number = state.next;
        state.next += 1;
        state.events.push_back(TapEvent { number, ..event });
    }

    fn lock(&self) -> MutexGuard<'_, TapState> {
        self.state.lock()
    }
}

/// Records a batch and what came of it.
pub(crate) fn record(
    tap: &RuleTap,
    rule: &Description,
    batch: &EventBatch,
    answer: &RuleAlertBatch,
    outcome: &Result<(), InstanceError>,
) {
    for index in 0..batch.len() {
        let mut event = given(rule, batch, index, limits::TAP_TEXT_BYTES);
        match outcome {
            Ok(()) => event.answers = answers(rule, answer, index as u32, limits::TAP_TEXT_BYTES),
            Err(error) => event.error = error.to_string(),
        }
        tap.add(event);
    }
}

/// Returns an event of a batch, with texts of at most `most` bytes.
pub(crate) fn given(rule: &Description, batch: &EventBatch, index: usize, most: usize) -> TapEvent {
    let wants = &rule.wants;
    let width = 2 * EventBatch::width(wants);
    let row = &batch.spans[index * width..(index + 1) * width];
    let numbers = wants.metrics.iter().zip(&batch.numbers[index * wants.metrics.len()..]);
    TapEvent {
        number: 0,
        time_ns: batch.times_ns[index],
        kind: ["log", "fact", "reminder"].get(batch.kinds[index] as usize).copied().unwrap_or("log").to_owned(),
        object: text_at(batch, row, 0, most).unwrap_or_default(),
        app: text_at(batch, row, 1, most),
        message: text_at(batch, row, 2, most),
        fields: named(batch, row, &wants.fields, (FIXED_SPANS, most)),
        properties: named(batch, row, &wants.properties, (FIXED_SPANS + wants.fields.len(), most)),
        metrics: numbers.filter(|(_, value)| !value.is_nan()).map(|(name, value)| (name.clone(), *value)).collect(),
        answers: Vec::new(),
        error: String::new(),
    }
}

fn named(batch: &EventBatch, row: &[u32], names: &[String], (first, most): (usize, usize)) -> Vec<(String, String)> {
    let values = names.iter().enumerate();
    values.filter_map(|(at, name)| Some((name.clone(), text_at(batch, row, first + at, most)?))).collect()
}

fn text_at(batch: &EventBatch, row: &[u32], column: usize, most: usize) -> Option<String> {
    let span = Span { offset: row[2 * column], len: row[2 * column + 1] };
    span.get(&batch.text).map(|text| shortened(text, most))
}

/// Returns what was answered to an event of a batch, with texts of at most `most` bytes.
pub(crate) fn answers(rule: &Description, answer: &RuleAlertBatch, event: u32, most: usize) -> Vec<TapAnswer> {
    let rows = answer.rows.iter().filter(|row| row.event == event);
    rows.map(|row| {
        let pairs = &answer.attributes[row.attributes_start as usize..row.attributes_end as usize];
        TapAnswer {
            symptom: rule.symptoms[row.symptom as usize].id.clone(),
            change: row.change,
            summary: shortened(row.summary.str(&answer.text), most),
            attributes: pairs.iter().map(|pair| attribute(pair, &answer.text, most)).collect(),
        }
    })
    .collect()
}

fn attribute((name, value): &(Span, Span), text: &str, most: usize) -> (String, String) {
    (shortened(name.str(text), most), shortened(value.str(text), most))
}

/// Returns a text of a length that a person reads.
fn shortened(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> TapEvent {
        TapEvent { message: Some("m".into()), ..TapEvent::default() }
    }

    #[test]
    fn a_tap_is_open_while_it_is_read_and_keeps_the_latest() {
        let tap = RuleTap::default();
        assert!(!tap.is_open(5));
        assert_eq!(tap.read(0, 5), TapPage::default());
        assert!(tap.is_open(6));
        let most = limits::TAP_EVENTS as u64;
        (0..most + 3).for_each(|_| tap.add(event()));
        let page = tap.read(0, 7);
        assert_eq!((page.next, page.left_out, page.events.len() as u64), (most + 3, 3, most));
        assert_eq!(page.events[0].number, 3);
        assert_eq!(tap.read(page.next, 8).events, []);
        assert!(!tap.is_open(8 + LEASE_NS + 1), "it ends by itself");
        assert!(!tap.is_open(8));
    }

    #[test]
    fn long_texts_are_shortened_between_characters() {
        let text = "ä".repeat(limits::TAP_TEXT_BYTES);
        let short = shortened(&text, limits::TAP_TEXT_BYTES);
        assert!(short.ends_with('…') && short.len() <= limits::TAP_TEXT_BYTES + 3);
        assert_eq!(shortened("ä", usize::MAX), "ä");
    }
}
