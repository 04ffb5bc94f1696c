//! What follows from a source's configuration.

use std::{fs::Metadata, sync::Arc, time::UNIX_EPOCH};

use lifesigns_intake::{SourceKind, SourceSettings};
use lifesigns_model::{Decoder, ManualClock, SharedClock};

/// Returns the names of the sources that report when they are at their end ([`crate::SourceSink::caught_up`]). A
/// pipe cannot: nothing says whether more waits in it.
pub fn sources_reporting_end(configs: &[SourceSettings]) -> Vec<String> {
    configs.iter().filter(|config| can_report(&config.kind)).map(|config| config.name.clone()).collect()
}

fn can_report(kind: &SourceKind) -> bool {
    match kind {
        SourceKind::Follow(..) => true,
        SourceKind::File(path) => path.metadata().map_or(true, |metadata| metadata.is_file()),
        SourceKind::Stdin
        | SourceKind::Syslog(_)
        | SourceKind::Http(_)
        | SourceKind::Host(_)
        | SourceKind::Docker(_)
        | SourceKind::Journald(_) => false,
    }
}

/// Returns the decoder of a source. Times without a year are completed by the clock where lines are
/// written while they are read, and by the time of its last change for a file that is read once.
pub(crate) fn decoder(config: &SourceSettings, clock: &SharedClock) -> Arc<dyn Decoder> {
    let clock = match written_ns(&config.kind) {
        Some(time_ns) => Arc::new(ManualClock::new(time_ns)),
        None => Arc::clone(clock),
    };
    config.format.decoder_with(clock, &config.time_formats)
}

fn written_ns(kind: &SourceKind) -> Option<u64> {
    let SourceKind::File(path) = kind else { return None };
    let metadata = path.metadata().ok().filter(Metadata::is_file)?;
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_nanos() as u64)
}
