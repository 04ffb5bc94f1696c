//! What it does to a batch.

use std::hint::black_box;

use lifesigns_rule::{
    Level,
    bindings::lifesigns::rule::{
        log, state,
        types::{Answer, Batch},
    },
};

use crate::{
    answer::{bend, empty, seen, with_attributes},
    settings::Act,
};

/// A reminder, as a batch says it.
const REMINDER: u8 = 2;
/// Object, app and message; it wants nothing else.
const SPANS: usize = 3;

pub(crate) fn evaluate(act: Act, batch: &Batch) -> Answer {
    let mut answer = empty();
    for event in 0..batch.times_ns.len() as u32 {
        let message = span(batch, event, 2);
        if batch.kinds[event as usize] == REMINDER {
            seen(&mut answer, event, "reminded");
            state::remind_at(event, "again", 0);
        } else if act != Act::Ok && message.contains("trigger") {
            misbehave(act, batch, event, &mut answer);
        } else {
            seen(&mut answer, event, message);
        }
    }
    answer
}

fn misbehave(act: Act, batch: &Batch, event: u32, answer: &mut Answer) {
    match act {
        Act::Loop => spin(),
        Act::Trap => core::arch::wasm32::unreachable(),
        Act::Panic => panic!("as asked"),
        Act::Recurse => drop(black_box(recurse(u64::from(event)))),
        Act::GrowMemory => grow_memory(),
        Act::FloodAlerts => (0..100_000).for_each(|_| seen(answer, event, "flood")),
        Act::HugeSummary => seen(answer, event, &"x".repeat(4 << 20)),
        Act::HugeAttributes => with_attributes(answer, event, "attributes", &[("a", &"x".repeat(4 << 20))]),
        Act::SameAttributeTwice => with_attributes(answer, event, "attributes", &[("a", "1"), ("a", "2")]),
        Act::BadEventIndex => seen(answer, batch.times_ns.len() as u32, "an event that is not there"),
        Act::BadSymptom
        | Act::BadChange
        | Act::SummaryOutsideText
        | Act::SummaryOverflows
        | Act::SummaryOverlaps
        | Act::SummaryInsideCharacter
        | Act::NameInsideCharacter
        | Act::ValueOutsideText
        | Act::ValueOverflows
        | Act::ValueBeforeName
        | Act::ManyAttributes
        | Act::NoAttributes
        | Act::TextLeftOver => bend(act, answer, event),
        Act::ReadsUndeclared => everything(answer, batch, event),
        Act::StateFlood => (0..100_000).for_each(|n| state::set(event, &format!("key-{n}"), &[0; 1024], 0)),
        Act::HugeValue => state::set(event, "huge", &vec![0; 1 << 20], 0),
        Act::StateOutsideBatch => drop(black_box(state::get(batch.times_ns.len() as u32, "key"))),
        Act::ReminderWithoutInterest => state::remind_at(event, "wake", u64::MAX),
        Act::Slow => compute(),
        Act::Alerts => (0..16).for_each(|_| seen(answer, event, &"x".repeat(16_000))),
        Act::Hoard => (0..200).for_each(|n| state::set(event, &format!("key-{n}"), &[7; 64 << 10], 0)),
        Act::Counters => (0..1000).for_each(|n| drop(black_box(state::count(event, &format!("key-{n}"), 1, 60_000)))),
        Act::Reminders => state::remind_at(event, "again", 0),
        Act::LogFlood => (0..100_000).for_each(|_| log::write(Level::Info, &"x".repeat(10_000))),
        // The others have done their wrong thing in `describe`.
        _ => seen(answer, event, "described"),
    }
}

/// All that reached this module, for a test that looks for what should not have.
fn everything(answer: &mut Answer, batch: &Batch, event: u32) {
    let spans = format!("{:?}", batch.spans);
    let numbers = format!("{:?}", batch.numbers);
    with_attributes(answer, event, "attributes", &[("text", &batch.text), ("spans", &spans), ("numbers", &numbers)]);
}

pub(crate) fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Some tens of milliseconds: each turn needs the one before.
fn compute() {
    let mut value = black_box(1_u64);
    for turn in 0..20_000_000_u64 {
        value = value.rotate_left(7).wrapping_mul(6_364_136_223_846_793_005) ^ turn;
    }
    black_box(value);
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    recurse(depth + 1) + frame[(depth % 32) as usize]
}

fn grow_memory() {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![1; 1 << 20]);
        black_box(&hoard);
    }
}

fn span(batch: &Batch, event: u32, column: usize) -> &str {
    let at = 2 * (event as usize * SPANS + column);
    let (offset, len) = (batch.spans[at] as usize, batch.spans[at + 1] as usize);
    batch.text.get(offset..offset + len).unwrap_or_default()
}
