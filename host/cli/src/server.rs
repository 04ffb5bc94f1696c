//! The server of `lifesigns run`: from its settings to what a gateway serves.

use std::time::Duration;

use lifesigns_api::RoleSet;
use lifesigns_gateway::{GatewayLimits, NetworkServer, ServerTls};
use lifesigns_settings::{ServerSettings, Settings};
use lifesigns_store_sqlite::StoreReader;

use crate::{
    exit::{Failure, Outcome},
    terminal,
};

/// Listens where the settings say so, before the host starts: an address in use is a reason not to.
///
/// # Errors
/// The certificate cannot be used, or an address cannot be listened at.
pub(crate) fn listen(settings: &ServerSettings) -> Result<NetworkServer, Failure> {
    let tls = identity(settings)?;
    let limits = GatewayLimits {
        connections: settings.connections,
        connections_per_address: settings.connections_per_address,
        read_deadline: Duration::from_millis(settings.read_timeout_ms),
        write_deadline: Duration::from_millis(settings.write_timeout_ms),
        ..GatewayLimits::network()
    };
    let anonymous = RoleSet::from(settings.anonymous.clone());
    NetworkServer::bind(&settings.listen, tls, anonymous, limits).map_err(Failure::failed)
}

/// Reads certificate and key, if the settings name them.
///
/// # Errors
/// They cannot be used.
pub(crate) fn identity(settings: &ServerSettings) -> Result<Option<ServerTls>, Failure> {
    let read = settings.tls.as_ref().map(|tls| ServerTls::read(tls.cert.clone(), tls.key.clone()));
    read.transpose().map_err(|error| Failure::Configuration(format!("[server]: {error}")))
}

/// Prints where clients can connect.
pub(crate) fn print_addresses(network: &NetworkServer) {
    for address in network.addresses() {
        terminal::line(&format!("listening: {address}"));
    }
}

/// Fails if the network could connect and there is no token to ask with.
///
/// # Errors
/// When there is none, or the store cannot be read.
pub(crate) fn require_token(settings: &Settings) -> Outcome {
    let Some(server) = settings.server.as_ref().filter(|server| server.is_remote()) else { return Ok(()) };
    // A store that is not there yet, or is of an older version, has none.
    let tokens = StoreReader::open(&settings.store).ok().and_then(|reader| reader.tokens().ok()).unwrap_or_default();
    if !tokens.is_empty() {
        return Ok(());
    }
    let address = server.listen.iter().find(|address| !address.ip().is_loopback());
    Err(Failure::Configuration(format!(
        "[server]: it would listen at {}, and there is no token yet: make one first, `lifesigns token add NAME \
         --role ROLE`, or listen at 127.0.0.1 alone",
        address.map(ToString::to_string).unwrap_or_default()
    )))
}
