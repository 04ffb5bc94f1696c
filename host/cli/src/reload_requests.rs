//! Reloads that are asked for: over the API, by SIGHUP. The thread that owns the configuration answers.

use std::{path::Path, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, Sender, bounded};
use lifesigns::RecordingHost;
use lifesigns_api::{ApiError, ConfigMistake};
use lifesigns_settings::{Diagnostic, Settings};
use lifesigns_text::visible_lines;
use signal_hook::iterator::Signals;

use crate::{compliance::environment, signals, terminal};

/// How long a caller waits.
const WAIT: Duration = Duration::from_secs(50);
/// Requests that may wait.
const WAITING: usize = 16;

type Reply = Result<String, ApiError>;

/// Returns what would be wrong if `text` stood in the file.
fn mistakes(path: &Path, text: &str) -> Vec<ConfigMistake> {
    let Err(found) = Settings::check(path, text, environment()) else { return Vec::new() };
    found.iter().map(mistake).collect()
}

fn mistake(one: &Diagnostic) -> ConfigMistake {
    ConfigMistake {
        file: one.place.file.to_string(),
        line: one.place.line,
        column: one.place.column,
        message: one.message.clone(),
        help: one.help.clone(),
    }
}

/// See the module.
pub(crate) struct ReloadRequests(Receiver<Sender<Reply>>);

impl ReloadRequests {
    /// Takes requests of callers of the host and of the signal. `path` is the file of the configuration.
    pub(crate) fn serve(host: &RecordingHost, path: &Path, hangups: Signals) -> Self {
        let path = path.to_owned();
        host.recorder().on_validate(Arc::new(move |text| mistakes(&path, text)));
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
