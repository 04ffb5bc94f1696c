//! Reloads that are asked for: over the API, by SIGHUP. The thread that owns the configuration answers.

use std::{sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, Sender, bounded};
use lifesigns::RecordingHost;
use lifesigns_api::ApiError;
use lifesigns_text::visible_lines;
use signal_hook::iterator::Signals;

use crate::{signals, terminal};

/// How long a caller waits.
const WAIT: Duration = Duration::from_secs(50);
/// Requests that may wait.
const WAITING: usize = 16;

type Reply = Result<String, ApiError>;

/// See the module.
pub(crate) struct ReloadRequests(Receiver<Sender<Reply>>);

impl ReloadRequests {
    /// Takes requests of callers of the host and of the signal.
    pub(crate) fn serve(host: &RecordingHost, hangups: Signals) -> Self {
        let (requests, waiting) = bounded::<Sender<Reply>>(WAITING);
        host.recorder().on_reload(Arc::new(move || {
            let (sender, reply) = bounded(1);
            let busy = || ApiError::Unavailable("the host did not get to it: try again".to_owned());
            requests.try_send(sender).map_err(|_| busy())?;
            reply.recv_timeout(WAIT).map_err(|_| busy())?
        }));
        let services = host.recorder().services();
        signals::reload_on_hangup(hangups, move || match services("SIGHUP").reload() {
            Ok(done) => terminal::line(&format!("SIGHUP: {done}")),
            Err(error) => terminal::warning(&format!("SIGHUP: {}", visible_lines(error.detail()))),
        });
        Self(waiting)
    }

    /// Answers those who wait.
    pub(crate) fn answer(&self, mut reload: impl FnMut() -> Reply) {
        let waiting: Vec<_> = self.0.try_iter().collect();
        if waiting.is_empty() {
            return;
        }
        let reply = reload();
        for sender in waiting {
            let _ = sender.send(reply.clone());
        }
    }
}
