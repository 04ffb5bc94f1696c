//! What each protocol takes and answers, for the documentation.

use lifesigns_api::{RouteWire, WireAnswer, WireBody, WireParameter};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const TEXT: &str = "text/plain; charset=utf-8";

/// A body of bytes that are no JSON.
const BYTES: &str = r#"{"type": "string", "contentEncoding": "binary"}"#;
const OBJECT: &str = r#"{"type": "object"}"#;
const LINES: &str = r#"{"type": "string", "description": "An object a line."}"#;
/// An event of our own protocol.
const EVENTS: &str = r#"{"anyOf": [
    {"type": "object", "description": "An event: its keys are those of NDJSON in files (docs/formats.md).",
     "properties": {"object": {"type": "string"}, "message": {"type": "string"}}},
    {"type": "array", "items": {"type": "object"}}
]}"#;
const FACTS: &str = r#"{"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
    "kind": {"type": "string", "description": "`vm`, `host`, `container` or free text."},
    "parent": {"type": "string", "description": "The object that it belongs to."},
    "properties": {"type": "object", "description": "Texts, numbers or booleans; `null` removes one."},
    "metrics": {"type": "object", "additionalProperties": {"type": "number"}},
    "time": {"description": "Since when; now without it."}
}}"#;
const HEC_EVENT: &str = r#"{"type": "object", "required": ["event"], "properties": {
    "event": {"description": "The event, a text or JSON."}, "host": {"type": "string"}, "source": {"type": "string"},
    "sourcetype": {"type": "string"}, "time": {"description": "Seconds since 1970."}, "fields": {"type": "object"}
}}"#;
const HEC_ACKS: &str = r#"{"type": "object", "properties": {"acks": {"type": "array", "items": {"type": "integer"}}}}"#;
const LOG_INSIGHT: &str = r#"{"type": "object", "properties": {
    "events": {"type": "array", "items": {"type": "object", "required": ["text"], "properties": {
        "text": {"type": "string"}, "timestamp": {"type": "integer", "description": "Milliseconds since 1970."},
        "fields": {"type": "array", "items": {"type": "object"}}}}}
}}"#;
const LOKI: &str = r#"{"type": "object", "properties": {"streams": {"type": "array", "items": {"type": "object", "properties": {
    "stream": {"type": "object", "additionalProperties": {"type": "string"}},
    "values": {"type": "array", "items": {"type": "array", "description": "Nanoseconds since 1970 as a text, and the line."}}
}}}}}"#;

const KEY: WireParameter = WireParameter {
    name: "Idempotency-Key",
    place: "header",
    description: "Any 1 to 256 bytes: a retry with the same key and body counts once.",
};
const ENCODING: WireParameter =
    WireParameter { name: "Content-Encoding", place: "header", description: "`gzip`, `deflate`, `zstd` or `snappy`." };
const SENDER: &[WireParameter] = &[KEY, ENCODING];

const fn json(schema: &'static str) -> WireBody {
    WireBody { media_type: JSON, schema }
}

const fn answer(status: u16, media_type: &'static str) -> WireAnswer {
    WireAnswer { status, media_type }
}

