//! A whole host whose operator forgets an object: its facts, rules' state and alerts go, and what is
//! heard of it afterwards is of a new object, then and after a restart.

use std::sync::Arc;

use lifesigns::{
    Format, RecorderConfig, RecordingHost,
    compliance::{
        Alert, CommandAction, EndCause, Object,
        query::{AlertFilter, Query, QueryAnswer},
    },
    model::{Clock as _, EventSource, ObjectFacts, SystemClock},
};
use lifesigns_e2e::embedded::{Home, alerts_of, until};

/// A host with the rule `docker-on-production`, which goes by a property of the object and by what it
/// remembers of it.
fn start(home: &Home) -> RecordingHost {
    home.builder(RecorderConfig::default()).start_recording(home.store()).expect("the host starts")
}

fn alerts(host: &RecordingHost, cancelled: bool) -> Vec<Alert> {
    alerts_of(host, AlertFilter { cancelled, ..AlertFilter::default() })
}

/// The object, if it is known.
fn object(host: &RecordingHost) -> Option<Object> {
    match host.recorder().ask(&Query::Object("vm1".to_owned())) {
        Ok(QueryAnswer::Object(page)) => Some(page.line.object),
        _ => None,
    }
}

fn say(host: &RecordingHost, source: &Arc<EventSource>, line: &str) {
    host.submit(lifesigns::lines(source, format!("{line}\n"))).expect("it is taken");
}

const DOCKER: &str = "DEBU[0007] Calling POST /v1.41/containers/create?name=web";

fn production(host: &RecordingHost, source: &Arc<EventSource>) {
    let properties = vec![("env".to_owned(), Some("production".to_owned()))];
    let time_ns = SystemClock.now_ns();
    let facts = ObjectFacts { object: "vm1".into(), time_ns, properties, ..Default::default() };
    host.submit_facts(source, facts).expect("it is taken");
}

#[test]
fn what_is_heard_of_a_forgotten_object_is_of_a_new_one() {
    let home = Home::with_rules(&["docker-on-production"]);
    let source = lifesigns::source("log", "vm1", Format::Auto);
    let host = start(&home);
    production(&host, &source);
    say(&host, &source, DOCKER);
    until("it is open", || alerts(&host, false).len() == 1);
    let forget = CommandAction::Forget { object: "vm1".to_owned(), why: "it was deleted".to_owned() };
    host.recorder().act("ann", forget.clone()).expect("it is forgotten");
    assert!(object(&host).is_none() && alerts(&host, false).is_empty());
    // Docker on what is not known to be production says nothing: that the object is there again, the engine says.
    say(&host, &source, DOCKER);
    until("it is known again", || object(&host).is_some());
    host.wait_committed();
    assert!(alerts(&host, false).is_empty());
    let new = object(&host).expect("it is known");
    assert!(new.discovered && new.properties.is_empty(), "{new:?}");
    host.stop();

    // The store holds nothing of the old one, and all of the new one.
    let host = start(&home);
    assert_eq!(object(&host), Some(new));
    say(&host, &source, DOCKER);
    host.wait_committed();
    assert!(alerts(&host, false).is_empty());
    host.recorder().act("ann", forget).expect("it is forgotten once more");
    production(&host, &source);
    until("it is production", || object(&host).is_some_and(|object| object.properties.contains_key("env")));
    host.wait_committed();
    assert!(alerts(&host, false).is_empty(), "the work of Docker was of before");
    say(&host, &source, DOCKER);
    until("it is open again", || alerts(&host, false).len() == 1);
    let host_alerts = alerts(&host, true);
    assert!(host_alerts.iter().all(|alert| alert.cause.is_none_or(|cause| cause == EndCause::ObjectForgotten)));
    host.stop();
}
