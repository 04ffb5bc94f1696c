//! One receiver, of one protocol: a request is read, decoded, submitted, and answered when it is committed.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use lifesigns_intake::{HttpSettings, SourceSettings};
use lifesigns_model::{AckCallback, Decoder};
use lifesigns_sources::{Content, SourceFeed, TrySubmission};
use tokio::sync::oneshot;

use crate::{
    batch::{EventBatch, ItemCounts, Piece},
    body::{self, BodyEncoding, BodyRoom, HeldRoom},
    counters::ReceiverCounters,
    decode::{DecodeContext, DecodeError, MetricNames},
    error::IngestError,
    grpc,
    incoming::IncomingRequest,
    keys::{KeyClaim, KeyRefusal, SeenKeys},
    limits::IngestLimits,
    seen_entries::SeenEntries,
};

/// Bodies up to this length are decoded where they are read; longer ones would hold up other requests.
const INLINE_BYTES: usize = 8 << 10;

/// See the module.
pub(crate) struct Receiver {
    feed: SourceFeed,
    /// Decodes the text of records.
    text_decoder: Arc<dyn Decoder>,
    /// The object of what names none, where the sender's address is not known.
    object: String,
    metrics: MetricNames,
    /// The label of a sample that names the object.
    pub(crate) metric_object: String,
    pub(crate) limits: IngestLimits,
    room: BodyRoom,
    /// As how many bodies one counts with what is made of it.
    copies: usize,
    pub(crate) counters: Arc<ReceiverCounters>,
    keys: Mutex<SeenKeys>,
    /// Of the journal of systemd: which entries were taken.
    entries: Mutex<SeenEntries>,
}

/// What was taken of a request and is committed.
#[derive(Debug)]
pub(crate) struct Received<T> {
    pub(crate) counts: ItemCounts,
    /// What the protocol's decoder returned.
    pub(crate) outcome: T,
}

/// A request that is decoded.
struct Prepared<T> {
    pieces: Vec<Piece>,
    counts: ItemCounts,
    outcome: T,
    claim: Option<ClaimGuard>,
}

/// A claim of a key, released when it is dropped before anything was submitted.
struct ClaimGuard {
    receiver: Arc<Receiver>,
    claim: KeyClaim,
    is_submitted: bool,
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        if !self.is_submitted {
            self.receiver.keys().release(&self.claim);
        }
    }
}

impl Receiver {
    /// Returns a receiver that goes on with the keys that its source has committed.
    pub(crate) fn new(
        settings: &SourceSettings,
        http: &HttpSettings,
        feed: SourceFeed,
        limits: IngestLimits,
        room: BodyRoom,
    ) -> Self {
        Self {
            text_decoder: settings.format.decoder_with(Arc::clone(feed.clock()), &settings.time_formats),
            object: settings.object.clone(),
            metrics: MetricNames::new(http.metrics.clone()),
            metric_object: http.metric_object.clone(),
            limits,
            room,
            copies: body::copies(http.protocol),
            counters: Arc::new(ReceiverCounters::new(http.protocol)),
            keys: Mutex::new(SeenKeys::from_cursor(feed.position())),
            entries: Mutex::new(SeenEntries::from_cursor(feed.position())),
            feed,
        }
    }

    /// Returns the host's clock now, nanoseconds since the Unix epoch.
    pub(crate) fn now_ns(&self) -> u64 {
        self.feed.clock().now_ns()
    }

    /// Takes a request: `decode` fills a batch from its body. Returns when what was taken is committed.
    pub(crate) async fn receive<T: Send + 'static>(
        self: &Arc<Self>,
        incoming: IncomingRequest,
        decode: impl FnOnce(&[u8], &DecodeContext<'_>, &mut EventBatch) -> Result<T, DecodeError> + Send + 'static,
    ) -> Result<Received<T>, IngestError> {
        let _open = self.counters.open();
        let received = self.take(incoming, decode).await;
        match &received {
            Ok(received) => self.counters.note(&received.counts),
            Err(error) => self.counters.note_failure(error),
        }
        received
    }

    /// Returns the object of what names none in a request.
    pub(crate) fn object_of(&self, incoming: &IncomingRequest) -> String {
        incoming.address.map_or_else(|| self.object.clone(), |address| address.to_string())
    }

    async fn take<T: Send + 'static>(
        self: &Arc<Self>,
        incoming: IncomingRequest,
        decode: impl FnOnce(&[u8], &DecodeContext<'_>, &mut EventBatch) -> Result<T, DecodeError> + Send + 'static,
    ) -> Result<Received<T>, IngestError> {
        let key = incoming.idempotency_key()?;
        let encoding = incoming.encoding()?;
        let object = self.object_of(&incoming);
        let mut held = HeldRoom::new(self.room.clone());
        let body = body::read(incoming.body, &self.limits, &mut held).await?;
        self.counters.note_bytes(body.len());
        let (body, encoding) = if incoming.is_call { grpc::message(body, encoding)? } else { (body, encoding) };
        let is_short = body.len() <= INLINE_BYTES && encoding == BodyEncoding::Plain;
        let receiver = Arc::clone(self);
        let prepare = move || -> Result<_, IngestError> {
            let body = body::decoded(body, encoding, &receiver.limits, &mut held, receiver.copies)?;
            let prepared = receiver.prepare(&body, key.as_deref(), &object, decode)?;
            drop(body);
            Ok((prepared, held))
        };
        let (prepared, held) = if is_short {
            prepare()?
        } else {
            tokio::task::spawn_blocking(prepare).await.map_err(|error| failed(&error))??
        };
        let Prepared { pieces, counts, outcome, claim } = prepared;
        if pieces.is_empty() {
            return Ok(Received { counts, outcome });
        }
        let acks = self.submit(pieces, counts.accepted, claim)?;
        // The engine counts it from here on.
        drop(held);
        match tokio::time::timeout(self.limits.commit, acks).await {
            Ok(Ok(true)) => Ok(Received { counts, outcome }),
            Ok(Ok(false)) => Err(IngestError::Stopping),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(IngestError::NotCommitted),
        }
    }

