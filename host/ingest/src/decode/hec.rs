//! Splunk's HTTP Event Collector: JSON objects one after another, and raw lines.

use std::borrow::Cow;

use lifesigns_intake::{InvalidJson, JsonReader};
use lifesigns_model::limits;

use super::{DecodeContext, DecodeError, Envelope, seconds_ns, text_of};
use crate::batch::EventBatch;

/// Why Splunk refuses an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HecFault {
    /// There is none.
    NoData,
    InvalidFormat,
    EventMissing,
    EventBlank,
}

impl HecFault {
    /// Returns Splunk's code and text for it.
    pub(crate) const fn answer(self) -> (u32, &'static str) {
        match self {
            Self::NoData => (5, "No data"),
            Self::InvalidFormat => (6, "Invalid data format"),
            Self::EventMissing => (12, "Event field is required"),
            Self::EventBlank => (13, "Event field cannot be blank"),
        }
    }
}

/// The first fault of a request, with the number of its event.
pub(crate) type HecOutcome = Result<Option<(HecFault, u64)>, DecodeError>;

/// Decodes events. Those that are valid are taken, also behind one that is not, as far as the text is JSON.
pub(crate) fn events(body: &str, context: &DecodeContext<'_>, batch: &mut EventBatch) -> HecOutcome {
    let mut json = JsonReader::new(body);
    let mut item = 0;
    let mut fault = None;
    // A list of events is taken too.
    let in_list = json.step(b'[').is_ok();
    while json.peek() != 0 {
        if in_list && json.step(b']').is_ok() {
            continue;
        }
        if item > 0 {
            let _ = json.step(b',');
        }
        context.check_items(batch)?;
        let raw = json.raw();
        let found = raw.map_err(|InvalidJson| HecFault::InvalidFormat).and_then(|raw| event(raw, item, context, batch));
        if let Err(why) = found {
            batch.refuse(item, why.answer().1);
            fault = fault.or(Some((why, item)));
        }
        if raw.is_err() {
            // The next event cannot be found.
            break;
        }
        item += 1;
    }
    if item == 0 && fault.is_none() {
        fault = Some((HecFault::NoData, 0));
    }
    Ok(fault)
}

fn event(raw: &str, item: u64, context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), HecFault> {
    let mut envelope = Envelope::default();
    let (mut text, mut source, mut sourcetype) = (None, None, None);
    let read = JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
        match key {
            "time" => envelope.time_ns = text_of(json)?.and_then(|time| seconds_ns(time.trim())),
            "host" => envelope.object = text_of(json)?,
            "source" => source = text_of(json)?,
            "sourcetype" => sourcetype = text_of(json)?,
            "event" => text = text_of(json)?,
            "fields" if json.peek() == b'{' => {
                json.members(|name, json| -> Result<(), InvalidJson> {
                    if let Some(value) = text_of(json)?.filter(|_| envelope.fields.len() < limits::FIELDS) {
                        envelope.fields.push((name.to_owned().into(), value));
                    }
                    Ok(())
                })?;
            }
            _ => drop(json.raw()?),
        }
        Ok(())
    });
    read.map_err(|InvalidJson| HecFault::InvalidFormat)?;
    let text: Cow<'_, str> = text.ok_or(HecFault::EventMissing)?;
    if text.trim().is_empty() {
        return Err(HecFault::EventBlank);
    }
    envelope.app = source.clone().or_else(|| sourcetype.clone());
    envelope.fields.extend(
        [("source", source), ("sourcetype", sourcetype)]
            .into_iter()
            .filter_map(|(name, value)| Some((Cow::Borrowed(name), value?))),
    );
    let record = envelope.record(&text, context.decoder);
    batch.read(item, &record, context.object, &text);
    Ok(())
}

/// Decodes raw lines, of `host` if the request names it.
pub(crate) fn raw(body: &str, host: Option<&str>, context: &DecodeContext<'_>, batch: &mut EventBatch) -> HecOutcome {
    let mut item = 0;
    for line in body.lines().filter(|line| !line.trim().is_empty()) {
        context.check_items(batch)?;
        let envelope = Envelope { object: host.map(Cow::Borrowed), ..Envelope::default() };
        let record = envelope.record(line, context.decoder);
        batch.read(item, &record, context.object, line);
        item += 1;
    }
    Ok((item == 0).then_some((HecFault::NoData, 0)))
}
