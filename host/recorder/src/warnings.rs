//! Log warnings of expressions that cannot be evaluated and of what was dropped at limits: each
//! expression once, each kind of drop at once and then at intervals.

use std::collections::BTreeMap;

use lifesigns_compliance::UndecidedExpression;
use lifesigns_model::{DropKind, Drops, NS_PER_S};

/// How often the counters are checked, in nanoseconds.
const LOOK_NS: u64 = NS_PER_S;
/// The interval between two warnings of one kind, in nanoseconds.
const QUIET_NS: u64 = 600_000_000_000;

/// The warnings so far.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    looked_ns: u64,
    /// When each kind was last warned of, and its count then.
    said: BTreeMap<DropKind, (u64, u64)>,
}

impl Warnings {
    /// Returns whether the counters should be checked; `now_ns` is the host's clock.
    pub(crate) fn is_due(&mut self, now_ns: u64) -> bool {
        let due = now_ns.abs_diff(self.looked_ns) >= LOOK_NS;
        if due {
            self.looked_ns = now_ns;
        }
        due
    }

    /// Warns of what was dropped since the last warning of its kind.
    pub(crate) fn drops(&mut self, drops: &Drops, now_ns: u64) {
        for text in self.news(drops, now_ns) {
            tracing::warn!("{text}");
        }
    }

    /// Returns the lines to log.
    fn news(&mut self, drops: &Drops, now_ns: u64) -> Vec<String> {
        let mut lines = Vec::new();
        for (kind, count) in drops.iter() {
            let last = self.said.get(&kind).copied();
            let (said_ns, said) = last.unwrap_or_default();
            if count <= said || last.is_some() && now_ns.abs_diff(said_ns) < QUIET_NS {
                continue;
            }
            self.said.insert(kind, (now_ns, count));
            let example = drops.example(kind).map(|text| format!(" (the first: {text:?})")).unwrap_or_default();
            lines.push(format!("{count} {}{example}; {}", kind.text(count), kind.advice()));
        }
        lines
    }
}

/// Warns of expressions that could not be evaluated for the first time.
pub(crate) fn undecided(all: &[UndecidedExpression]) {
    for one in all {
        tracing::warn!(
            "{one}; counted against the object until fixed; `lifesigns doctor` lists all objects' expressions"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_warned_of_at_once_and_then_now_and_then() {
        let (mut warnings, mut drops) = (Warnings::default(), Drops::default());
        assert!(warnings.news(&drops, 1).is_empty());
        for kind in DropKind::all() {
            drops.note(kind, "x");
        }
        let lines = warnings.news(&drops, QUIET_NS);
        assert_eq!(lines.len(), DropKind::all().count());
        assert!(lines.iter().all(|line| line.starts_with("1 ") && line.contains("(the first: \"x\")")), "{lines:?}");
        assert!(warnings.news(&drops, 3 * QUIET_NS).is_empty(), "nothing new");
        drops.add(DropKind::Alerts, 4);
        assert!(warnings.news(&drops, QUIET_NS + 1).is_empty(), "too soon");
        let lines = warnings.news(&drops, 2 * QUIET_NS);
        assert!(matches!(&lines[..], [line] if line.starts_with("5 alerts were not opened")), "{lines:?}");
    }
}
