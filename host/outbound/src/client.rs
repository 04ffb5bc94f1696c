//! A client that follows no redirects, uses no proxy, and reads bounded headers.

use std::time::Duration;

use ureq::{
    Agent, Error,
    tls::{RootCerts, TlsConfig},
    unversioned::{
        resolver::Resolver,
        transport::{Connector as _, RustlsConnector, TcpConnector},
    },
};

/// The most bytes of the headers of an answer.
const HEADER_BYTES: usize = 16 << 10;

/// What differs between clients.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// The longest time of a request, with its answer.
    pub timeout: Duration,
    /// The longest time of connecting, if that is to be shorter.
    pub connect_timeout: Option<Duration>,
    /// How many connections are kept open to be used again.
    pub idle_connections: usize,
    /// How it introduces itself.
    pub user_agent: &'static str,
}

impl ClientSettings {
    /// Makes a client, which trusts `roots`, or what the web trusts if there are none. `resolver` says which addresses
    /// a name has, and may refuse them.
    pub fn client(&self, roots: Option<RootCerts>, resolver: impl Resolver) -> Agent {
        let mut tls = TlsConfig::builder();
        if let Some(roots) = roots {
            tls = tls.root_certs(roots);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(self.timeout))
            .timeout_connect(self.connect_timeout)
            .max_response_header_size(HEADER_BYTES)
            .max_idle_connections(self.idle_connections)
            .user_agent(self.user_agent)
            .tls_config(tls.build())
            .build();
        // Without a proxy in the chain, which would connect to any address.
        let connector = ().chain(TcpConnector::default()).chain(RustlsConnector::default());
        Agent::with_parts(config, connector, resolver)
    }
}

/// Returns the message of an error without the kind, which the messages of ureq repeat.
pub fn error_text(error: &Error) -> String {
    match error {
        Error::Io(why) => why.to_string(),
        Error::Timeout(what) => format!("timed out: {what}"),
        other => other.to_string(),
    }
}
