//! The host inside another program, by the library's face alone: alerts out of the stream and to a
//! receiver of the program's own, facts that change what counts, restarts, and neighbours.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, mpsc},
    time::Duration,
};

use lifesigns::{
    Builder, RecordingHost, Sandbox, Setup,
    compliance::{
        Alert, AlertStatus, Badge, ComplianceConfig, EndCause, NoticeKind, Pattern,
        config::{ConfigLocation, Group, Policy, PolicyEntry, PolicySetting, Route},
        query::{AlertFilter, Query, QueryAnswer},
    },
    model::{EventSource, ObjectFacts},
    notifications::{Failure, Message, Receiver},
};
use lifesigns_e2e::binary;

const LIMIT: Duration = Duration::from_secs(60);

/// Passes on what it is told.
struct Pager(mpsc::Sender<(NoticeKind, String)>);

impl Receiver for Pager {
    fn deliver(&mut self, message: &Message) -> Result<(), Failure> {
        for notice in &message.notices {
            let _ = self.0.send((notice.happened, notice.alert.object.clone()));
        }
        Ok(())
    }
}

/// A folder with one built rule and a store.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary folder"));
        std::fs::create_dir(home.rules()).expect("it is new");
        std::fs::copy(lifesigns_artifacts::rule("docker-keyword"), home.rules().join("docker-keyword.wasm"))
            .expect("it is built");
        home
    }

    fn rules(&self) -> PathBuf {
        self.0.path().join("rules")
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("lifesigns.db")
    }

    /// A host, and what its pager is told.
    fn host(&self) -> (RecordingHost, mpsc::Receiver<(NoticeKind, String)>) {
        let (sender, told) = mpsc::channel();
        let setup = Setup { compliance: Arc::new(compliance()), ..Setup::default() };
        let builder = Builder::new(Sandbox::new(None).expect("this machine runs it"), self.rules()).setup(setup);
        // What is said before the rule is compiled would not be shown to it.
        let builder = builder.start_wait(Duration::from_secs(600));
        let host = builder.receiver("pager", move || Pager(sender.clone())).start_recording(self.store());
        (host.expect("the host starts"), told)
    }
}

/// Docker is welcome in the playground; everywhere else the pager is told.
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

fn env(object: &str, value: &str) -> ObjectFacts {
    let properties = vec![("env".into(), Some(value.into()))];
    ObjectFacts { object: object.into(), time_ns: lifesigns::now_ns(), properties, ..ObjectFacts::default() }
}

/// A line of a Docker daemon that creates a container.
fn submit(host: &RecordingHost, source: &Arc<EventSource>, name: &str) {
    host.submit(lifesigns::lines(source, format!("DEBU[0007] Calling POST /v1.41/containers/create?name={name}\n")));
}

fn alerts(host: &RecordingHost) -> Vec<Alert> {
    let all = AlertFilter { cancelled: true, allowed: true, ..AlertFilter::default() };
    match host.recorder().ask(&Query::Alerts(all)) {
        Ok(QueryAnswer::Alerts(alerts)) => alerts,
        other => panic!("alerts were asked for: {other:?}"),
    }
}

fn badge(host: &RecordingHost, object: &str) -> Badge {
    match host.recorder().ask(&Query::Object(object.into())) {
        Ok(QueryAnswer::Object(page)) => page.line.badge,
        other => panic!("an object was asked for: {other:?}"),
    }
}

