//! The one place where a rule and its shadow are compared: shards add what they have settled.

use lifesigns_model::{DiffExample, LaneWork, ShadowDiff, limits};

use crate::report::RuleFailures;

/// The comparison of a shadow with the live version that it runs beside.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// The live version.
    live: Box<str>,
    /// What had failed before, of the live version and of the shadow; `None` until it begins.
    before: Option<[LaneWork; 2]>,
    diff: ShadowDiff,
}

impl Comparison {
    /// Begins, or begins again with another live version. Goes on if the version is the same.
    pub(crate) fn begin(&mut self, live: &str, now_ns: u64, failures: [RuleFailures; 2]) {
        if self.before.is_none() || *self.live != *live {
            let diff = ShadowDiff { since_ns: now_ns, ..ShadowDiff::default() };
            *self = Self { live: live.into(), before: Some(failures.map(|of_lane| work(&of_lane))), diff };
        }
    }

    /// Adds what a shard has settled. Ignored if it was settled against another live version.
    pub(crate) fn add(&mut self, live: &str, settled: ShadowDiff) {
        if *self.live != *live {
            return;
        }
        let diff = &mut self.diff;
        diff.both += settled.both;
        diff.reworded += settled.reworded;
        diff.only_live += settled.only_live;
        diff.only_shadow += settled.only_shadow;
        diff.not_compared += settled.not_compared;
        diff.live += settled.live;
        diff.shadow += settled.shadow;
        for example in settled.examples {
            insert(&mut diff.examples, example);
        }
    }

    /// Returns the comparison as it stands; `failures` are those of the live version and of the shadow.
    pub(crate) fn diff(&self, failures: [RuleFailures; 2]) -> ShadowDiff {
        let mut diff = self.diff.clone();
        let before = self.before.unwrap_or_default();
        for ((of_lane, now), before) in [&mut diff.live, &mut diff.shadow].into_iter().zip(failures).zip(before) {
            let now = work(&now);
            of_lane.failed = now.failed.saturating_sub(before.failed);
            of_lane.missed = now.missed.saturating_sub(before.missed);
            of_lane.over_budget = now.over_budget.saturating_sub(before.over_budget);
        }
        diff
    }
}

fn work(failures: &RuleFailures) -> LaneWork {
    let RuleFailures { failed, missed, over_budget, .. } = *failures;
    LaneWork { failed, missed, over_budget, ..LaneWork::default() }
}

/// Keeps those of the latest event times, in an order that does not depend on which shard was first.
fn insert(examples: &mut Vec<DiffExample>, example: DiffExample) {
    let order = |one: &DiffExample| (one.lane, one.time_ns, one.source.clone(), one.line, one.symptom.clone());
    let at = examples.partition_point(|known| order(known) <= order(&example));
    let lane = example.lane;
    examples.insert(at, example);
    let of_lane = |one: &DiffExample| one.lane == lane;
    if examples.iter().filter(|one| of_lane(one)).count() > limits::SHADOW_EXAMPLES
        && let Some(oldest) = examples.iter().position(of_lane)
    {
        examples.remove(oldest);
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{Change, ChangeCount, RuleLane};

    use super::*;

    fn example(lane: RuleLane, time_ns: u64) -> DiffExample {
        let (object, symptom, summary) = ("vm".into(), "s".into(), String::new());
        let (source, text) = ("a.log".into(), "a line".into());
        DiffExample { lane, time_ns, object, symptom, change: Change::Raise, summary, source, line: 1, text }
    }

    #[test]
    fn another_live_version_begins_it_again() {
        let mut comparison = Comparison::default();
        let failed = |failed| RuleFailures { failed, ..RuleFailures::default() };
        comparison.begin("one", 5, [failed(2), failed(0)]);
        let settled = || ShadowDiff { both: ChangeCount { raises: 1, clears: 2 }, ..ShadowDiff::default() };
        comparison.add("one", settled());
        comparison.begin("one", 7, [failed(9), failed(9)]);
        comparison.add("one", settled());
        let diff = comparison.diff([failed(3), failed(4)]);
        assert_eq!((diff.since_ns, diff.both.total()), (5, 6));
        assert_eq!((diff.live.failed, diff.shadow.failed), (1, 4), "only what failed meanwhile");
        comparison.begin("two", 8, [failed(3), failed(4)]);
        comparison.add("one", settled());
        let diff = comparison.diff([failed(3), failed(4)]);
        assert_eq!(diff, ShadowDiff { since_ns: 8, ..ShadowDiff::default() }, "a late shard adds nothing");
    }

    #[test]
    fn the_latest_examples_of_each_version_stay_in_whatever_order_they_come() {
        let most = limits::SHADOW_EXAMPLES as u64;
        let times: Vec<u64> = (0..2 * most).collect();
        let kept = |times: &mut dyn Iterator<Item = &u64>| {
            let mut examples = vec![];
            insert(&mut examples, example(RuleLane::Live, 1));
            times.for_each(|time_ns| insert(&mut examples, example(RuleLane::Shadow, *time_ns)));
            examples.iter().map(|one| (one.lane, one.time_ns)).collect::<Vec<_>>()
        };
        let forwards = kept(&mut times.iter());
        assert_eq!(forwards, kept(&mut times.iter().rev()));
        assert_eq!(forwards.len() as u64, most + 1);
        assert_eq!((forwards[0], forwards[1]), ((RuleLane::Live, 1), (RuleLane::Shadow, most)));
    }
}
