//! What the subset takes, for the OpenAPI document.

use serde_json::Value;

use super::{
    alerts::{AlertsParams, AlertsQuery},
    definitions::DefinitionParams,
    resources::{PageParams, ResourceParams, ResourceQuery},
    token::Credentials,
};
use crate::{paths::SUITE_BASE, request_schemas::RequestSchemas};

/// Returns the parameters that a route of the subset takes after `?`.
pub(crate) fn parameters(schemas: &mut RequestSchemas, path: &str) -> Vec<Value> {
    match path.strip_prefix(SUITE_BASE) {
        Some("/resources") => schemas.in_query::<ResourceParams>(),
        Some("/resources/query" | "/alerts/query" | "/resources/groups" | "/resources/groups/{id}/members") => {
            schemas.in_query::<PageParams>()
        }
        Some("/symptomdefinitions" | "/alertdefinitions") => schemas.in_query::<DefinitionParams>(),
        Some("/alerts") => schemas.in_query::<AlertsParams>(),
        _ => Vec::new(),
    }
}

/// Returns the schema of a body of the subset; `None` if there is none to send.
pub(crate) fn body(schemas: &mut RequestSchemas, path: &str) -> Option<Value> {
    match path.strip_prefix(SUITE_BASE)? {
        "/auth/token/acquire" => Some(schemas.taken::<Credentials>()),
        "/resources/query" => Some(schemas.taken::<ResourceQuery>()),
        "/alerts/query" => Some(schemas.taken::<AlertsQuery>()),
        _ => None,
    }
}
