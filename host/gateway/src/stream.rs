//! Answers that are written while the client reads them: of a long list only a few pieces are in memory, and what
//! makes them waits for the client.

use std::{
    io::{self, Write},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

/// How much is written before it is sent. An answer that is shorter is sent whole.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that wait for the client.
const PIECES: usize = 2;

/// A piece of an answer.
enum Piece {
    /// More follow.
    Part(Bytes),
    Last(Bytes),
}

/// How an answer begins.
pub(crate) enum Beginning {
    /// It is short, and this is all of it.
    Whole(Vec<u8>),
    /// The rest is written while this is read.
    Stream(StreamedBody),
}

/// Writes an answer as JSON, on a thread where waiting is allowed. `begin` gets the beginning as soon as it is clear
/// how long the answer is; what follows goes to the body, as fast as the client takes it.
///
/// # Errors
///
/// The client has gone, or the answer is no JSON. The first one has no consequence.
pub(crate) fn write<T: Serialize>(answer: &T, begin: oneshot::Sender<Beginning>) -> Result<(), serde_json::Error> {
    let mut pieces = PieceWriter { buffer: Vec::new(), begin: Some(begin), sender: None };
    serde_json::to_writer(&mut pieces, answer)?;
    pieces.finish().map_err(serde_json::Error::io)
}

/// Does the same for an answer that `text` writes in a form of its own.
///
/// # Errors
/// The client has gone, or the text cannot be written. The first one has no consequence.
pub(crate) fn write_text(
    text: impl FnOnce(&mut PieceWriter) -> io::Result<()>,
    begin: oneshot::Sender<Beginning>,
) -> io::Result<()> {
    let mut pieces = PieceWriter { buffer: Vec::new(), begin: Some(begin), sender: None };
    text(&mut pieces)?;
    pieces.finish()
}

/// Sends what is written to it in pieces.
pub(crate) struct PieceWriter {
    buffer: Vec<u8>,
    /// Until the first piece is full.
    begin: Option<oneshot::Sender<Beginning>>,
    /// From then on.
    sender: Option<mpsc::Sender<Piece>>,
}

impl PieceWriter {
    /// Sends a piece that more follow.
    fn send(&mut self) -> io::Result<()> {
        if let Some(begin) = self.begin.take() {
            let (sender, pieces) = mpsc::channel(PIECES);
            self.sender = Some(sender);
            begin.send(Beginning::Stream(StreamedBody { pieces, ended: false })).map_err(|_| gone())?;
        }
        let piece = Bytes::from(mem::take(&mut self.buffer));
        self.pass(Piece::Part(piece))
    }

    fn finish(mut self) -> io::Result<()> {
        if let Some(begin) = self.begin.take() {
            return begin.send(Beginning::Whole(self.buffer)).map_err(|_| gone());
        }
        let piece = Bytes::from(mem::take(&mut self.buffer));
        self.pass(Piece::Last(piece))
    }

    /// Waits until there is room: as long as the client reads, however slowly.
    fn pass(&self, piece: Piece) -> io::Result<()> {
        let Some(sender) = &self.sender else { unreachable!("the body has begun") };
        sender.blocking_send(piece).map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The body of an answer that is still being written.
pub(crate) struct StreamedBody {
    pieces: mpsc::Receiver<Piece>,
    ended: bool,
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match ready!(self.pieces.poll_recv(context)) {
            Some(Piece::Part(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Piece::Last(bytes)) => {
                self.ended = true;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            // Its writer has failed: the connection must not end as if this were the whole.
            None => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
    }

    #[test]
    fn a_short_answer_is_sent_whole() {
        let (begin, begun) = oneshot::channel();
        write(&["short"], begin).expect("it is taken");
        assert!(matches!(begun.blocking_recv(), Ok(Beginning::Whole(body)) if body == b"[\"short\"]"));
    }

    #[test]
    fn what_writes_a_long_answer_waits_for_the_client() {
        let list: Vec<String> = (0..100_000).map(|number| format!("alert {number:010}")).collect();
        let expected = serde_json::to_vec(&list).expect("plain data");
        let (begin, begun) = oneshot::channel();
        let writing = std::thread::spawn(move || write(&list, begin));
        let Ok(Beginning::Stream(mut body)) = begun.blocking_recv() else { panic!("it is long") };
        let first = runtime().block_on(body.frame()).expect("a piece").expect("no error").into_data().expect("data");
        assert!(first.len() < 2 * PIECE_BYTES);
        // There is room for few pieces: the writer cannot have come to the end.
        assert!(!writing.is_finished() && body.pieces.len() <= PIECES);
        let rest = runtime().block_on(body.collect()).expect("no error").to_bytes();
        assert!(writing.join().expect("no panic").is_ok());
        assert_eq!([first, rest].concat(), expected);
    }

    #[test]
    fn a_client_that_goes_ends_the_writing_and_a_writer_that_fails_breaks_the_body() {
        let list = vec!["x".repeat(1000); 1000];
        let (begin, begun) = oneshot::channel();
        let writing = std::thread::spawn(move || write(&list, begin));
        drop(begun.blocking_recv());
        assert!(writing.join().expect("no panic").is_err());
        let (sender, pieces) = mpsc::channel(PIECES);
        sender.blocking_send(Piece::Part(Bytes::from_static(b"[1,"))).expect("there is room");
        drop(sender);
        assert!(runtime().block_on(StreamedBody { pieces, ended: false }.collect()).is_err());
    }
}
