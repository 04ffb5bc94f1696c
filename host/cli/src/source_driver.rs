//! What runs sources that are neither files nor standard input.

use std::sync::Arc;

use lifesigns::sources::{SourceDriver, SourceError, SourceFeed};
use lifesigns_ingest::Ingest;
use lifesigns_intake::{SourceKind, SourceSettings};
use lifesigns_network::NetworkDriver;

/// Gives each source to the crate that knows its kind.
pub(crate) struct Drivers {
    pub(crate) network: NetworkDriver,
    pub(crate) ingest: Arc<Ingest>,
}

impl SourceDriver for Drivers {
    fn run(&self, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
        match settings.kind {
            SourceKind::Http(_) => self.ingest.run(settings, feed),
            _ => self.network.run(settings, feed),
        }
    }
}
