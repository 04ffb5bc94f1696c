//! The parameters of paths, described.

use serde_json::{Value, json};

/// What can be done with a rule by its path alone.
const ACTS: [&str; 7] = ["unload", "enable", "disable", "quarantine", "release", "promote", "rollback"];

/// Returns the parameters of a path, in its order.
pub(crate) fn parameters(path: &str) -> impl Iterator<Item = Value> {
    segments(path).map(|name| parameter(path, name))
}

/// Returns the names of a path's parameters.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim_start_matches('*'))
}

fn parameter(path: &str, name: &str) -> Value {
    let mut schema = json!({ "type": "string", "minLength": 1 });
    let description = match name {
        "act" => {
            schema = json!({ "type": "string", "enum": ACTS });
            "What is done with the rule."
        }
        "file" => "The group's name and `.svg`.",
        "symptom" => "The symptom, `RULE%2FSYMPTOM`.",
        "agent" => "The id of the agent, or its name.",
        "index" => "The index; it is not looked at.",
        "what" => "What of the nodes; it is not looked at.",
        "id" if path.contains("/alerts/") && path.starts_with("/api/") => {
            "The id of the alert, or the beginning of it that no other one has."
        }
        "id" if path.contains("/silences/") => "The id of the silence, or the beginning of it that no other one has.",
        "id" if path.contains("/objects/") => "The id of the object, with its escapes.",
        "id" => "The id.",
        "name" if path.contains("/groups/") => "The name of the group.",
        "name" if path.contains("/rules/") => "The name of the rule.",
        "name" if path.contains("/tokens/") => "The name of the token.",
        "name" if path.contains("/agents/") => "The name of the agent.",
        _ => "The name.",
    };
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
}
