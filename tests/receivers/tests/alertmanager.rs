//! A real Alertmanager: alerts arrive, stay while they are open, and go when they are over.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use lifesigns_compliance::{Alert, NoticeKind};
use lifesigns_model::Criticality;
use lifesigns_notifications::{
    OpenAlerts, ReceiverConfig, ReceiverKind,
    config::{Alertmanager, ReceiverUrl},
};
use lifesigns_receivers_test::{AlertmanagerProcess, Rig, alert, config, local, notice, wait_until};
use serde_json::Value;

/// What is open, as the book would know it.
#[derive(Clone, Default)]
struct Open(Arc<Mutex<Vec<Alert>>>);

impl OpenAlerts for Open {
    fn open(&self, receiver: &str) -> Vec<Alert> {
        assert_eq!(receiver, "r");
        self.0.lock().unwrap().clone()
    }
}

fn receiver(process: &AlertmanagerProcess, keep_alive_ms: u64) -> ReceiverConfig {
    config(ReceiverKind::Alertmanager(Alertmanager {
        url: ReceiverUrl::new(process.url()).unwrap(),
        headers: Vec::new(),
        keep_alive_ms,
        timeout_ms: 10_000,
        ca: None,
    }))
}

fn start() -> Option<AlertmanagerProcess> {
    match AlertmanagerProcess::start() {
        Ok(process) => Some(process),
        Err(why) => {
            why.skip();
            None
        }
    }
}

fn ends(process: &AlertmanagerProcess) -> String {
    process.active().first().and_then(|one| one["endsAt"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn an_alert_arrives_and_stays_and_goes() {
    let Some(mut process) = start() else { return };
    let open = Open::default();
    let rig = Rig::with(&receiver(&process, 2000), &local(), Box::new(open.clone()));
    open.0.lock().unwrap().push(alert("a", false));
    rig.tell(notice("a", NoticeKind::Opened));
    rig.delivered();
    let one: Value = process.active().remove(0);
    let labels = &one["labels"];
    for (name, value) in [
        ("alertname", "docker-on-production"),
        ("alert_id", "a"),
        ("object", "vm-7"),
        ("group", "production"),
        ("criticality", "critical"),
        ("severity", "critical"),
        ("impact", "risk"),
    ] {
        assert_eq!(labels[name], value, "{one}");
    }
    assert_eq!(one["annotations"]["summary"], "a container was created <b>here</b>");
    assert_eq!(one["annotations"]["recommendation"], "Please call your compliance hotline");
    assert!(one["startsAt"].as_str().unwrap().starts_with("1970-01-01T00:00:01"));
    // Each keep-alive moves its end; after three of them it would be over without.
    let mut end = ends(&process);
    for number in 0..3 {
        wait_until("it is kept", || ends(&process) > end);
        end = ends(&process);
        assert_eq!(process.active().len(), 1, "{number}");
    }
    // One that lost its state is sent the alert again.
    process.restart().unwrap();
    wait_until("it has the alert again", || process.active().len() == 1);
    open.0.lock().unwrap().clear();
    rig.tell(notice("a", NoticeKind::Resolved));
    wait_until("it is over", || process.active().is_empty());
}

#[test]
fn without_keep_alives_an_alert_ends_by_itself() {
    let Some(process) = start() else { return };
    // As if the host died: it is never reminded.
    let rig = Rig::new(&receiver(&process, 1000), &local());
    rig.tell(notice("a", NoticeKind::Opened));
    rig.delivered();
    drop(rig);
    assert_eq!(process.active().len(), 1);
    wait_until("it is taken for resolved", || process.active().is_empty());
}

#[test]
fn an_alert_that_becomes_another_is_still_one() {
    let Some(process) = start() else { return };
    let rig = Rig::new(&receiver(&process, 60_000), &local());
    rig.tell(notice("a", NoticeKind::Opened));
    rig.delivered();
    let mut milder = notice("a", NoticeKind::Changed);
    milder.alert.criticality = Criticality::Warning;
    rig.tell(milder);
    rig.delivered();
    wait_until("only the new one is active", || {
        let active = process.active();
        active.len() == 1 && active[0]["labels"]["severity"] == "warning"
    });
}

#[test]
fn many_at_once_arrive() {
    let Some(process) = start() else { return };
    let rig = Rig::new(&receiver(&process, 60_000), &local());
    for number in 0..600 {
        let mut one = notice(&number.to_string(), NoticeKind::Opened);
        one.grouping.by = vec!["alert".into()];
        one.grouping.wait_ms = 100;
        one.time_ns = u64::MAX;
        rig.tell(one);
    }
    for _ in 0..600 {
        rig.delivered();
    }
    assert_eq!(process.active().len(), 600);
}
