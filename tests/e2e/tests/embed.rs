//! The host inside another program, by the library's face alone: alerts out of the stream and to a
//! receiver of the program's own, facts that change what counts, restarts, and neighbours.

use std::{
    path::Path,
    process::Command,
    sync::{Arc, mpsc},
    time::Duration,
};

use lifesigns::{
    RecorderConfig, RecordingHost,
    compliance::{
        AlertStatus, Badge, ComplianceConfig, EndCause, NoticeKind, Pattern,
        config::{ConfigLocation, Group, Policy, PolicyEntry, PolicySetting, Route},
        query::{Query, QueryAnswer},
    },
    model::{Clock as _, EventSource, LogRecord, ObjectFacts, SystemClock},
    notifications::{DeliveryError, Message, Receiver},
    sources::{
        Content, FollowFrom, Input, InputSource, Pushed, RecordLines, SourceKind, SourceSettings, SourceSink,
        SourceSupervisor, Submission,
    },
};
use lifesigns_e2e::embedded::{Home, alerts, until};

const LIMIT: Duration = Duration::from_secs(60);

/// Passes on the notices that it gets.
struct Pager(mpsc::Sender<(NoticeKind, String)>);

impl Receiver for Pager {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        for notice in &message.notices {
            let _ = self.0.send((notice.happened, notice.alert.object.to_string()));
        }
        Ok(())
    }
}

fn home() -> Home {
    Home::with_rules(&["docker-keyword"])
}

/// A host, and the notices that its pager gets.
fn start(home: &Home) -> (RecordingHost, mpsc::Receiver<(NoticeKind, String)>) {
    let (sender, notices) = mpsc::channel();
    let config = RecorderConfig { compliance: Arc::new(compliance()), ..RecorderConfig::default() };
    let builder = home.builder(config).receiver("pager", move || Pager(sender.clone()));
    (builder.start_recording(home.store()).expect("the host starts"), notices)
}

/// Allows Docker in the playground; everywhere else the pager is notified.
fn compliance() -> ComplianceConfig {
    let (pattern, place) = (Pattern::new("docker-keyword/*"), ConfigLocation::default());
    let says = vec![PolicyEntry { pattern, setting: PolicySetting::Allow(true), place }];
    let when = Some(r#"properties.env == "playground""#.into());
    ComplianceConfig {
        groups: vec![Group { name: "playground".into(), when, ..Group::default() }],
        policies: vec![Policy {
            name: "fine".into(),
            groups: vec!["playground".into()],
            entries: says,
            ..Policy::default()
        }],
        routes: vec![Route { receivers: vec!["pager".into()], ..Route::default() }],
        ..ComplianceConfig::default()
    }
}

#[test]
fn a_configuration_with_errors_leaves_no_store() {
    let home = Home::with_rules(&[]);
    let group = Group { name: "broken".into(), when: Some("properties.env ==".into()), ..Group::default() };
    let broken = ComplianceConfig { groups: vec![group], ..ComplianceConfig::default() };
    let config = RecorderConfig { compliance: Arc::new(broken), ..RecorderConfig::default() };
    let Err(error) = home.builder(config).start_recording(home.store()) else { panic!("it is refused") };
    assert!(error.to_string().contains("broken"), "{error}");
    assert!(!home.store().exists());
}

fn env(object: &str, value: &str) -> ObjectFacts {
    let properties = vec![("env".into(), Some(value.into()))];
    ObjectFacts { object: object.into(), time_ns: SystemClock.now_ns(), properties, ..ObjectFacts::default() }
}

/// A line of a Docker daemon that creates a container.
fn submit(host: &RecordingHost, source: &Arc<EventSource>, name: &str) {
    let line = format!("DEBU[0007] Calling POST /v1.41/containers/create?name={name}\n");
    host.submit(lifesigns::lines(source, line)).expect("it is open");
}

fn badge(host: &RecordingHost, object: &str) -> Badge {
    match host.recorder().ask(&Query::Object(object.into())) {
        Ok(QueryAnswer::Object(page)) => page.line.badge,
        other => panic!("an object was asked for: {other:?}"),
    }
}

#[test]
fn an_alert_comes_out_of_the_stream_and_to_the_receiver_and_a_fact_changes_the_colour() {
    let home = home();
    let (host, notices) = start(&home);
    let mut stream = host.recorder().alerts();
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    submit(&host, &source, "web");
    let opened = stream.next_timeout(LIMIT).expect("an alert comes");
    assert_eq!((opened.object.as_str(), opened.status, opened.is_violation()), ("vm-7", AlertStatus::Open, true));
    assert_eq!(opened.shown.first[0].source, "our program");
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    assert_eq!(badge(&host, "vm-7").score, 75);

    host.submit_facts(&source, env("vm-7", "playground")).expect("it is open");
    let allowed = stream.next_timeout(LIMIT).expect("it changes without a line");
    assert_eq!((&allowed.id, allowed.allowed, allowed.cause), (&opened.id, true, Some(EndCause::Fact)));
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Resolved, "vm-7".into())));
    let now = badge(&host, "vm-7");
    assert_eq!((now.score, now.violations, now.allowed), (100, 0, 1));

    host.submit_facts(&source, env("vm-7", "production")).expect("it is open");
    assert!(stream.next_timeout(LIMIT).expect("it changes back").is_violation());
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    assert_eq!(host.stop().report.alerts, 1);
    assert!(stream.next().is_none(), "the stream ends with the host");
}

