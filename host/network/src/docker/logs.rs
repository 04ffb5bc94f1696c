//! What containers write, over the daemon's socket: each container that runs is followed, goes on where it was
//! committed, and lines that come again are left out.

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    path::PathBuf,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use lifesigns_intake::{DockerSettings, FollowFrom, SourceSettings};
use lifesigns_model::{Backoff, NS_PER_S, limits::LINE_BYTES};
use lifesigns_sources::{Activity, SourceError, SourceFeed};
use memchr::memrchr;
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinSet, LocalSet, spawn_local},
    time::sleep,
};

use super::{
    api::{self, ContainerEvent, DaemonError},
    frames::{OutputFrames, OutputPiece},
    log_position::{ContainerId, ContainerPosition, LogPositions, StreamPosition},
    records::{Container, OutputLine, RecordBatch},
};
use crate::{
    counters::{Counters, add},
    listener::runtime_of,
    race::{First, race, stopped},
    retry,
};

/// Containers that are read at one time; others wait until one of them ends.
const CONTAINERS: usize = 512;
/// The longest line of events; they have some hundred bytes.
const EVENT_BYTES: usize = 1 << 20;
/// Events after which a container may have written something, or is gone.
const EVENTS: &str =
    "/events?filters=%7B%22type%22:%5B%22container%22%5D,%22event%22:%5B%22start%22,%22die%22,%22destroy%22%5D%7D";

/// Reads what containers write until the source is stopped. A daemon that is not there is waited for.
pub(super) fn run(docker: &DockerSettings, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
    let failed = |cause| SourceError::Read { source_name: feed.name().to_owned(), cause };
    let counters = Arc::new(Counters::new(format!("unix://{}", docker.socket.display())));
    let shown = Arc::clone(&counters);
    feed.show_traffic(Arc::new(move || shown.traffic()));
    let (runtime, stop, stopped) = runtime_of(feed).map_err(failed)?;
    let positions = feed.position().and_then(LogPositions::from_bytes).unwrap_or_else(|| match docker.from {
        FollowFrom::Start => LogPositions::default(),
        FollowFrom::End => LogPositions::beginning_at(feed.clock().now_ns()),
    });
    let decoder = settings.format.decoder_with(Arc::clone(feed.clock()), &settings.time_formats);
    let batch =
        RecordBatch::new(feed.clone(), settings.object.clone(), decoder, Arc::clone(&counters), positions, stop);
    let reader = Rc::new(LogReader {
        socket: docker.socket.clone(),
        batch,
        counters,
        open: Semaphore::new(CONTAINERS),
        followed: RefCell::default(),
    });
    LocalSet::new().block_on(&runtime, reader.run(feed, stopped));
    Ok(())
}

/// Reads all containers of a daemon.
struct LogReader {
    socket: PathBuf,
    batch: Rc<RecordBatch>,
    counters: Arc<Counters>,
    open: Semaphore,
    /// Containers that are read, and whether something happened to one meanwhile: then it is read again.
    followed: RefCell<HashMap<ContainerId, bool>>,
}

impl LogReader {
    async fn run(self: Rc<Self>, feed: &SourceFeed, mut stop: watch::Receiver<bool>) {
        let flushing = spawn_local(Rc::clone(&self.batch).flush_when_idle());
        let mut backoff = retry::backoff();
        loop {
            let session = Rc::clone(&self).follow_all(feed, &mut backoff);
            let First::One(ended) = race(session, stopped(&mut stop)).await else { break };
            self.followed.borrow_mut().clear();
            let why = match ended {
                Ok(()) => "the daemon has closed the connection".to_owned(),
                Err(error) => format!("{}: {error}", self.socket.display()),
            };
            feed.set_activity(Activity::Waiting(why));
            if let First::Other(()) = race(sleep(backoff.pause()), stopped(&mut stop)).await {
                break;
            }
        }
        flushing.abort();
        self.batch.flush();
    }

    /// Follows containers until the connection that says which there are ends.
    async fn follow_all(self: Rc<Self>, feed: &SourceFeed, backoff: &mut Backoff) -> Result<(), DaemonError> {
        // Before the list, so that no container is missed in between.
        let mut events = api::get(&self.socket, EVENTS).await?;
        let there = api::containers(&self.socket).await?;
        feed.set_activity(Activity::Reading);
        backoff.reset();
        self.batch.positions.borrow_mut().retain(|id| there.iter().any(|(key, _)| key == id));
        // Dropped with this future: nothing is read without the daemon's events.
        let mut tasks = JoinSet::new();
        for (key, id) in there {
            self.follow(&mut tasks, key, id);
        }
        let mut bytes = Vec::new();
        while events.read(&mut bytes).await? {
            if let Some(end) = memrchr(b'\n', &bytes) {
                let text = String::from_utf8_lossy(&bytes[..end]);
                text.lines().filter_map(api::event).for_each(|event| self.note(&mut tasks, event));
                bytes.drain(..=end);
            }
            if bytes.len() > EVENT_BYTES {
                return Err(DaemonError::Answer);
            }
            while tasks.try_join_next().is_some() {}
        }
        Ok(())
    }

