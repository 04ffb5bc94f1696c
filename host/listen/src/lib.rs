//! What all listeners need: certificates in files that may change, and the files of Unix sockets. Nothing here accepts
//! a connection.

mod pem_file;
mod server_identity;
mod socket_address;
mod socket_file;

pub use pem_file::{TlsError, client_config};
pub use server_identity::{TlsFiles, TlsIdentity};
pub use socket_address::{SocketAddress, connect_unix, folder_of};
pub use socket_file::{SocketFile, SocketFileError};
