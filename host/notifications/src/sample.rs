//! Notices for tests.

use std::collections::BTreeMap;

use lifesigns_compliance::{
    Alert, AlertStatus, EvidenceExcerpt, EvidenceLine, Notice, NoticeKind, Why, config::Grouping,
};
use lifesigns_model::{Criticality, Impact};

/// A notice about the alert `id`, for the receiver `r`, alone in its message.
pub(crate) fn notice(id: &str, happened: NoticeKind) -> Notice {
    Notice {
        key: format!("key-{id}-{happened:?}"),
        receiver: "r".into(),
        bundle: BTreeMap::new(),
        grouping: Grouping::default(),
        happened,
        time_ns: 1_000_000_000,
        alert: alert(id, happened == NoticeKind::Resolved),
    }
}

pub(crate) fn alert(id: &str, over: bool) -> Alert {
    Alert {
        id: id.into(),
        definition: "docker-on-production".into(),
        title: "Docker on production VM".into(),
        object: "vm-7".into(),
        status: if over { AlertStatus::Cancelled } else { AlertStatus::Open },
        allowed: false,
        criticality: Criticality::Critical,
        impact: Impact::Risk,
        opened_ns: 1_000_000_000,
        last_ns: 2_000_000_000,
        cancelled_ns: over.then_some(3_000_000_000),
        cause: None,
        count: 1,
        reopened: 0,
        symptoms: vec!["docker/container-created".into()].into(),
        summary: "a container was created <b>here</b>".into(),
        attributes: vec![("container".into(), "web\"1".into())].into(),
        recommendations: vec!["Please call your compliance hotline".into()].into(),
        controls: vec!["CIS-Docker-1.6:5.4".into()].into(),
        shown: EvidenceExcerpt {
            first: vec![EvidenceLine {
                time_ns: 1_000_000_000,
                source: "dockerd.log".into(),
                line: 263,
                text: "POST /containers/create\u{1b}[2J".into(),
            }],
            last: vec![],
        },
        groups: vec!["production".into()].into(),
        why: Why::default().into(),
        acknowledged: None,
        owner: None,
        notes: vec![],
        silenced_by: None,
        inhibited_by: None,
        uncertain_groups: Vec::new(),
        undecided: None,
        revision: 1,
        notified: BTreeMap::new(),
        ceased: false,
    }
}
