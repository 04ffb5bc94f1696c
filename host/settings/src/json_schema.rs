//! The JSON schema of `lifesigns.toml`, for editors, generated from the tables of keys that the reader uses.

use serde_json::{Map, Value, json};

use crate::{
    keys::ROOT,
    schema::{NAME_CHARS, RequiredKeys, TEXT_CHARS, TableSchema, ValueSchema},
};

/// Returns the JSON Schema 2020-12 of `lifesigns.toml` and of each file in `conf.d`. Nothing is required on
/// the outermost level, because another file may hold it.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut root = table(&ROOT, &mut definitions);
    if let Value::Object(keys) = &mut root {
        keys.remove("required");
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lifesigns.toml",
        "description": "The configuration of a lifesigns host, or a part of it in conf.d.",
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
        schema.insert("$defs".into(), Value::Object(definitions));
    }
    schema
}

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
    let text = || json!({ "type": "string", "minLength": 1, "maxLength": TEXT_CHARS });
    let matching = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match of {
        ValueSchema::Text
        | ValueSchema::Path
        | ValueSchema::Pattern
        | ValueSchema::Expression
        | ValueSchema::Network => text(),
        ValueSchema::Name => named("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
        ValueSchema::Identifier => named("^[A-Za-z_][A-Za-z0-9_]*$"),
        ValueSchema::Word(words) => json!({ "enum": words }),
        ValueSchema::Flag => json!({ "type": "boolean" }),
        ValueSchema::Yes => json!({ "const": true }),
        ValueSchema::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        ValueSchema::Number => json!({ "type": "number" }),
        ValueSchema::Duration(_) => matching("^ *([0-9]+ *(ms|s|m|h|d|w|y) *)+$"),
        ValueSchema::Size => matching("^[0-9]+ *(B|KiB|MiB|GiB|TiB)$"),
        ValueSchema::Minute => matching("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
        ValueSchema::Days => matching("^ *(mon|tue|wed|thu|fri|sat|sun)( *[-,] *(mon|tue|wed|thu|fri|sat|sun))* *$"),
        ValueSchema::Zone => matching("^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"),
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
        ValueSchema::Either(one, other) => json!({ "anyOf": [value(one, definitions), value(other, definitions)] }),
    }
}

fn named(pattern: &str) -> Value {
    json!({ "type": "string", "maxLength": NAME_CHARS, "pattern": pattern })
}
