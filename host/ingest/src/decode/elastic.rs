//! Elasticsearch's bulk API: a line that says what to do, and a line with the document.

use std::borrow::Cow;

use lifesigns_intake::{InvalidJson, JsonReader};

use super::{DecodeContext, DecodeError, text_of};
use crate::batch::EventBatch;

/// What becomes of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BulkItem {
    /// `index`, `create`, `update` or `delete`.
    pub(crate) action: &'static str,
    pub(crate) index: String,
    pub(crate) id: Option<String>,
    /// Why it was refused.
    pub(crate) error: Option<&'static str>,
}

/// A name of an index or a document, in bytes; Elasticsearch has the same bound on an id.
const NAME_BYTES: usize = 512;

/// Decodes a request for `index`, if its path names one. Documents are events, each as a line of NDJSON.
pub(crate) fn bulk(
    body: &[u8],
    index: &str,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<Vec<BulkItem>, DecodeError> {
    let mut lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).enumerate();
    let mut items = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        context.check_items(batch)?;
        let mut action = action(line, index).map_err(|_| {
            DecodeError::malformed(format!("Malformed action/metadata line [{}], expected an action", number + 1))
        })?;
        let document = if action.action == "delete" { None } else { lines.next().map(|(_, line)| line) };
        action.error = take(action.action, document, number as u64 + 2, context, batch).err();
        items.push(action);
    }
    if items.is_empty() {
        return Err(DecodeError::malformed("request body is required"));
    }
    Ok(items)
}

fn take(
    action: &str,
    document: Option<&[u8]>,
    number: u64,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<(), &'static str> {
    let checked = match document {
        _ if !matches!(action, "index" | "create") => Err("events are only added: send index or create"),
        Some(document) => check(document),
        None => Err("there is no line with the document"),
    };
    match checked {
        Ok(line) if batch.line(number, context.object, line) => Ok(()),
        Ok(_) => Err("the document is too large for an event"),
        Err(why) => {
            batch.refuse(number, why);
            Err(why)
        }
    }
}

/// Checks that a line is one JSON object.
pub(crate) fn check(line: &[u8]) -> Result<&str, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "the document is not UTF-8")?;
    let mut json = JsonReader::new(line);
    match json.raw().and_then(|_| json.end()) {
        Ok(()) if line.starts_with('{') => Ok(line),
        _ => Err("the document is no JSON object"),
    }
}

fn action(line: &[u8], index: &str) -> Result<BulkItem, InvalidJson> {
    let line = std::str::from_utf8(line).map_err(|_| InvalidJson)?;
    let mut item = None;
    let mut json = JsonReader::new(line);
    json.members(|key, json| {
        let action = match key {
            "index" => "index",
            "create" => "create",
            "update" => "update",
            "delete" => "delete",
            _ => return Err(InvalidJson),
        };
        let (mut name, mut id) = (None, None);
        json.members(|key, json| -> Result<(), InvalidJson> {
            match key {
                "_index" => name = text_of(json)?,
                "_id" => id = text_of(json)?,
                _ => drop(json.raw()?),
            }
            Ok(())
        })?;
        let index = bounded(&name.unwrap_or(Cow::Borrowed(index)));
        item = Some(BulkItem { action, index, id: id.map(|id| bounded(&id)), error: None });
        Ok(())
    })?;
    json.end()?;
    item.ok_or(InvalidJson)
}

fn bounded(name: &str) -> String {
    super::bounded(name, NAME_BYTES).0.to_owned()
}
