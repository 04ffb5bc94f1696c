//! As much of JSON Schema 2020-12 as the schemas of settings and of the API use; any other keyword fails the test.
#![allow(clippy::unwrap_used)]

use regex_automata::nfa::thompson::pikevm::PikeVM;
use serde_json::{Map, Value};

/// What of `instance` the schema does not allow.
#[allow(dead_code, reason = "each test program uses one of the two")]
pub(crate) fn errors(schema: &Value, instance: &Value) -> Vec<String> {
    errors_at(schema, schema, instance)
}

/// The same for a schema within a document that it refers to.
pub(crate) fn errors_at(root: &Value, schema: &Value, instance: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(root, schema, instance, "", &mut errors);
    errors
}

fn check(root: &Value, schema: &Value, instance: &Value, path: &str, errors: &mut Vec<String>) {
    if schema == &Value::Bool(true) {
        return;
    }
    for (keyword, wanted) in schema.as_object().unwrap() {
        let fine = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" => true,
            "$ref" => {
                let target = root.pointer(wanted.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                check(root, target, instance, path, errors);
                true
            }
            "allOf" => matching(root, wanted, instance) == wanted.as_array().unwrap().len(),
            "anyOf" => matching(root, wanted, instance) >= 1,
            "oneOf" => matching(root, wanted, instance) == 1,
            "type" => match wanted {
                Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap(), instance)),
                name => is(name.as_str().unwrap(), instance),
            },
            "enum" => wanted.as_array().unwrap().contains(instance),
            "const" => wanted == instance,
            _ => match instance {
                Value::Object(object) => of_object(root, schema, (keyword, wanted), object, path, errors),
                Value::Array(items) => of_array(root, (keyword, wanted), items, path, errors),
                Value::String(text) => of_text(keyword, wanted, text),
                Value::Number(number) => of_number(keyword, wanted, number.as_f64().unwrap()),
                _ => known(keyword),
            },
        };
        if !fine {
            errors.push(format!("{path}: {keyword} {wanted} refuses {instance}"));
        }
    }
}

fn matching(root: &Value, schemas: &Value, instance: &Value) -> usize {
    let fits = |schema: &&Value| {
        let mut errors = Vec::new();
        check(root, schema, instance, "", &mut errors);
        errors.is_empty()
    };
    schemas.as_array().unwrap().iter().filter(fits).count()
}

fn is(name: &str, instance: &Value) -> bool {
    match name {
        "null" => instance.is_null(),
        "object" => instance.is_object(),
        "array" => instance.is_array(),
        "string" => instance.is_string(),
        "boolean" => instance.is_boolean(),
        "integer" => instance.is_i64() || instance.is_u64(),
        "number" => instance.is_number(),
        other => panic!("no type {other}"),
    }
}

fn of_object(
    root: &Value,
    schema: &Value,
    (keyword, wanted): (&str, &Value),
    object: &Map<String, Value>,
    path: &str,
    errors: &mut Vec<String>,
) -> bool {
    let has = |key: &Value| object.contains_key(key.as_str().unwrap());
    match keyword {
        "properties" => {
            for (key, value) in object {
                if let Some(schema) = wanted.get(key) {
                    check(root, schema, value, &format!("{path}.{key}"), errors);
                }
            }
            true
        }
        "additionalProperties" => {
            let others =
                object.iter().filter(|(key, _)| schema.get("properties").is_none_or(|known| known.get(key).is_none()));
            for (key, value) in others {
                match wanted {
                    Value::Bool(false) => errors.push(format!("{path}: no key {key}")),
                    schema => check(root, schema, value, &format!("{path}.{key}"), errors),
                }
            }
            true
        }
        "propertyNames" => {
            for key in object.keys() {
                check(root, wanted, &Value::String(key.clone()), path, errors);
            }
            true
        }
        "required" => wanted.as_array().unwrap().iter().all(has),
        "dependentRequired" => wanted
            .as_object()
            .unwrap()
            .iter()
            .all(|(key, needs)| !object.contains_key(key) || needs.as_array().unwrap().iter().all(has)),
        other => known(other),
    }
}

fn of_array(
    root: &Value,
    (keyword, wanted): (&str, &Value),
    items: &[Value],
    path: &str,
    errors: &mut Vec<String>,
) -> bool {
    match keyword {
        "items" => {
            for (number, item) in items.iter().enumerate() {
                check(root, wanted, item, &format!("{path}[{number}]"), errors);
            }
            true
        }
        "prefixItems" => {
            for (number, (item, wanted)) in items.iter().zip(wanted.as_array().unwrap()).enumerate() {
                check(root, wanted, item, &format!("{path}[{number}]"), errors);
            }
            true
        }
        "uniqueItems" => items.iter().enumerate().all(|(number, item)| !items[..number].contains(item)),
        "maxItems" => items.len() as u64 <= wanted.as_u64().unwrap(),
        "minItems" => items.len() as u64 >= wanted.as_u64().unwrap(),
        other => known(other),
    }
}

fn of_text(keyword: &str, wanted: &Value, text: &str) -> bool {
    match keyword {
        "minLength" => text.chars().count() as u64 >= wanted.as_u64().unwrap(),
        "maxLength" => text.chars().count() as u64 <= wanted.as_u64().unwrap(),
        "pattern" => {
            let pattern = PikeVM::new(wanted.as_str().unwrap()).unwrap();
            pattern.is_match(&mut pattern.create_cache(), text)
        }
        other => known(other),
    }
}

fn of_number(keyword: &str, wanted: &Value, number: f64) -> bool {
    match keyword {
        "minimum" => number >= wanted.as_f64().unwrap(),
        "maximum" => number <= wanted.as_f64().unwrap(),
        other => known(other),
    }
}

/// A keyword that says nothing of this type is fine; one that these tests do not know is not.
fn known(keyword: &str) -> bool {
    const KNOWN: [&str; 15] = [
        "properties",
        "additionalProperties",
        "propertyNames",
        "required",
        "dependentRequired",
        "items",
        "prefixItems",
        "uniqueItems",
        "maxItems",
        "minItems",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
    ];
    assert!(KNOWN.contains(&keyword), "these tests do not know {keyword}");
    true
}
