//! Values of attributes and bodies: texts as they are, lists and maps as JSON.

use std::borrow::Cow;

use lifesigns_intake::{InvalidJson, JsonReader};

use crate::{
    decode::{push_json_string, text_of},
    protobuf::{InvalidProtobuf, WireFields, WireValue},
};

/// Values in each other; what is deeper is left out.
const DEPTH: usize = 16;

/// Returns the text of an `AnyValue` in a protobuf message.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, InvalidProtobuf> {
    // The last field counts, as everywhere in a message.
    let Some(field) = WireFields(bytes).last() else { return Ok(Cow::Borrowed("")) };
    if let (1, text) = field? {
        return text.text();
    }
    let mut json = String::new();
    write(bytes, &mut json, DEPTH)?;
    Ok(Cow::Owned(json))
}

/// Writes an `AnyValue` as JSON.
fn write(bytes: &[u8], json: &mut String, depth: usize) -> Result<(), InvalidProtobuf> {
    let Some(field) = WireFields(bytes).last() else {
        json.push_str("null");
        return Ok(());
    };
    match field? {
        (1, text) => push_json_string(json, &text.text()?),
        (2, number) => json.push_str(if number.number()? == 0 { "false" } else { "true" }),
        (3, number) => json.push_str(&number.number()?.cast_signed().to_string()),
        (4, number) => {
            let number = number.double()?;
            json.push_str(&if number.is_finite() { number.to_string() } else { format!("\"{number}\"") });
        }
        (5, list) if depth > 0 => write_list(list.bytes()?, json, depth)?,
        (6, map) if depth > 0 => write_map(map.bytes()?, json, depth)?,
        (7, bytes) => {
            json.push('"');
            bytes.bytes()?.iter().for_each(|byte| json.push_str(&format!("{byte:02x}")));
            json.push('"');
        }
        _ => json.push_str("null"),
    }
    Ok(())
}

fn write_list(list: &[u8], json: &mut String, depth: usize) -> Result<(), InvalidProtobuf> {
    json.push('[');
    for (index, value) in WireFields(list).enumerate() {
        if index > 0 {
            json.push(',');
        }
        write(value?.1.bytes()?, json, depth - 1)?;
    }
    json.push(']');
    Ok(())
}

fn write_map(map: &[u8], json: &mut String, depth: usize) -> Result<(), InvalidProtobuf> {
    json.push('{');
    for (index, pair) in WireFields(map).enumerate() {
        if index > 0 {
            json.push(',');
        }
        let (mut key, mut value): (Cow<'_, str>, &[u8]) = (Cow::Borrowed(""), &[]);
        for field in WireFields(pair?.1.bytes()?) {
            match field? {
                (1, text) => key = text.text()?,
                (2, WireValue::Bytes(bytes)) => value = bytes,
                _ => {}
            }
        }
        push_json_string(json, &key);
        json.push(':');
        write(value, json, depth - 1)?;
    }
    json.push('}');
    Ok(())
}

/// Returns the text of an `AnyValue` in JSON.
pub(super) fn text_in_json<'a>(json: &mut JsonReader<'a>) -> Result<Cow<'a, str>, InvalidJson> {
    let raw = json.raw()?;
    let mut text = None;
    JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
        match key {
            "stringValue" | "boolValue" | "intValue" | "doubleValue" | "bytesValue" => text = text_of(json)?,
            _ => drop(json.raw()?),
        }
        Ok(())
    })?;
    if let Some(text) = text {
        return Ok(text);
    }
    let mut plain = String::new();
    write_plain(&mut JsonReader::new(raw), &mut plain, DEPTH)?;
    Ok(Cow::Owned(plain))
}

/// Writes an `AnyValue` in JSON as the JSON that it stands for.
fn write_plain(any: &mut JsonReader<'_>, plain: &mut String, depth: usize) -> Result<(), InvalidJson> {
    let before = plain.len();
    any.members(|key, json| -> Result<(), InvalidJson> {
        // One of them is there; the last counts.
        plain.truncate(before);
        match key {
            "intValue" => plain.push_str(&text_of(json)?.unwrap_or_default()),
            "arrayValue" if depth > 0 => json.members(|key, json| plain_list(key, json, plain, depth))?,
            "kvlistValue" if depth > 0 => json.members(|key, json| plain_map(key, json, plain, depth))?,
            _ => plain.push_str(json.raw()?),
        }
        Ok(())
    })?;
    if plain.len() == before {
        plain.push_str("null");
    }
    Ok(())
}

fn plain_list(key: &str, json: &mut JsonReader<'_>, plain: &mut String, depth: usize) -> Result<(), InvalidJson> {
    if key != "values" {
        return json.raw().map(drop);
    }
    plain.push('[');
    let mut separator = "";
    json.elements(|json| {
        plain.push_str(separator);
        separator = ",";
        write_plain(json, plain, depth - 1)
    })?;
    plain.push(']');
    Ok(())
}

fn plain_map(key: &str, json: &mut JsonReader<'_>, plain: &mut String, depth: usize) -> Result<(), InvalidJson> {
    if key != "values" {
        return json.raw().map(drop);
    }
    plain.push('{');
    let mut separator = "";
    json.elements(|json| -> Result<(), InvalidJson> {
        let raw = json.raw()?;
        let mut name = None;
        let mut value = "{}";
        JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
            match key {
                "key" => name = text_of(json)?,
                "value" => value = json.raw()?,
                _ => drop(json.raw()?),
            }
            Ok(())
        })?;
        plain.push_str(separator);
        separator = ",";
        push_json_string(plain, &name.unwrap_or_default());
        plain.push(':');
        write_plain(&mut JsonReader::new(value), plain, depth - 1)
    })?;
    plain.push('}');
    Ok(())
}
