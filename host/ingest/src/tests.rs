//! Requests as senders send them, each in a file: what is answered, and which events come of it.
//! `LIFESIGNS_BLESS=1` writes what came out as what must come out.

mod grpc;
mod journal;

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use http_body_util::BodyExt;
use lifesigns_api::SenderAddress;
use lifesigns_intake::{Format, HttpProtocol, HttpSettings, SourceKind, SourceSettings};
use lifesigns_model::{Chunk, ManualClock, SharedClock};
use lifesigns_sources::{Input, MemorySink, SourceSink, SourceSupervisor, Submission, TrySubmission};
use tower_service::Service;

use crate::{Ingest, IngestLimits, router};

/// 2026-07-01T12:00:00Z.
const NOW_NS: u64 = 1_782_907_200_000_000_000;

/// Commits at once what it is given, unless it has no room or is closed.
#[derive(Default)]
struct CommittingSink {
    memory: MemorySink,
    chunks: Mutex<Vec<Chunk>>,
    refuses: Mutex<Option<TrySubmission>>,
}

impl SourceSink for CommittingSink {
    fn submit(&self, input: Input) -> Submission {
        let submission = self.memory.submit(input);
        for mut chunk in self.memory.take() {
            let ack = chunk.ack.take();
            self.chunks.lock().unwrap().push(Chunk {
                source: Arc::clone(&chunk.source),
                bytes: chunk.bytes.clone(),
                arrived_ns: chunk.arrived_ns,
                cursor: chunk.cursor.clone(),
                ack: None,
            });
            chunk.ack = ack;
            self.memory.commit(vec![chunk]);
        }
        submission
    }

    fn try_submit_all(&self, inputs: Vec<Input>) -> TrySubmission {
        if let Some(refusal) = *self.refuses.lock().unwrap() {
            return refusal;
        }
        for input in inputs {
            assert_eq!(self.submit(input), Submission::Accepted);
        }
        TrySubmission::Accepted
    }

    fn checkpoint(&self, source: &str) -> Option<lifesigns_model::SourceOffset> {
        self.memory.checkpoint(source)
    }
}

/// A router over a sink.
struct Rig {
    sink: Arc<CommittingSink>,
    router: Router,
    runtime: tokio::runtime::Runtime,
    _sources: SourceSupervisor,
}

fn source(protocol: HttpProtocol) -> SourceSettings {
    let is_ndjson = matches!(protocol, HttpProtocol::Events | HttpProtocol::Elasticsearch | HttpProtocol::Journal);
    SourceSettings {
        kind: SourceKind::Http(HttpSettings::new(protocol)),
        name: format!("http/{}", protocol.as_str()),
        format: if is_ndjson { Format::Ndjson } else { Format::Auto },
        time_formats: Vec::new(),
        object: "this-host".to_owned(),
        app: None,
    }
}

impl Rig {
    fn new(limits: &IngestLimits) -> Self {
        Self::over(Arc::default(), limits)
    }

    fn over(sink: Arc<CommittingSink>, limits: &IngestLimits) -> Self {
        let clock: SharedClock = Arc::new(ManualClock::new(NOW_NS));
        let shared: Arc<dyn SourceSink> = Arc::<CommittingSink>::clone(&sink);
        let ingest = Arc::new(Ingest::new(limits.clone(), Arc::clone(&clock)));
        let mut sources = SourceSupervisor::new(shared, clock).with_driver(Arc::<Ingest>::clone(&ingest));
        sources.reconcile(&HttpProtocol::ALL.map(source)).unwrap();
        for protocol in HttpProtocol::ALL {
            while ingest.receiver(protocol).is_err() {
                std::thread::yield_now();
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { sink, router: router(&ingest), runtime, _sources: sources }
    }

    fn send(&mut self, mut request: Request<Body>) -> (Response<()>, String) {
        request.extensions_mut().insert(SenderAddress(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))));
        let router = &mut self.router;
        self.runtime.block_on(async {
            let response = router.call(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains(char::is_control));
            let text = if is_text { String::from_utf8_lossy(&bytes).into_owned() } else { hex::encode(&bytes) };
            (Response::from_parts(parts, ()), text)
        })
    }

