//! Which version of HTTP a client speaks: by its first bytes, which are then read again by the server.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What clients of HTTP/2 begin with (RFC 9113, section 3.4); no method of HTTP/1.1 begins so.
const PREFACE: [u8; 4] = *b"PRI ";

/// A stream of which the first bytes have been looked at.
pub(crate) struct Prefaced<S> {
    stream: S,
    first: [u8; PREFACE.len()],
    /// Bytes of `first` that were read, and those of them that were given out again.
    read: usize,
    given: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Prefaced<S> {
    /// Reads until the version is certain, or the client has closed its side.
    pub(crate) async fn read(stream: S) -> io::Result<Self> {
        let mut prefaced = Self { stream, first: [0; PREFACE.len()], read: 0, given: 0 };
        while prefaced.read < PREFACE.len() && prefaced.is_as_preface() {
            let count = poll_fn(|context| prefaced.poll_first(context)).await?;
            if count == 0 {
                break;
            }
        }
        Ok(prefaced)
    }

    /// Whether the client speaks HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        self.read == PREFACE.len() && self.is_as_preface()
    }

    fn is_as_preface(&self) -> bool {
        self.first[..self.read] == PREFACE[..self.read]
    }

    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.first[self.read..]);
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        let count = buffer.filled().len();
        self.read += count;
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefaced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given < self.read {
            let end = self.read.min(self.given + buffer.remaining());
            buffer.put_slice(&self.first[self.given..end]);
            self.given = end;
            // Together with what has come since: a head that came in one piece is parsed in one piece.
            if buffer.remaining() > 0
                && let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_read(context, buffer)
            {
                tracing::debug!("a connection broke within its head: {error}");
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefaced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
