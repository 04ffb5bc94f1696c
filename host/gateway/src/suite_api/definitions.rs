//! Alert definitions, and the symptoms that rules can raise.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    extract::RawQuery,
    response::{IntoResponse, Response},
    routing::get,
};
use lifesigns_api::{ApiError, RuleSymptom, Service};
use lifesigns_compliance::{
    config::Scope,
    query::{ConditionRow, DefinitionRow, Query, QueryAnswer},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    filters::{WordSet, caseless, exact},
    page::PageRequest,
    words::{AlertLevel, IdKind, ResourceKind, cycles, id, unknown},
};
use crate::answer::{ErrorResponse, Params, PathParam, RouterState, Session};

/// VMware's numbers for what an alert is about: virtualization, compliance.
pub(super) const TYPE: u64 = 16;
pub(super) const SUB_TYPE: u64 = 21;
/// The criticality of a definition that is as bad as its worst symptom.
const AUTO: &str = "AUTO";

/// Which definitions, and the page.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DefinitionParams {
    /// Ids.
    id: Vec<String>,
    /// `VMWARE` or `LIFESIGNS`; what is for all kinds matches each.
    adapter_kind: Vec<String>,
    /// `VirtualMachine`, `HostSystem`, or a kind of the inventory; what is for all kinds matches each.
    resource_kind: Vec<String>,
    /// The page, from 0.
    page: Option<u64>,
    /// Items of a page, 1000 without it.
    #[schemars(range(min = 1, max = 10000))]
    page_size: Option<u64>,
    /// Leaves links out.
    #[serde(rename = "_no_links")]
    no_links: bool,
}

/// The two lists of definitions.
#[derive(Clone, Copy)]
enum Of {
    Alerts,
    Symptoms,
}

pub(super) fn routes() -> Router<Arc<RouterState>> {
    let list = |of: Of| {
        get(move |s: Session, RawQuery(raw): RawQuery, Params(params): Params<DefinitionParams>| {
            let page = PageRequest::new(params.page, params.page_size, params.no_links);
            list(s, page.map(|page| page.within(raw.as_deref())), params, of)
        })
    };
    let one = |of: Of| {
        get(move |s: Session, PathParam(id): PathParam<String>| s.run(move |service| one_of(service, &id, of)))
    };
    Router::new()
        .route("/alertdefinitions", list(Of::Alerts))
        .route("/alertdefinitions/{id}", one(Of::Alerts))
        .route("/symptomdefinitions", list(Of::Symptoms))
        .route("/symptomdefinitions/{id}", one(Of::Symptoms))
}

async fn list(session: Session, page: Result<PageRequest, ApiError>, params: DefinitionParams, of: Of) -> Response {
    let (page, filter) = match page.and_then(|page| Ok((page, params.filter()?))) {
        Ok(both) => both,
        Err(error) => return ErrorResponse(error).into_response(),
    };
    session
        .run(move |service| {
            let (path, name) = match of {
                Of::Alerts => ("/alertdefinitions", "alertDefinitions"),
                Of::Symptoms => ("/symptomdefinitions", "symptomDefinitions"),
            };
            let mut all = all(service, of)?;
            all.retain(|one| filter.matches(one));
            Ok(page.of(path, name, &all, |one| one.shown.clone()))
        })
        .await
}

/// A definition of either list, and the kinds of objects that it is for; none are all.
struct Definition {
    shown: Value,
    kinds: Vec<String>,
}

impl Definition {
    const fn of_all(shown: Value) -> Self {
        Self { shown, kinds: Vec::new() }
    }
}

/// Parameters that are read.
struct DefinitionFilter {
    ids: WordSet,
    /// In small letters.
    adapter_kinds: WordSet,
    /// In small letters.
    resource_kinds: WordSet,
}

impl DefinitionParams {
    fn filter(self) -> Result<DefinitionFilter, ApiError> {
        Ok(DefinitionFilter {
            ids: exact("id", self.id)?,
            adapter_kinds: caseless("adapterKind", self.adapter_kind)?,
            resource_kinds: caseless("resourceKind", self.resource_kind)?,
        })
    }
}

