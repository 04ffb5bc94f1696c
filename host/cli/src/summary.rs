//! The demo's closing words: lines, rules, and alerts by object and symptom.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use parking_lot::Mutex;

use lifesigns::{
    engine::ScanCounts,
    model::{Change, Criticality, RuleAlertRef},
};
use lifesigns_notifications::terminal::Colour;
use lifesigns_text::{count_text, grouped, visible};

use crate::terminal;

/// How often a symptom was raised and cleared on an object.
struct Count {
    criticality: Criticality,
    raised: u64,
    cleared: u64,
}

/// Counts alerts as they pass.
#[derive(Default)]
pub(crate) struct Summary(Mutex<BTreeMap<(String, String), Count>>);

impl Summary {
    /// Counts an alert.
    pub(crate) fn note(&self, alert: &RuleAlertRef<'_>) {
        let mut counts = self.0.lock();
        let criticality = alert.symptom.criticality;
        let key = (alert.object.to_owned(), alert.symptom.id.clone());
        let count = counts.entry(key).or_insert(Count { criticality, raised: 0, cleared: 0 });
        match alert.change {
            Change::Raise => count.raised += 1,
            Change::Clear => count.cleared += 1,
        }
    }

    /// Returns the closing summary.
    pub(crate) fn text(&self, scan_counts: &ScanCounts, rules: usize, took: Duration, colour: Colour) -> String {
        let counts = self.0.lock();
        let mut text = String::from("\n");
        let (objects, symptoms) = (column(&counts, 0, "OBJECT"), column(&counts, 1, "SYMPTOM"));
        let head = format!("{:objects$}  {:symptoms$}  {:<11}  RAISED  CLEARED", "OBJECT", "SYMPTOM", "CRITICALITY");
        let _ = writeln!(text, "{}", colour.paint("1", &head));
        let mut returned = 0;
        let mut last = "";
        for ((object, symptom), count) in counts.iter() {
            let shown = if object == last { String::new() } else { visible(object) };
            last = object;
            returned += count.raised + count.cleared;
            let _ = writeln!(
                text,
                "{shown:objects$}  {symptom:symptoms$}  {}  {:>6}  {:>7}",
                colour.criticality(count.criticality),
                count.raised,
                count.cleared
            );
        }
        let rate = scan_counts.lines as f64 / took.as_secs_f64().max(1e-9);
        let _ = writeln!(
            text,
            "\n{}, {}, {}, {} lines/s",
            count_text(scan_counts.lines, "line"),
            count_text(rules as u64, "rule"),
            count_text(returned, terminal::RAISES),
            grouped(rate as u64)
        );
        text
    }
}

/// How wide a column must be.
fn column(counts: &BTreeMap<(String, String), Count>, which: usize, head: &str) -> usize {
    let width = |(object, symptom): &(String, String)| [object, symptom][which].chars().count();
    counts.keys().map(width).max().unwrap_or(0).max(head.len())
}
