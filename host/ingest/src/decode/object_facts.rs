//! Facts about one object, as a program states them: kind, parent, properties, metrics, and since when.

use lifesigns_intake::JsonReader;

use super::{DecodeContext, DecodeError, push_json_string};
use crate::batch::EventBatch;

/// Decodes facts about `object`; the context's decoder reads NDJSON.
pub(crate) fn decode(
    body: &[u8],
    object: &str,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<(), DecodeError> {
    let body = std::str::from_utf8(body).map_err(|_| DecodeError::malformed("the body is not UTF-8"))?;
    let mut line = String::from("{\"object\":");
    push_json_string(&mut line, object);
    let mut json = JsonReader::new(body);
    json.members(|key, json| {
        if !matches!(key, "kind" | "parent" | "properties" | "metrics" | "time") {
            let known = "kind, parent, properties, metrics and time";
            return Err(DecodeError::malformed(format!("there is no member {key:.100?}; an object has {known}")));
        }
        let raw = json.raw()?.replace(['\n', '\r'], " ");
        line.push_str(&format!(",\"{key}\":{raw}"));
        Ok(())
    })?;
    json.end()?;
    line.push('}');
    let record = context.decoder.decode(&line);
    if record.facts.is_none() || record.malformed {
        let shape = r#"{"kind": TEXT, "parent": ID, "properties": {NAME: TEXT, NUMBER, BOOLEAN or null}, "metrics": {NAME: NUMBER}}"#;
        return Err(DecodeError::malformed(format!("facts have the shape {shape}, with at least one of these")));
    }
    batch.record(0, &record, object);
    Ok(())
}
