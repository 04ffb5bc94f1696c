//! The receiver for vRealize Operations (VCF Operations): each notice is a notification event on the resource that has
//! the name of the alert's object
//! (<https://developer.broadcom.com/xapis/vcf-operations-api/latest/suite-api/api/events/post>).

use std::collections::BTreeMap;

use lifesigns_compliance::{Alert, Notice, NoticeKind};
use lifesigns_model::{Criticality, NS_PER_MS, SharedClock};
use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, HeaderValue, StatusCode, header};
use url::form_urlencoded;

use crate::{
    config,
    egress::EgressPolicy,
    http::{Http, HttpAnswer},
    message::{DeliveryError, Message, Receiver},
};

/// The paths of the API, below the base URL.
const TOKEN: &str = "/suite-api/api/auth/token/acquire";
const EVENTS: &str = "/suite-api/api/events";
const RESOURCES: &str = "/suite-api/api/resources";
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 4 << 20;
/// Resources whose ids are remembered.
const KNOWN: usize = 10_000;
/// The earliest time that the API takes, in milliseconds: the year 2000.
const EARLIEST_MS: u64 = 946_684_800_000;

/// See the module.
pub(crate) struct VropsReceiver {
    config: config::Vrops,
    http: Http,
    clock: SharedClock,
    /// The token that was acquired last.
    token: Option<HeaderValue>,
    /// The ids of resources by the names of objects.
    known: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_source: Option<&'a str>,
}

#[derive(Deserialize)]
struct AcquiredToken {
    token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceList {
    #[serde(default)]
    resource_list: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    identifier: String,
    resource_key: ResourceKey,
}

#[derive(Deserialize)]
struct ResourceKey {
    name: String,
}

/// An event as the API takes it. One with the same resource and message, and a time of its end, ends it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PushedEvent<'a> {
    event_type: &'static str,
    resource_id: &'a str,
    message: &'a str,
    severity: &'static str,
    #[serde(rename = "startTimeUTC")]
    start_ms: u64,
    #[serde(rename = "cancelTimeUTC")]
    cancel_ms: u64,
    /// It lasts until it is ended, and not until the next collection.
    managed_externally: bool,
}

