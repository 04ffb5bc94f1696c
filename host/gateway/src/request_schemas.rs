//! Schemas of bodies and parameters, made from the types that read them; each is whole.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

/// See the module.
pub(crate) struct RequestSchemas(SchemaGenerator);

impl RequestSchemas {
    pub(crate) fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12().for_deserialize();
        settings.inline_subschemas = true;
        Self(settings.into_generator())
    }

    /// Returns the schema of a body.
    pub(crate) fn taken<T: JsonSchema>(&mut self) -> Value {
        let mut schema = self.0.root_schema_for::<T>().to_value();
        if let Some(members) = schema.as_object_mut() {
            members.remove("$schema");
        }
        add_bounds(&mut schema);
        schema
    }

    /// Returns the parameters that a type has.
    pub(crate) fn in_query<T: JsonSchema>(&mut self) -> Vec<Value> {
        let schema = self.taken::<T>();
        let all = schema["properties"].as_object().into_iter().flatten();
        all.map(|(name, schema)| parameter(name, schema.clone())).collect()
    }
}

/// Describes a parameter. What may be absent is absent: there is no null in a query.
fn parameter(name: &str, mut schema: Value) -> Value {
    let mut described = json!({ "name": name, "in": "query", "required": false });
    if let Some(members) = schema.as_object_mut() {
        if let Some(description) = members.remove("description") {
            described["description"] = description;
        }
        members.remove("default");
        if let Some(Value::Array(types)) = members.get_mut("type") {
            types.retain(|name| name != "null");
            if let [one] = types.as_slice() {
                let one = one.clone();
                members.insert("type".to_owned(), one);
            }
        }
        if let Some(Value::Array(kinds)) = members.get_mut("anyOf") {
            kinds.retain(|kind| kind["type"] != "null");
        }
    }
    described["schema"] = schema;
    described
}

/// Adds the largest number of each kind of whole numbers: the reader knows no larger one.
fn add_bounds(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let most = match members.get("format").and_then(Value::as_str) {
                Some("uint" | "uint64") => Some(u64::MAX),
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint16") => Some(u64::from(u16::MAX)),
                Some("uint8") => Some(u64::from(u8::MAX)),
                _ => None,
            };
            if let Some(most) = most {
                members.entry("maximum").or_insert(most.into());
            }
            members.values_mut().for_each(add_bounds);
        }
        Value::Array(items) => items.iter_mut().for_each(add_bounds),
        _ => {}
    }
}