impl DefinitionFilter {
    fn matches(&self, definition: &Definition) -> bool {
        let is_kind = |kind: &String| {
            let kind = ResourceKind::of(Some(kind));
            self.adapter_kinds.has(&kind.adapter.to_lowercase())
                && self.resource_kinds.has(&kind.resource.to_lowercase())
        };
        self.ids.has(definition.shown["id"].as_str().unwrap_or_default())
            && (definition.kinds.is_empty() || definition.kinds.iter().any(is_kind))
    }
}

fn one_of(service: &dyn Service, wanted: &str, of: Of) -> Result<Value, ApiError> {
    let what = match of {
        Of::Alerts => "alert definition",
        Of::Symptoms => "symptom definition",
    };
    let found = all(service, of)?.into_iter().find(|one| one.shown["id"] == wanted);
    found.map(|one| one.shown).ok_or_else(|| unknown(what, wanted))
}

fn all(service: &dyn Service, of: Of) -> Result<Vec<Definition>, ApiError> {
    let symptoms = service.symptoms()?;
    if let Of::Symptoms = of {
        return Ok(symptoms.iter().map(|one| Definition::of_all(symptom(one))).collect());
    }
    let QueryAnswer::Definitions(definitions) = service.query(&Query::Definitions)? else {
        return Err(ApiError::Internal("the host answered another question than was asked".to_owned()));
    };
    let named =
        definitions.iter().map(|one| Definition { shown: definition(one, &symptoms), kinds: one.kinds.clone() });
    // A symptom that no definition names makes an alert by itself.
    let lone = symptoms.iter().filter(|one| !definitions.iter().any(|definition| names(&definition.when, &one.name)));
    Ok(named.chain(lone.map(|one| Definition::of_all(own_definition(one)))).collect())
}

/// Returns whether a condition is helped by a symptom.
fn names(condition: &ConditionRow, symptom: &str) -> bool {
    match condition {
        ConditionRow::All(of) | ConditionRow::Any(of) | ConditionRow::Count { of, .. } => {
            of.iter().any(|one| names(one, symptom))
        }
        ConditionRow::Symptom { name, .. } => name.matches(symptom),
        ConditionRow::Not(_) | ConditionRow::Fact { .. } => false,
    }
}

fn symptom(symptom: &RuleSymptom) -> Value {
    let kind = ResourceKind::of(None);
    json!({
        "id": id(IdKind::SymptomDefinition, &symptom.name),
        "name": symptom.title,
        "description": symptom.name,
        "adapterKindKey": kind.adapter,
        "resourceKindKey": kind.resource,
        "waitCycles": 1,
        "cancelCycles": 1,
        "state": {
            "severity": AlertLevel::from(symptom.criticality),
            "condition": {
                "type": "CONDITION_MESSAGE_EVENT", "eventType": "NOTIFICATION", "operator": "EQ", "message": symptom.name,
            },
        },
    })
}

/// The definition that a symptom is which no definition names.
fn own_definition(symptom: &RuleSymptom) -> Value {
    let recommendations = match symptom.recommendation.as_str() {
        "" => &[][..],
        _ => std::slice::from_ref(&symptom.recommendation),
    };
    let set = symptom_set(Scope::Own, vec![id(IdKind::SymptomDefinition, &symptom.name)], "AND");
    let state = state(AlertLevel::from(symptom.criticality).as_str(), symptom.impact.as_str(), set, recommendations);
    described(&symptom.name, &symptom.title, ResourceKind::of(None), (1, 1), state)
}

