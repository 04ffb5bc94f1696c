//! What a supervisor of sources is given to run those that listen.

use std::{sync::Arc, time::Duration};

use lifesigns_intake::{Format, SourceKind, SourceSettings, SyslogSettings};
use lifesigns_sources::{Activity, SourceDriver, SourceError, SourceFeed};

use crate::{bind, counters::Counters, listener::Listener};

/// The first pause before an address that could not be listened on is tried again.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest.
const RETRY_LAST: Duration = Duration::from_secs(15);

/// Runs sources that listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkDriver;

impl SourceDriver for NetworkDriver {
    fn run(&self, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
        match &settings.kind {
            SourceKind::Syslog(syslog) => run(syslog, settings.format == Format::Syslog, feed),
            _ => Ok(()),
        }
    }
}

/// Listens until the source is stopped or the sink is closed. An address that cannot be listened on is tried again.
fn run(settings: &SyslogSettings, has_priorities: bool, feed: &SourceFeed) -> Result<(), SourceError> {
    let counters = Arc::new(Counters::new(settings.address.to_string()));
    let shown = Arc::clone(&counters);
    feed.show_traffic(Arc::new(move || shown.traffic()));
    let (mut pause, mut said) = (RETRY_FIRST, String::new());
    while !feed.stop().is_stopped() {
        let why = match bind::listen(settings) {
            Ok(socket) => {
                tracing::info!(source = %feed.name(), "listening on {}", settings.address);
                feed.set_activity(Activity::Reading);
                return Listener { settings, has_priorities, feed, counters }.run(socket);
            }
            Err(why) => why.to_string(),
        };
        if why != said {
            tracing::error!(source = %feed.name(), "{why}; trying again");
        }
        feed.set_activity(Activity::Refused(why.clone()));
        said = why;
        feed.stop().wait(pause);
        pause = (pause * 2).min(RETRY_LAST);
    }
    Ok(())
}
