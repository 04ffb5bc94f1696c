//! Streams of changes as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::{
    fmt::Write as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::Frame;
use lifesigns_api::{ApiError, ChangeEvent, ChangeFeed};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// Streams at one time.
const STREAMS: usize = 64;
/// Changes that are written at once.
const BATCH: usize = 64;
/// A comment is sent after this long without a change, so that a connection that is dead is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What all streams share.
pub(crate) struct Streams {
    feed: Arc<dyn ChangeFeed>,
    changed: Arc<Notify>,
    permits: Arc<Semaphore>,
    /// Ends when the gateway stops.
    stopped: watch::Receiver<()>,
}

impl Streams {
    pub(crate) fn new(feed: Arc<dyn ChangeFeed>, stopped: watch::Receiver<()>) -> Self {
        let changed = Arc::new(Notify::new());
        let wake = Arc::clone(&changed);
        feed.wake_with(Box::new(move || wake.notify_waiters()));
        Self { feed, changed, permits: Arc::new(Semaphore::new(STREAMS)), stopped }
    }

    /// Begins a stream, from now on or after the event that a client had last.
    pub(crate) fn open(self: Arc<Self>, last_event: Option<&str>) -> Result<EventBody, ApiError> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            let text = format!("{STREAMS} clients follow changes already, which is the most");
            return Err(ApiError::Unavailable(text));
        };
        let (begin, at) = begin(&*self.feed, last_event);
        let (sender, pieces) = mpsc::channel(1);
        tokio::spawn(send(self, at, begin, sender, permit));
        Ok(EventBody(pieces))
    }
}

/// Returns what is said first, and the number of the last change that the client has.
fn begin(feed: &dyn ChangeFeed, last_event: Option<&str>) -> (String, u64) {
    let (run, last) = (feed.run(), feed.last());
    let had = last_event.and_then(|id| {
        let (run, number) = id.split_once('-')?;
        Some((u64::from_str_radix(run, 16).ok()?, number.parse::<u64>().ok()?))
    });
    let mut text = "retry: 3000\n\n".to_owned();
    let at = match had {
        Some((of, number)) if of == run && number <= last => return (text, number),
        // The host has started since, or it never was an id: how much was missed is not known.
        Some(_) => {
            event(&mut text, run, last, "missed", "{\"missed\":null}");
            last
        }
        None => last,
    };
    event(&mut text, run, at, "begin", "{}");
    (text, at)
}

async fn send(
    streams: Arc<Streams>,
    mut at: u64,
    mut text: String,
    sender: mpsc::Sender<Bytes>,
    permit: OwnedSemaphorePermit,
) {
    let (feed, run, mut stopped) = (Arc::clone(&streams.feed), streams.feed.run(), streams.stopped.clone());
    loop {
        // Before the look, so that a change after it wakes.
        let changed = streams.changed.notified();
        let batch = feed.after(at, BATCH);
        if batch.missed > 0 {
            let first = batch.last - batch.events.len() as u64;
            event(&mut text, run, first, "missed", &format!("{{\"missed\":{}}}", batch.missed));
        }
        let first = batch.last - batch.events.len() as u64;
        for (number, change) in (first + 1..).zip(&batch.events) {
            let (kind, data) = match change {
                ChangeEvent::Alert(alert) => ("alert", serde_json::to_string(alert)),
                ChangeEvent::Badge(badge) => ("badge", serde_json::to_string(badge)),
            };
            event(&mut text, run, number, kind, &data.unwrap_or_default());
        }
        at = batch.last;
        if text.is_empty() {
            tokio::select! {
                () = changed => continue,
                () = tokio::time::sleep(KEEP_ALIVE) => text.push_str(": nothing new\n\n"),
                _ = stopped.changed() => break,
                () = sender.closed() => break,
            }
        }
        // It waits for the client; what changes meanwhile is in the feed, or missed and counted.
        let piece = Bytes::from(std::mem::take(&mut text));
        tokio::select! {
            sent = sender.send(piece) => if sent.is_err() { break },
            _ = stopped.changed() => break,
        }
    }
    drop(permit);
}

/// Writes an event. JSON has no line breaks outside of its texts, and those are escaped.
fn event(text: &mut String, run: u64, number: u64, kind: &str, data: &str) {
    let _ = write!(text, "id: {run:x}-{number}\nevent: {kind}\ndata: {data}\n\n");
}

/// The body of a stream of events.
pub(crate) struct EventBody(mpsc::Receiver<Bytes>);

impl hyper::body::Body for EventBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}