#[test]
fn an_alert_comes_out_of_the_stream_and_to_the_receiver_and_a_fact_changes_the_colour() {
    let home = Home::new();
    let (host, told) = home.host();
    let mut stream = host.recorder().alerts();
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    submit(&host, &source, "web");
    let opened = stream.next_timeout(LIMIT).expect("an alert comes");
    assert_eq!((opened.object.as_str(), opened.status, opened.is_violation()), ("vm-7", AlertStatus::Open, true));
    assert_eq!(opened.shown.first[0].source, "our program");
    assert_eq!(told.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    assert_eq!(badge(&host, "vm-7").score, 75);

    host.submit_facts(&source, env("vm-7", "playground"));
    let allowed = stream.next_timeout(LIMIT).expect("it changes without a line");
    assert_eq!((&allowed.id, allowed.allowed, allowed.cause), (&opened.id, true, Some(EndCause::Fact)));
    assert_eq!(told.recv_timeout(LIMIT), Ok((NoticeKind::Resolved, "vm-7".into())));
    let now = badge(&host, "vm-7");
    assert_eq!((now.score, now.violations, now.allowed), (100, 0, 1));

    host.submit_facts(&source, env("vm-7", "production"));
    assert!(stream.next_timeout(LIMIT).expect("it changes back").is_violation());
    assert_eq!(told.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    assert_eq!(host.stop().report.alerts, 1);
    assert!(stream.next().is_none(), "the stream ends with the host");
}

#[test]
fn a_second_start_goes_on_from_the_store() {
    let home = Home::new();
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    let (host, told) = home.host();
    host.submit_facts(&source, env("vm-7", "production"));
    submit(&host, &source, "web");
    assert_eq!(told.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    let before = alerts(&host);
    assert_eq!(before.len(), 1);
    host.stop();

    let (host, told) = home.host();
    let after = alerts(&host);
    assert_eq!(after.len(), 1);
    assert_eq!((&after[0].id, after[0].status), (&before[0].id, AlertStatus::Open));
    submit(&host, &source, "two");
    host.settle();
    let after = alerts(&host);
    assert_eq!(after.len(), 1, "no twin");
    assert_eq!(after[0].count, before[0].count + 1);
    assert_eq!(after[0].shown.first.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2]);
    // The fact from before the restart still stands, and a new one is judged against it.
    host.submit_facts(&source, env("vm-7", "playground"));
    assert_eq!(told.recv_timeout(LIMIT), Ok((NoticeKind::Resolved, "vm-7".into())), "nothing is told twice");
    assert_eq!(badge(&host, "vm-7").score, 100);
    host.stop();
}

#[test]
fn two_hosts_in_one_process_do_not_disturb_each_other() {
    let (left, right) = (Home::new(), Home::new());
    let ((one, one_told), (two, two_told)) = (left.host(), right.host());
    // The same names on both sides.
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    let stream = two.recorder().alerts();
    submit(&one, &source, "web");
    assert_eq!(one_told.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    two.settle();
    assert!(alerts(&two).is_empty(), "what one knows is not the other's");
    assert_eq!(one.stop().report.alerts, 1);

    submit(&two, &source, "web");
    assert!(stream.next_timeout(LIMIT).expect("it runs on").is_violation());
    assert_eq!(two_told.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())));
    assert_eq!(two.stop().report.alerts, 1, "counted apart");
}

#[test]
fn the_example_does_what_it_says_in_under_60_lines() {
    let home = Home::new();
    let text = std::fs::read_to_string(lifesigns_artifacts::root().join("examples/embed/src/main.rs"));
    let lines = text.expect("the example is there").lines().count();
    assert!(lines < 60, "{lines} lines");
    let first = example(&home.rules(), &home.store());
    let (violation, fine) = ("vm-7: Container web was created on vm-7: a violation\n", "on vm-7: fine\n");
    let (before, after) = first.split_once(violation).expect(&first);
    assert!(!before.contains(fine) && after.contains(fine), "{first}");
    assert!(first.contains("1 alerts\n"), "{first}");
    // The second goes on from what the first left: Docker is fine there, and nothing opens anew.
    let second = example(&home.rules(), &home.store());
    assert!(second.contains(fine) && !second.contains("violation"), "{second}");
}

fn example(rules: &Path, store: &Path) -> String {
    let output = Command::new(binary::built("lifesigns-embed-example")).args([rules, store]).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn a_source_may_be_called_like_what_the_host_names_itself() {
    for name in ["(inventory)", "(all)"] {
        let home = Home::new();
        let (host, told) = home.host();
        let source = lifesigns::source(name, "vm-7", lifesigns::Format::Auto);
        assert!(host.submit_facts(&source, env("vm-7", "test")), "{name}");
        host.settle();
        let Ok(QueryAnswer::Object(page)) = host.recorder().ask(&Query::Object("vm-7".into())) else {
            panic!("{name}: its facts are lost");
        };
        assert_eq!(page.line.object.properties["env"].value.as_deref(), Some("test"), "{name}");
        submit(&host, &source, "web");
        assert_eq!(told.recv_timeout(LIMIT), Ok((NoticeKind::Opened, "vm-7".into())), "{name}");
        host.stop();
    }
}
