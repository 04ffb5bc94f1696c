//! Bodies of requests: read within their bounds, and no longer compressed. What is held of all requests together is
//! bounded too.

use std::{io::Read, sync::Arc};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING},
};
use flate2::read::ZlibDecoder;
use http_body_util::BodyExt;
use lifesigns_intake::{Compression, HttpProtocol};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{error::IngestError, limits::IngestLimits};

/// The unit in which room is counted.
const UNIT_BYTES: usize = 1 << 10;
/// What is read at once of what is no longer compressed.
const STEP_BYTES: usize = 64 << 10;

/// Returns as how many bodies a body counts with what is made of it: a record has what was read of it, and its text as
/// evidence.
pub(crate) const fn copies(protocol: HttpProtocol) -> usize {
    match protocol {
        HttpProtocol::Hec | HttpProtocol::LogInsight | HttpProtocol::Loki | HttpProtocol::Otlp => 3,
        HttpProtocol::Events | HttpProtocol::Elasticsearch | HttpProtocol::Prometheus | HttpProtocol::Journal => 2,
    }
}

/// Room for all bodies.
#[derive(Clone, Debug)]
pub(crate) struct BodyRoom(Arc<Semaphore>);

impl BodyRoom {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS))))
    }
}

/// Room that a request has.
#[derive(Debug)]
pub(crate) struct HeldRoom {
    room: BodyRoom,
    permit: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl HeldRoom {
    pub(crate) const fn new(room: BodyRoom) -> Self {
        Self { room, permit: None, bytes: 0 }
    }

    /// Takes room for `bytes` more, or fails if there is none.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), IngestError> {
        self.bytes += bytes;
        let wanted = self.bytes.div_ceil(UNIT_BYTES);
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(missing) = wanted.checked_sub(held).filter(|missing| *missing > 0) else { return Ok(()) };
        let missing = u32::try_from(missing).map_err(|_| IngestError::Busy)?;
        let more = Arc::clone(&self.room.0).try_acquire_many_owned(missing).map_err(|_| IngestError::Busy)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            permit => *permit = Some(more),
        }
        Ok(())
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEncoding {
    Plain,
    Gzip,
    Deflate,
    Zstd,
    /// A block of Snappy.
    Snappy,
}

impl BodyEncoding {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, IngestError> {
        Self::of_value(headers.get(CONTENT_ENCODING))
    }

