//! How the recorder is: what `status` says of store and configuration.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lifesigns_control::StoreState;
use lifesigns_store::StoreError;

/// What others may look at while the recorder works.
#[derive(Default)]
pub(crate) struct Health(Mutex<State>);

/// See [`Health`].
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) store: StoreState,
    pub(crate) text: String,
    pub(crate) committed_ns: Option<u64>,
    pub(crate) commits: u64,
    /// Sources by name: how far they are committed.
    pub(crate) places: std::collections::BTreeMap<String, lifesigns_model::SourceOffset>,
    pub(crate) config_files: Vec<PathBuf>,
    pub(crate) config_ns: u64,
    pub(crate) config_error: String,
    /// Why nothing is kept any more, if the host could not go on.
    pub(crate) failed: Option<String>,
}

impl Health {
    pub(crate) fn get(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit went through.
    pub(crate) fn committed(&self, now_ns: u64) {
        let mut state = self.get();
        if state.store != StoreState::Ok {
            tracing::info!("the store takes commits again");
        }
        (state.store, state.text) = (StoreState::Ok, String::new());
        state.committed_ns = Some(now_ns);
        state.commits += 1;
    }

    /// A commit did not go through.
    pub(crate) fn failed(&self, error: &StoreError) {
        let mut state = self.get();
        state.store = match error {
            StoreError::Full(..) => StoreState::Full,
            StoreError::Corrupt(..) => StoreState::Corrupt,
            StoreError::ReadOnly(..) => StoreState::ReadOnly,
            StoreError::Busy(..) => StoreState::Busy,
            StoreError::Other(..) => StoreState::Failing,
        };
        let wait = if error.may_pass() { "; sources wait, and it goes on by itself" } else { "" };
        let text = format!("{error}{wait}");
        if state.text != text {
            tracing::error!("the store takes no commits: {text}");
        }
        state.text = text;
    }

    /// The recorder has ended before it was told to.
    pub(crate) fn ended(&self, why: &str) {
        tracing::error!("nothing is kept and nothing is acknowledged any more: {why}");
        let mut state = self.get();
        state.store = StoreState::Ended;
        state.text = format!("nothing is kept any more: {why}");
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
            (StoreError::Full("a.db".into(), cause()), "full"),
            (StoreError::ReadOnly("a.db".into(), cause()), "read-only"),
            (StoreError::Busy("a.db".into(), cause()), "busy"),
            (StoreError::Other("a.db".into(), cause()), "failing"),
            (StoreError::Corrupt("a.db".into(), cause()), "corrupt"),
        ] {
            let health = Health::default();
            health.failed(&error);
            assert_eq!(health.get().store.as_str(), name);
            health.committed(1);
            assert_eq!(health.get().store, StoreState::Ok);
        }
    }
}