    fn prepare<T>(
        self: &Arc<Self>,
        body: &[u8],
        key: Option<&[u8]>,
        object: &str,
        decode: impl FnOnce(&[u8], &DecodeContext<'_>, &mut EventBatch) -> Result<T, DecodeError>,
    ) -> Result<Prepared<T>, IngestError> {
        let claim = key.map(|key| self.claim(key, body)).transpose()?;
        let context = DecodeContext {
            object,
            decoder: &*self.text_decoder,
            metrics: &self.metrics,
            now_ns: self.now_ns(),
            most_items: self.limits.items,
        };
        let mut batch = EventBatch::skipping(claim.as_ref().map_or(0, |claim| claim.claim.skip)).expecting(body.len());
        let outcome = decode(body, &context, &mut batch)?;
        let (pieces, counts) = batch.finish();
        Ok(Prepared { pieces, counts, outcome, claim })
    }

    fn claim(self: &Arc<Self>, key: &[u8], body: &[u8]) -> Result<ClaimGuard, IngestError> {
        let claim = self.keys().claim(key, body).map_err(|refusal| match refusal {
            KeyRefusal::InUse => IngestError::KeyInUse,
            KeyRefusal::OtherBody => IngestError::KeyOfOther,
        })?;
        Ok(ClaimGuard { receiver: Arc::clone(self), claim, is_submitted: false })
    }

    /// Submits all pieces or none. Returns a task that ends when they are committed, or cannot be; it goes on when
    /// the sender has gone.
    fn submit(
        &self,
        pieces: Vec<Piece>,
        items: u64,
        mut claim: Option<ClaimGuard>,
    ) -> Result<tokio::task::JoinHandle<bool>, IngestError> {
        // The order of cursors is the order in which they are submitted.
        let mut keys = self.keys();
        let mut acks = Vec::with_capacity(pieces.len());
        let last = pieces.len() - 1;
        let inputs = pieces.into_iter().enumerate().map(|(index, piece)| {
            let (ack, acked) = oneshot::channel();
            acks.push(acked);
            let position = claim.as_ref().map(|claim| keys.cursor(&claim.claim, piece.items, index == last));
            let ack: AckCallback = Box::new(move || _ = ack.send(()));
            self.feed.input(piece.content, position, Some(ack))
        });
        match self.feed.try_submit_all(inputs.collect()) {
            TrySubmission::Accepted => {}
            TrySubmission::Full => return Err(refused(keys, claim, IngestError::Busy)),
            TrySubmission::Closed => return Err(refused(keys, claim, IngestError::Stopping)),
        }
        if let Some(claim) = &mut claim {
            keys.submitted(&claim.claim, items);
            claim.is_submitted = true;
        }
        drop(keys);
        Ok(tokio::spawn(async move {
            let mut is_committed = true;
            for ack in acks {
                is_committed &= ack.await.is_ok();
            }
            if let Some(claim) = claim {
                claim.receiver.keys().resolve(&claim.claim, is_committed);
            }
            is_committed
        }))
    }

    /// Returns the room for all bodies.
    pub(crate) fn room(&self) -> BodyRoom {
        self.room.clone()
    }

    /// Returns which entries of the journal were taken.
    pub(crate) fn entries(&self) -> MutexGuard<'_, SeenEntries> {
        self.entries.lock()
    }

    /// Submits entries of the journal; `last` has the last one of each journal.
    pub(crate) fn submit_entries(&self, lines: Content, last: &SeenEntries, ack: AckCallback) -> TrySubmission {
        // The order of cursors is the order in which they are submitted.
        let mut entries = self.entries();
        let mut after = entries.clone();
        last.latest().for_each(|at| after.advance(at));
        let input = self.feed.input(lines, Some(after.to_cursor()), Some(ack));
        let submitted = self.feed.try_submit_all(vec![input]);
        if submitted == TrySubmission::Accepted {
            *entries = after;
        }
        submitted
    }

    fn keys(&self) -> MutexGuard<'_, SeenKeys> {
        self.keys.lock()
    }
}

/// The lock is released before the claim, which takes it.
fn refused(keys: MutexGuard<'_, SeenKeys>, claim: Option<ClaimGuard>, error: IngestError) -> IngestError {
    drop(keys);
    drop(claim);
    error
}

fn failed(error: &tokio::task::JoinError) -> IngestError {
    tracing::error!("taking a request failed: {error}");
    IngestError::Internal
}
