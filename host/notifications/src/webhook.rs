//! The webhook receiver: an HTTP POST of the documented JSON or the output of a template, signed if configured.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use lifesigns_model::{NS_PER_S, SharedClock};
use sha2::Sha256;
use ureq::http::{HeaderMap, HeaderValue, header};

use crate::{
    anchor::AuditHead,
    config::{self, ConfigValue},
    egress::EgressPolicy,
    headers,
    http::Http,
    message::{DeliveryError, Message, Receiver},
    notice_json,
};

/// The largest body that a template may render.
const BODY_BYTES: usize = 16 * 1024 * 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct WebhookReceiver {
    name: String,
    config: config::Webhook,
    http: Http,
    clock: SharedClock,
}

impl WebhookReceiver {
    /// Makes the receiver of a configuration.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub(crate) fn new(
        name: &str,
        config: &config::Webhook,
        egress: &EgressPolicy,
        clock: &SharedClock,
    ) -> Result<Self, String> {
        let http = Http::new(egress, config.timeout_ms, config.ca.as_deref(), clock)?;
        Ok(Self { name: name.to_owned(), config: config.clone(), http, clock: Arc::clone(clock) })
    }

    fn body(&self, message: &Message) -> Result<String, String> {
        let json = notice_json::message(message);
        match &self.config.template {
            None => serde_json::to_string(&json).map_err(|why| why.to_string()),
            Some(template) => {
                let body = template.render(&json).map_err(|why| format!("the template fails: {why}"))?;
                if body.len() > BODY_BYTES { Err("the template renders more than 16 MiB".into()) } else { Ok(body) }
            }
        }
    }

    fn headers(&self, key: &str, body: &str) -> Result<HeaderMap, DeliveryError> {
        let mut all = HeaderMap::new();
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers::read(&self.config.headers).map_err(DeliveryError::retryable)? {
            all.insert(name, value);
        }
        let key = HeaderValue::from_str(key).map_err(|_| DeliveryError::permanent("the message's key is no text"))?;
        all.insert("idempotency-key", key);
        if let Some(secret) = &self.config.secret {
            let seconds = self.clock.now_ns() / NS_PER_S;
            all.insert("x-lifesigns-timestamp", HeaderValue::from(seconds));
            all.insert("x-lifesigns-signature", signature(secret, seconds, body)?);
        }
        Ok(all)
    }
}

impl Receiver for WebhookReceiver {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        let url = self.config.url.read().map_err(DeliveryError::retryable)?;
        let body = self.body(message).map_err(DeliveryError::permanent)?;
        let headers = self.headers(&message.key, &body)?;
        let json = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
        if json && let Err(why) = serde_json::from_str::<serde::de::IgnoredAny>(&body) {
            return Err(DeliveryError::permanent(format!("the template does not render JSON: {why}")));
        }
        self.http.post(&url, &headers, body.as_bytes())
    }

    /// Posts the documented JSON, even if a template renders alerts.
    fn anchor(&mut self, head: &AuditHead) -> Result<(), DeliveryError> {
        let url = self.config.url.read().map_err(DeliveryError::retryable)?;
        let mut body = Vec::new();
        head.line(&self.name, &mut body).map_err(DeliveryError::permanent)?;
        let body = String::from_utf8(body).map_err(DeliveryError::permanent)?;
        let headers = self.headers(&format!("audit-head-{}-{}", head.number, head.time_ns), &body)?;
        self.http.post(&url, &headers, body.as_bytes())
    }
}

/// Returns `sha256=` and the HMAC-SHA256 of `SECONDS.BODY` in hexadecimal digits.
fn signature(secret: &ConfigValue, seconds: u64, body: &str) -> Result<HeaderValue, DeliveryError> {
    let secret = secret.read().map_err(DeliveryError::retryable)?;
    let text = sign(secret.as_bytes(), seconds, body.as_bytes());
    HeaderValue::from_str(&text).map_err(DeliveryError::permanent)
}

fn sign(secret: &[u8], seconds: u64, body: &[u8]) -> String {
    // An HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_others_compute() {
        // printf '1763880000.{"version":1}' | openssl dgst -sha256 -hmac 'open sesame'
        assert_eq!(
            sign(b"open sesame", 1_763_880_000, br#"{"version":1}"#),
            "sha256=30284ac93432670aa9fe69a7c37e7ddeef19b42fadeacc1b7b4cde80825be806"
        );
    }
}
