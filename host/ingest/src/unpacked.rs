//! A body of any length as it comes, no longer compressed: a thread of its own takes the pieces of the body and gives back
//! what they contain. What is held between is bounded. The end is a piece without bytes: without it, the other side has
//! failed.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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

use crate::{
    body::{BodyEncoding, BodyRoom, HeldRoom},
    error::IngestError,
};

/// The largest window of Zstandard: what `zstd -19` needs.
const WINDOW_BYTES: usize = 8 << 20;
/// What is unpacked at once.
const STEP_BYTES: usize = 64 << 10;
/// Pieces that wait, of the body and of what it contains.
const WAITING: usize = 2;

/// What a decoder of Zstandard holds beside its window.
const ZSTD_BYTES: usize = 512 << 10;
/// The most of a body that may come to nothing: a decoder keeps a window back, frames that are skipped have no end.
const BARREN_BYTES: usize = 4 * WINDOW_BYTES;
/// As many pauses of a body may pass until something comes of it.
const BARREN_PAUSES: u32 = 30;

type PieceResult = Result<Bytes, IngestError>;

/// Returns the most that is held beside what [`WAITING`] pieces of the body have.
const fn held_bytes(compression: Compression) -> usize {
    let decoder = match compression {
        Compression::Zstd { .. } => 2 * WINDOW_BYTES + ZSTD_BYTES,
        other => other.open_bytes(),
    };
    decoder + (WAITING + 1) * STEP_BYTES
}

/// The pieces of a body.
pub(crate) enum BodyPieces {
    /// As they come.
    Plain(Body, Duration),
    /// What they contain, each within this time.
    Unpacked(Receiver<PieceResult>, Duration),
}

impl BodyPieces {
    /// Takes a body of which each piece comes within `idle`, and room for what is unpacked, until the thread has ended.
    ///
    /// # Errors
    /// The encoding is none that can be undone while the body comes, or there is no room.
    pub(crate) fn new(body: Body, encoding: BodyEncoding, idle: Duration, room: BodyRoom) -> Result<Self, IngestError> {
        let compression = match encoding {
            BodyEncoding::Plain => return Ok(Self::Plain(body, idle)),
            BodyEncoding::Gzip => Compression::Gzip,
            BodyEncoding::Zstd => Compression::Zstd { window_bytes: 0 },
            BodyEncoding::Deflate | BodyEncoding::Snappy => return Err(unknown_encoding()),
        };
        let mut held = HeldRoom::new(room);
        held.grow(held_bytes(compression))?;
        let (packed, packed_pieces) = mpsc::channel(WAITING);
        let (unpacked, pieces) = mpsc::channel(WAITING);
        tokio::spawn(forward(Self::Plain(body, idle), packed, unpacked.clone()));
        tokio::task::spawn_blocking(move || {
            unpack(packed_pieces, compression, &unpacked);
            drop(held);
        });
        Ok(Self::Unpacked(pieces, idle.saturating_mul(BARREN_PAUSES)))
    }

