//! Made-up records for the tests of the store.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use lifesigns_compliance::{
    Alert, AlertStatus, AuditedChange, Badge, BadgeOwner, BadgePoint, BookChanges, EvidenceExcerpt, EvidenceLine, Fact,
    Matcher, Notice, NoticeKind, Object, PendingTransition, Silence, SymptomState, TextMap, Why,
    config::{ConfigLocation as Written, Grouping},
};
use lifesigns_compliance::{Decision, Membership, Note, Pattern, PolicyStatement, Signature};
use lifesigns_model::{Criticality, Impact};
use lifesigns_record::Commit;
use tempfile::TempDir;

/// A folder, and a store's name in it.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub fn evidence(number: u64) -> EvidenceLine {
    EvidenceLine {
        time_ns: number,
        source: "/var/log/docker.log".into(),
        line: number,
        text: format!(
            "time=\"2026-11-23T00:00:00Z\" level=debug msg=\"Calling POST /v1.41/containers/create {number}\""
        )
        .into(),
    }
}

pub fn symptom(number: u64) -> SymptomState {
    SymptomState {
        object: format!("vm-{number}").into(),
        name: "docker-keyword/container-created".into(),
        title: "A container was created".into(),
        criticality: Criticality::Warning,
        impact: Impact::Risk,
        recommendation: "Please call your compliance hotline".into(),
        controls: vec!["CIS-Docker-1.6:5.4".to_owned(), "NIST-SP-800-190:4.1".to_owned()].into(),
        hold_ms: 60_000,
        active: true,
        since_ns: number,
        last_ns: number + 1,
        count: 3,
        summary: format!("container {number} was created").into(),
        attributes: vec![("image".to_owned(), "nginx:latest".to_owned())].into(),
        module: format!("sha256:{}", "ab".repeat(32)).into(),
        shown: EvidenceExcerpt { first: vec![evidence(number)], last: vec![evidence(number + 1)] },
        recent: vec![number, u64::MAX],
        ended_by: Some(lifesigns_compliance::EndCause::Hold),
        heard_ns: 9,
    }
}

fn why() -> Why {
    let place = || Written { file: "lifesigns.toml".into(), line: 12, column: 3 };
    Why {
        groups: vec![Membership {
            group: "production".to_owned(),
            place: place(),
            how: "properties.env == \"production\"".to_owned(),
        }],
        steps: vec![Decision {
            setting: "criticality".to_owned(),
            value: "critical".to_owned(),
            by: PolicyStatement {
                policy: "no-docker".to_owned(),
                group: Some("production".to_owned()),
                pattern: "docker-*".to_owned(),
                value: "critical".to_owned(),
                place: place(),
            },
            overrode: Vec::new(),
        }],
    }
}

pub fn alert(number: u64) -> Alert {
    Alert {
        id: format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        definition: "docker-on-production".into(),
        title: "Docker on a production VM".into(),
        object: format!("vm-{number}").into(),
        status: AlertStatus::Open,
        allowed: false,
        criticality: Criticality::Critical,
        impact: Impact::Risk,
        opened_ns: number,
        last_ns: number + 1,
        cancelled_ns: None,
        cause: None,
        count: 2,
        reopened: 0,
        symptoms: vec!["docker-keyword/container-created".to_owned()].into(),
        summary: format!("container {number} was created").into(),
        attributes: vec![("image".to_owned(), "nginx:latest".to_owned())].into(),
        recommendations: vec!["Please call your compliance hotline".to_owned(), "Move the VM".to_owned()].into(),
        controls: vec!["CIS-Docker-1.6:5.4".to_owned()].into(),
        shown: EvidenceExcerpt { first: vec![evidence(number)], last: vec![evidence(number + 1)] },
        groups: vec!["production".to_owned()].into(),
        why: why().into(),
        acknowledged: Some(Signature { who: "ann".to_owned(), time_ns: number }),
        owner: Some("ann".to_owned()),
        notes: vec![Note {
            by: Signature { who: "bob".to_owned(), time_ns: 1 },
            text: "looks \"odd\" \u{0}".to_owned(),
        }],
        silenced_by: None,
        inhibited_by: None,
        uncertain_groups: Vec::new(),
        undecided: None,
        revision: 1,
        notified: BTreeMap::from([(
            "pager".to_owned(),
            lifesigns_compliance::Notified {
                last_ns: number,
                first_revision: 1,
                last_revision: 2,
                criticality: Some(Criticality::Critical),
                notices: 1,
            },
        )]),
        ceased: false,
    }
}

