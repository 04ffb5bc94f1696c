//! A body of any length as it comes, no longer compressed: a thread of its own takes the pieces of the body and gives back
//! what they contain. What is held between is bounded.

use std::{
    io::{self, Read},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use lifesigns_intake::Compression;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};

use crate::{body::BodyEncoding, error::IngestError};

/// The largest window of Zstandard: what `zstd -19` needs.
const WINDOW_BYTES: usize = 8 << 20;
/// What is unpacked at once.
const STEP_BYTES: usize = 64 << 10;
/// Pieces that wait, of the body and of what it contains.
const WAITING: usize = 2;

/// The most that this holds beside what [`WAITING`] pieces of the body have.
pub(crate) const HELD_BYTES: usize = WINDOW_BYTES + (WAITING + 1) * STEP_BYTES;

/// The pieces of a body.
pub(crate) enum BodyPieces {
    /// As they come.
    Plain(Body, Duration),
    /// What they contain.
    Unpacked(Receiver<Result<Bytes, IngestError>>),
}

impl BodyPieces {
    /// Takes a body of which each piece comes within `idle`.
    ///
    /// # Errors
    /// The encoding is none that can be undone while the body comes.
    pub(crate) fn new(body: Body, encoding: BodyEncoding, idle: Duration) -> Result<Self, IngestError> {
        let compression = match encoding {
            BodyEncoding::Plain => return Ok(Self::Plain(body, idle)),
            BodyEncoding::Gzip => Compression::Gzip,
            BodyEncoding::Zstd => Compression::Zstd { window_bytes: 0 },
            BodyEncoding::Deflate | BodyEncoding::Snappy => return Err(unknown_encoding()),
        };
        let (packed, packed_pieces) = mpsc::channel(WAITING);
        let (unpacked, pieces) = mpsc::channel(WAITING);
        tokio::spawn(forward(Self::Plain(body, idle), packed));
        tokio::task::spawn_blocking(move || unpack(packed_pieces, compression, &unpacked));
        Ok(Self::Unpacked(pieces))
    }

    /// Returns the next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, IngestError>> {
        match self {
            Self::Unpacked(pieces) => pieces.recv().await,
            Self::Plain(body, idle) => loop {
                let Ok(next) = timeout(*idle, body.frame()).await else { return Some(Err(IngestError::Slow)) };
                match next? {
                    Ok(frame) => {
                        if let Ok(data) = frame.into_data() {
                            return Some(Ok(data));
                        }
                    }
                    Err(error) => {
                        return Some(Err(IngestError::malformed(format!("the body cannot be read: {error}"))));
                    }
                }
            },
        }
    }
}

/// The error for an upload that is compressed otherwise.
pub(crate) fn unknown_encoding() -> IngestError {
    IngestError::MediaType(
        "an upload of the journal is as it is, or has Content-Encoding gzip or zstd: set `Compression=zstd`",
    )
}

/// Hands pieces of a body on until its end, a fault, or until they are not wanted any longer.
async fn forward(mut body: BodyPieces, packed: Sender<Result<Bytes, IngestError>>) {
    while let Some(piece) = Box::pin(body.next()).await {
        let is_fault = piece.is_err();
        if packed.send(piece).await.is_err() || is_fault {
            return;
        }
    }
}

/// Unpacks what comes, until the end or a fault.
fn unpack(
    packed: Receiver<Result<Bytes, IngestError>>,
    compression: Compression,
    out: &Sender<Result<Bytes, IngestError>>,
) {
    let (faults, fault) = std::sync::mpsc::channel();
    let source = PieceReader { pieces: packed, piece: Bytes::new(), faults };
    let mut reader = compression.reader_within(source, WINDOW_BYTES);
    loop {
        let mut step = vec![0; STEP_BYTES];
        let piece = match reader.read(&mut step) {
            Ok(0) => return,
            Ok(count) => {
                step.truncate(count);
                Ok(Bytes::from(step))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // That the body ended is the cause, not what the decoder makes of it.
            Err(error) => Err(fault
                .try_recv()
                .unwrap_or_else(|_| IngestError::malformed(format!("the body cannot be decompressed: {error}")))),
        };
        let is_fault = piece.is_err();
        if out.blocking_send(piece).is_err() || is_fault {
            return;
        }
    }
}

/// Reads the pieces of a body, on a thread where waiting is allowed.
struct PieceReader {
    pieces: Receiver<Result<Bytes, IngestError>>,
    piece: Bytes,
    /// Takes what was wrong with the body.
    faults: std::sync::mpsc::Sender<IngestError>,
}

impl Read for PieceReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(fault)) => {
                    let _ = self.faults.send(fault);
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
        let count = into.len().min(self.piece.len());
        into[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}
