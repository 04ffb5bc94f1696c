//! What a supervisor of sources is given to run those that listen.

use std::sync::Arc;

use lifesigns_intake::{Format, SourceKind, SourceSettings, SyslogSettings};
use lifesigns_sources::{Activity, SourceDriver, SourceError, SourceFeed};

use crate::{bind, counters::Counters, docker, journal, listener::Listener, retry};

/// Runs sources that listen, Docker's events and the journal.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkDriver;

impl SourceDriver for NetworkDriver {
    fn run(&self, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError> {
        match &settings.kind {
            SourceKind::Docker(docker) => docker::run(docker, settings, feed),
            SourceKind::Journald(journal) => journal::run(journal, feed),
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
    let (mut backoff, mut said) = (retry::backoff(), String::new());
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
        feed.stop().wait(backoff.pause());
    }
    Ok(())
}
