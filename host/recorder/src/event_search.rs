//! The search among the events that rules were given lately.

use std::{collections::BTreeMap, ops::ControlFlow};

use lifesigns_api::{ApiError, EventPage, EventQuery, FoundEvent, KeptEventsStatus};
use lifesigns_compliance::Pattern;
use lifesigns_engine::KeptEvent;
use lifesigns_model::LogRecord;

use crate::shared::RecorderShared;

/// Events of an answer if no limit is given.
const DEFAULT_LIMIT: usize = 100;
/// Events of an answer at most.
const MOST: usize = 1000;
/// Fields of an event that are shown.
const FIELDS: usize = 64;

/// Returns how much is kept.
pub(crate) fn kept(shared: &RecorderShared) -> KeptEventsStatus {
    let totals = shared.engine.kept_events().totals();
    KeptEventsStatus {
        events: totals.events,
        bytes: totals.bytes as u64,
        limit_bytes: totals.limit_bytes as u64,
        since_ns: totals.complete_since_ns.unwrap_or(shared.started_ns),
        forgotten: totals.forgotten,
    }
}

/// Returns the events that are asked for.
///
/// # Errors
/// None are kept, or the question makes no sense.
pub(crate) fn find(shared: &RecorderShared, query: &EventQuery) -> Result<EventPage, ApiError> {
    let events = shared.engine.kept_events();
    if !events.is_on() {
        let text = "this host keeps no events: `keep-events` in [engine] says how much it may keep".to_owned();
        return Err(ApiError::Conflict(text));
    }
    if query.limit > MOST {
        return Err(ApiError::Invalid(format!("`limit` is {MOST} at most; narrow the search down")));
    }
    let limit = if query.limit == 0 { DEFAULT_LIMIT } else { query.limit };
    let condition = EventCondition::new(query);
    let mut found = Vec::new();
    let mut more = false;
    for part in 0..events.parts() {
        let mut of_part = 0;
        events.latest_first(part, &mut |event| {
            let Some(row) = condition.matching(event) else { return ControlFlow::Continue(()) };
            if of_part == limit {
                more = true;
                return ControlFlow::Break(());
            }
            of_part += 1;
            found.push(row);
            ControlFlow::Continue(())
        });
    }
    // Of one time, the later line first.
    found.sort_by_key(|event| std::cmp::Reverse((event.time_ns, event.line)));
    more |= found.len() > limit;
    found.truncate(limit);
    Ok(EventPage { events: found, more, kept: kept(shared) })
}

/// A question, ready to be compared.
struct EventCondition<'a> {
    query: &'a EventQuery,
    object: Option<Pattern>,
    source: Option<Pattern>,
    fields: Vec<(&'a str, Pattern)>,
}

impl<'a> EventCondition<'a> {
    fn new(query: &'a EventQuery) -> Self {
        Self {
            query,
            object: query.object.as_deref().map(Pattern::from),
            source: query.source.as_deref().map(Pattern::from),
            fields: query.fields.iter().map(|field| (&*field.name, Pattern::from(&*field.pattern))).collect(),
        }
    }

    /// Returns an event as it is answered, if it is meant. The line is decoded last.
    fn matching(&self, event: &KeptEvent<'_>) -> Option<FoundEvent> {
        let is = |pattern: &Option<Pattern>, name: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(name));
        let in_time = self.query.since_ns.is_none_or(|since_ns| since_ns <= event.time_ns)
            && self.query.until_ns.is_none_or(|until_ns| event.time_ns < until_ns);
        if !in_time || !is(&self.object, event.object) {
            return None;
        }
        let shown = event.source.decoder.evidence(event.text).or_at(&event.source.name, event.line);
        let has_text = self.query.text.as_ref().is_none_or(|text| contains(shown.text, text));
        if !is(&self.source, shown.source) || !has_text {
            return None;
        }
        let record = event.source.decoder.decode(event.text);
        let app = record.app.as_deref().or(event.source.app.as_deref());
        let fits = |(name, pattern): &(&str, Pattern)| {
            let value = if *name == "app" { app } else { field(&record, name) };
            value.is_some_and(|value| pattern.matches(value))
        };
        if !self.fields.iter().all(fits) {
            return None;
        }
        let mut fields = BTreeMap::new();
        for (name, value) in record.fields.iter().take(FIELDS) {
            fields.entry(name.to_string()).or_insert_with(|| value.to_string());
        }
        Some(FoundEvent {
            time_ns: event.time_ns,
            object: event.object.to_owned(),
            source: shown.source.to_owned(),
            line: shown.line,
            app: app.map(str::to_owned),
            message: record.message.as_deref().map(str::to_owned),
            fields,
            text: shown.text.to_owned(),
        })
    }
}

fn field<'r>(record: &'r LogRecord<'_>, name: &str) -> Option<&'r str> {
    record.fields.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// Returns whether a text is in a line; capital and small letters of ASCII are the same.
fn contains(line: &str, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    line.as_bytes().windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_line_is_found_whatever_its_case() {
        assert!(contains("Calling POST /containers/create", "calling post"));
        assert!(contains("x", "") && contains("ä", "ä"));
        assert!(!contains("x", "xx") && !contains("abc", "d"));
    }
}