    /// Returns the next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<PieceResult> {
        match self {
            Self::Unpacked(pieces, most) => match timeout(*most, pieces.recv()).await {
                Ok(Some(Ok(piece))) if piece.is_empty() => None,
                Ok(Some(piece)) => Some(piece),
                // That there is nothing more is no end: the entries that are missing would never be sent again.
                Ok(None) => Some(Err(IngestError::Internal)),
                Err(_) => Some(Err(IngestError::Slow)),
            },
            Self::Plain(body, idle) => loop {
                let Ok(next) = timeout(*idle, body.frame()).await else { return Some(Err(IngestError::Slow)) };
                match next? {
                    Ok(frame) => {
                        if let Ok(data) = frame.into_data()
                            && !data.is_empty()
                        {
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
async fn forward(mut body: BodyPieces, packed: Sender<PieceResult>, unpacked: Sender<PieceResult>) {
    loop {
        let piece = tokio::select! {
            piece = Box::pin(body.next()) => piece,
            () = packed.closed() => return,
            () = unpacked.closed() => return,
        };
        let is_last = !matches!(piece, Some(Ok(_)));
        if packed.send(piece.unwrap_or(Ok(Bytes::new()))).await.is_err() || is_last {
            return;
        }
    }
}

/// Unpacks what comes, until the end or a fault.
fn unpack(packed: Receiver<PieceResult>, compression: Compression, out: &Sender<PieceResult>) {
    let (faults, fault) = std::sync::mpsc::channel();
    let barren = Arc::new(AtomicUsize::new(0));
    let source =
        PieceReader { pieces: packed, piece: Bytes::new(), has_ended: false, faults, barren: Arc::clone(&barren) };
    let mut reader = compression.reader_within(source, WINDOW_BYTES);
    loop {
        let mut step = vec![0; STEP_BYTES];
        let piece = match reader.read(&mut step) {
            Ok(count) => {
                barren.store(0, Ordering::Relaxed);
                step.truncate(count);
                Ok(Bytes::from(step))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // That the body ended is the cause, not what the decoder makes of it.
            Err(error) => Err(fault
                .try_recv()
                .unwrap_or_else(|_| IngestError::malformed(format!("the body cannot be decompressed: {error}")))),
        };
        let is_last = piece.as_ref().map_or(true, Bytes::is_empty);
        if out.blocking_send(piece).is_err() || is_last {
            return;
        }
    }
}

/// Reads the pieces of a body, on a thread where waiting is allowed.
struct PieceReader {
    pieces: Receiver<PieceResult>,
    piece: Bytes,
    has_ended: bool,
    /// Takes what was wrong with the body.
    faults: std::sync::mpsc::Sender<IngestError>,
    /// Bytes of the body since something came of it.
    barren: Arc<AtomicUsize>,
}

impl PieceReader {
    fn fail(&self, fault: IngestError) -> io::Error {
        let _ = self.faults.send(fault);
        io::ErrorKind::ConnectionAborted.into()
    }
}

impl Read for PieceReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            if self.has_ended {
                return Ok(0);
            }
            match self.pieces.blocking_recv().unwrap_or(Err(IngestError::Internal)) {
                Ok(piece) => (self.has_ended, self.piece) = (piece.is_empty(), piece),
                Err(fault) => return Err(self.fail(fault)),
            }
        }
        let count = into.len().min(self.piece.len());
        if self.barren.fetch_add(count, Ordering::Relaxed) > BARREN_BYTES {
            return Err(self.fail(IngestError::malformed("nothing comes of much of the body")));
        }
        into[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zstd(text: &[u8]) -> Bytes {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest).into()
    }

    /// Returns what is made of pieces, of which the last is not the end.
    fn unpacked(pieces: &[PieceResult]) -> Vec<PieceResult> {
        let (packed, packed_pieces) = mpsc::channel(pieces.len());
        for piece in pieces {
            packed.try_send(piece.clone()).expect("there is room");
        }
        drop(packed);
        let (out, mut made) = mpsc::channel(100);
        unpack(packed_pieces, Compression::Zstd { window_bytes: 0 }, &out);
        std::iter::from_fn(|| made.try_recv().ok()).collect()
    }

    #[test]
    fn a_body_ends_when_it_says_so() {
        let (text, end) = (Ok(Bytes::from_static(b"text")), Ok(Bytes::new()));
        assert_eq!(unpacked(&[Ok(zstd(b"text")), end.clone()]), [text.clone(), end]);
        assert_eq!(unpacked(&[Ok(zstd(b"text"))]), [text.clone(), Err(IngestError::Internal)]);
        assert_eq!(unpacked(&[Ok(zstd(b"text")), Err(IngestError::Slow)]), [text, Err(IngestError::Slow)]);
    }

    #[test]
    fn a_thread_that_ends_without_a_word_has_failed() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (thread, pieces) = mpsc::channel(1);
        thread.try_send(Ok(Bytes::from_static(b"text"))).expect("there is room");
        drop(thread);
        let mut body = BodyPieces::Unpacked(pieces, Duration::from_secs(60));
        assert_eq!(runtime.block_on(body.next()), Some(Ok(Bytes::from_static(b"text"))));
        assert_eq!(runtime.block_on(body.next()), Some(Err(IngestError::Internal)));
    }

    #[test]
    fn a_body_of_which_nothing_comes_is_not_read_on() {
        let mut head = vec![0x50, 0x2a, 0x4d, 0x18];
        head.extend_from_slice(&u32::MAX.to_le_bytes());
        let filling = Ok(Bytes::from(vec![0; 1 << 20]));
        let pieces: Vec<PieceResult> = std::iter::once(Ok(head.into())).chain(vec![filling; 40]).collect();
        let made = unpacked(&pieces);
        assert!(
            matches!(made.as_slice(), [Err(IngestError::Malformed(why))] if why.contains("nothing comes")),
            "{made:?}"
        );
    }

    #[test]
    fn without_room_nothing_is_begun() {
        let room = BodyRoom::new(held_bytes(Compression::Zstd { window_bytes: 0 }) - 1024);
        // There is no runtime in which something could be begun.
        let refused = BodyPieces::new(Body::empty(), BodyEncoding::Zstd, Duration::from_secs(1), room);
        assert_eq!(refused.err(), Some(IngestError::Busy));
    }

    #[test]
    fn what_nobody_waits_for_any_longer_ends_and_gives_its_room_back() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let room = BodyRoom::new(held_bytes(Compression::Gzip));
            let (open, closed) = tokio::sync::oneshot::channel::<()>();
            let endless = async move {
                let _open = open;
                std::future::pending().await
            };
            let body = Body::new(http_body_util::Empty::<Bytes>::new().with_trailers(endless));
            let pieces = BodyPieces::new(body, BodyEncoding::Gzip, Duration::from_secs(600), room.clone());
            assert_eq!(HeldRoom::new(room.clone()).grow(1), Err(IngestError::Busy));
            drop(pieces);
            assert!(timeout(Duration::from_secs(60), closed).await.is_ok_and(|closed| closed.is_err()));
            while HeldRoom::new(room.clone()).grow(1).is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }

    #[test]
    fn nothing_for_long_is_too_slow() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (_thread, pieces) = mpsc::channel(1);
        let mut body = BodyPieces::Unpacked(pieces, Duration::from_millis(1));
        assert_eq!(runtime.block_on(body.next()), Some(Err(IngestError::Slow)));
    }
}
