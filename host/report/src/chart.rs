//! A badge over time as an inline SVG: a step line, because a badge holds until it changes.

use std::fmt::Write;

use lifesigns_compliance::BadgePoint;
use lifesigns_text::time_text;
use serde::Serialize;

/// The size in units of the drawing, which scales with the page.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 60.0;
/// The most steps that are drawn; more could not be distinguished.
const STEPS: usize = 300;

/// The chart as the template has it: numbers only, no text from logs.
#[derive(Serialize)]
pub(crate) struct Chart {
    /// The `d` of an SVG path.
    path: String,
    width: f64,
    height: f64,
    from: String,
    to: String,
}

impl Chart {
    /// Creates the chart of `history`, oldest first, up to `now_ns`; `None` if it is empty.
    pub(crate) fn new(history: &[BadgePoint], now_ns: u64) -> Option<Self> {
        // A badge from before the first event has time 0; the chart begins with the first that has a time.
        let before = history.iter().take_while(|point| point.time_ns == 0).count();
        let history = history.get(before..).unwrap_or_default();
        let first = history.first()?;
        let last = history.last()?;
        let end_ns = now_ns.max(last.time_ns);
        let span = end_ns.saturating_sub(first.time_ns).max(1) as f64;
        let x = |time_ns: u64| time_ns.saturating_sub(first.time_ns) as f64 / span * WIDTH;
        let y = |score: u8| HEIGHT - 1.0 - f64::from(score.min(100)) / 100.0 * (HEIGHT - 2.0);
        let mut path = format!("M0 {:.1}", y(first.badge.score));
        let step = history.len().div_ceil(STEPS).max(1);
        for (at, point) in history.iter().enumerate().skip(1) {
            // The last point is always drawn: it is the badge now.
            if at % step != 0 && at + 1 != history.len() {
                continue;
            }
            // Writing to a string does not fail.
            let _ = write!(path, "H{:.1}V{:.1}", x(point.time_ns), y(point.badge.score));
        }
        let _ = write!(path, "H{WIDTH:.1}");
        let (from, to) = (time_text(first.time_ns), time_text(end_ns));
        Some(Self { path, width: WIDTH, height: HEIGHT, from, to })
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::{Badge, BadgeOwner};

    use super::*;

    fn point(time_ns: u64, score: u8) -> BadgePoint {
        let badge = Badge { score, worst: score, share: score, violations: 0, allowed: 0 };
        BadgePoint { of: BadgeOwner::Group, name: "g".into(), time_ns, badge }
    }

    #[test]
    fn a_badge_holds_until_it_changes() {
        let chart = Chart::new(&[point(0, 75), point(1000, 100), point(1500, 0)], 2000).unwrap();
        assert_eq!(chart.path, "M0 1.0H300.0V59.0H600.0");
        assert!(Chart::new(&[], 1000).is_none());
    }

    #[test]
    fn odd_histories_make_a_chart_of_bounded_size() {
        let long: Vec<_> = (1..100_000).map(|at| point(at, 255)).collect();
        assert!(Chart::new(&long, 0).unwrap().path.len() < 10_000);
        let backwards = [point(u64::MAX, 0), point(0, 100)];
        assert!(!Chart::new(&backwards, 0).unwrap().path.contains("NaN"));
    }
}
