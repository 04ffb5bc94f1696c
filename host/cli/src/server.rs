//! The server of `lifesigns run`: from its settings to what a gateway serves.

use std::{sync::Arc, time::Duration};

use lifesigns_api::{Authenticate, RoleSet, TokenRefusal};
use lifesigns_gateway::{GatewayLimits, NetworkServer, TlsIdentity};
use lifesigns_settings::ServerSettings;

use crate::{exit::Failure, terminal};

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
pub(crate) fn identity(settings: &ServerSettings) -> Result<Option<TlsIdentity>, Failure> {
    let read = settings.tls.as_ref().map(|tls| TlsIdentity::read(&tls.cert, &tls.key));
    read.transpose().map_err(|error| Failure::Configuration(format!("[server]: {error}")))
}

/// Prints where clients can connect.
pub(crate) fn print_addresses(network: &NetworkServer) {
    for address in network.addresses() {
        terminal::line(&format!("listening: {address}"));
    }
}

pub(crate) fn no_tokens() -> Authenticate {
    Arc::new(|_| Err(TokenRefusal::Unknown))
}
