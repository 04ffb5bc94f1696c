//! A request before its body is read: who sends it, and what its head says.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Uri, header::CONTENT_TYPE},
};

use lifesigns_api::{Caller, SenderAddress};

use crate::{body::BodyEncoding, error::IngestError};

/// Longest key of a request, in bytes.
const KEY_BYTES: usize = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct IncomingRequest {
    pub(crate) headers: HeaderMap,
    pub(crate) uri: Uri,
    pub(crate) body: Body,
    pub(crate) address: Option<IpAddr>,
    /// Whether the sender is known by a token.
    pub(crate) is_authenticated: bool,
    encoding: Option<BodyEncoding>,
    /// Whether the body is one message of gRPC.
    pub(crate) is_call: bool,
}

impl IncomingRequest {
    pub(crate) fn new(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let address = parts.extensions.get::<SenderAddress>().map(|address| address.0);
        let is_authenticated = parts.extensions.get::<Caller>().is_some_and(Caller::is_authenticated);
        Self { headers: parts.headers, uri: parts.uri, body, address, is_authenticated, encoding: None, is_call: false }
    }

    /// Sets how the body is compressed, where a protocol says so and the head need not.
    pub(crate) const fn expect_encoding(&mut self, encoding: BodyEncoding) {
        self.encoding = Some(encoding);
    }

    /// Takes the body as a call by gRPC, of which the message may be compressed.
    pub(crate) fn expect_call(&mut self) -> Result<(), IngestError> {
        self.is_call = true;
        self.encoding = Some(BodyEncoding::of_value(self.headers.get("grpc-encoding"))?);
        Ok(())
    }

    /// Returns how the body is compressed.
    pub(crate) fn encoding(&self) -> Result<BodyEncoding, IngestError> {
        match self.encoding {
            Some(encoding) => Ok(encoding),
            None => BodyEncoding::of(&self.headers),
        }
    }

    /// Returns a parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
        let plus = value.replace('+', " ");
        Some(percent_encoding::percent_decode_str(&plus).decode_utf8_lossy().into_owned())
    }

    /// Returns the media type without its parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let text = self.content_type();
        text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(CONTENT_TYPE.as_str()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the key that makes a retry count once.
    pub(crate) fn idempotency_key(&self) -> Result<Option<Vec<u8>>, IngestError> {
        let Some(key) = self.headers.get("idempotency-key") else { return Ok(None) };
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(IngestError::malformed(format!("an Idempotency-Key has 1 to {KEY_BYTES} bytes")));
        }
        Ok(Some(key.as_bytes().to_vec()))
    }
}
