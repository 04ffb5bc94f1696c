//! Figures as text: numbers over time, and how often times are how long.

use std::{fmt::Write, time::Duration};

const COLUMNS: usize = 72;
const ROWS: u64 = 8;
const BAR: usize = 48;
/// Upper bounds of the classes of times but for the last one, in microseconds.
const CLASSES_US: [u64; 10] = [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000];

/// Returns the numbers as columns from the left to the right, each the largest of its part, up to at least `top`.
pub fn graph(numbers: &[u64], top: u64) -> String {
    let columns = COLUMNS.min(numbers.len());
    let part = |column: usize| {
        let (from, to) = (column * numbers.len() / columns, (column + 1) * numbers.len() / columns);
        numbers[from..to].iter().copied().max().unwrap_or(0)
    };
    let most: Vec<u64> = (0..columns).map(part).collect();
    let top = most.iter().copied().fold(top, u64::max).next_multiple_of(ROWS);
    let mut text = String::new();
    for row in (1..=ROWS).rev() {
        // A row is filled by what is nearer to it than to the one below.
        let filled = |number: &u64| 2 * number * ROWS > top * (2 * row - 1);
        let bars: String = most.iter().map(|number| if filled(number) { '#' } else { ' ' }).collect();
        let _ = writeln!(text, "{:>5} |{}", top / ROWS * row, bars.trim_end());
    }
    let _ = writeln!(text, "    0 +{:-<columns$}", "");
    text
}

/// Returns how many times are in each class, with a bar for each.
pub fn histogram(times: &[Duration]) -> String {
    let mut counts = [0; CLASSES_US.len() + 1];
    for time in times {
        counts[CLASSES_US.partition_point(|bound| u128::from(*bound) < time.as_micros())] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut text = String::new();
    for (class, count) in counts.into_iter().enumerate() {
        let bound = CLASSES_US.get(class).map_or_else(
            || format!(" > {:>6} ms", CLASSES_US[CLASSES_US.len() - 1] as f64 / 1e3),
            |bound| format!("<= {:>6} ms", *bound as f64 / 1e3),
        );
        let _ = writeln!(text, "{bound} {count:>5} {}", "#".repeat((count * BAR).div_ceil(most)));
    }
    text
}
