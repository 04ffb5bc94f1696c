//! What must hold of the record in the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Sum,
    ops::Add,
};

use serde_json::Value;

use crate::{feed::BATCH, home::Home, notified::Notified};

/// The figures of a campaign.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Deaths of the host.
    pub kills: u64,
    /// Those of them at named points.
    pub points: u64,
    /// Events that were written, of three lines each.
    pub events: u64,
    /// Times that a file was rotated.
    pub rotations: u64,
    /// Alerts in the store.
    pub alerts: u64,
    /// Notices that came more than once.
    pub duplicates: u64,
    /// Lines of the receiver's file that a death cut.
    pub broken: u64,
}

impl Add for Figures {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            kills: self.kills + other.kills,
            points: self.points + other.points,
            events: self.events + other.events,
            rotations: self.rotations + other.rotations,
            alerts: self.alerts + other.alerts,
            duplicates: self.duplicates + other.duplicates,
            broken: self.broken + other.broken,
        }
    }
}

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// The alerts of a home's store by definition and object.
///
/// # Panics
/// When there are two of the same.
pub(crate) fn alerts(home: &Home) -> BTreeMap<(String, String), Value> {
    let mut alerts = BTreeMap::new();
    let all = home.json(&["alerts", "--cancelled", "--allowed", "--at-least", "information"]);
    for alert in all.as_array().expect("a list") {
        let text = |name: &str| alert[name].as_str().expect("a text").to_owned();
        let before = alerts.insert((text("definition"), text("object")), alert.clone());
        assert!(before.is_none(), "a twin: {alert}");
    }
    alerts
}

/// Checks the record of a host that has ended after `events` whole events: each was evaluated exactly
/// once, each alert is there exactly once, and each was notified under one key.
///
/// # Panics
/// When something is not as it must be.
pub fn check(home: &Home, notified: &Notified, events: u64) -> Figures {
    let alerts = alerts(home);
    let of = |definition: &str, object: &str| &alerts[&(format!("{definition}/keyword"), object.to_owned())];
    let wanted = events + events / BATCH + 1;
    assert_eq!(alerts.len() as u64, wanted, "{events} events");
    for number in 0..events {
        let alert = of("numbered", &format!("event-{number}"));
        assert_eq!(alert["count"], 1, "{alert}");
    }
    assert_eq!(of("counted", "total")["count"], events, "all are counted, once");
    for batch in 0..events / BATCH {
        let alert = of("tenth", &format!("batch-{batch}"));
        let last = format!("\"tenth {}\"", batch * BATCH + BATCH - 1);
        assert_eq!(alert["count"], 1, "{alert}");
        assert!(
            alert["shown"]["first"][0]["text"].as_str().expect("a text").contains(&last),
            "the rule lost its count or counted twice: {alert}"
        );
    }
    notices(&alerts, notified);
    let verified = home.json(&["audit", "verify"]);
    assert_eq!(verified["broken"], Value::Null, "{verified}");
    assert!(verified["entries"].as_u64() >= Some(wanted), "{verified}");
    assert_eq!(home.json(&["outbox"]), Value::Array(Vec::new()), "nothing waits");
    Figures {
        events,
        alerts: wanted,
        duplicates: notified.duplicates(),
        broken: notified.broken(),
        ..Figures::default()
    }
}

fn notices(alerts: &BTreeMap<(String, String), Value>, notified: &Notified) {
    let mut ids = BTreeSet::new();
    let mut all = BTreeSet::new();
    for alert in alerts.values() {
        let id = alert["id"].as_str().expect("an id");
        assert!(ids.insert(id), "two alerts with the id {id}");
        let keys = notified.keys(id, "opened");
        assert_eq!(keys.len(), 1, "notified once or more, under one key: {keys:?} of {alert}");
        assert!(all.insert(keys[0]), "two alerts with the key {}", keys[0]);
    }
    let notified = notified.alerts();
    assert_eq!(notified, ids, "no alert was notified that is not in the store");
}
