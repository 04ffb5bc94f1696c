//! Reading from a socket or a pipe until a source is stopped.

use std::{
    io::{self, Read},
    os::fd::AsFd,
};

use lifesigns_model::WakeSignal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A read looks at least so often whether it is stopped.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Reads until the signal is stopped; then there is nothing more.
pub(crate) struct Stoppable<R> {
    inner: R,
    stop: WakeSignal,
}

impl<R> Stoppable<R> {
    pub(crate) const fn new(inner: R, stop: WakeSignal) -> Self {
        Self { inner, stop }
    }
}

impl<R: Read + AsFd> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.stop.is_stopped() {
            let ready = poll(&mut [PollFd::new(&self.inner, PollFlags::IN)], Some(&LOOK))?;
            if ready > 0 {
                return self.inner.read(buffer);
            }
        }
        Ok(0)
    }
}
