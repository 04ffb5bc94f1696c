//! A badge over time, drawn in one line.

use lifesigns_compliance::BadgePoint;

use lifesigns_text::time_text;

use super::super::table::Style;

/// Steps of a sparkline, from 0 to 100.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns of a sparkline.
const COLUMNS: u64 = 32;

/// Returns a badge over time, oldest first, in one line; empty if there is nothing to draw.
pub(crate) fn sparkline(history: &[BadgePoint], now_ns: u64) -> String {
    // Before its first event a badge has no time; the line begins with the first that has one.
    let before = history.iter().take_while(|point| point.time_ns == 0).count();
    let held = before.checked_sub(1).and_then(|at| history.get(at));
    let history = history.get(before..).unwrap_or_default();
    let (Some(first), Some(last)) = (history.first(), history.last()) else { return String::new() };
    let end_ns = now_ns.max(last.time_ns);
    let span = end_ns.saturating_sub(first.time_ns);
    if span == 0 {
        return String::new();
    }
    let mut line = String::new();
    let mut next = history.iter().peekable();
    let mut held = held.unwrap_or(first).badge.score;
    for column in 1..=COLUMNS {
        let until = first.time_ns + (u128::from(span) * u128::from(column) / u128::from(COLUMNS)) as u64;
        // A column shows the worst that was in it, so that a short fall is seen.
        let mut worst = held;
        while let Some(point) = next.next_if(|point| point.time_ns <= until) {
            held = point.badge.score;
            worst = worst.min(held);
        }
        // The last one shows how it is now.
        let shown = if column == COLUMNS { held } else { worst };
        line.push(BLOCKS[usize::from(shown.min(100)) * (BLOCKS.len() - 1) / 100]);
    }
    format!("{line}  {}", Style::Dim.on(&format!("from {} to {}", time_text(first.time_ns), time_text(end_ns))))
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::{Badge, BadgeOwner};

    use super::*;

    fn point(time_ns: u64, score: u8) -> BadgePoint {
        let badge = Badge { score, worst: score, share: score, violations: 0, allowed: 0 };
        BadgePoint { of: BadgeOwner::Object, name: "x".into(), time_ns, badge }
    }

    fn drawn(points: &[BadgePoint], now_ns: u64) -> String {
        sparkline(points, now_ns).chars().take_while(|it| BLOCKS.contains(it)).collect()
    }

    #[test]
    fn a_short_fall_is_seen_and_the_end_is_now() {
        let line = drawn(&[point(100, 100), point(1110, 0), point(1111, 100)], 3300);
        assert_eq!(line.chars().count(), 32, "{line}");
        assert_eq!(line.chars().filter(|it| *it == '▁').count(), 1, "{line}");
        assert!(line.ends_with('█'));
        assert!(drawn(&[point(100, 100), point(3299, 0), point(3300, 100)], 3300).ends_with('█'));
    }

    #[test]
    fn what_was_before_the_first_event_has_no_length() {
        let line = drawn(&[point(0, 100), point(100, 0)], 3300);
        assert_eq!(line, "▁".repeat(32));
        assert_eq!(drawn(&[point(0, 100)], 3300), "");
    }

    #[test]
    fn odd_histories_do_no_harm() {
        assert_eq!(drawn(&[], 10), "");
        assert_eq!(drawn(&[point(5, 0)], 5), "");
        assert_eq!(drawn(&[point(u64::MAX, 255), point(0, 0)], u64::MAX), "");
        assert_eq!(drawn(&[point(1, 255), point(u64::MAX, 0)], 0).chars().count(), 32);
    }
}