    /// Returns the encoding that a header names.
    pub(crate) fn of_value(value: Option<&HeaderValue>) -> Result<Self, IngestError> {
        let Some(name) = value else { return Ok(Self::Plain) };
        match name.to_str().map(|name| name.trim().to_ascii_lowercase()).as_deref() {
            Ok("" | "identity") => Ok(Self::Plain),
            Ok("gzip" | "x-gzip") => Ok(Self::Gzip),
            Ok("deflate") => Ok(Self::Deflate),
            Ok("zstd") => Ok(Self::Zstd),
            Ok("snappy") => Ok(Self::Snappy),
            _ => Err(IngestError::Encoding),
        }
    }
}

/// Reads a whole body as it is sent.
pub(crate) async fn read(mut body: Body, limits: &IngestLimits, held: &mut HeldRoom) -> Result<Vec<u8>, IngestError> {
    let too_large = || IngestError::TooLarge { most_bytes: limits.body_bytes, when: "" };
    // One that is announced to be too long is not waited for.
    if body.size_hint().lower() > limits.body_bytes as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    loop {
        let next = tokio::time::timeout(limits.idle, body.frame()).await.map_err(|_| IngestError::Slow)?;
        let Some(frame) = next else { return Ok(bytes) };
        let frame = frame.map_err(|error| IngestError::malformed(format!("the body cannot be read: {error}")))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > limits.body_bytes {
            return Err(too_large());
        }
        held.grow(data.len())?;
        bytes.extend_from_slice(data);
    }
}

/// Returns what a body contains, and takes room for it `copies` times.
pub(crate) fn decoded(
    bytes: Vec<u8>,
    encoding: BodyEncoding,
    limits: &IngestLimits,
    held: &mut HeldRoom,
    copies: usize,
) -> Result<Vec<u8>, IngestError> {
    let compression = match encoding {
        BodyEncoding::Plain => {
            held.grow(bytes.len() * (copies - 1))?;
            return Ok(bytes);
        }
        BodyEncoding::Snappy => return snappy(&bytes, limits, held, copies),
        BodyEncoding::Deflate => return collect(ZlibDecoder::new(&bytes[..]), limits, held, copies),
        BodyEncoding::Gzip => Compression::Gzip,
        BodyEncoding::Zstd => Compression::Zstd { window_bytes: 0 },
    };
    if let Compression::Zstd { window_bytes } = Compression::of_head(&bytes)
        && window_bytes > limits.decoded_bytes
    {
        return Err(bomb(limits));
    }
    collect(compression.reader_within(std::io::Cursor::new(bytes), limits.decoded_bytes), limits, held, copies)
}

const fn bomb(limits: &IngestLimits) -> IngestError {
    IngestError::TooLarge { most_bytes: limits.decoded_bytes, when: " when it is no longer compressed" }
}

fn collect(
    mut reader: impl Read,
    limits: &IngestLimits,
    held: &mut HeldRoom,
    copies: usize,
) -> Result<Vec<u8>, IngestError> {
    let mut decoded = Vec::new();
    let mut step = vec![0; STEP_BYTES];
    loop {
        let count = match reader.read(&mut step) {
            Ok(0) => return Ok(decoded),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(IngestError::malformed(format!("the body cannot be decompressed: {error}"))),
        };
        if decoded.len() + count > limits.decoded_bytes {
            return Err(bomb(limits));
        }
        held.grow(count * copies)?;
        decoded.extend_from_slice(&step[..count]);
    }
}

fn snappy(bytes: &[u8], limits: &IngestLimits, held: &mut HeldRoom, copies: usize) -> Result<Vec<u8>, IngestError> {
    let wrong = |error: snap::Error| IngestError::malformed(format!("the body cannot be decompressed: {error}"));
    let length = snap::raw::decompress_len(bytes).map_err(wrong)?;
    if length > limits.decoded_bytes {
        return Err(bomb(limits));
    }
    held.grow(length * copies)?;
    snap::raw::Decoder::new().decompress_vec(bytes).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn limits() -> IngestLimits {
        IngestLimits { body_bytes: 1 << 20, decoded_bytes: 1 << 20, ..IngestLimits::default() }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).expect("a vector takes it");
        encoder.finish().expect("a vector takes it")
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).expect("a vector takes it");
        encoder.finish().expect("a vector takes it")
    }

    fn all(text: &[u8]) -> [(BodyEncoding, Vec<u8>); 4] {
        let zstd = ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
        let snappy = snap::raw::Encoder::new().compress_vec(text).expect("it is short enough");
        [
            (BodyEncoding::Gzip, gzip(text)),
            (BodyEncoding::Deflate, zlib(text)),
            (BodyEncoding::Zstd, zstd),
            (BodyEncoding::Snappy, snappy),
        ]
    }

    fn undone(bytes: Vec<u8>, encoding: BodyEncoding, held: &mut HeldRoom) -> Result<Vec<u8>, IngestError> {
        decoded(bytes, encoding, &limits(), held, 2)
    }

    #[test]
    fn bodies_are_decompressed_and_bombs_are_refused() {
        for (encoding, bytes) in all(b"some text\n") {
            let mut held = HeldRoom::new(BodyRoom::new(1 << 30));
            assert_eq!(undone(bytes.clone(), encoding, &mut held).as_deref(), Ok(&b"some text\n"[..]), "{encoding:?}");
            assert!(undone(bytes[..bytes.len() - 3].to_vec(), encoding, &mut held).is_err(), "{encoding:?} is cut");
        }
        for (encoding, bytes) in all(&vec![0; 100 << 20]) {
            assert!(bytes.len() < 6 << 20, "{encoding:?}");
            let mut held = HeldRoom::new(BodyRoom::new(1 << 30));
            assert_eq!(undone(bytes, encoding, &mut held), Err(bomb(&limits())), "{encoding:?}");
            assert!(held.bytes <= 3 << 20, "{encoding:?} took {} bytes", held.bytes);
        }
    }

    #[test]
    fn records_take_room_for_their_text_too() {
        let text = vec![b'x'; 60_000];
        for (protocol, copies) in [(HttpProtocol::Events, 2), (HttpProtocol::Loki, 3)] {
            for (encoding, bytes) in all(&text).into_iter().chain([(BodyEncoding::Plain, text.clone())]) {
                let mut held = HeldRoom::new(BodyRoom::new(1 << 30));
                // The body as it came.
                let came = if encoding == BodyEncoding::Plain { text.len() } else { 0 };
                held.grow(came).expect("there is room");
                decoded(bytes, encoding, &limits(), &mut held, super::copies(protocol)).expect("it is a body");
                assert_eq!(held.bytes, copies * text.len(), "{encoding:?}");
            }
        }
    }

    #[test]
    fn room_for_all_bodies_is_bounded_and_comes_back() {
        let room = BodyRoom::new(64 << 10);
        let mut one = HeldRoom::new(room.clone());
        assert_eq!(one.grow(40 << 10), Ok(()));
        let mut other = HeldRoom::new(room);
        assert_eq!(other.grow(25 << 10), Err(IngestError::Busy));
        drop(one);
        assert_eq!(other.grow(25 << 10), Ok(()));
    }
}
