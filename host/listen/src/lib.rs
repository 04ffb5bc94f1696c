//! What all listeners need: certificates in files that may change, the files of Unix sockets, and what counts as one
//! peer. Nothing here accepts a connection.

mod peer;
mod pem_file;
mod server_identity;
mod socket_address;
mod socket_file;

pub use peer::{listen_tcp, peer_network};
pub use pem_file::{TlsError, client_config};
pub use server_identity::{TlsFiles, TlsIdentity};
pub use socket_address::{SocketAddress, connect_unix, folder_of};
pub use socket_file::{SocketFile, SocketFileError};
