//! Schemas of what the API answers and takes, made from the types: answers refer to definitions that they share,
//! bodies and parameters are whole.

use lifesigns_api::{
    ActOutcome, AgentCredentials, AgentList, AgentOrders, AgentReport, AlertExplanation, AlertHistoryQuery,
    AuditReport, AuditTrailQuery, AuditTrailRow, ConfigMistake, CreatedToken, EventPage, EventQuery, ExplainedCall,
    HostStatus, LineExplanation, LineQuestion, NewToken, NoticeSelection, OutboxFilter, Problem, RuleDiff, RuleSymptom,
    RuleVersion, TapPage, TapQuery, TokenInfo, UndeliveredNotice,
};
use lifesigns_compliance::{
    Alert, BadgePoint, Silence,
    query::{
        AlertFilter, Badges, ComplianceReport, DefinitionRow, FilterMatches, GroupDetails, GroupRow, ObjectDetails,
        ObjectFilter, ObjectRow, PendingRow, PolicyRow, Resolution, Routing, SilenceDetails,
    },
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    body::{
        AlertIds, AlertsOwner, AlertsReason, BackupTo, DecisionParams, HistoryParams, LimitParams, MarkParams,
        MatcherList, NewSilence, NoteText, Owner, Reason, SilencePatch,
    },
    probes::Verdict,
    report_route::ReportParams,
    request_schemas::RequestSchemas,
    rule_routes::ChangeBody,
    suite_api,
};

