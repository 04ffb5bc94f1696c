//! Calls by gRPC: the same requests as over HTTP, with what gRPC puts around them.

use axum::http::Version;

use super::*;

const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// The body of a recorded request of Python's SDK.
fn recorded(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/otlp").join(name);
    let text = fs::read_to_string(path).unwrap();
    unhex(text.split_once("\n\n").unwrap().1)
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut body = vec![flag];
    body.extend((message.len() as u32).to_be_bytes());
    body.extend_from_slice(message);
    body
}

/// What was answered: the code, the text of the status, and the message.
struct Answer {
    code: String,
    text: String,
    retries: bool,
    message: Vec<u8>,
}

impl Rig {
    fn call(&mut self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::post(path).version(Version::HTTP_2).header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.headers_mut().entry("content-type").or_insert("application/grpc".parse().unwrap());
        let router = &mut self.router;
        self.runtime.block_on(async {
            let response = router.call(request).await.unwrap();
            assert_eq!(response.status().as_u16(), 200);
            assert_eq!(response.headers()["content-type"], "application/grpc");
            let head = response.headers().clone();
            let body = response.into_body().collect().await.unwrap();
            let trailers = body.trailers().cloned().unwrap_or_default();
            let get = |name: &str| {
                let value = head.get(name).or_else(|| trailers.get(name));
                value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
            };
            let retries = head.contains_key("grpc-status-details-bin");
            let message = body.to_bytes().to_vec();
            Answer { code: get("grpc-status"), text: get("grpc-message"), retries, message }
        })
    }
}

#[test]
fn calls_become_the_same_events_as_requests_over_http() {
    let mut rig = Rig::new(&IngestLimits::default());
    for (path, over_http, name) in
        [(LOGS, "/v1/logs", "python-sdk-logs.request"), (METRICS, "/v1/metrics", "python-sdk-metrics.request")]
    {
        let message = recorded(name);
        let protobuf = [("content-type", "application/x-protobuf")];
        assert_eq!(rig.post(over_http, &protobuf, message.clone()).0, 200);
        let expected = rig.events().replace("192.0.2.7", "this-host");
        assert!(!expected.is_empty());
        for (encoding, body) in [("identity", framed(0, &message)), ("gzip", framed(1, &gzip(&message)))] {
            let answer = rig.call(path, &[("grpc-encoding", encoding)], body);
            assert_eq!((&*answer.code, answer.message), ("0", framed(0, &[])), "{path}: {}", answer.text);
            assert_eq!(rig.events(), expected, "{path}, {encoding}");
        }
    }
}

#[test]
fn a_call_with_a_key_counts_once() {
    let mut rig = Rig::new(&IngestLimits::default());
    let body = framed(0, &recorded("python-sdk-logs.request"));
    for events in [1, 0] {
        assert_eq!(rig.call(LOGS, &[("idempotency-key", "call-7")], body.clone()).code, "0");
        assert_eq!(rig.events().lines().count(), events);
    }
}

#[test]
fn a_call_with_too_many_items_is_refused_for_good() {
    let mut rig = Rig::new(&IngestLimits { items: 2, ..IngestLimits::default() });
    let resource = recorded("python-sdk-logs.request");
    let three = [&resource[..], &resource, &resource].concat();
    let answer = rig.call(LOGS, &[], framed(0, &three));
    assert_eq!((&*answer.code, answer.retries), ("3", false), "{}", answer.text);
    assert!(answer.text.contains("at most 2 items"), "{}", answer.text);
    assert_eq!(rig.events(), "");
}

#[test]
fn under_pressure_a_call_is_refused_with_the_time_of_the_next_try() {
    let mut rig = Rig::new(&IngestLimits::default());
    let body = framed(0, &recorded("python-sdk-logs.request"));
    for (refusal, code) in [(TrySubmission::Full, "8"), (TrySubmission::Closed, "14")] {
        *rig.sink.refuses.lock().unwrap() = Some(refusal);
        let answer = rig.call(LOGS, &[], body.clone());
        assert_eq!((&*answer.code, answer.retries), (code, true), "{}", answer.text);
    }
    *rig.sink.refuses.lock().unwrap() = None;
    assert_eq!(rig.call(LOGS, &[], body).code, "0");
}

/// Headers of a call, its body, and the code of the answer.
type NastyCall<'a> = (&'a [(&'a str, &'a str)], Vec<u8>, &'a str);

#[test]
fn nasty_calls_are_refused_and_the_next_one_is_taken() {
    let mut rig = Rig::new(&IngestLimits::default());
    let message = recorded("python-sdk-logs.request");
    let bomb = framed(1, &gzip(&vec![0; 80 << 20]));
    let gzipped = [("grpc-encoding", "gzip")];
    let nasty: [NastyCall<'_>; 9] = [
        (&[], Vec::new(), "3"),
        (&[], vec![0, 0, 0], "3"),
        (&[], framed(7, &message), "3"),
        (&[], [framed(0, &message), framed(0, &message)].concat(), "3"),
        (&[], vec![0, 255, 255, 255, 255, 1], "3"),
        (&[], framed(1, &gzip(&message)), "3"),
        (&[("grpc-encoding", "br")], framed(1, &message), "12"),
        (&gzipped, framed(1, &message), "3"),
        (&gzipped, bomb, "3"),
    ];
    for (headers, body, code) in nasty {
        let answer = rig.call(LOGS, headers, body.clone());
        assert_eq!((&*answer.code, answer.retries), (code, false), "{headers:?} {:.20?}: {}", body, answer.text);
        assert_eq!(rig.events(), "");
        assert_eq!(rig.call(LOGS, &[], framed(0, &message)).code, "0");
        assert_eq!(rig.events().lines().count(), 1);
    }
    let answer = rig.call(LOGS, &[("content-type", "application/grpc+json")], framed(0, b"{}"));
    assert_eq!(answer.code, "3", "{}", answer.text);
}

#[test]
fn a_call_over_http_1_is_told_what_to_do() {
    let mut rig = Rig::new(&IngestLimits::default());
    let request = Request::post(LOGS).header("content-type", "application/grpc").body(Body::empty()).unwrap();
    let (response, _) = rig.send(request);
    assert_eq!(response.headers()["grpc-status"], "3");
    assert!(response.headers()["grpc-message"].to_str().unwrap().contains("/v1/logs"));
}
