//! A real daemon makes a container; its log, followed, becomes the alert of a sandboxed rule.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Write, stderr},
    ops::ControlFlow,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use lifesigns::{
    Loader, Sandbox,
    engine::{Engine, EngineConfig, RuleSet},
    model::{Chunk, EventSource, RuleAlert, WakeSignal},
    rulestore::RuleStore,
};
use lifesigns_dockerd_test::Daemon;
use lifesigns_intake::{FollowEvent, Format, PollingTail, StartPosition};

/// From the container to its alert, at the latest.
const DEADLINE: Duration = Duration::from_secs(60);
const IMAGE: &str = "lifesigns-test:1";

#[test]
fn a_container_that_a_real_daemon_creates_is_told() {
    let rules = rules();
    let daemon = match Daemon::start() {
        Ok(daemon) => daemon,
        Err(why) => {
            // Past the test harness, which keeps what a passing test prints.
            let _ = writeln!(stderr(), "skipped: {why}");
            return;
        }
    };
    daemon.import_busybox(IMAGE).unwrap();
    let name = format!("lifesigns-{}", std::process::id());
    let (send, alerts) = mpsc::channel();
    let engine = engine(rules, send);
    let stop = WakeSignal::new();
    let found = thread::scope(|scope| {
        scope.spawn(|| follow(&daemon.log(), &engine, &stop));
        let create = ["create", "--name", &name, "--network", "none", IMAGE, "/bin/busybox", "true"];
        let found = daemon.docker(&create).map(|_| wait_for(&alerts, &name));
        stop.stop();
        found
    });
    let totals = engine.stop();
    let alert = found.unwrap().unwrap_or_else(|| panic!("no alert; {totals:?}\n{}", daemon.last_words()));
    assert_eq!((alert.rule.as_str(), alert.object.as_str()), ("docker-keyword", "docker-host"));
    assert!(alert.text.contains("/containers/create"), "{}", alert.text);
    assert!(totals.report.failures.is_empty(), "{totals:?}");
}

/// The rule as an operator has it: a module in a rules folder.
fn rules() -> RuleSet {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(lifesigns_artifacts::rule("docker-keyword"), folder.path().join("docker-keyword.wasm")).unwrap();
    let mut loader = Loader::new(Sandbox::new(None).unwrap());
    let loads = loader.apply(&RuleStore::new(folder.path()).scan());
    assert_eq!(loader.rules().len(), 1, "{loads:?}");
    RuleSet::new(loader.rules(), &[]).unwrap()
}

fn engine(rules: RuleSet, alerts: mpsc::Sender<RuleAlert>) -> Engine {
    let config = EngineConfig { scanners: 1, shards: 2, pin: false, ..EngineConfig::default() };
    let sink = Arc::new(move |alert: &lifesigns::model::RuleAlertRef<'_>| {
        // The receiving end is gone once the alert has been found.
        let _ = alerts.send(RuleAlert::from(alert));
    });
    Engine::start(&config, Arc::new(rules), lifesigns::model::InitialState::default(), sink).unwrap()
}

fn follow(log: &Path, engine: &Engine, stop: &WakeSignal) {
    let source = Arc::new(EventSource {
        name: log.display().to_string(),
        rank: 0,
        object: "docker-host".into(),
        app: None,
        decoder: Format::Auto.decoder(now_ns()),
    });
    let followed = PollingTail::new(log, StartPosition::Start).run(stop, |event| {
        if let FollowEvent::Lines { bytes, .. } | FollowEvent::Unfinished { bytes, .. } = event {
            let (source, arrived_ns) = (Arc::clone(&source), Some(now_ns()));
            engine.submit(Chunk { source, bytes, arrived_ns, cursor: None, ack: None }).expect("the engine is open");
        }
        ControlFlow::Continue(())
    });
    assert_eq!(followed.gaps, 0);
}

/// The alert about that container, if it comes in time.
fn wait_for(alerts: &mpsc::Receiver<RuleAlert>, name: &str) -> Option<RuleAlert> {
    let deadline = Instant::now() + DEADLINE;
    while let Ok(alert) = alerts.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        let named = alert.attributes.iter().any(|(key, value)| key == "container" && value == name);
        if alert.symptom == "container-created" && named {
            return Some(alert);
        }
    }
    None
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}