/// See the module.
pub(crate) struct Schemas {
    answers: SchemaGenerator,
    requests: RequestSchemas,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let mut answers = SchemaSettings::draft2020_12().for_serialize();
        answers.definitions_path = "/components/schemas".into();
        Self { answers: answers.into_generator(), requests: RequestSchemas::new() }
    }

    /// Returns the definitions that answers refer to.
    pub(crate) fn definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.answers.take_definitions(true);
        definitions.values_mut().for_each(without_defaults);
        definitions
    }

    /// Returns the schema of an error.
    pub(crate) fn problem(&mut self) -> Value {
        self.answers.subschema_for::<Problem>().to_value()
    }

    /// Returns the schema of a route's answer; `None` if it is no JSON, or not one of the API's own.
    pub(crate) fn answer(&mut self, method: &str, path: &str) -> Option<Value> {
        if matches!(path, "/livez" | "/readyz") {
            return Some(self.answers.subschema_for::<Verdict>().to_value());
        }
        let path = path.strip_prefix("/api/v1/")?;
        match method {
            "GET" => self.found(path),
            _ => self.changed(method, path),
        }
    }

    /// Returns the schema of the answer to a question.
    fn found(&mut self, path: &str) -> Option<Value> {
        Some(match path {
            "status" => self.member::<HostStatus>("status"),
            "alerts" | "history/alerts" => self.page::<Alert>("alerts"),
            "alerts/{id}" => self.member::<Alert>("alert"),
            "alerts/{id}/explanation" => self.member::<AlertExplanation>("explanation"),
            "alerts/{id}/route" => self.member::<Routing>("route"),
            "pending" => self.member::<Vec<PendingRow>>("pending"),
            "matches" => self.member::<FilterMatches>("matches"),
            "silences" => self.member::<Vec<Silence>>("silences"),
            "silences/{id}" => self.member::<SilenceDetails>("silence"),
            "objects" => self.page::<ObjectRow>("objects"),
            "objects/{id}" => self.member::<ObjectDetails>("object"),
            "objects/{id}/badges" | "groups/{name}/badges" => self.member::<Vec<BadgePoint>>("badges"),
            "groups" => self.member::<Vec<GroupRow>>("groups"),
            "groups/{name}" => self.member::<GroupDetails>("group"),
            "groups/{name}/report" => self.member::<ComplianceReport>("report"),
            "badges" => self.member::<Badges>("badges"),
            "definitions" => self.member::<Vec<DefinitionRow>>("definitions"),
            "symptoms" => self.member::<Vec<RuleSymptom>>("symptoms"),
            "policies" => self.member::<Vec<PolicyRow>>("policies"),
            "policies/why" => self.member::<Resolution>("why"),
            "rules/{name}/diff" => self.member::<RuleDiff>("diff"),
            "rules/{name}/history" => self.member::<Vec<RuleVersion>>("versions"),
            "rules/{name}/failures" => self.member::<Vec<ExplainedCall>>("failures"),
            "rules/{name}/tap" => self.member::<TapPage>("tap"),
            "findings" => self.member::<Vec<String>>("findings"),
            "audit" => self.page::<AuditTrailRow>("audit"),
            "audit/verify" => self.member::<AuditReport>("verified"),
            "outbox" => self.page::<UndeliveredNotice>("outbox"),
            "agents" => self.answers.subschema_for::<AgentList>().to_value(),
            "tokens" => self.member::<Vec<TokenInfo>>("tokens"),
            _ => return None,
        })
    }

    /// Returns the schema of the answer to what changes something.
    fn changed(&mut self, method: &str, path: &str) -> Option<Value> {
        Some(match (method, path) {
            ("POST", "matches") => self.member::<FilterMatches>("matches"),
            ("POST", "silences") | ("PATCH", "silences/{id}") => self.answers.subschema_for::<ActOutcome>().to_value(),
            ("POST", "query") => self.member::<EventPage>("found"),
            ("POST", "explain") => self.member::<LineExplanation>("explained"),
            ("POST", "config/validate") => self.member::<Vec<ConfigMistake>>("mistakes"),
            ("POST", "agents/{name}") => self.answers.subschema_for::<AgentOrders>().to_value(),
            ("POST", "tokens") => self.member::<CreatedToken>("token"),
            ("POST" | "DELETE", _) if is_own(path) => self.member::<String>("done"),
            _ => return None,
        })
    }

    /// Returns the parameters that a route takes after `?`.
    pub(crate) fn parameters(&mut self, method: &str, path: &str) -> Vec<Value> {
        let Some(path) = path.strip_prefix("/api/v1/") else {
            return suite_api::parameters(&mut self.requests, path);
        };
        match (method, path) {
            // These have no pages.
            ("GET", "pending" | "matches") => {
                let mut all = self.requests.in_query::<AlertFilter>();
                all.retain(|parameter| parameter["name"] != "cursor");
                all
            }
            ("GET", "alerts") => self.requests.in_query::<AlertFilter>(),
            ("GET", "objects") => self.requests.in_query::<ObjectFilter>(),
            ("GET", "history/alerts") => self.requests.in_query::<AlertHistoryQuery>(),
            ("GET", "audit") => self.requests.in_query::<AuditTrailQuery>(),
            ("GET", "audit/verify") => self.requests.in_query::<MarkParams>(),
            ("GET", "outbox") => self.requests.in_query::<OutboxFilter>(),
            ("GET", "badges") => self.requests.in_query::<LimitParams>(),
            ("GET", "policies/why") => self.requests.in_query::<DecisionParams>(),
            ("GET", "objects/{id}/badges" | "groups/{name}/badges") => self.requests.in_query::<HistoryParams>(),
            ("GET", "groups/{name}/report") => self.requests.in_query::<ReportParams>(),
            ("GET", "rules/{name}/tap") => self.requests.in_query::<TapQuery>(),
            ("DELETE", "objects/{id}" | "objects/{id}/symptoms/{symptom}") => self.requests.in_query::<Reason>(),
            _ => Vec::new(),
        }
    }

    /// Returns the schema of a body; `None` if there is none to send.
    pub(crate) fn body(&mut self, method: &str, path: &str) -> Option<Value> {
        let Some(path) = path.strip_prefix("/api/v1/") else {
            return suite_api::body(&mut self.requests, path);
        };
        Some(match (method, path) {
            ("POST", "alerts/{id}/acknowledge") => self.requests.taken::<Owner>(),
            ("POST", "alerts/{id}/cancel") => self.requests.taken::<Reason>(),
            ("POST", "alerts/{id}/notes") => self.requests.taken::<NoteText>(),
            ("POST", "bulk/acknowledge") => self.requests.taken::<AlertsOwner>(),
            ("POST", "bulk/unacknowledge") => self.requests.taken::<AlertIds>(),
            ("POST", "bulk/cancel") => self.requests.taken::<AlertsReason>(),
            ("POST", "matches") => self.requests.taken::<MatcherList>(),
            ("POST", "query") => self.requests.taken::<EventQuery>(),
            ("POST", "explain") => self.requests.taken::<LineQuestion>(),
            ("POST", "silences") => self.requests.taken::<NewSilence>(),
            ("PATCH", "silences/{id}") => self.requests.taken::<SilencePatch>(),
            ("POST", "outbox/resend" | "outbox/drop") => self.requests.taken::<NoticeSelection>(),
            ("POST", "rules/{name}/load" | "rules/{name}/{act}") => self.requests.taken::<ChangeBody>(),
            ("POST", "backup") => self.requests.taken::<BackupTo>(),
            ("POST", "tokens") => self.requests.taken::<NewToken>(),
            ("POST", "agents/{name}") => self.requests.taken::<AgentReport>(),
            ("POST", "agents/{name}/enrol") => self.requests.taken::<AgentCredentials>(),
            _ => return None,
        })
    }

    /// Describes an object with one member.
    fn member<T: JsonSchema>(&mut self, name: &str) -> Value {
        let schema = self.answers.subschema_for::<T>().to_value();
        json!({ "type": "object", "required": [name], "properties": { name: schema } })
    }

    /// Describes a list that a limit may have cut short.
    fn page<T: JsonSchema>(&mut self, name: &str) -> Value {
        let mut page = self.member::<Vec<T>>(name);
        page["properties"]["next"] =
            json!({ "type": "string", "description": "The `cursor` of the next page; absent if this is the last." });
        page
    }
}

/// Returns whether a path is one of the API's own at which something is done; others are mounted.
fn is_own(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let parts = ["alerts", "bulk", "silences", "outbox", "rules", "reload", "tokens", "backup"];
    let own = ["objects/{id}", "objects/{id}/symptoms/{symptom}", "agents/{name}/enrol", "agents/{name}/credentials"];
    parts.contains(&first) || own.contains(&path)
}

/// Removes defaults: they say what a reader may assume, and an answer has all its members.
fn without_defaults(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            // A member of this name is an object with a schema in it.
            if members.get("default").is_some_and(|default| !is_schema(default)) {
                members.remove("default");
            }
            members.values_mut().for_each(without_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_defaults),
        _ => {}
    }
}

fn is_schema(value: &Value) -> bool {
    ["type", "$ref", "anyOf", "oneOf"].iter().any(|keyword| value.get(keyword).is_some())
}
