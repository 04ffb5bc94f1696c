//! Silences that begin, change and end, by hand or by the clock, and the alerts that they match.

use serde_json::{Value, json};

use crate::{book::state::BookState, silence::Silence};

/// Adds a silence that was checked.
pub(crate) fn add(state: &mut BookState, silence: Silence, now_ns: u64) {
    let after = serde_json::to_value(&silence).unwrap_or_default();
    state.journal.audit(now_ns, &silence.who, "silence added", &silence.id, Value::Null, after);
    state.journal.silence(silence.clone());
    state.silences.put(silence.clone());
    state.notifier().refresh_where(|alert| silence.matches(alert));
}

/// Puts `after` in the place of `before`, which has the same id.
pub(crate) fn replace(state: &mut BookState, before: &Silence, after: &Silence) {
    state.journal.silence(after.clone());
    state.silences.put(after.clone());
    state.notifier().refresh_where(|alert| {
        alert.silenced_by.as_deref() == Some(&*before.id) || before.matches(alert) || after.matches(alert)
    });
}

/// Ends a silence that has not ended, not later than it would by itself.
pub(crate) fn expire(state: &mut BookState, id: &str, time_ns: u64, who: &str) {
    let Some(mut silence) = state.silences.take(id) else { unreachable!("there is no silence {id}") };
    let before = json!({ "until_ns": silence.until_ns });
    silence.until_ns = silence.until_ns.min(time_ns);
    let after = json!({ "until_ns": silence.until_ns });
    state.journal.audit(time_ns, who, "silence expired", id, before, after);
    state.journal.silence(silence);
    state.notifier().refresh_where(|alert| alert.silenced_by.as_deref() == Some(id));
}

/// Ends the silences whose time is up, and applies those that began since `from_ns`.
pub(crate) fn follow_clock(state: &mut BookState, from_ns: u64) {
    let wall_ns = state.clock.wall_ns();
    for (until_ns, id) in state.silences.over(wall_ns) {
        expire(state, &id, until_ns, "time");
    }
    for silence in state.silences.begun(from_ns, wall_ns) {
        state.notifier().refresh_where(|alert| silence.matches(alert));
    }
}
