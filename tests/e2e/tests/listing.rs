//! A list of 100 000 alerts, and a client that reads it slowly: it is the list of one moment, and commits go on.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use lifesigns::{
    RecorderConfig, RecordingHost,
    compliance::{
        CommandAction, ComplianceConfig,
        config::{AlertCondition, AlertDefinition, Scope},
        query::AlertFilter,
    },
    model::ObjectFacts,
};
use lifesigns_e2e::embedded::{Home, alerts_of, until};
use lifesigns_gateway::{ApiSocket, GatewayLimits};
use serde::{Deserialize, de::IgnoredAny};

const ALERTS: usize = 100_000;
/// Commits while the list is read.
const COMMITS: usize = 40;

/// A host that has an alert on each of many objects.
fn host(home: &Home) -> RecordingHost {
    let busy = AlertDefinition::new("busy", AlertCondition::Fact("metrics.load > 1.0".to_owned(), Scope::Own));
    let compliance = Arc::new(ComplianceConfig { definitions: vec![busy], ..ComplianceConfig::default() });
    let object = |number: usize| ObjectFacts {
        object: format!("vm-{number:06}"),
        metrics: vec![("load".to_owned(), 2.0)],
        ..ObjectFacts::default()
    };
    let builder = home
        .builder(RecorderConfig { compliance, ..RecorderConfig::default() })
        .inventory((0..ALERTS).map(object).collect());
    let host = builder.start_recording(home.store()).expect("the host starts");
    until("the alerts are committed", || host.recorder().status().alerts.violations() == ALERTS as u64);
    host
}

/// What is looked at of a listed alert.
#[derive(Deserialize)]
struct Listed {
    acknowledged: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct List {
    alerts: Vec<Listed>,
}

#[test]
fn a_client_that_reads_100_000_alerts_slowly_delays_no_commit() {
    let home = Home::with_rules(&[]);
    let host = host(&home);
    let path = home.path("api.sock");
    let socket = ApiSocket::bind(&path).expect("it is free");
    // The kernel makes room for more only after a whole buffer was taken: the commits below may take long until then.
    let limits = GatewayLimits { write_deadline: Duration::from_secs(600), ..GatewayLimits::default() };
    let gateway = socket.serve(host.recorder().services(), limits).expect("it serves");

    let mut client = UnixStream::connect(&path).expect("it listens");
    // Of this version the body goes on until the connection ends.
    client.write_all(b"GET /api/v1/alerts HTTP/1.0\r\n\r\n").expect("it is read");
    let mut read = vec![0; 1000];
    client.read_exact(&mut read).expect("the list begins");
    let some = alerts_of(&host, AlertFilter { limit: COMMITS, ..AlertFilter::default() });
    assert_eq!(some.len(), COMMITS);
    let before = host.recorder().status().store.commits;
    for alert in &some {
        // It returns when it is committed.
        let act = CommandAction::Acknowledge { alerts: vec![alert.id.clone()], owner: None };
        host.recorder().act("ann", act).expect("it is committed");
        let mut more = [0; 100];
        client.read_exact(&mut more).expect("the list goes on");
        read.extend(more);
    }
    assert!(host.recorder().status().store.commits >= before + COMMITS as u64);

    client.read_to_end(&mut read).expect("the list ends");
    let body = read.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let list: List = serde_json::from_slice(&read[body..]).expect("a whole list");
    assert_eq!(list.alerts.len(), ALERTS);
    assert!(list.alerts.iter().all(|alert| alert.acknowledged.is_none()), "it is the list of when it was asked for");
    let now = alerts_of(&host, AlertFilter { object: Some(some[0].object.to_string()), ..AlertFilter::default() });
    assert!(now[0].acknowledged.is_some());
    gateway.stop();
    host.stop();
}