pub fn cancelled(number: u64, at_ns: u64) -> Alert {
    Alert { status: AlertStatus::Cancelled, cancelled_ns: Some(at_ns), ..alert(number) }
}

pub fn notice(number: u64, receiver: &str) -> Notice {
    Notice {
        key: format!("{number}-{receiver}"),
        receiver: receiver.to_owned(),
        bundle: BTreeMap::from([("group".to_owned(), "production".to_owned())]),
        grouping: Grouping { by: vec!["group".to_owned()], wait_ms: 1, interval_ms: 2, repeat_ms: 3 },
        happened: NoticeKind::Opened,
        time_ns: number,
        alert: alert(number),
    }
}

pub fn audit(number: u64) -> AuditedChange {
    AuditedChange {
        time_ns: number,
        who: "rule docker-keyword".to_owned(),
        what: "alert opened".to_owned(),
        subject: alert(number).id,
        before: serde_json::Value::Null,
        after: serde_json::json!({ "status": "open", "object": format!("vm-{number}"), "load": 0.1 }),
    }
}

pub fn object(number: u64) -> Object {
    Object {
        id: format!("vm-{number}").into(),
        kind: Some("vm".into()),
        properties: Arc::new(TextMap::from([(
            "env".to_owned(),
            Fact { value: Some("production".to_owned()), time_ns: 1 },
        )])),
        metrics: TextMap::from([("load.1m".to_owned(), Fact { value: 0.1 + number as f64, time_ns: 2 })]),
        ..Object::default()
    }
}

pub fn silence(number: u64, until_ns: u64) -> Silence {
    let matcher = Matcher { name: "object".to_owned(), pattern: Pattern::new("vm-*"), negated: false };
    let (who, why) = ("ann".to_owned(), "maintenance".to_owned());
    Silence { id: format!("{number:016x}"), matchers: vec![matcher], from_ns: 1, until_ns, who, why }
}

pub fn badge(name: &str, time_ns: u64, score: u8) -> BadgePoint {
    let badge = Badge { score, worst: score, share: 50, violations: 1, allowed: 2 };
    BadgePoint { of: BadgeOwner::Group, name: name.to_owned(), time_ns, badge }
}

pub fn pending(number: u64) -> PendingTransition {
    PendingTransition {
        object: format!("vm-{number}"),
        definition: "docker-under-load".to_owned(),
        opening: true,
        since_ns: number,
        due_ns: u64::MAX,
        clock_source: "log".to_owned(),
        clock_object: format!("vm-{number}"),
        heard_ns: number + 1,
    }
}

/// A change of everything, on object `number`.
pub fn changes(number: u64) -> BookChanges {
    BookChanges {
        objects: vec![object(number)],
        symptoms: vec![symptom(number).into()],
        pending: vec![pending(number)],
        alerts: vec![alert(number).into()],
        silences: vec![silence(number, 1 << 60)],
        badges: vec![badge("production", number, 25)],
        notices: vec![notice(number, "pager"), notice(number, "mail")],
        audit: vec![audit(number)],
        decided_by: Some(format!("configuration {number}")),
        ..BookChanges::default()
    }
}

pub fn commit(now_ns: u64, changes: BookChanges) -> Commit {
    Commit { now_ns, changes, ..Commit::default() }
}
