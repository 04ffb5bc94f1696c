//! A whole host whose operator forgets an object: its facts, rules' state and alerts go, and what is
//! heard of it afterwards is of a new object, then and after a restart.

use std::{
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns::{
    Builder, Format, RecordingHost, Sandbox, Setup,
    compliance::{
        Alert, CommandAction, EndCause, Object,
        query::{AlertFilter, Query, QueryAnswer},
    },
    model::{EventSource, ObjectFacts},
};

const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with the rule `docker-on-production`, which goes by a property of the object and by what it
/// remembers of it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(home.path("rules")).expect("it is new");
        let module = lifesigns_artifacts::rule("docker-on-production");
        std::fs::copy(module, home.path("rules/docker-on-production.wasm")).expect("it is built");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn host(&self) -> RecordingHost {
        let builder = Builder::new(Sandbox::new(None).expect("this machine runs it"), self.path("rules"));
        let builder = builder.setup(Setup::default()).start_wait(Duration::from_secs(600));
        builder.start_recording(self.path("lifesigns.db")).expect("the host starts")
    }
}

fn alerts(host: &RecordingHost, cancelled: bool) -> Vec<Alert> {
    match host.recorder().ask(&Query::Alerts(AlertFilter { cancelled, ..AlertFilter::default() })) {
        Ok(QueryAnswer::Alerts(alerts)) => alerts,
        other => panic!("alerts were asked for: {other:?}"),
    }
}

/// The object, if it is known.
fn object(host: &RecordingHost) -> Option<Object> {
    match host.recorder().ask(&Query::Object("vm1".to_owned())) {
        Ok(QueryAnswer::Object(page)) => Some(page.line.object),
        _ => None,
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn say(host: &RecordingHost, source: &Arc<EventSource>, line: &str) {
    assert!(host.submit(lifesigns::lines(source, format!("{line}\n"))), "it is taken");
}

const DOCKER: &str = "DEBU[0007] Calling POST /v1.41/containers/create?name=web";

fn production(host: &RecordingHost, source: &Arc<EventSource>) {
    let properties = vec![("env".to_owned(), Some("production".to_owned()))];
    let time_ns = lifesigns::now_ns();
    assert!(host.submit_facts(source, ObjectFacts { object: "vm1".into(), time_ns, properties, ..Default::default() }));
}

#[test]
fn what_is_heard_of_a_forgotten_object_is_of_a_new_one() {
    let home = Home::new();
    let source = lifesigns::source("log", "vm1", Format::Auto);
    let host = home.host();
    production(&host, &source);
    say(&host, &source, DOCKER);
    until("it is open", || alerts(&host, false).len() == 1);
    let forget = CommandAction::Forget { object: "vm1".to_owned(), why: "it was deleted".to_owned() };
    host.recorder().act("ann", forget.clone()).expect("it is forgotten");
    assert!(object(&host).is_none() && alerts(&host, false).is_empty());
    // Docker on what is not known to be production says nothing: that the object is there again, the engine says.
    say(&host, &source, DOCKER);
    until("it is known again", || object(&host).is_some());
    host.settle();
    assert!(alerts(&host, false).is_empty());
    let new = object(&host).expect("it is known");
    assert!(new.discovered && new.properties.is_empty(), "{new:?}");
    host.stop();

    // The store holds nothing of the old one, and all of the new one.
    let host = home.host();
    assert_eq!(object(&host), Some(new));
    say(&host, &source, DOCKER);
    host.settle();
    assert!(alerts(&host, false).is_empty());
    host.recorder().act("ann", forget).expect("it is forgotten once more");
    production(&host, &source);
    until("it is production", || object(&host).is_some_and(|object| object.properties.contains_key("env")));
    host.settle();
    assert!(alerts(&host, false).is_empty(), "the work of Docker was of before");
    say(&host, &source, DOCKER);
    until("it is open again", || alerts(&host, false).len() == 1);
    let host_alerts = alerts(&host, true);
    assert!(host_alerts.iter().all(|alert| alert.cause.is_none_or(|cause| cause == EndCause::ObjectForgotten)));
    host.stop();
}