pub(crate) const OWN_EVENTS: RouteWire = RouteWire {
    protocol: "events",
    takes: &[WireBody { media_type: "application/x-ndjson", schema: LINES }, json(EVENTS)],
    parameters: &[
        WireParameter { name: "object", place: "query", description: "The object of events that name none." },
        KEY,
        ENCODING,
    ],
    answers: &[answer(200, JSON)],
    errors: &[],
};
pub(crate) const OWN_FACTS: RouteWire = RouteWire { takes: &[json(FACTS)], parameters: SENDER, ..OWN_EVENTS };
pub(crate) const AGENT_EVENTS: RouteWire = RouteWire {
    protocol: "agents",
    takes: &[WireBody { media_type: "application/x-ndjson", schema: LINES }],
    parameters: SENDER,
    ..OWN_EVENTS
};
const CHANNEL: WireParameter = WireParameter {
    name: "X-Splunk-Request-Channel",
    place: "header",
    description: "The channel, by which an acknowledgement can be asked for.",
};
pub(crate) const HEC_EVENTS: RouteWire = RouteWire {
    protocol: "splunk",
    takes: &[json(HEC_EVENT)],
    parameters: &[CHANNEL, KEY, ENCODING],
    answers: &[answer(200, JSON)],
    errors: &[JSON],
};
pub(crate) const HEC_RAW: RouteWire = RouteWire {
    takes: &[WireBody { media_type: "text/plain", schema: r#"{"type": "string"}"# }],
    parameters: &[
        WireParameter { name: "host", place: "query", description: "The object of the lines." },
        CHANNEL,
        KEY,
        ENCODING,
    ],
    ..HEC_EVENTS
};
pub(crate) const HEC_ACK: RouteWire = RouteWire { takes: &[json(HEC_ACKS)], parameters: &[CHANNEL], ..HEC_EVENTS };
pub(crate) const HEC_HEALTH: RouteWire = RouteWire { takes: &[], parameters: &[], ..HEC_EVENTS };
pub(crate) const LOG_INSIGHT_EVENTS: RouteWire = RouteWire {
    protocol: "log-insight",
    takes: &[json(LOG_INSIGHT)],
    parameters: SENDER,
    answers: &[answer(200, JSON)],
    errors: &[JSON],
};
pub(crate) const LOKI_PUSH: RouteWire = RouteWire {
    protocol: "loki",
    takes: &[json(LOKI), WireBody { media_type: PROTOBUF, schema: BYTES }],
    parameters: SENDER,
    answers: &[answer(204, "")],
    errors: &[TEXT],
};
pub(crate) const OTLP: RouteWire = RouteWire {
    protocol: "otlp",
    takes: &[json(OBJECT), WireBody { media_type: PROTOBUF, schema: BYTES }],
    parameters: SENDER,
    answers: &[answer(200, JSON), answer(200, PROTOBUF)],
    errors: &[JSON, PROTOBUF],
};
pub(crate) const REMOTE_WRITE: RouteWire = RouteWire {
    protocol: "prometheus",
    takes: &[WireBody { media_type: PROTOBUF, schema: BYTES }],
    parameters: &[KEY],
    answers: &[answer(204, "")],
    errors: &[TEXT],
};
pub(crate) const JOURNAL: RouteWire = RouteWire {
    protocol: "journal",
    takes: &[WireBody { media_type: "application/vnd.fdo.journal", schema: BYTES }],
    parameters: &[WireParameter { name: "Content-Encoding", place: "header", description: "`gzip` or `zstd`." }],
    answers: &[answer(202, TEXT)],
    errors: &[TEXT],
};
pub(crate) const ELASTIC_BULK: RouteWire = RouteWire {
    protocol: "elasticsearch",
    takes: &[WireBody { media_type: "application/x-ndjson", schema: LINES }],
    parameters: SENDER,
    answers: &[answer(200, JSON)],
    errors: &[JSON],
};
pub(crate) const ELASTIC_DOCUMENT: RouteWire =
    RouteWire { takes: &[json(OBJECT)], answers: &[answer(201, JSON)], ..ELASTIC_BULK };
pub(crate) const ELASTIC_QUESTION: RouteWire = RouteWire { takes: &[], parameters: &[], ..ELASTIC_BULK };
/// What is set up is not read.
pub(crate) const ELASTIC_SET_UP: RouteWire = RouteWire { parameters: &[], ..ELASTIC_QUESTION };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_json() {
        let all = [
            OWN_EVENTS,
            OWN_FACTS,
            AGENT_EVENTS,
            HEC_EVENTS,
            HEC_RAW,
            HEC_ACK,
            LOG_INSIGHT_EVENTS,
            LOKI_PUSH,
            OTLP,
            REMOTE_WRITE,
            JOURNAL,
            ELASTIC_BULK,
            ELASTIC_DOCUMENT,
        ];
        for body in all.iter().flat_map(|wire| wire.takes) {
            let schema = serde_json::from_str::<serde_json::Value>(body.schema);
            assert!(schema.is_ok_and(|schema| schema.is_object()), "{}", body.schema);
        }
    }
}
