//! The receiver for a Prometheus Alertmanager (API version 2): alerts are posted when they open, again
//! at intervals while they are open, and once more when they are resolved.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_compliance::{Alert, NoticeKind};
use lifesigns_model::{Criticality, NS_PER_MS, SharedClock};
use serde::Serialize;
use ureq::http::{HeaderMap, HeaderValue, header};

use lifesigns_text::rfc3339;

use crate::{
    config,
    egress::EgressPolicy,
    explanation, headers,
    http::Http,
    message::{DeliveryError, Message, Receiver},
    outbox::OpenAlerts,
};

/// How many keep-alives may be missed before the Alertmanager considers an alert resolved.
const MISSED: u64 = 3;
/// The most alerts in one request.
const ALERTS: usize = 256;
/// The path of the API, below the base URL.
const PATH: &str = "/api/v2/alerts";
/// How many alerts' labels are remembered beyond those that are open.
const LABELS: usize = 10_000;

type Labels = BTreeMap<&'static str, String>;

/// See the module.
pub(crate) struct AlertmanagerReceiver {
    name: String,
    config: config::Alertmanager,
    http: Http,
    open: Box<dyn OpenAlerts>,
    clock: SharedClock,
    /// The labels under which the Alertmanager knows each alert. With other labels it would be another alert.
    known: BTreeMap<String, Labels>,
}

/// An alert as the API takes it.
#[derive(Debug, Serialize)]
struct PostableAlert {
    labels: Labels,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
}

impl AlertmanagerReceiver {
    /// Makes the receiver of a configuration.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub(crate) fn new(
        name: &str,
        config: &config::Alertmanager,
        egress: &EgressPolicy,
        open: Box<dyn OpenAlerts>,
        clock: &SharedClock,
    ) -> Result<Self, String> {
        let http = Http::new(egress, config.timeout_ms, config.ca.as_deref(), clock)?;
        let (name, clock) = (name.to_owned(), Arc::clone(clock));
        Ok(Self { name, config: config.clone(), http, open, clock, known: BTreeMap::new() })
    }

    fn post(&mut self, alerts: &[PostableAlert]) -> Result<(), DeliveryError> {
        let base = self.config.url.read().map_err(DeliveryError::retryable)?;
        let url = format!("{}{PATH}", base.trim_end_matches('/'));
        let mut all = HeaderMap::new();
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers::read(&self.config.headers).map_err(DeliveryError::retryable)? {
            all.insert(name, value);
        }
        for some in alerts.chunks(ALERTS) {
            let body = serde_json::to_vec(some).map_err(DeliveryError::permanent)?;
            self.http.post(&url, &all, &body)?;
        }
        Ok(())
    }

    /// Returns what to post about alerts that are open or over. An alert that is known under other labels
    /// is resolved under those first.
    fn postable<'a>(&self, alerts: impl Iterator<Item = (&'a Alert, bool)>, now_ns: u64) -> Vec<PostableAlert> {
        let lasts_ns = self.config.keep_alive_ms.saturating_mul(NS_PER_MS * MISSED);
        let mut all = Vec::new();
        for (alert, over) in alerts {
            let labels = labels(alert);
            if let Some(old) = self.known.get(&alert.id).filter(|old| **old != labels) {
                all.push(PostableAlert::new(alert, old.clone(), now_ns, now_ns));
            }
            let ends_ns = if over { now_ns } else { now_ns.saturating_add(lasts_ns) };
            all.push(PostableAlert::new(alert, labels, now_ns, ends_ns));
        }
        all
    }

    fn remember(&mut self, alert: &Alert, over: bool) {
        if over {
            self.known.remove(&alert.id);
        } else {
            self.known.insert(alert.id.clone(), labels(alert));
        }
    }
}

impl Receiver for AlertmanagerReceiver {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        let alerts = || message.notices.iter().map(|one| (&one.alert, one.happened == NoticeKind::Resolved));
        let postable = self.postable(alerts(), self.clock.now_ns());
        self.post(&postable)?;
        alerts().for_each(|(alert, over)| self.remember(alert, over));
        Ok(())
    }

    fn keep_alive_ms(&self) -> Option<u64> {
        Some(self.config.keep_alive_ms)
    }

    fn keep_alive(&mut self) -> Result<(), DeliveryError> {
        let open = self.open.open(&self.name);
        let postable = self.postable(open.iter().map(|alert| (alert, false)), self.clock.now_ns());
        self.post(&postable)?;
        if self.known.len() > LABELS.max(open.len()) {
            let ids: BTreeSet<&str> = open.iter().map(|alert| alert.id.as_str()).collect();
            self.known.retain(|id, _| ids.contains(id.as_str()));
        }
        open.iter().for_each(|alert| self.remember(alert, false));
        Ok(())
    }
}

impl PostableAlert {
    fn new(alert: &Alert, labels: Labels, now_ns: u64, ends_ns: u64) -> Self {
        Self {
            labels,
            annotations: annotations(alert),
            // The clock of an event may be ahead of the host's, and an alert that starts after it ends is refused.
            starts_at: rfc3339(alert.opened_ns.min(now_ns)),
            ends_at: rfc3339(ends_ns),
        }
    }
}

/// Returns the labels that identify an alert, without empty ones.
fn labels(alert: &Alert) -> Labels {
    let mut labels = Labels::from([
        ("alertname", alert.definition.to_string()),
        ("alert_id", alert.id.clone()),
        ("object", alert.object.to_string()),
        ("group", alert.groups.join(",")),
        ("criticality", alert.criticality.to_string()),
        ("severity", severity(alert.criticality).to_owned()),
        ("impact", alert.impact.as_str().to_owned()),
    ]);
    labels.retain(|_, value| !value.is_empty());
    labels
}

/// Returns the severity as rules of Prometheus usually name it.
fn severity(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Information => "info",
        Criticality::Warning => "warning",
        Criticality::Immediate | Criticality::Critical => "critical",
    }
}

fn annotations(alert: &Alert) -> BTreeMap<&'static str, String> {
    let mut annotations = BTreeMap::from([
        ("title", alert.title.to_string()),
        ("summary", alert.summary.to_string()),
        ("recommendation", alert.recommendations.join("\n")),
        ("controls", alert.controls.join(", ")),
        ("why", explanation::lines(&alert.why).join("\n")),
    ]);
    annotations.retain(|_, value| !value.is_empty());
    annotations
}

impl std::fmt::Debug for AlertmanagerReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertmanagerReceiver").field("config", &self.config).finish_non_exhaustive()
    }
}
