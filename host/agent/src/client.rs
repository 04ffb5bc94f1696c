//! HTTP to the host: one POST at a time over a connection that is used again, without redirects and proxies, bounded in
//! every size.

use std::{fs, io::Read, path::Path, time::Duration};

use lifesigns_api::HostUrl;
use lifesigns_model::SharedClock;
use lifesigns_outbound::{ClientSettings, error_text, read_pem, retry_after_ms, root_certificates};
use ureq::{
    Agent,
    http::{StatusCode, header},
    tls::RootCerts,
    unversioned::resolver::DefaultResolver,
};

use crate::{credentials::Credentials, error::AgentError, options::AgentOptions};

/// The longest time of a request, with its answer: a host answers 30 s at the latest that it could not commit.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
/// The most bytes of an answer and of a token.
const ANSWER_BYTES: u64 = 4 << 20;
const TOKEN_BYTES: u64 = 4096;
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
pub(crate) struct Client {
    agent: Agent,
    base: String,
    tokens: ShownTokens,
    clock: SharedClock,
}

/// The tokens that an agent can show.
struct ShownTokens {
    options: AgentOptions,
    /// Its own, unless people gave it one.
    credentials: Option<Credentials>,
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
    pub(crate) fn new(options: &AgentOptions, clock: SharedClock) -> Result<Self, AgentError> {
        let credentials = Some(Credentials::load(options)?).filter(|_| !options.has_token());
        let has_own = credentials.as_ref().is_some_and(|own| own.drawn_token().is_some());
        let base = base(&options.server, options.has_token() || options.can_enrol() || has_own)?;
        let roots = match &options.ca {
            Some(path) => Some(roots(path).map_err(AgentError::Credentials)?),
            None if base.starts_with("http://") => None,
            None => SYSTEM_ROOTS.iter().find_map(|path| roots(Path::new(path)).ok()),
        };
        let settings = ClientSettings {
            timeout: TIMEOUT,
            connect_timeout: Some(CONNECT),
            idle_connections: 1,
            user_agent: concat!("lifesigns-agent/", env!("CARGO_PKG_VERSION")),
        };
        let agent = settings.client(roots, DefaultResolver::default());
        let tokens = ShownTokens { options: options.clone(), credentials };
        if options.has_token() {
            tokens.current().map_err(AgentError::Credentials)?;
        }
        Ok(Self { agent, base, tokens, clock })
    }

    /// Posts a body, and returns the answer.
    ///
    /// # Errors
    /// There was none, for this reason.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, String> {
        self.post_as(self.tokens.current()?.as_deref(), path, headers, body)
    }

    /// Posts a body, and shows this token.
    pub(crate) fn post_as(
        &self,
        token: Option<&str>,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, String> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let mut response = request.send(body).map_err(|error| self.hidden(&error))?;
        let status = response.status();
        let retry_after_ms = retry_after_ms(response.headers(), self.clock.now_ns()).map(|ms| ms.min(PAUSE_MS));
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(ANSWER_BYTES).read_to_end(&mut body);
        read.map_err(|error| format!("the answer broke off: {error}"))?;
        Ok(Answer { status, body, retry_after_ms })
    }

    /// Returns the credentials of the agent, unless it shows a token that people gave it.
    pub(crate) const fn credentials(&self) -> Option<&Credentials> {
        self.tokens.credentials.as_ref()
    }

    /// Returns the token that enrols one agent, if it was started with one.
    pub(crate) fn enrol_token(&self) -> Result<Option<String>, String> {
        let options = &self.tokens.options;
        match &options.enrol_token_file {
            Some(path) => token_of(path).map(Some),
            None => Ok(options.enrol_token.clone()),
        }
    }

    fn hidden(&self, error: &ureq::Error) -> String {
        let text = error_text(error);
        // What rustls says of a certificate that it does not trust.
        let advice = if text.contains("invalid peer certificate") {
            "; if the host is the right one, name the file of the authority that signed its certificate with `--ca FILE`"
        } else {
            ""
        };
        format!("the host at {} gives no answer: {text}{advice}", self.base)
    }
}

impl ShownTokens {
    /// Returns the token to show, as it is now: a new one needs no restart.
    fn current(&self) -> Result<Option<String>, String> {
        if let Some(path) = &self.options.token_file {
            return token_of(path).map(Some);
        }
        let Some(credentials) = &self.credentials else { return Ok(self.options.token.clone()) };
        let own = credentials.token();
        if own.is_none() && self.options.can_enrol() {
            return Err("the agent is not enrolled yet".to_owned());
        }
        Ok(own)
    }
}

/// Returns the token in a file.
fn token_of(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(TOKEN_BYTES).read_to_string(&mut text));
    read.map_err(|error| format!("the token in {} cannot be read: {error}", path.display()))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("there is no token in {}", path.display()));
    }
    Ok(token.to_owned())
}

/// Returns the URL without its end.
fn base(url: &str, has_token: bool) -> Result<String, AgentError> {
    HostUrl::parse(url, has_token)?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// Returns the certificates in a PEM file.
fn roots(path: &Path) -> Result<RootCerts, String> {
    root_certificates(path, &read_pem(path)?)
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
}
