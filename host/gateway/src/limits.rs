//! The bounds of a gateway.

use std::time::Duration;

/// What the clients of one way in, the control socket or the network, may use up. The defaults are right for the
/// socket, [`GatewayLimits::network`] for the network; tests set their own.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLimits {
    /// Connections at one time; requests on further ones are answered with 503.
    pub connections: usize,
    /// Connections from one address at one time; further ones are closed. Not applied to the socket.
    pub connections_per_address: usize,
    /// Questions and acts that are worked on at one time; further ones wait for at most 5 s, then they are answered
    /// with 503.
    pub requests: usize,
    /// The longest head of a request, and the longest body that the API reads, in bytes each.
    pub request_bytes: usize,
    /// A head has to be whole within this time after the connection or the last answer, and a body
    /// within this time after its head. A connection that is idle for longer is closed.
    pub read_deadline: Duration,
    /// A client that takes nothing of an answer for this long is disconnected.
    pub write_deadline: Duration,
    /// After the stop, answers that are on the way have this long to be made and taken.
    pub stop_deadline: Duration,
}

impl GatewayLimits {
    /// Returns the limits for clients over the network.
    pub fn network() -> Self {
        Self { connections: 1024, connections_per_address: 256, ..Self::default() }
    }
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            connections: 32,
            connections_per_address: usize::MAX,
            requests: 32,
            request_bytes: 64 * 1024,
            read_deadline: Duration::from_secs(30),
            write_deadline: Duration::from_secs(30),
            stop_deadline: Duration::from_secs(5),
        }
    }
}