fn definition(row: &DefinitionRow, symptoms: &[RuleSymptom]) -> Value {
    let severity = row.criticality.map_or(AUTO, |criticality| AlertLevel::from(criticality).as_str());
    let impact = row.impact.map_or("health", |impact| impact.as_str());
    let state = state(severity, impact, condition_set(&row.when, symptoms), &row.recommendations);
    let kind = ResourceKind::of(row.kinds.first().map(String::as_str));
    let mut definition = described(&row.name, &row.title, kind, (cycles(row.wait_ms), cycles(row.cancel_ms)), state);
    // VMware's form has no words for all conditions.
    definition["lifesignsCondition"] = json!(row.when);
    definition
}

fn described(name: &str, title: &str, kind: ResourceKind<'_>, (wait, cancel): (u64, u64), state: Value) -> Value {
    json!({
        "id": id(IdKind::AlertDefinition, name),
        "name": if title.is_empty() { name } else { title },
        "description": name,
        "adapterKindKey": kind.adapter,
        "resourceKindKey": kind.resource,
        "waitCycles": wait,
        "cancelCycles": cancel,
        "type": TYPE,
        "subType": SUB_TYPE,
        "states": [state],
    })
}

fn state(severity: &str, impact: &str, set: Value, recommendations: &[String]) -> Value {
    let priorities: BTreeMap<&String, usize> = recommendations.iter().zip(1..).collect();
    json!({
        "severity": severity,
        "base-symptom-set": set,
        "impact": { "impactType": "BADGE", "detail": impact },
        "recommendationPriorityMap": priorities,
    })
}

/// Returns what of a condition is about symptoms, as VMware's sets.
fn condition_set(condition: &ConditionRow, symptoms: &[RuleSymptom]) -> Value {
    let sets = |of: &[ConditionRow], operator: &str| {
        let sets: Vec<Value> = of.iter().map(|one| condition_set(one, symptoms)).filter(|set| !set.is_null()).collect();
        match sets.len() {
            0 => Value::Null,
            1 => sets.into_iter().next().unwrap_or_default(),
            _ => json!({ "type": "SYMPTOM_SET_COMPOSITE", "operator": operator, "symptom-sets": sets }),
        }
    };
    match condition {
        ConditionRow::All(of) => sets(of, "AND"),
        ConditionRow::Any(of) | ConditionRow::Count { of, .. } => sets(of, "OR"),
        ConditionRow::Symptom { name, on } => {
            let known = symptoms.iter().filter(|symptom| name.matches(&symptom.name));
            let ids = known.map(|symptom| id(IdKind::SymptomDefinition, &symptom.name)).collect();
            symptom_set(*on, ids, "OR")
        }
        ConditionRow::Not(_) | ConditionRow::Fact { .. } => Value::Null,
    }
}

fn symptom_set(on: Scope, ids: Vec<String>, operator: &str) -> Value {
    let (relation, aggregation) = match on {
        Scope::Own => ("SELF", "ALL"),
        Scope::Parent => ("PARENT", "ALL"),
        Scope::Children => ("CHILD", "ANY"),
    };
    json!({
        "type": "SYMPTOM_SET", "relation": relation, "aggregation": aggregation, "symptomSetOperator": operator,
        "symptomDefinitionIds": ids,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_found_by_each_of_its_kinds() {
        let filter = |adapter: &str, resource: &str| {
            let list = |word: &str| if word.is_empty() { Vec::new() } else { vec![word.to_owned()] };
            let params = DefinitionParams {
                adapter_kind: list(adapter),
                resource_kind: list(resource),
                ..DefinitionParams::default()
            };
            params.filter().expect("short lists")
        };
        let kinds = ["database", "host"].map(str::to_owned).to_vec();
        let two = Definition { shown: json!({ "id": "two" }), kinds };
        let every = Definition::of_all(json!({ "id": "every" }));
        for (adapter, resource, wanted) in [
            ("", "HostSystem", true),
            ("vmware", "", true),
            ("LIFESIGNS", "Database", true),
            ("VMWARE", "database", false),
            ("", "VirtualMachine", false),
        ] {
            assert_eq!(filter(adapter, resource).matches(&two), wanted, "{adapter} {resource}");
            assert!(filter(adapter, resource).matches(&every), "{adapter} {resource}");
        }
    }
}
