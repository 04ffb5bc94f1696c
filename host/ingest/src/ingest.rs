//! All receivers of a host. Each is a source, which a supervisor starts and stops while the host runs.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

use lifesigns_intake::{HttpProtocol, SourceKind, SourceSettings};
use lifesigns_model::SharedClock;
use lifesigns_sources::{Activity, SourceDriver, SourceError, SourceFeed};

use crate::{
    batch::EventBatch,
    body::BodyRoom,
    decode::{DecodeContext, DecodeError},
    error::IngestError,
    incoming::IncomingRequest,
    limits::IngestLimits,
    receiver::{Received, Receiver},
};

/// See the module.
pub struct Ingest {
    /// The receiver of each protocol that is or was on; `None` for one that was stopped.
    receivers: RwLock<HashMap<HttpProtocol, Option<Arc<Receiver>>>>,
    room: BodyRoom,
    pub(crate) limits: IngestLimits,
    clock: SharedClock,
}

impl Ingest {
    /// Returns no receivers yet.
    pub fn new(limits: IngestLimits, clock: SharedClock) -> Self {
        Self { receivers: RwLock::default(), room: BodyRoom::new(limits.held_bytes), limits, clock }
    }

    /// Takes a request in a protocol: see [`Receiver::receive`].
    pub(crate) async fn receive<T: Send + 'static>(
        &self,
        protocol: HttpProtocol,
        incoming: IncomingRequest,
        decode: impl FnOnce(&[u8], &DecodeContext<'_>, &mut EventBatch) -> Result<T, DecodeError> + Send + 'static,
    ) -> Result<Received<T>, IngestError> {
        self.receiver(protocol)?.receive(incoming, decode).await
    }

    /// Returns the receiver of a protocol.
    pub(crate) fn receiver(&self, protocol: HttpProtocol) -> Result<Arc<Receiver>, IngestError> {
        match self.receivers.read().get(&protocol) {
            Some(Some(receiver)) => Ok(Arc::clone(receiver)),
            Some(None) => Err(IngestError::Stopping),
            None => Err(IngestError::Off(protocol.as_str())),
        }
    }

    /// Notes a request that was refused before it came to the receiver.
    pub(crate) fn note_failure(&self, protocol: HttpProtocol, error: &IngestError) {
        if let Ok(receiver) = self.receiver(protocol) {
            receiver.counters.note_failure(error);
        }
    }

    /// Returns the host's clock now, nanoseconds since the Unix epoch.
    pub(crate) fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    fn set(&self, protocol: HttpProtocol, receiver: Option<Arc<Receiver>>) {
        self.receivers.write().insert(protocol, receiver);
    }
}

impl SourceDriver for Ingest {
    /// Takes requests until the source is stopped.
    fn run(&self, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
        let SourceKind::Http(http) = &settings.kind else { return Ok(()) };
        let receiver = Arc::new(Receiver::new(settings, http, feed.clone(), self.limits.clone(), self.room.clone()));
        let counters = Arc::clone(&receiver.counters);
        feed.show_traffic(Arc::new(move || counters.traffic()));
        self.set(http.protocol, Some(receiver));
        feed.set_activity(Activity::Reading);
        // It ends without a value.
        let _ = feed.stop().receiver().recv();
        self.set(http.protocol, None);
        Ok(())
    }
}
