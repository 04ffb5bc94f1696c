//! One HTTP POST: without redirects, proxies or persistent connections, and bounded in every size.

mod resolver;

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lifesigns_model::SharedClock;
use lifesigns_outbound::{ClientSettings, error_text, read_pem, retry_after_ms, root_certificates};
use ureq::{
    Agent,
    http::{HeaderMap, StatusCode, Uri},
};

use crate::{egress::EgressPolicy, message::DeliveryError};

/// The most bytes of an answer that are read, to report why a request was refused.
const ANSWER_BYTES: u64 = 4096;

/// Statuses after which a request is retried, beside all 5xx.
const LATER: [StatusCode; 3] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

/// Posts the messages of one receiver.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    egress: EgressPolicy,
    timeout_ms: u64,
    clock: SharedClock,
    /// The file of certificates, and its content when the agent was made.
    ca: Option<(PathBuf, Vec<u8>)>,
}

impl Http {
    /// Makes the client of one receiver.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub(crate) fn new(
        egress: &EgressPolicy,
        timeout_ms: u64,
        ca: Option<&Path>,
        clock: &SharedClock,
    ) -> Result<Self, String> {
        let read = |path: &Path| Ok::<_, String>((path.to_owned(), read_pem(path)?));
        let ca = ca.map(read).transpose()?;
        let agent = Self::agent(egress, timeout_ms, ca.as_ref())?;
        Ok(Self { agent, egress: egress.clone(), timeout_ms, clock: Arc::clone(clock), ca })
    }

    fn agent(egress: &EgressPolicy, timeout_ms: u64, ca: Option<&(PathBuf, Vec<u8>)>) -> Result<Agent, String> {
        let roots = ca.map(|(path, pem)| root_certificates(path, pem)).transpose()?;
        let settings = ClientSettings {
            timeout: Duration::from_millis(timeout_ms),
            connect_timeout: None,
            idle_connections: 0,
            user_agent: concat!("lifesigns/", env!("CARGO_PKG_VERSION")),
        };
        Ok(settings.client(roots, egress.clone()))
    }

    /// Reads the certificates again if their file has changed, so that they need no reload.
    fn renew(&mut self) -> Result<(), String> {
        let Some((path, pem)) = &self.ca else { return Ok(()) };
        let now = read_pem(path)?;
        if now != *pem {
            let ca = (path.clone(), now);
            self.agent = Self::agent(&self.egress, self.timeout_ms, Some(&ca))?;
            self.ca = Some(ca);
        }
        Ok(())
    }

    /// Posts `body`, and succeeds on a status of 2xx. The message of a failure never holds the URL or the value of
    /// a sensitive header.
    ///
    /// # Errors
    /// The request did not arrive, or was refused.
    pub(crate) fn post(&mut self, url: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), DeliveryError> {
        self.exchange(url, headers, Some(body), 0)?.accepted().map(drop)
    }

    /// Posts `body`, or gets if there is none, and reads at most `most_bytes` of the answer.
    ///
    /// # Errors
    /// The request did not arrive, or the answer to it is longer. A refusal is an answer.
    pub(crate) fn exchange(
        &mut self,
        url: &str,
        headers: &HeaderMap,
        body: Option<&[u8]>,
        most_bytes: u64,
    ) -> Result<HttpAnswer, DeliveryError> {
        let uri: Uri = url.parse().map_err(|_| DeliveryError::permanent("the URL is not one"))?;
        self.renew().map_err(DeliveryError::retryable)?;
        let sent = match body {
            Some(body) => {
                let request =
                    headers.iter().fold(self.agent.post(&uri), |request, (name, value)| request.header(name, value));
                request.send(body)
            }
            None => {
                let request =
                    headers.iter().fold(self.agent.get(&uri), |request, (name, value)| request.header(name, value));
                request.call()
            }
        };
        let failed = |why: String| DeliveryError::retryable(hide(&why, &uri, headers));
        let mut response = sent.map_err(|error| failed(error_text(&error)))?;
        let status = response.status();
        if status.is_success() {
            let body = whole(response.body_mut(), most_bytes).map_err(failed)?;
            return Ok(HttpAnswer { status, body, refusal: None });
        }
        let after_ms = retry_after_ms(response.headers(), self.clock.now_ns());
        let why = if status.is_redirection() {
            format!("{status}; redirects are not followed")
        } else {
            format!("{status} {}", start(response.body_mut()))
        };
        let why = hide(why.trim(), &uri, headers);
        let refusal = if status.is_server_error() || LATER.contains(&status) {
            DeliveryError { after_ms, ..DeliveryError::retryable(why) }
        } else {
            DeliveryError::permanent(why)
        };
        Ok(HttpAnswer { status, body: Vec::new(), refusal: Some(refusal) })
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: StatusCode,
    /// As much of it as was asked for.
    pub(crate) body: Vec<u8>,
    /// Why the request was refused, unless the status is 2xx.
    refusal: Option<DeliveryError>,
}

