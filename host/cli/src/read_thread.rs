//! The chunks of a pipe, read by a thread of its own: its reader knows whether there is one.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread,
};

/// Chunks that are read and not taken, beside the one that is being read.
const AHEAD: usize = 1;

type Chunk = io::Result<Option<Vec<u8>>>;

/// See the module. The thread ends with the stream, or when its next chunk has no reader any more.
pub(crate) struct ReadThread {
    chunks: Receiver<Chunk>,
    spare: SyncSender<Vec<u8>>,
    /// The next chunk, if it was looked for and has come.
    next: Option<Chunk>,
}

impl ReadThread {
    /// Reads by `read`, which may reuse the buffer that it is passed, until it gives no chunk.
    pub(crate) fn start(mut read: impl FnMut(Vec<u8>) -> Chunk + Send + 'static) -> io::Result<Self> {
        let (send, chunks) = sync_channel(AHEAD);
        let (spare, returned) = sync_channel(AHEAD);
        thread::Builder::new().name("lifesigns-pipe".to_owned()).spawn(move || {
            loop {
                let chunk = read(returned.try_recv().unwrap_or_default());
                let is_last = !matches!(chunk, Ok(Some(_)));
                if send.send(chunk).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { chunks, spare, next: None })
    }

    /// Returns the next chunk; waits for it.
    pub(crate) fn next_chunk(&mut self, spare: Vec<u8>) -> Chunk {
        // What there is no room for is dropped.
        let _ = self.spare.try_send(spare);
        match self.next.take() {
            Some(chunk) => chunk,
            // After its end.
            None => self.chunks.recv().unwrap_or(Ok(None)),
        }
    }

    /// Returns whether the next chunk, or the end, has come.
    pub(crate) fn is_ready(&mut self) -> bool {
        if self.next.is_none() {
            self.next = match self.chunks.try_recv() {
                Ok(chunk) => Some(chunk),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(Ok(None)),
            };
        }
        self.next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_chunk_is_ready_when_it_has_come_and_so_is_the_end() {
        let (write, written) = channel::<&str>();
        let mut thread =
            ReadThread::start(move |_| Ok(written.recv().ok().map(|text| text.as_bytes().to_vec()))).unwrap();
        assert!(!thread.is_ready());
        write.send("a").unwrap();
        assert_eq!(thread.next_chunk(Vec::new()).unwrap().as_deref(), Some(&b"a"[..]));
        write.send("b").unwrap();
        while !thread.is_ready() {
            thread::yield_now();
        }
        assert!(thread.is_ready());
        assert_eq!(thread.next_chunk(Vec::new()).unwrap().as_deref(), Some(&b"b"[..]));
        drop(write);
        for _ in 0..2 {
            while !thread.is_ready() {
                thread::yield_now();
            }
            assert!(thread.next_chunk(Vec::new()).unwrap().is_none());
        }
    }
}
