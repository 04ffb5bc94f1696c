//! Which role each path needs.

use lifesigns_api::{Role, RouteRule};

use super::wires;

const SENDER: Role = Role::Ingest;

const OWN: &[RouteRule] = &[
    RouteRule::new("POST", "/api/v1/events", SENDER, "Send events").speaking(&wires::OWN_EVENTS),
    RouteRule::new("PUT", "/api/v1/objects/{id}", SENDER, "State facts of an object").speaking(&wires::OWN_FACTS),
    RouteRule::new("POST", "/services/collector", SENDER, "Send events to Splunk's collector")
        .speaking(&wires::HEC_EVENTS),
    RouteRule::new("POST", "/services/collector/event", SENDER, "Send events to Splunk's collector")
        .speaking(&wires::HEC_EVENTS),
    RouteRule::new("POST", "/services/collector/event/1.0", SENDER, "Send events to Splunk's collector")
        .speaking(&wires::HEC_EVENTS),
    RouteRule::new("POST", "/services/collector/raw", SENDER, "Send lines to Splunk's collector")
        .speaking(&wires::HEC_RAW),
    RouteRule::new("POST", "/services/collector/raw/1.0", SENDER, "Send lines to Splunk's collector")
        .speaking(&wires::HEC_RAW),
    RouteRule::new("POST", "/services/collector/ack", SENDER, "Ask what was committed").speaking(&wires::HEC_ACK),
    RouteRule::open("GET", "/services/collector/health", "Whether Splunk's collector answers")
        .speaking(&wires::HEC_HEALTH),
    RouteRule::open("GET", "/services/collector/health/1.0", "Whether Splunk's collector answers")
        .speaking(&wires::HEC_HEALTH),
    RouteRule::new("POST", "/api/v1/events/ingest/{agent}", SENDER, "Send events of a Log Insight agent")
        .speaking(&wires::LOG_INSIGHT_EVENTS),
    RouteRule::new("POST", "/api/v2/events/ingest/{agent}", SENDER, "Send events of a Log Insight agent")
        .speaking(&wires::LOG_INSIGHT_EVENTS),
    RouteRule::new("POST", "/api/v1/messages/ingest/{agent}", SENDER, "Send messages of a Log Insight agent")
        .speaking(&wires::LOG_INSIGHT_EVENTS),
    RouteRule::new("POST", "/loki/api/v1/push", SENDER, "Send streams as to Loki").speaking(&wires::LOKI_PUSH),
    RouteRule::new("POST", "/v1/logs", SENDER, "Send logs by OTLP").speaking(&wires::OTLP),
    RouteRule::new("POST", "/v1/metrics", SENDER, "Send metrics by OTLP").speaking(&wires::OTLP),
    RouteRule::new("POST", super::otlp_grpc::LOGS, SENDER, "Send logs by OTLP over gRPC"),
    RouteRule::new("POST", super::otlp_grpc::METRICS, SENDER, "Send metrics by OTLP over gRPC"),
    RouteRule::new("POST", "/api/v1/write", SENDER, "Send samples as Prometheus does").speaking(&wires::REMOTE_WRITE),
    RouteRule::new("POST", "/upload", SENDER, "Send entries of the journal of systemd").speaking(&wires::JOURNAL),
];

/// Rules of paths of Elasticsearch: each is there under its prefix too.
macro_rules! elasticsearch {
    ($wire:ident, $summary:literal: $($method:literal $path:literal),* $(,)?) => {
        &[$(
            RouteRule::new($method, $path, SENDER, $summary).speaking(&wires::$wire),
            RouteRule::new($method, concat!("/elasticsearch", $path), SENDER, $summary).speaking(&wires::$wire),
        )*]
    };
}

const ELASTICSEARCH: [&[RouteRule]; 4] = [
    elasticsearch!(
        ELASTIC_BULK, "Send documents as to Elasticsearch":
        "POST" "/_bulk", "PUT" "/_bulk", "POST" "/{index}/_bulk", "PUT" "/{index}/_bulk",
    ),
    elasticsearch!(
        ELASTIC_DOCUMENT, "Send a document as to Elasticsearch": "POST" "/{index}/_doc",
        "POST" "/{index}/_doc/{id}", "PUT" "/{index}/_doc/{id}", "POST" "/{index}/_create/{id}",
        "PUT" "/{index}/_create/{id}",
    ),
    elasticsearch!(
        ELASTIC_QUESTION, "What shippers ask of Elasticsearch before they send":
        "GET" "/", "GET" "/_license", "GET" "/_xpack", "GET" "/_cluster/health", "GET" "/_cluster/health/{index}",
        "GET" "/_nodes", "GET" "/_nodes/{*what}", "GET" "/_index_template/{name}", "GET" "/_component_template/{name}",
        "GET" "/_template/{name}", "GET" "/_ilm/policy/{name}", "GET" "/_data_stream/{name}",
        "GET" "/_ingest/pipeline/{name}",
    ),
    elasticsearch!(
        ELASTIC_SET_UP, "What shippers set up in Elasticsearch before they send; answered, and not kept":
        "PUT" "/_index_template/{name}", "PUT" "/_component_template/{name}", "PUT" "/_template/{name}",
        "PUT" "/_ilm/policy/{name}", "PUT" "/_data_stream/{name}", "PUT" "/_ingest/pipeline/{name}",
    ),
];

/// Returns the rules of all paths of [`router`](super::router).
pub fn route_rules() -> Vec<RouteRule> {
    let root = RouteRule::new("GET", "/elasticsearch", SENDER, "What shippers ask of Elasticsearch before they send");
    let root = root.speaking(&wires::ELASTIC_QUESTION);
    OWN.iter().chain(ELASTICSEARCH.into_iter().flatten()).copied().chain([root]).collect()
}
