//! What blocking clients of HTTP share: no redirects, no proxies, whom they trust, and when they ask again.

mod client;
mod retry_after;
mod roots;

pub use client::{ClientSettings, error_text};
pub use retry_after::retry_after_ms;
pub use roots::{read_pem, root_certificates};
