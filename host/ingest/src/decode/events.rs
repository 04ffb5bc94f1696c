//! Our own protocol: events as NDJSON or as a JSON array of objects, each as in a file of them.

use lifesigns_intake::{InvalidJson, JsonReader};
use memchr::memchr_iter;

use super::{DecodeContext, DecodeError};
use crate::batch::EventBatch;

/// Decodes lines, or the elements of an array. A line that is no event is refused, and those around it are taken.
pub(crate) fn decode(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(DecodeError::malformed("there is no event in the body")),
        Some(b'[') => array(body, context, batch),
        Some(_) => lines(body, context, batch),
    }
}

fn array(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let body = std::str::from_utf8(body).map_err(|_| DecodeError::malformed("the body is not UTF-8"))?;
    let mut json = JsonReader::new(body);
    let mut item = 0;
    let read = json.elements(|json| {
        context.check_items(batch)?;
        let raw = json.raw()?;
        if raw.starts_with('{') {
            batch.line(item, context.object, &on_one_line(raw));
        } else {
            batch.refuse(item, "it is no JSON object");
        }
        item += 1;
        Ok(())
    });
    match read.and_then(|()| json.end().map_err(DecodeError::from)) {
        Err(DecodeError::Malformed(_)) => {
            // What comes after it cannot be found.
            let place = json.at();
            batch.refuse(item, format!("the array is not JSON at byte {place}; nothing behind it was read"));
            Ok(())
        }
        read => read,
    }
}

/// Returns JSON without the line ends between its parts; in strings there are none.
fn on_one_line(raw: &str) -> std::borrow::Cow<'_, str> {
    if raw.contains(['\n', '\r']) { raw.replace(['\n', '\r'], " ").into() } else { raw.into() }
}

fn lines(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let whole = std::str::from_utf8(body).ok();
    let mut start = 0;
    for (index, end) in memchr_iter(b'\n', body).chain([body.len()]).enumerate() {
        let range = start..end;
        let bytes = &body[range.clone()];
        start = end + 1;
        let number = index as u64 + 1;
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        context.check_items(batch)?;
        let line = match whole {
            Some(whole) => whole.get(range),
            None => std::str::from_utf8(bytes).ok(),
        };
        let Some(line) = line.map(str::trim_ascii) else {
            batch.refuse(number, "it is not UTF-8");
            continue;
        };
        match check(line) {
            Ok(()) => _ = batch.line(number, context.object, line),
            Err(why) => batch.refuse(number, why),
        }
    }
    Ok(())
}

/// Checks that a line is one JSON object.
fn check(line: &str) -> Result<(), String> {
    if !line.starts_with('{') {
        return Err("it is no JSON object".to_owned());
    }
    let mut json = JsonReader::new(line);
    let read = json.raw().and_then(|_| json.end());
    read.map_err(|InvalidJson| format!("it is not JSON at byte {} of the line", json.at()))
}
