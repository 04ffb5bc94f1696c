//! All keys of `lifesigns.toml`.

mod agents;
mod common;
mod compliance;
mod host;
mod notifications;
mod sources;

pub(crate) use host::ROOT;
