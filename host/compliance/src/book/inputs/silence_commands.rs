//! Silences as people ask for them: checked before they are added or changed. Matchers that no alert can ever
//! have are refused.

use serde_json::{Value, json};

use crate::{
    book::{
        digest::derived_id,
        inputs::{silence_changes, wall_clock},
        limits,
        lookup::{checked_text, conflict, invalid},
        questions::matcher_check::MatcherCheck,
        state::BookState,
    },
    change::RequestError,
    record::Signature,
    silence::{Matcher, Silence},
};

/// What changes about a silence.
pub(crate) struct SilenceEdit {
    pub(crate) matchers: Option<Vec<Matcher>>,
    pub(crate) from_ns: Option<u64>,
    pub(crate) until_ns: Option<u64>,
    pub(crate) why: Option<String>,
}

impl SilenceEdit {
    fn apply(self, before: &Silence) -> Silence {
        Silence {
            matchers: self.matchers.unwrap_or_else(|| before.matchers.clone()),
            from_ns: self.from_ns.unwrap_or(before.from_ns),
            until_ns: self.until_ns.unwrap_or(before.until_ns),
            why: self.why.unwrap_or_else(|| before.why.clone()),
            ..before.clone()
        }
    }
}

/// Adds a silence. One that is there already is not added again.
pub(crate) fn add(state: &mut BookState, silence: Silence, now_ns: u64) -> Result<(), RequestError> {
    let mut silence = checked(state, silence, now_ns)?;
    let matchers = serde_json::to_string(&silence.matchers).unwrap_or_default();
    let (from_ns, until_ns) = (silence.from_ns.to_string(), silence.until_ns.to_string());
    silence.id = derived_id(&["silence", &matchers, &from_ns, &until_ns, &silence.who, &silence.why]);
    if state.silences.get(&silence.id).is_some() {
        return Ok(());
    }
    if state.silences.len() >= limits::SILENCES {
        return conflict("there are too many silences: expire some first");
    }
    wall_clock::advance(state, now_ns);
    silence_changes::add(state, silence, now_ns);
    Ok(())
}

/// BookChanges a silence that has not ended.
pub(crate) fn edit(state: &mut BookState, id: &str, edit: SilenceEdit, by: &Signature) -> Result<(), RequestError> {
    let before = state.silences.find(id)?.clone();
    let after = checked(state, edit.apply(&before), by.time_ns)?;
    if after == before {
        return conflict(format!("silence {} is like that already: nothing would change", before.id));
    }
    wall_clock::advance(state, by.time_ns);
    let (was, is) = (audited(&before), audited(&after));
    state.journal.audit(by.time_ns, &by.who, "silence changed", &before.id, was, is);
    silence_changes::replace(state, &before, &after);
    Ok(())
}

fn audited(silence: &Silence) -> Value {
    json!({
        "matchers": silence.matchers,
        "from_ns": silence.from_ns,
        "until_ns": silence.until_ns,
        "why": silence.why,
    })
}

/// Returns a silence with its matchers as they are kept. The error says why it makes no sense.
fn checked(state: &BookState, silence: Silence, now_ns: u64) -> Result<Silence, RequestError> {
    let why = checked_text("the reason", silence.why)?;
    if silence.until_ns <= now_ns.max(state.clock.wall_ns()) {
        return invalid("the silence would be over before it begins: its end is in the past");
    }
    if silence.until_ns <= silence.from_ns {
        return invalid("the silence would be over before it begins: it ends before it starts");
    }
    let matchers = MatcherCheck { view: &state.view() }.check_all(&silence.matchers)?;
    Ok(Silence { matchers, why, ..silence })
}
