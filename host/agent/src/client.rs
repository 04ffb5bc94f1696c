//! HTTP to the host: one POST at a time over a connection that is used again, without redirects and proxies, bounded in
//! every size.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use lifesigns_api::HostUrl;
use ureq::{
    Agent,
    http::{HeaderMap, StatusCode, header},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
    unversioned::{
        resolver::DefaultResolver,
        transport::{Connector as _, RustlsConnector, TcpConnector},
    },
};

use crate::{error::AgentError, options::AgentOptions};

/// The longest time of a request, with its answer: a host answers 30 s at the latest that it could not commit.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
/// The most bytes of an answer, of its headers, of a token, and of a file of certificates.
const ANSWER_BYTES: u64 = 4 << 20;
const HEADER_BYTES: usize = 16 << 10;
const TOKEN_BYTES: u64 = 4096;
const CA_BYTES: u64 = 4 << 20;
/// The longest pause that a host can ask for, in milliseconds.
const PAUSE_MS: u64 = 300_000;
/// Where systems have the certificates that they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// See the module.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
    token_file: Option<PathBuf>,
}

/// What a host answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    /// When the host wants to be asked again, in milliseconds.
    pub(crate) retry_after_ms: Option<u64>,
}

impl Answer {
    /// Returns why the host refused, for a person.
    pub(crate) fn why(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or_default();
        lifesigns_text::visible_short(&format!("{} {detail}", self.status), 500)
    }
}

impl Client {
    /// Prepares to ask the host of these options. Nothing is sent yet.
    pub(crate) fn new(options: &AgentOptions) -> Result<Self, AgentError> {
        let base = base(&options.server, options.token.is_some() || options.token_file.is_some())?;
        let roots = match &options.ca {
            Some(path) => Some(roots(path).map_err(AgentError::Credentials)?),
            None if base.starts_with("http://") => None,
            None => SYSTEM_ROOTS.iter().find_map(|path| roots(Path::new(path)).ok()),
        };
        let mut tls = TlsConfig::builder();
        if let Some(roots) = roots {
            tls = tls.root_certs(roots);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT))
            .max_response_header_size(HEADER_BYTES)
            .max_idle_connections(1)
            .user_agent(concat!("lifesigns-agent/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        let connector = ().chain(TcpConnector::default()).chain(RustlsConnector::default());
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        let client = Self { agent, base, token: options.token.clone(), token_file: options.token_file.clone() };
        client.token().map_err(AgentError::Credentials)?;
        Ok(client)
    }

    /// Posts a body, and returns the answer.
    ///
    /// # Errors
    /// There was none, for this reason.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, String> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = self.token()? {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let mut response = request.send(body).map_err(|error| self.hidden(&error))?;
        let (status, retry_after_ms) = (response.status(), retry_after_ms(response.headers()));
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(ANSWER_BYTES).read_to_end(&mut body);
        read.map_err(|error| format!("the answer broke off: {error}"))?;
        Ok(Answer { status, body, retry_after_ms })
    }

    /// Returns the token as it is now: a new one needs no restart.
    fn token(&self) -> Result<Option<String>, String> {
        let Some(path) = &self.token_file else { return Ok(self.token.clone()) };
        let mut text = String::new();
        let read = fs::File::open(path).and_then(|file| file.take(TOKEN_BYTES).read_to_string(&mut text));
        read.map_err(|error| format!("the token in {} cannot be read: {error}", path.display()))?;
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("there is no token in {}", path.display()));
        }
        Ok(Some(token.to_owned()))
    }

    fn hidden(&self, error: &ureq::Error) -> String {
        let text = match error {
            ureq::Error::Io(why) => why.to_string(),
            ureq::Error::Timeout(what) => format!("timed out: {what}"),
            other => other.to_string(),
        };
        format!("the host at {} gives no answer: {text}", self.base)
    }
}

/// Returns the URL without its end.
fn base(url: &str, has_token: bool) -> Result<String, AgentError> {
    HostUrl::parse(url, has_token)?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// Returns the seconds of `Retry-After`, in milliseconds and within bounds.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000).min(PAUSE_MS))
}

/// Returns the certificates in a PEM file.
fn roots(path: &Path) -> Result<RootCerts, String> {
    let (shown, mut pem) = (path.display(), Vec::new());
    let file = fs::File::open(path).map_err(|why| format!("{shown}: {why}"))?;
    file.take(CA_BYTES + 1).read_to_end(&mut pem).map_err(|why| format!("{shown}: {why}"))?;
    if pem.len() as u64 > CA_BYTES {
        return Err(format!("{shown} is longer than 4 MiB: name a file of certificates"));
    }
    let mut roots = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(one) = item.map_err(|why| format!("{shown}: {why}"))? {
            roots.push(one);
        }
    }
    if roots.is_empty() {
        return Err(format!("{shown} has no certificate in it"));
    }
    Ok(RootCerts::new_with_certs(&roots))
}

#[cfg(test)]
mod tests {
    use lifesigns_api::HostUrlError;

    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_stays_on_the_machine() {
        for url in ["https://lifesigns.example", "http://127.0.0.1:9123/", "http://[::1]:9123", "http://localhost:1"] {
            assert!(base(url, true).is_ok_and(|base| !base.ends_with('/')), "{url}");
        }
        assert!(matches!(
            base("http://lifesigns.example:9123", true),
            Err(AgentError::Url(HostUrlError::Readable { .. }))
        ));
        assert!(base("http://lifesigns.example:9123", false).is_ok());
        for url in ["", "lifesigns:9123", "ftp://a", "https://", "https://u:p@a", "https://a/api", "https://a?b"] {
            assert!(matches!(base(url, true), Err(AgentError::Url(HostUrlError::Url { .. }))), "{url}");
        }
    }

    #[test]
    fn a_pause_is_within_bounds() {
        let ms = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().expect("a header"));
            retry_after_ms(&headers)
        };
        assert_eq!(ms("5"), Some(5000));
        assert_eq!(ms("18446744073709551615"), Some(PAUSE_MS));
        assert_eq!(ms("soon"), None);
    }
}