    fn post(&mut self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> (u16, String) {
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (response, body) = self.send(request.body(body.into()).unwrap());
        (response.status().as_u16(), body)
    }

    /// Takes out the events that came, a line each.
    fn events(&self) -> String {
        let mut shown = String::new();
        for chunk in std::mem::take(&mut *self.sink.chunks.lock().unwrap()) {
            let text = String::from_utf8(chunk.bytes).unwrap();
            for line in text.lines() {
                let record = chunk.source.decoder.decode(line);
                write!(shown, "{}:", chunk.source.name).unwrap();
                if let Some(time_ns) = record.time_ns {
                    write!(shown, " {}", lifesigns_text::rfc3339(time_ns)).unwrap();
                }
                let object = record.object.as_deref().unwrap_or(&chunk.source.object);
                write!(shown, " {object} {:?}", record.app.as_deref().unwrap_or("")).unwrap();
                if let Some(message) = &record.message {
                    write!(shown, " {message:.300?}").unwrap();
                }
                for (name, value) in &record.fields {
                    write!(shown, " {name}={value:.200?}").unwrap();
                }
                if let Some(facts) = &record.facts {
                    write!(shown, " {:?} {:?} {:?} {:?}", facts.kind, facts.parent, facts.properties, facts.metrics)
                        .unwrap();
                }
                shown.push_str(if record.malformed { " (malformed)\n" } else { "\n" });
            }
        }
        shown
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    hex::decode(digits).unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Reads a request: method and path, headers, an empty line, the body. The header `case-body` says what is done to the
/// body before it is sent.
fn read_request(path: &Path) -> Request<Body> {
    let text = fs::read_to_string(path).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let (method, uri) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri);
    let mut bytes = body.as_bytes().to_vec();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        match (name, value) {
            ("case-body", "hex") => bytes = unhex(body),
            ("case-body", "snappy-hex") => bytes = snap::raw::Encoder::new().compress_vec(&unhex(body)).unwrap(),
            ("case-body", "gzip") => bytes = gzip(&bytes),
            ("case-body", "zstd") => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                bytes = ruzstd::encoding::compress_to_vec(&bytes[..], level);
            }
            _ => request = request.header(name, value),
        }
    }
    request.body(Body::from(bytes)).unwrap()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = Vec::new();
    for protocol in fs::read_dir(folder).unwrap() {
        let files = fs::read_dir(protocol.unwrap().path()).unwrap().map(|file| file.unwrap().path());
        cases.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "request")));
    }
    cases.sort();
    cases
}

