//! JSON schemas for editors, generated from the tables of keys that the checker uses.

use serde_json::{Map, Value, json};

use crate::schema::{NAME_CHARS, RequiredKeys, TEXT_CHARS, TableSchema, ValueSchema};

/// Returns the JSON Schema 2020-12 of files whose outermost table is `root`. Nothing is required on the
/// outermost level, because another file may hold it.
pub fn json_schema(root: &'static TableSchema, title: &str, description: &str) -> Value {
    let mut definitions = Map::new();
    let mut root = table(root, &mut definitions);
    if let Value::Object(keys) = &mut root {
        keys.remove("required");
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
        schema.insert("$defs".into(), Value::Object(definitions));
    }
    schema
}

const SIZE: &str = "^[0-9]+ *(B|KiB|MiB|GiB|TiB)$";

fn table(table: &'static TableSchema, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut property = value(&key.schema, definitions);
        if let Value::Object(property) = &mut property {
            property.insert("description".into(), key.meaning.into());
        }
        properties.insert(key.name.into(), property);
    }
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let needed: Vec<_> = table.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    let each = |names: &[&str]| names.iter().map(|name| json!({ "required": [name] })).collect::<Vec<_>>();
    match table.choice {
        RequiredKeys::Free => {}
        RequiredKeys::OneOf(names) => schema["oneOf"] = json!(each(names)),
        RequiredKeys::AnyOf(names) => schema["anyOf"] = json!(each(names)),
    }
    if !table.pairs.is_empty() {
        let both = table.pairs.iter().flat_map(|(one, other)| [(*one, json!([other])), (*other, json!([one]))]);
        schema["dependentRequired"] = both.map(|(key, needs)| (key.to_owned(), needs)).collect::<Map<_, _>>().into();
    }
    schema
}

fn value(of: &'static ValueSchema, definitions: &mut Map<String, Value>) -> Value {
    match of {
        ValueSchema::Text | ValueSchema::Path | ValueSchema::Pattern => text(TEXT_CHARS),
        ValueSchema::Checked(schema) => schema.pattern.map_or_else(|| text(schema.most_chars), matching),
        ValueSchema::AnyText => json!({ "type": "string" }),
        ValueSchema::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        ValueSchema::Name => named("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
        ValueSchema::Identifier => named("^[A-Za-z_][A-Za-z0-9_]*$"),
        ValueSchema::Enum(words) => json!({ "enum": words }),
        ValueSchema::Bool => json!({ "type": "boolean" }),
        ValueSchema::True => json!({ "const": true }),
        ValueSchema::Integer(least, most) => whole(*least, *most),
        ValueSchema::Number => json!({ "type": "number" }),
        ValueSchema::Duration(_) => matching("^ *([0-9]+ *(ms|s|m|h|d|w|y) *)+$"),
        ValueSchema::Size => matching(SIZE),
        ValueSchema::Bytes(least, most) => json!({ "anyOf": [whole(*least, *most), matching(SIZE)] }),
        ValueSchema::List(item, least) => {
            json!({ "type": "array", "minItems": least, "items": value(item, definitions) })
        }
        ValueSchema::Map(names, values) => json!({
            "type": "object",
            "propertyNames": value(names, definitions),
            "additionalProperties": value(values, definitions),
        }),
        ValueSchema::Table(inner) => {
            if !definitions.contains_key(inner.id) {
                // Before its keys are visited, because a table may contain itself.
                definitions.insert(inner.id.into(), Value::Null);
                let schema = table(inner, definitions);
                definitions.insert(inner.id.into(), schema);
            }
            json!({ "$ref": format!("#/$defs/{}", inner.id) })
        }
        ValueSchema::AnyTable => json!({ "type": "object" }),
        ValueSchema::Either(one, other) => json!({ "anyOf": [value(one, definitions), value(other, definitions)] }),
    }
}

fn named(pattern: &str) -> Value {
    json!({ "type": "string", "maxLength": NAME_CHARS, "pattern": pattern })
}

fn matching(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn text(most_chars: usize) -> Value {
    let mut schema = json!({ "type": "string", "minLength": 1 });
    if most_chars < usize::MAX {
        schema["maxLength"] = most_chars.into();
    }
    schema
}

fn whole(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}
