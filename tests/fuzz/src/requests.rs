//! Requests of shippers: every protocol that comes in over HTTP.

use std::{
    cell::RefCell,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use lifesigns_api::SenderAddress;
use lifesigns_ingest::{AgentRegistry, Ingest, IngestLimits, agent_router, router};
use lifesigns_intake::{Format, HttpProtocol, HttpSettings, SourceKind, SourceSettings};
use lifesigns_model::{ManualClock, SharedClock, SourceOffset};
use lifesigns_sources::{Input, MemorySink, SourceSink, SourceSupervisor, Submission, TrySubmission};
use tower_service::Service as _;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// Paths with the type of their bodies; the first byte of an input chooses one.
pub(crate) const ROUTES: [(&str, &str); 14] = [
    ("/api/v1/events", "application/x-ndjson"),
    ("/api/v1/events", JSON),
    ("/services/collector/event", JSON),
    ("/services/collector/raw?host=vm-1", "text/plain"),
    ("/services/collector/ack?channel=a", JSON),
    ("/loki/api/v1/push", JSON),
    ("/loki/api/v1/push", PROTOBUF),
    ("/_bulk", "application/x-ndjson"),
    ("/logs/_doc", JSON),
    ("/api/v1/events/ingest/agent", JSON),
    ("/v1/logs", JSON),
    ("/v1/logs", PROTOBUF),
    ("/v1/metrics", PROTOBUF),
    ("/api/v1/write", PROTOBUF),
];

/// Where an agent sends what it has read.
const AGENT: (&str, &str) = ("/api/v1/agents/web-1/events", "application/x-ndjson");
/// The answer of a protocol without a source.
const UNAVAILABLE: u16 = 503;
/// How long sources have to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer.
const ANSWER_BYTES: usize = 1 << 20;

/// Commits at once what it is given.
#[derive(Default)]
struct Committing(MemorySink);

impl SourceSink for Committing {
    fn submit(&self, input: Input) -> Submission {
        let submission = self.0.submit(input);
        let chunks = self.0.take();
        for chunk in &chunks {
            let text = std::str::from_utf8(&chunk.bytes).expect("events are texts");
            // What decodes a line never fails, and stays within it.
            text.lines().for_each(|line| drop(chunk.source.decoder.decode(line)));
        }
        self.0.commit(chunks);
        submission
    }

    fn try_submit_all(&self, inputs: Vec<Input>) -> TrySubmission {
        for input in inputs {
            assert_eq!(self.submit(input), Submission::Accepted);
        }
        TrySubmission::Accepted
    }

    fn checkpoint(&self, source: &str) -> Option<SourceOffset> {
        self.0.checkpoint(source)
    }
}

struct Server {
    router: Router,
    runtime: tokio::runtime::Runtime,
    _sources: SourceSupervisor,
}

fn source(protocol: HttpProtocol) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Http(HttpSettings::new(protocol)),
        name: format!("http/{}", protocol.as_str()),
        format: Format::Auto,
        time_formats: Vec::new(),
        object: "this-host".to_owned(),
        app: None,
    }
}

impl Server {
    fn new() -> Self {
        let clock: SharedClock = Arc::new(ManualClock::new(1_782_907_200_000_000_000));
        let ingest = Arc::new(Ingest::new(IngestLimits::default(), Arc::clone(&clock)));
        let sink: Arc<dyn SourceSink> = Arc::new(Committing::default());
        let mut sources = SourceSupervisor::new(sink, Arc::clone(&clock)).with_driver(Arc::<Ingest>::clone(&ingest));
        sources.reconcile(&HttpProtocol::ALL.map(source)).expect("threads");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let registry = Arc::new(AgentRegistry::new(clock));
        let agents = agent_router(&registry, &ingest, Arc::new(Vec::new));
        let mut server = Self { router: router(&ingest).merge(agents), runtime, _sources: sources };
        let begun = Instant::now();
        for route in ROUTES {
            // Each protocol is on when its source has started, on another thread.
            while server.post(route, b"").0 == UNAVAILABLE {
                assert!(begun.elapsed() < PATIENCE, "{route:?} is never on");
                std::thread::yield_now();
            }
        }
        server
    }

    /// Returns the status and the answer.
    fn post(&mut self, (path, content_type): (&str, &str), body: &[u8]) -> (u16, usize) {
        let request = Request::post(path).header("content-type", content_type).body(Body::from(body.to_vec()));
        let mut request = request.expect("a request");
        request.extensions_mut().insert(SenderAddress(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))));
        let router = &mut self.router;
        self.runtime.block_on(async {
            let Ok(response) = router.call(request).await;
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.expect("an answer").to_bytes();
            (parts.status.as_u16(), bytes.len())
        })
    }
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// A request: taken, in part or whole, or refused; never an error of the server's own.
///
/// # Panics
/// If a promise is broken, as all here.
pub fn requests(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    take(ROUTES[usize::from(*first) % ROUTES.len()], body);
}

/// A batch of an agent; see [`requests`].
///
/// # Panics
/// If a promise is broken, as all here.
pub fn agent(data: &[u8]) {
    take(AGENT, data);
}

fn take(route: (&str, &str), body: &[u8]) {
    SERVER.with_borrow_mut(|server| {
        let (status, answer_bytes) = server.get_or_insert_with(Server::new).post(route, body);
        assert!(status < 500, "{route:?} answers {status}");
        assert!(answer_bytes <= ANSWER_BYTES, "{route:?} answers with {answer_bytes} bytes");
    });
}