#[test]
fn a_second_start_goes_on_from_the_store() {
    let home = home();
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    let (host, notices) = start(&home);
    host.submit_facts(&source, env("vm-7", "production")).expect("it is open");
    submit(&host, &source, "web");
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    let before = alerts(&host);
    assert_eq!(before.len(), 1);
    host.stop();

    let (host, notices) = start(&home);
    let after = alerts(&host);
    assert_eq!(after.len(), 1);
    assert_eq!((&after[0].id, after[0].status), (&before[0].id, AlertStatus::Open));
    submit(&host, &source, "two");
    host.wait_committed();
    let after = alerts(&host);
    assert_eq!(after.len(), 1, "no twin");
    assert_eq!(after[0].count, before[0].count + 1);
    assert_eq!(after[0].shown.first.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2]);
    // The fact from before the restart still stands, and a new one is judged against it.
    host.submit_facts(&source, env("vm-7", "playground")).expect("it is open");
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Resolved, "vm-7".into())), "nothing is notified twice");
    assert_eq!(badge(&host, "vm-7").score, 100);
    host.stop();
}

#[test]
fn two_hosts_in_one_process_do_not_disturb_each_other() {
    let (left, right) = (home(), home());
    let ((one, one_notices), (two, two_notices)) = (start(&left), start(&right));
    // The same names on both sides.
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    let stream = two.recorder().alerts();
    submit(&one, &source, "web");
    assert_eq!(one_notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    two.wait_committed();
    assert!(alerts(&two).is_empty(), "what one knows is not the other's");
    assert_eq!(one.stop().report.alerts, 1);

    submit(&two, &source, "web");
    assert!(stream.next_timeout(LIMIT).expect("it runs on").is_violation());
    assert_eq!(two_notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    assert_eq!(two.stop().report.alerts, 1, "counted apart");
}

#[test]
fn the_example_does_what_it_says_in_under_60_lines() {
    let home = home();
    let text = std::fs::read_to_string(lifesigns_artifacts::root().join("examples/embed/src/main.rs"));
    let lines = text.expect("the example is there").lines().count();
    assert!(lines < 60, "{lines} lines");
    let first = example(&home.rules(), &home.store());
    let (violation, fine) = ("vm-7: Container web was created on vm-7: a violation\n", "on vm-7: fine\n");
    let (before, after) = first.split_once(violation).expect(&first);
    assert!(!before.contains(fine) && after.contains(fine), "{first}");
    assert!(first.contains("1 alerts\n"), "{first}");
    // The second goes on from what the first left: Docker is allowed there, and nothing opens again.
    let second = example(&home.rules(), &home.store());
    assert!(second.contains(fine) && !second.contains("violation"), "{second}");
}

fn example(rules: &Path, store: &Path) -> String {
    let output = Command::new(lifesigns_artifacts::binary("lifesigns-embed-example")).args([rules, store]).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn a_source_may_be_called_like_what_the_host_names_itself() {
    for name in ["(inventory)", "(all)"] {
        let home = home();
        let (host, notices) = start(&home);
        let source = lifesigns::source(name, "vm-7", lifesigns::Format::Auto);
        host.submit_facts(&source, env("vm-7", "test")).expect(name);
        host.wait_committed();
        let Ok(QueryAnswer::Object(page)) = host.recorder().ask(&Query::Object("vm-7".into())) else {
            panic!("{name}: its facts are lost");
        };
        assert_eq!(
            page.line.object.properties.get("env").and_then(|fact| fact.value.as_deref()),
            Some("test"),
            "{name}"
        );
        submit(&host, &source, "web");
        assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())), "{name}");
        host.stop();
    }
}

#[test]
fn files_are_read_by_the_librarys_sources_and_forgotten_when_they_are_removed() {
    let home = home();
    let (host, notices) = start(&home);
    let host = Arc::new(host);
    let log = home.path("docker.log");
    std::fs::write(&log, "DEBU[0007] Calling POST /v1.41/containers/create?name=web\n").expect("a log");
    let settings = SourceSettings {
        kind: SourceKind::Follow(log, FollowFrom::Start),
        name: "docker".to_owned(),
        format: lifesigns::Format::Auto,
        time_formats: Vec::new(),
        object: "vm-7".to_owned(),
        app: None,
    };
    let mut sources = SourceSupervisor::new(Arc::<RecordingHost>::clone(&host), SystemClock::shared());
    sources.reconcile(&[settings]).expect("it is started");
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    let status = || host.recorder().status().sources;
    until("it is committed", || status().iter().any(|source| source.name == "docker" && source.lines == 1));

    sources.reconcile(&[]).expect("it is removed");
    until("it is forgotten", || host.checkpoints().is_empty());
    assert!(status().is_empty());
    sources.end().expect("none is left");
    Arc::into_inner(host).expect("no source has it").stop();
}

#[test]
fn decoded_records_are_input_as_lines_are() {
    let home = home();
    let (host, notices) = start(&home);
    let source = InputSource::new(EventSource {
        name: "records".to_owned(),
        rank: 0,
        object: "gateway".to_owned(),
        app: None,
        decoder: lifesigns::Format::Plain.decoder(0),
    });
    let message = "Calling POST /v1.41/containers/create?name=web".into();
    let fields = vec![("level".into(), "debug".into())];
    let record =
        LogRecord { message: Some(message), fields, time_ns: Some(SystemClock.now_ns()), ..LogRecord::default() };
    let mut records = RecordLines::default();
    assert_eq!(records.push(&record, "vm-8"), Pushed::Added);
    let content = Content::Records(records);
    let input = Input { source, content, arrived_ns: None, cursor: None, ack: None };
    assert_eq!(SourceSink::submit(&host, input), Submission::Accepted);
    assert_eq!(notices.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-8".into())));
    host.stop();
}
