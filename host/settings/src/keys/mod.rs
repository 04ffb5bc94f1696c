//! All keys of `lifesigns.toml`.

mod common;
mod compliance;
mod host;
mod notifications;

pub(crate) use host::ROOT;