impl HttpAnswer {
    /// Returns the body of an answer that is not a refusal.
    ///
    /// # Errors
    /// The request was refused.
    pub(crate) fn accepted(self) -> Result<Vec<u8>, DeliveryError> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(self.body),
        }
    }
}

/// Returns a whole answer; nothing of it is read if it is not wanted.
fn whole(body: &mut ureq::Body, most_bytes: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if most_bytes > 0 {
        body.as_reader().take(most_bytes + 1).read_to_end(&mut bytes).map_err(|why| why.to_string())?;
    }
    if bytes.len() as u64 > most_bytes {
        return Err(format!("the answer is longer than {most_bytes} bytes"));
    }
    Ok(bytes)
}

/// Returns the beginning of an answer, as far as it is received.
fn start(body: &mut ureq::Body) -> String {
    let mut bytes = Vec::new();
    // What was received before an error is better than nothing.
    let _ = body.as_reader().take(ANSWER_BYTES).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Removes path, query and sensitive header values from a text, because an answer may repeat them.
fn hide(text: &str, uri: &Uri, headers: &HeaderMap) -> String {
    let mut text = text.to_owned();
    let path = uri.path_and_query().map(|path| path.as_str()).unwrap_or_default();
    let path = path.trim_start_matches('/');
    let values = headers.values().filter(|value| value.is_sensitive()).filter_map(|value| value.to_str().ok());
    for secret in values.chain([path, uri.query().unwrap_or_default()]) {
        // A header may be `Bearer TOKEN`, and the answer repeat the token alone.
        for secret in [secret, secret.rsplit(' ').next().unwrap_or_default()] {
            if secret.len() >= 4 {
                text = text.replace(secret, "[hidden]");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use lifesigns_model::SystemClock;
    use ureq::http::HeaderValue;

    use super::*;

    #[test]
    fn certificates_that_change_are_taken_over() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let certificate = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let put = |text: &str| fs::write(file.path(), text).expect("it is written");
        put(&certificate("MAA="));
        let egress = EgressPolicy::new(crate::OutboundConfig::default());
        let mut http = Http::new(&egress, 1000, Some(file.path()), &SystemClock::shared()).expect("it reads");
        let known =
            |http: &Http| http.ca.as_ref().is_some_and(|(_, pem)| pem.ends_with(certificate("MQA=").as_bytes()));
        put("half written");
        assert!(http.renew().is_err_and(|why| why.contains("has no certificate in it")));
        assert!(!known(&http));
        put(&certificate("MQA="));
        assert!(http.renew().is_ok() && known(&http));
    }

    #[test]
    fn what_was_sent_is_not_told() {
        let uri: Uri = "https://hooks.example/services/T0/XYZZY?key=PLUGH".parse().expect("a URL");
        let mut headers = HeaderMap::new();
        let mut value = HeaderValue::from_static("Bearer FROTZ123");
        value.set_sensitive(true);
        headers.insert("authorization", value);
        let text = "no FROTZ123 at services/T0/XYZZY?key=PLUGH or key=PLUGH or Bearer FROTZ123";
        let hidden = hide(text, &uri, &headers);
        assert_eq!(hidden, "no [hidden] at [hidden] or [hidden] or [hidden]");
    }
}
