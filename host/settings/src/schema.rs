//! The JSON schema of `lifesigns.toml`, for editors; made of the tables that the reader goes by.

use serde_json::{Map, Value, json};

use crate::{
    keys::ROOT,
    shape::{Choice, NAME_CHARS, Shape, TEXT_CHARS, Table},
};

/// JSON Schema 2020-12 of `lifesigns.toml` and of the files in `conf.d`, each by itself: what must
/// be there may be in another file, so nothing on the outermost level is required.
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

fn table(table: &'static Table, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut property = shape(&key.shape, definitions);
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
        Choice::Free => {}
        Choice::OneOf(names) => schema["oneOf"] = json!(each(names)),
        Choice::AnyOf(names) => schema["anyOf"] = json!(each(names)),
    }
    if !table.pairs.is_empty() {
        let both = table.pairs.iter().flat_map(|(one, other)| [(*one, json!([other])), (*other, json!([one]))]);
        schema["dependentRequired"] = both.map(|(key, needs)| (key.to_owned(), needs)).collect::<Map<_, _>>().into();
    }
    schema
}

fn shape(of: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    let text = || json!({ "type": "string", "minLength": 1, "maxLength": TEXT_CHARS });
    let matching = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match of {
        Shape::Text | Shape::Path | Shape::Pattern | Shape::Expression | Shape::Network => text(),
        Shape::Name => named("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
        Shape::Identifier => named("^[A-Za-z_][A-Za-z0-9_]*$"),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Yes => json!({ "const": true }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Duration(_) => matching("^([0-9]+(ms|s|m|h|d|w|y))+$"),
        Shape::Size => matching("^[0-9]+ *(B|KiB|MiB|GiB|TiB)$"),
        Shape::Minute => matching("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
        Shape::Days => matching("^ *(mon|tue|wed|thu|fri|sat|sun)( *[-,] *(mon|tue|wed|thu|fri|sat|sun))* *$"),
        Shape::Zone => matching("^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"),
        Shape::List(item, least) => json!({ "type": "array", "minItems": least, "items": shape(item, definitions) }),
        Shape::Map(names, values) => json!({
            "type": "object",
            "propertyNames": shape(names, definitions),
            "additionalProperties": shape(values, definitions),
        }),
        Shape::Table(inner) => {
            if !definitions.contains_key(inner.id) {
                // Before its keys are gone through: a table may hold itself.
                definitions.insert(inner.id.into(), Value::Null);
                let schema = table(inner, definitions);
                definitions.insert(inner.id.into(), schema);
            }
            json!({ "$ref": format!("#/$defs/{}", inner.id) })
        }
        Shape::Either(one, other) => json!({ "anyOf": [shape(one, definitions), shape(other, definitions)] }),
    }
}

fn named(pattern: &str) -> Value {
    json!({ "type": "string", "maxLength": NAME_CHARS, "pattern": pattern })
}
