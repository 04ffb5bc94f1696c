//! VMware's ingestion API (Log Insight, Aria Operations for Logs): events of one agent.

use std::borrow::Cow;

use lifesigns_intake::{InvalidJson, JsonReader};
use lifesigns_model::{NS_PER_MS, limits};

use super::{DecodeContext, DecodeError, Envelope, bounded, text_of, whole_of};
use crate::batch::EventBatch;

/// A text and the content of a field, in bytes.
const FIELD_BYTES: usize = 16 << 10;
/// How far the time of an event may be from the host's clock if the sender is not known.
const SKEW_NS: u64 = 600_000_000_000;

/// Whose events these are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogInsightAgent<'a> {
    pub(crate) id: &'a str,
    /// Whether the sender is known by a token.
    pub(crate) is_authenticated: bool,
}

/// Decodes `{"events": [{"text": …, "timestamp": ms, "fields": […]}, …]}`; in the first version of the API the
/// list is called `messages`.
pub(crate) fn decode(
    body: &str,
    agent: LogInsightAgent<'_>,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<(), DecodeError> {
    let mut item = 0;
    let mut found = false;
    let mut json = JsonReader::new(body);
    json.members(|key, json| -> Result<(), DecodeError> {
        if !matches!(key, "events" | "messages") {
            json.raw()?;
            return Ok(());
        }
        found = true;
        json.elements(|json| {
            context.check_items(batch)?;
            let raw = json.raw()?;
            match event(raw, item, agent, context, batch) {
                Ok(true) => {}
                Ok(false) => batch.refuse(item, "the event has no text"),
                Err(InvalidJson) => batch.refuse(item, "the event is not of the shape that this path takes"),
            }
            item += 1;
            Ok(())
        })
    })?;
    json.end()?;
    if found { Ok(()) } else { Err(DecodeError::malformed("there is no list of events")) }
}

/// A field: its content, or where in the text it is.
#[derive(Default)]
struct RawField<'a> {
    name: Cow<'a, str>,
    content: Option<Cow<'a, str>>,
    start: Option<u64>,
    length: Option<u64>,
}

/// Takes an event; returns false if it has no text.
fn event(
    raw: &str,
    item: u64,
    agent: LogInsightAgent<'_>,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<bool, InvalidJson> {
    let (mut text, mut time_ms, mut fields) = (None, None, Vec::new());
    JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
        match key {
            "text" => text = text_of(json)?,
            "timestamp" => time_ms = whole_of(json)?,
            "fields" => json.elements(|json| -> Result<(), InvalidJson> {
                let field = field(json)?;
                if fields.len() < limits::FIELDS {
                    fields.push(field);
                }
                Ok(())
            })?,
            _ => drop(json.raw()?),
        }
        Ok(())
    })?;
    let Some(text) = text else { return Ok(false) };
    let (text, mut is_cut) = bounded(&text, FIELD_BYTES);
    let mut envelope = Envelope { time_ns: time_ns(time_ms, agent, context.now_ns), ..Envelope::default() };
    let mut host = None;
    for RawField { name, content, start, length } in fields {
        let content = match (content, start, length) {
            (Some(content), ..) => content,
            (None, Some(start), Some(length)) => slice(text, start, length).to_owned().into(),
            _ => continue,
        };
        let (kept, cut) = bounded(&content, FIELD_BYTES);
        is_cut |= cut;
        match &*name {
            "hostname" | "host" => host = Some(kept.to_owned()),
            "appname" => envelope.app = Some(kept.to_owned().into()),
            _ => {}
        }
        envelope.fields.push((name, kept.to_owned().into()));
    }
    envelope.object = object(agent.id, host).map(Cow::Owned);
    let record = envelope.record(text, context.decoder);
    if batch.read(item, &record, context.object, text) && is_cut {
        batch.note_cut();
    }
    Ok(true)
}

/// Returns the object: the agent, unless it is known by a number only and the event names its host.
fn object(agent: &str, host: Option<String>) -> Option<String> {
    let is_name = agent.bytes().any(|byte| !byte.is_ascii_hexdigit() && byte != b'-');
    match host {
        Some(host) if !is_name && !host.is_empty() => Some(host),
        _ => Some(agent.to_owned()).filter(|agent| is_name || agent.bytes().any(|byte| !matches!(byte, b'0' | b'-'))),
    }
}

/// Returns the time of an event. That of a sender that is not known is at most [`SKEW_NS`] off.
fn time_ns(time_ms: Option<u64>, agent: LogInsightAgent<'_>, now_ns: u64) -> Option<u64> {
    let time_ns = time_ms?.checked_mul(NS_PER_MS)?;
    if agent.is_authenticated {
        return Some(time_ns);
    }
    Some(time_ns.clamp(now_ns.saturating_sub(SKEW_NS), now_ns.saturating_add(SKEW_NS)))
}

fn field<'a>(json: &mut JsonReader<'a>) -> Result<RawField<'a>, InvalidJson> {
    let mut field = RawField::default();
    json.members(|key, json| -> Result<(), InvalidJson> {
        match key {
            "name" => field.name = text_of(json)?.unwrap_or_default(),
            "content" => field.content = text_of(json)?,
            "startPosition" => field.start = whole_of(json)?,
            "length" => field.length = whole_of(json)?,
            _ => drop(json.raw()?),
        }
        Ok(())
    })?;
    Ok(field)
}

/// Returns `length` characters of `text` from `start` on, as far as there are any.
fn slice(text: &str, start: u64, length: u64) -> &str {
    let place = |chars: u64| {
        let chars = usize::try_from(chars).unwrap_or(usize::MAX);
        text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at)
    };
    &text[place(start)..place(start.saturating_add(length))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_in_characters_and_end_with_the_text() {
        assert_eq!(slice("größe 7", 0, 5), "größe");
        assert_eq!(slice("größe 7", 6, 100), "7");
        assert_eq!(slice("größe 7", 100, u64::MAX), "");
    }

    #[test]
    fn an_agent_that_is_a_number_gives_way_to_a_host() {
        let host = || Some("web-1".to_owned());
        assert_eq!(object("9f1c-00", host()).as_deref(), Some("web-1"));
        assert_eq!(object("9f1c-00", None).as_deref(), Some("9f1c-00"));
        assert_eq!(object("vm-7.example", host()).as_deref(), Some("vm-7.example"));
        assert_eq!(object("0", None), None);
    }

    #[test]
    fn the_time_of_an_unknown_sender_is_at_most_ten_minutes_off() {
        let now_ns = 1_000_000_000_000_000_000;
        let time = |ms, is_authenticated| time_ns(Some(ms), LogInsightAgent { id: "", is_authenticated }, now_ns);
        assert_eq!(time(0, false), Some(now_ns - SKEW_NS));
        assert_eq!(time(2_000_000_000_000, false), Some(now_ns + SKEW_NS));
        assert_eq!(time(1, true), Some(1_000_000));
        assert_eq!(time(u64::MAX, false), None);
    }
}
