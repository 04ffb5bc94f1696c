//! The observations of one fact, as far back as the engine asks: values as of a time.

/// How many observations of one fact are kept at most. A run of equal values is kept as its first and last
/// one, so these are at least the 32 changes that the engine knows, and one before them.
pub const FACT_HISTORY: usize = 66;

/// Observations, oldest first: event time in nanoseconds, and the value; `None` if the property was removed.
pub type FactHistory = Vec<(u64, Option<String>)>;

/// Adds an observation. Of two of the same time the later addition counts; of a run of equal values only
/// the first and the last are kept.
pub fn observe(seen: &mut FactHistory, time_ns: u64, value: Option<String>) {
    let at = seen.partition_point(|(time, _)| *time < time_ns);
    match seen.get_mut(at) {
        Some(same) if same.0 == time_ns => same.1 = value,
        _ => seen.insert(at, (time_ns, value)),
    }
    let mut at = (at + 1).min(seen.len().saturating_sub(2));
    while at >= 1 {
        if at + 1 < seen.len() && seen[at - 1].1 == seen[at].1 && seen[at].1 == seen[at + 1].1 {
            seen.remove(at);
        }
        at -= 1;
    }
    if seen.len() > FACT_HISTORY {
        seen.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_of(seen: &FactHistory, time_ns: u64) -> Option<&str> {
        let at = seen.partition_point(|(time, _)| *time <= time_ns);
        seen[..at].last()?.1.as_deref()
    }

    proptest! {
        #[test]
        fn in_order_it_says_the_same_as_all_of_it(all in prop::collection::vec((1..4_u64, 0..3_u8), 0..40)) {
            let (mut seen, mut time, mut values) = (FactHistory::new(), 0, vec![None]);
            for (step, number) in all {
                let value = (number > 0).then(|| number.to_string());
                time += step;
                values.resize(usize::try_from(time).unwrap(), values.last().cloned().flatten());
                values.push(value.clone());
                observe(&mut seen, time, value);
            }
            for (time, value) in values.iter().enumerate() {
                prop_assert_eq!(as_of(&seen, time as u64), value.as_deref(), "{}", time);
            }
            prop_assert!(seen.windows(3).all(|three| three[0].1 != three[1].1 || three[1].1 != three[2].1));
        }

        #[test]
        fn late_ones_count_and_the_latest_stays(all in prop::collection::vec((0..20_u64, 0..3_u8), 1..40)) {
            let mut seen = FactHistory::new();
            for (at, (time, number)) in all.iter().enumerate() {
                let value = |number: u8| (number > 0).then(|| number.to_string());
                observe(&mut seen, *time, value(*number));
                prop_assert_eq!(as_of(&seen, *time).map(str::to_owned), value(*number));
                let last = all[..=at].iter().map(|one| one.0).max();
                let latest = all[..=at].iter().rev().find(|one| Some(one.0) == last);
                let expected = latest.and_then(|(_, number)| value(*number));
                prop_assert_eq!(as_of(&seen, u64::MAX).map(str::to_owned), expected, "{:?}", &all[..=at]);
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn it_is_bounded() {
        let mut seen = FactHistory::new();
        for time in 0..10_000_u64 {
            observe(&mut seen, time, Some(time.to_string()));
        }
        assert_eq!((seen.len(), seen[FACT_HISTORY - 1].0), (FACT_HISTORY, 9999));
    }
}
