//! The table of the API's routes and the roles that they need: the one place that says who may do what.

use lifesigns_api::{Role, RouteRule};

use Role::{Admin, Operator, Viewer};

/// All routes of the API, one a line, in the order of the documentation.
#[rustfmt::skip]
pub const ROUTES: &[RouteRule] = &[
    RouteRule::new("GET", "/api/v1/status", Viewer, "rules, sources, store, receivers"),
    RouteRule::new("GET", "/api/v1/alerts", Viewer, "alerts, the worst first"),
    RouteRule::new("GET", "/api/v1/alerts/{id}", Viewer, "an alert"),
    RouteRule::new("GET", "/api/v1/alerts/{id}/route", Viewer, "who is notified of an alert, and why"),
    RouteRule::new("GET", "/api/v1/pending", Viewer, "what waits to open or to be cancelled"),
    RouteRule::new("GET", "/api/v1/matches", Viewer, "what a filter matches"),
    RouteRule::new("POST", "/api/v1/matches", Viewer, "what a silence would match"),
    RouteRule::new("GET", "/api/v1/silences", Viewer, "silences"),
    RouteRule::new("GET", "/api/v1/silences/{id}", Viewer, "a silence with what it matches"),
    RouteRule::new("GET", "/api/v1/objects", Viewer, "objects, by id"),
    RouteRule::new("GET", "/api/v1/objects/{id}", Viewer, "an object: facts, symptoms, alerts, badge"),
    RouteRule::new("GET", "/api/v1/objects/{id}/badges", Viewer, "an object's badge over time"),
    RouteRule::new("GET", "/api/v1/groups", Viewer, "groups"),
    RouteRule::new("GET", "/api/v1/groups/{name}", Viewer, "a group with its members"),
    RouteRule::new("GET", "/api/v1/groups/{name}/badges", Viewer, "a group's badge over time"),
    RouteRule::new("GET", "/api/v1/groups/{name}/report", Viewer, "a group's report for auditors"),
    RouteRule::new("GET", "/api/v1/badges", Viewer, "badges of all groups and objects"),
    RouteRule::new("GET", "/api/v1/policies", Viewer, "policies in the order of evaluation"),
    RouteRule::new("GET", "/api/v1/policies/why", Viewer, "what is decided about an alert on an object"),
    RouteRule::new("GET", "/api/v1/rules/{name}/diff", Viewer, "a rule and its shadow, compared"),
    RouteRule::new("GET", "/api/v1/findings", Viewer, "what of inventory and configuration is probably a mistake"),
    RouteRule::new("GET", "/api/v1/history/alerts", Viewer, "alerts that were cancelled"),
    RouteRule::new("GET", "/api/v1/audit", Viewer, "the audit log"),
    RouteRule::new("GET", "/api/v1/audit/verify", Viewer, "whether the audit log's chain of hashes holds"),
    RouteRule::new("GET", "/api/v1/outbox", Viewer, "notices that are not delivered"),
    RouteRule::new("POST", "/api/v1/alerts/{id}/acknowledge", Operator, "acknowledge an alert"),
    RouteRule::new("POST", "/api/v1/alerts/{id}/unacknowledge", Operator, "take an acknowledgement back"),
    RouteRule::new("POST", "/api/v1/alerts/{id}/cancel", Operator, "cancel an alert"),
    RouteRule::new("POST", "/api/v1/alerts/{id}/notes", Operator, "write a note on an alert"),
    RouteRule::new("POST", "/api/v1/bulk/acknowledge", Operator, "acknowledge several alerts"),
    RouteRule::new("POST", "/api/v1/bulk/unacknowledge", Operator, "take several acknowledgements back"),
    RouteRule::new("POST", "/api/v1/bulk/cancel", Operator, "cancel several alerts"),
    RouteRule::new("POST", "/api/v1/silences", Operator, "make a silence"),
    RouteRule::new("PATCH", "/api/v1/silences/{id}", Operator, "change a silence"),
    RouteRule::new("DELETE", "/api/v1/silences/{id}", Operator, "end a silence"),
    RouteRule::new("DELETE", "/api/v1/objects/{id}", Operator, "forget an object"),
    RouteRule::new("DELETE", "/api/v1/objects/{id}/symptoms/{symptom}", Operator, "clear a symptom by hand"),
    RouteRule::new("POST", "/api/v1/outbox/resend", Operator, "send notices again"),
    RouteRule::new("POST", "/api/v1/outbox/drop", Operator, "drop dead letters"),
    RouteRule::new("POST", "/api/v1/backup", Admin, "copy the store to a file of the host"),
];
