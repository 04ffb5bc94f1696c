//! The state of the recorder for `status`: store and configuration.

use std::path::PathBuf;

use lifesigns_api::StoreState;
use lifesigns_record::RecordError;
use parking_lot::{Mutex, MutexGuard};

/// The recorder's state, shared with those who ask.
#[derive(Default)]
pub(crate) struct Health(Mutex<HealthState>);

/// See [`Health`].
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthState {
    pub(crate) store: StoreState,
    pub(crate) text: String,
    pub(crate) committed_ns: Option<u64>,
    pub(crate) commits: u64,
    /// Sources by name: how far they are committed.
    pub(crate) offsets: std::collections::BTreeMap<String, lifesigns_model::SourceOffset>,
    pub(crate) config_files: Vec<PathBuf>,
    pub(crate) config_ns: u64,
    pub(crate) config_error: String,
    /// Why the recorder stopped, if it could not go on.
    pub(crate) failed: Option<String>,
}

impl Health {
    pub(crate) fn get(&self) -> MutexGuard<'_, HealthState> {
        self.0.lock()
    }

    /// Returns whether the last commit succeeded.
    pub(crate) fn is_ok(&self) -> bool {
        self.get().store == StoreState::Ok
    }

    /// Notes a successful commit.
    pub(crate) fn committed(&self, now_ns: u64) {
        let mut state = self.get();
        if state.store != StoreState::Ok {
            tracing::info!("store recovered; commits continue");
        }
        (state.store, state.text) = (StoreState::Ok, String::new());
        state.committed_ns = Some(now_ns);
        state.commits += 1;
    }

    /// Notes a failed commit.
    pub(crate) fn failed(&self, error: &RecordError) {
        let mut state = self.get();
        state.store = match error {
            RecordError::Full(..) => StoreState::Full,
            RecordError::Corrupt(..) => StoreState::Corrupt,
            RecordError::ReadOnly(..) => StoreState::ReadOnly,
            RecordError::Busy(..) => StoreState::Busy,
            RecordError::Superseded(_) | RecordError::Other(..) => StoreState::Failing,
        };
        let wait = if error.is_transient() { "; sources wait, and it goes on by itself" } else { "" };
        let text = format!("{error}{wait}");
        if state.text != text {
            tracing::error!("commit failed: {text}");
        }
        state.text = text;
    }

    /// Notes that the recorder stopped before it was asked to.
    pub(crate) fn ended(&self, why: &str) {
        tracing::error!("recorder stopped: {why}; no further data is committed or acknowledged");
        let mut state = self.get();
        state.store = StoreState::Ended;
        state.text = format!("recorder stopped: {why}");
        state.failed = Some(why.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_the_store_has_its_name() {
        let cause = || std::io::Error::other("why").into();
        for (error, name) in [
            (RecordError::Full(cause()), "full"),
            (RecordError::ReadOnly(cause()), "read-only"),
            (RecordError::Busy(cause()), "busy"),
            (RecordError::Other(cause()), "failing"),
            (RecordError::Corrupt(cause()), "corrupt"),
        ] {
            let health = Health::default();
            health.failed(&error);
            assert_eq!(health.get().store.as_str(), name);
            health.committed(1);
            assert_eq!(health.get().store, StoreState::Ok);
        }
    }
}