    fn note(self: &Rc<Self>, tasks: &mut JoinSet<()>, event: ContainerEvent) {
        if event.is_destroyed {
            self.batch.positions.borrow_mut().forget(&event.key);
        } else {
            self.follow(tasks, event.key, event.id);
        }
    }

    fn follow(self: &Rc<Self>, tasks: &mut JoinSet<()>, key: ContainerId, id: String) {
        if let Some(again) = self.followed.borrow_mut().get_mut(&key) {
            *again = true;
            return;
        }
        self.followed.borrow_mut().insert(key, false);
        tasks.spawn_local(Rc::clone(self).read(key, id));
    }

    /// Reads a container until it has ended and everything is read, or it is gone.
    async fn read(self: Rc<Self>, key: ContainerId, id: String) {
        // It is never closed.
        let Ok(_permit) = self.open.acquire().await else { return };
        let mut backoff = retry::backoff();
        loop {
            self.followed.borrow_mut().insert(key, false);
            match self.read_once(&id).await {
                Ok(()) => {}
                Err(DaemonError::Status { status: 404, .. }) => break,
                // Such as a log driver that cannot be read: trying again does not help.
                Err(error @ DaemonError::Status { .. }) => {
                    add(&self.counters.refused, 1);
                    self.counters.note(format!("container {}: {error}", &id[..12]));
                    break;
                }
                Err(error) => {
                    self.counters.note(format!("container {}: {error}", &id[..12]));
                    sleep(backoff.pause()).await;
                    continue;
                }
            }
            if self.followed.borrow().get(&key) != Some(&true) {
                break;
            }
        }
        self.followed.borrow_mut().remove(&key);
    }

    async fn read_once(&self, id: &str) -> Result<(), DaemonError> {
        let container = api::container(&self.socket, id).await?;
        let (position, since_ns) = self.batch.positions.borrow().of(&container.key);
        let (seconds, nanos) = (since_ns / NS_PER_S, since_ns % NS_PER_S);
        let path = format!("/containers/{id}/logs?follow=1&stdout=1&stderr=1&timestamps=1&since={seconds}.{nanos:09}");
        let mut output = api::get(&self.socket, &path).await?;
        let _open = OpenContainer::begin(&self.counters);
        let (mut frames, mut bytes) = (OutputFrames::new(container.is_terminal), Vec::new());
        let mut reading = ContainerReading::new(&container, position);
        while output.read(&mut bytes).await? {
            add(&self.counters.bytes, bytes.len() as u64);
            let read = frames.read(&bytes, |piece| reading.take(&piece, &self.batch));
            read.map_err(io::Error::other)?;
            bytes.clear();
            // Others have their turn.
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// Counts a container as open while it is read.
struct OpenContainer<'c>(&'c Counters);

impl<'c> OpenContainer<'c> {
    fn begin(counters: &'c Counters) -> Self {
        add(&counters.connections, 1);
        Self(counters)
    }
}

impl Drop for OpenContainer<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

/// Joins pieces of one container to lines, without those that were read before.
struct ContainerReading<'c> {
    container: &'c Container,
    streams: [StreamReading; 2],
}

#[derive(Default)]
struct StreamReading {
    /// How far it was read before; `None` once it is behind that.
    known: Option<StreamPosition>,
    position: StreamPosition,
    line: Vec<u8>,
    time_ns: Option<u64>,
    is_cut: bool,
    is_open: bool,
}

impl StreamReading {
    fn new(position: StreamPosition) -> Self {
        Self { known: Some(position).filter(|position| position.time_ns > 0), position, ..Self::default() }
    }

    /// Whether a piece of this time was read before.
    fn is_known(&mut self, time_ns: u64) -> bool {
        let Some(known) = &mut self.known else { return false };
        if time_ns < known.time_ns {
            return true;
        }
        if time_ns == known.time_ns && known.count > 0 {
            known.count -= 1;
            return true;
        }
        self.known = None;
        false
    }
}

impl<'c> ContainerReading<'c> {
    fn new(container: &'c Container, position: ContainerPosition) -> Self {
        use super::frames::OutputStream::{Err, Out};
        Self { container, streams: [Out, Err].map(|stream| StreamReading::new(position.of(stream))) }
    }

    fn take(&mut self, piece: &OutputPiece<'_>, batch: &RecordBatch) {
        let stream = &mut self.streams[piece.stream as usize];
        if let Some(time_ns) = piece.time_ns {
            if stream.is_known(time_ns) {
                return;
            }
            stream.position = stream.position.after(time_ns);
        }
        if !stream.is_open {
            stream.time_ns = piece.time_ns;
        }
        stream.is_open = !piece.is_end;
        let room = LINE_BYTES.saturating_sub(stream.line.len());
        stream.is_cut |= piece.text.len() > room;
        stream.line.extend_from_slice(&piece.text[..piece.text.len().min(room)]);
        if !piece.is_end {
            return;
        }
        let (text, is_cut) = (std::mem::take(&mut stream.line), std::mem::take(&mut stream.is_cut));
        if text.is_empty() {
            return;
        }
        let (time_ns, position) = (stream.time_ns, stream.position);
        batch.push(self.container, &OutputLine { stream: piece.stream, time_ns, text: &text, is_cut, position });
    }
}
