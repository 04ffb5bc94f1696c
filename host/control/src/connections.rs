//! Connections that are open: how many, and how to end them.

use std::{
    collections::BTreeMap,
    io,
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Connections that are open.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    streams: BTreeMap<u64, UnixStream>,
    closed: bool,
}

/// A place among them, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    of: &'a Connections,
    number: u64,
}

impl Connections {
    /// A place for `stream`, if fewer than `most` are taken and none was closed.
    pub(crate) fn enter(&self, stream: &UnixStream, most: usize) -> io::Result<Option<Place<'_>>> {
        let mut open = self.open();
        if open.closed || open.streams.len() >= most {
            return Ok(None);
        }
        let number = open.next;
        open.next += 1;
        open.streams.insert(number, stream.try_clone()?);
        Ok(Some(Place { of: self, number }))
    }

    /// Lets nobody in any more, and lets those who are in send nothing more. What they asked for
    /// already is still answered, if they take the answer within `grace`.
    pub(crate) fn close(&self, grace: Duration) {
        let mut open = self.open();
        open.closed = true;
        open.end(Shutdown::Read);
        let waited = self.left.wait_timeout_while(open, grace, |open| !open.streams.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.end(Shutdown::Both);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn end(&self, how: Shutdown) {
        for stream in self.streams.values() {
            // One that is gone needs no ending.
            let _ = stream.shutdown(how);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.of.open().streams.remove(&self.number);
        self.of.left.notify_all();
    }
}
