//! The server: addresses, TLS, and who may ask without a token.

use std::net::SocketAddr;

use lifesigns_document::{RawNode, RawValue};

use super::reader::Reader;
use crate::settings::{ServerSettings, TlsSettings};

impl Reader<'_, '_> {
    /// Returns the settings of the server, as far as they are sound.
    pub(super) fn server_settings(&mut self, table: &RawNode) -> ServerSettings {
        let default = ServerSettings::default();
        let tls = self.tls(table);
        let allow_plain = table.flag_of("allow-plain").unwrap_or(false);
        let count = |key, default| table.whole_of(key).and_then(|count| usize::try_from(count).ok()).unwrap_or(default);
        ServerSettings {
            listen: self.listen(table, tls.is_some() || allow_plain),
            tls,
            anonymous: table.list_of("anonymous").iter().filter_map(|node| node.text()?.parse().ok()).collect(),
            suite_api: table.flag_of("suite-api").unwrap_or(default.suite_api),
            connections: count("connections", default.connections),
            connections_per_address: count("connections-per-address", default.connections_per_address),
            read_timeout_ms: table.duration_of("read-timeout").unwrap_or(default.read_timeout_ms),
            write_timeout_ms: table.duration_of("write-timeout").unwrap_or(default.write_timeout_ms),
        }
    }

    fn listen(&mut self, table: &RawNode, may_be_remote: bool) -> Vec<SocketAddr> {
        let nodes = match table.get("listen") {
            Some(RawNode { value: RawValue::List(items), .. }) => items.as_slice(),
            Some(node) => std::slice::from_ref(node),
            None => &[],
        };
        let mut addresses = Vec::new();
        for node in nodes {
            let Some(text) = node.text() else { continue };
            let Ok(address) = text.parse::<SocketAddr>() else {
                let help = "write IP:PORT, such as `127.0.0.1:9123`, `[::1]:9123` or `0.0.0.0:9123`".to_owned();
                self.check.error(&node.at, "this is not an address to listen at", Some(help));
                continue;
            };
            if addresses.contains(&address) {
                self.check.error(&node.at, "this address is named twice", None);
            }
            if !address.ip().is_loopback() && !may_be_remote {
                let help = "name `tls-cert` and `tls-key`, or listen at 127.0.0.1 alone; `allow-plain = true` only if \
                            a proxy in front of it speaks TLS"
                    .to_owned();
                self.check.error(&node.at, "tokens and logs would pass the network readable to everyone", Some(help));
            }
            addresses.push(address);
        }
        addresses
    }

    fn tls(&mut self, table: &RawNode) -> Option<TlsSettings> {
        let (cert, key) = (self.path_of(table, "tls-cert"), self.path_of(table, "tls-key"));
        match (cert, key) {
            (Some(cert), Some(key)) => Some(TlsSettings { cert, key }),
            (None, None) => None,
            (cert, _) => {
                let (there, missing) = if cert.is_some() { ("tls-cert", "tls-key") } else { ("tls-key", "tls-cert") };
                let at = table.get(there).map_or(&table.at, |node| &node.at);
                self.check.error(at, format!("`{there}` needs `{missing}` beside it"), None);
                None
            }
        }
    }
}