impl VropsReceiver {
    /// Makes the receiver of a configuration.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub(crate) fn new(config: &config::Vrops, egress: &EgressPolicy, clock: &SharedClock) -> Result<Self, String> {
        let http = Http::new(egress, config.timeout_ms, config.ca.as_deref(), clock)?;
        let (config, clock) = (config.clone(), SharedClock::clone(clock));
        Ok(Self { config, http, clock, token: None, known: BTreeMap::new() })
    }

    /// Posts the event of a notice.
    fn notify(&mut self, notice: &Notice) -> Result<(), DeliveryError> {
        let alert = &notice.alert;
        let resource = self.resource(&alert.object)?;
        let now_ms = self.clock.now_ns() / NS_PER_MS;
        let start_ms = (alert.opened_ns / NS_PER_MS).min(now_ms).max(EARLIEST_MS);
        let is_over = notice.happened == NoticeKind::Resolved;
        let event = PushedEvent {
            event_type: "NOTIFICATION",
            resource_id: &resource,
            message: &message(alert),
            severity: severity(alert.criticality),
            start_ms,
            cancel_ms: if is_over { now_ms.max(start_ms) } else { 0 },
            managed_externally: true,
        };
        let body = serde_json::to_vec(&event).map_err(DeliveryError::permanent)?;
        let answer = self.call(EVENTS, Some(&body))?;
        if answer.status == StatusCode::NOT_FOUND {
            // The resource is gone; there may be another one of its name.
            self.known.remove(&*alert.object);
        }
        answer.accepted().map(drop)
    }

    /// Returns the id of the resource that has the name of an object, or of the one for objects without.
    fn resource(&mut self, object: &str) -> Result<String, DeliveryError> {
        if let Some(known) = self.known.get(object) {
            return Ok(known.clone());
        }
        let start = RESOURCES.len() + 1;
        let mut target = form_urlencoded::Serializer::for_suffix(format!("{RESOURCES}?"), start);
        target.append_pair("name", object).append_pair("pageSize", "1000");
        if let Some(kind) = &self.config.resource_kind {
            target.append_pair("resourceKind", kind);
        }
        let target = target.finish();
        let answer = self.call(&target, None)?.accepted()?;
        let found: ResourceList = serde_json::from_slice(&answer)
            .map_err(|why| DeliveryError::retryable(format!("the list of resources cannot be read: {why}")))?;
        // The parameter finds names that have it in them.
        let is_it = |one: &&Resource| one.resource_key.name.eq_ignore_ascii_case(object);
        let mut ids = found.resource_list.iter().filter(is_it).map(|one| one.identifier.as_str());
        let id = match (ids.next(), ids.next(), &self.config.resource) {
            (Some(id), None, _) => id,
            (Some(_), Some(_), _) => {
                let why = format!("several resources are named {object}: say which kind with `resource-kind`");
                return Err(DeliveryError::permanent(why));
            }
            (None, _, Some(id)) => id,
            (None, _, None) => {
                let why = format!("there is no resource named {object}; `resource` can name one for such events");
                return Err(DeliveryError::permanent(why));
            }
        };
        let id = id.to_owned();
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        self.known.insert(object.to_owned(), id.clone());
        Ok(id)
    }

    /// Asks with a token; with another one if that has ended.
    fn call(&mut self, target: &str, body: Option<&[u8]>) -> Result<HttpAnswer, DeliveryError> {
        let base = self.config.url.read().map_err(DeliveryError::retryable)?;
        let url = format!("{}{target}", base.trim_end_matches('/'));
        let had = self.token.is_some();
        let answer = self.authorized(&base, &url, body)?;
        if answer.status != StatusCode::UNAUTHORIZED || !had {
            return Ok(answer);
        }
        self.token = None;
        self.authorized(&base, &url, body)
    }

    fn authorized(&mut self, base: &str, url: &str, body: Option<&[u8]>) -> Result<HttpAnswer, DeliveryError> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.acquire(base)?,
        };
        self.token = Some(token.clone());
        let mut headers = json_headers();
        headers.insert(header::AUTHORIZATION, token);
        self.http.exchange(url, &headers, body, ANSWER_BYTES)
    }

    /// Logs in. What the server answers to the password is not repeated.
    fn acquire(&mut self, base: &str) -> Result<HeaderValue, DeliveryError> {
        let username = self.config.user.read().map_err(DeliveryError::retryable)?;
        let password = self.config.password.read().map_err(DeliveryError::retryable)?;
        let auth_source = self.config.auth_source.as_deref();
        let credentials = Credentials { username: &username, password: &password, auth_source };
        let body = serde_json::to_vec(&credentials).map_err(DeliveryError::permanent)?;
        let url = format!("{}{TOKEN}", base.trim_end_matches('/'));
        let answer = self.http.exchange(&url, &json_headers(), Some(&body), ANSWER_BYTES)?;
        if !answer.status.is_success() {
            return Err(DeliveryError::retryable(format!("no token: {}", answer.status)));
        }
        let unreadable = || DeliveryError::retryable("no token: the answer cannot be read");
        let acquired: AcquiredToken = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let mut token =
            HeaderValue::from_str(&format!("vRealizeOpsToken {}", acquired.token)).map_err(|_| unreadable())?;
        token.set_sensitive(true);
        Ok(token)
    }
}

impl Receiver for VropsReceiver {
    /// An event that is posted again is the same event there, so that a message is repeated as a whole.
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        message.notices.iter().try_for_each(|notice| self.notify(notice))
    }
}

fn json_headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(header::CONTENT_TYPE, json.clone()), (header::ACCEPT, json)])
}

/// Returns the text that names the event: the same for as long as the alert lives.
fn message(alert: &Alert) -> String {
    format!("{} ({}, lifesigns alert {})", alert.title, alert.definition, alert.id)
}

const fn severity(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Information => "INFORMATION",
        Criticality::Warning => "WARNING",
        Criticality::Immediate => "IMMEDIATE",
        Criticality::Critical => "CRITICAL",
    }
}