#[test]
fn requests_are_answered_and_become_events_as_their_files_say() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 20, "{} cases", cases.len());
    for case in cases {
        let mut rig = Rig::new(&IngestLimits::default());
        let (response, body) = rig.send(read_request(&case));
        let mut found = format!("{}\n{body}\n", response.status().as_u16());
        for name in ["retry-after", "x-elastic-product", "x-prometheus-remote-write-samples-written"] {
            if let Some(value) = response.headers().get(name) {
                writeln!(found, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        found.push_str(&rig.events());
        let expected = case.with_extension("expected");
        if std::env::var_os("LIFESIGNS_BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{}:\nfound\n{found}expected\n{expected}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Paths with a body that they take, to be spoilt.
const PATHS: [(&str, &str); 9] = [
    ("/api/v1/events", "application/json"),
    ("/services/collector/event", "application/json"),
    ("/services/collector/raw", "text/plain"),
    ("/api/v1/events/ingest/agent", "application/json"),
    ("/loki/api/v1/push", "application/json"),
    ("/_bulk", "application/x-ndjson"),
    ("/v1/logs", "application/json"),
    ("/v1/logs", "application/x-protobuf"),
    ("/v1/metrics", "application/x-protobuf"),
];

#[test]
fn nasty_bodies_are_answered_and_the_next_request_is_taken() {
    let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(10_000), "]".repeat(10_000));
    let years = "{\"time\":\"0000-01-01T00:00:00Z\",\"message\":\"a\"}\n{\"time\":\"9999-12-31T23:59:59Z\",\"message\":\"b\"}\n";
    let long = format!("{{\"message\":\"{}\"}}\n", "x".repeat(2 << 20));
    let bodies: [&[u8]; 9] = [
        b"",
        b"\0\0\0\0",
        b"\xff\xfe{\"message\":\"\xc3\x28\"}\n",
        deep.as_bytes(),
        years.as_bytes(),
        long.as_bytes(),
        b"{\"events\":[{\"text\":null},7,{\"text\":\"a\",\"timestamp\":-1}]}",
        b"{\"streams\":[{\"values\":[[\"x\"],[1,2,3],[\"1\",\"line\",{\"a\":7}]]}]}",
        b"{\"resourceLogs\":{\"resource\":[]}}",
    ];
    for (path, media_type) in PATHS {
        let mut rig = Rig::new(&IngestLimits::default());
        for body in bodies {
            let (status, answer) = rig.post(path, &[("content-type", media_type)], body.to_vec());
            assert!(matches!(status, 200 | 204 | 400 | 413), "{path} {:.50?}: {status} {answer}", body);
            assert!(answer.len() < 4096, "{path}: {} bytes", answer.len());
            rig.events();
        }
        let bomb = gzip(&vec![b' '; 80 << 20]);
        let (status, answer) = rig.post(path, &[("content-type", media_type), ("content-encoding", "gzip")], bomb);
        assert_eq!(status, 413, "{path}: {answer}");
        let (status, _) = rig.post("/api/v1/events", &[], "{\"message\":\"after\"}");
        assert_eq!(status, 200);
        assert!(rig.events().contains("after"));
    }
}

#[test]
fn a_host_without_room_says_when_to_come_again() {
    let mut rig = Rig::new(&IngestLimits::default());
    for (refusal, status) in [(TrySubmission::Full, 429), (TrySubmission::Closed, 503)] {
        *rig.sink.refuses.lock().unwrap() = Some(refusal);
        let request =
            || Request::post("/api/v1/events").header("idempotency-key", status).body(Body::from("{\"a\":\"b\"}"));
        let (response, body) = rig.send(request().unwrap());
        assert_eq!(response.status().as_u16(), status, "{body}");
        assert!(response.headers().contains_key("retry-after"));
        *rig.sink.refuses.lock().unwrap() = None;
        let (response, _) = rig.send(request().unwrap());
        assert_eq!(response.status().as_u16(), 200, "the key is free again");
    }
    let mut rig = Rig::new(&IngestLimits { held_bytes: 1 << 10, ..IngestLimits::default() });
    let (status, body) = rig.post("/api/v1/events", &[], "{\"message\":\"x\"}\n".repeat(1000));
    assert_eq!(status, 429, "{body}");
}

#[test]
fn a_retry_with_a_key_counts_once_also_after_a_restart() {
    let lines: String =
        (0..30_000).map(|number| format!("{{\"message\":\"event {number} of a long one\"}}\n")).collect();
    let headers = [("idempotency-key", "batch-7")];
    let mut rig = Rig::new(&IngestLimits::default());
    let first = rig.post("/api/v1/events", &headers, lines.clone());
    assert_eq!(first, (200, r#"{"accepted":30000,"errors":[],"refused":0}"#.to_owned()));
    assert_eq!(rig.events().lines().count(), 30_000);
    assert_eq!(rig.post("/api/v1/events", &headers, lines.clone()), first);
    assert_eq!(rig.events(), "");
    assert_eq!(rig.post("/api/v1/events", &headers, "{}").0, 422);
    // Everything but what was committed is gone.
    let mut again = Rig::over(Arc::clone(&rig.sink), &IngestLimits::default());
    assert_eq!(again.post("/api/v1/events", &headers, lines.clone()), first);
    assert_eq!(again.events(), "");
    assert_eq!(again.post("/api/v1/events", &[("idempotency-key", "batch-8")], lines), first);
    assert_eq!(again.events().lines().count(), 30_000);
}

#[test]
fn a_retry_after_a_crash_amid_a_long_request_brings_the_rest() {
    let lines: String =
        (0..30_000).map(|number| format!("{{\"message\":\"event {number} of a long one\"}}\n")).collect();
    let headers = [("idempotency-key", "batch-7")];
    let mut rig = Rig::new(&IngestLimits::default());
    rig.post("/api/v1/events", &headers, lines.clone());
    let chunks = std::mem::take(&mut *rig.sink.chunks.lock().unwrap());
    assert!(chunks.len() > 1);
    let begun = chunks.into_iter().next().unwrap();
    let taken = begun.bytes.split(|byte| *byte == b'\n').count() - 1;
    let sink = Arc::new(CommittingSink::default());
    sink.memory.commit(vec![begun]);
    let mut again = Rig::over(sink, &IngestLimits::default());
    assert_eq!(again.post("/api/v1/events", &headers, lines).0, 200);
    let events = again.events();
    assert_eq!(events.lines().count(), 30_000 - taken);
    assert!(events.lines().next().unwrap().contains(&format!("event {taken} of")), "{:.200}", events);
}

#[test]
fn acknowledgements_of_splunk_are_true_for_what_was_given_out() {
    let mut rig = Rig::new(&IngestLimits::default());
    let channel = [("x-splunk-request-channel", "00872DC6-AC83-4EDE-8AFE-8413C3825C4C")];
    let (_, answer) = rig.post("/services/collector", &channel, "{\"event\":\"a\"}");
    let number = answer.split("\"ackId\":").nth(1).and_then(|rest| rest.split([',', '}']).next()).unwrap();
    let number: u64 = number.parse().unwrap();
    let asked = format!("{{\"acks\":[{},{number},{}]}}", number - 1, number + 1);
    let (status, answer) = rig.post("/services/collector/ack", &channel, asked);
    assert_eq!(status, 200);
    assert!(
        answer.contains(&format!("\"{number}\":true")) && answer.contains(&format!("\"{}\":false", number + 1)),
        "{answer}"
    );
    assert_eq!(rig.post("/services/collector/ack", &[], "{\"acks\":[]}").0, 400);
}
