//! A record in memory: for simulations, tests, and hosts that need not outlast a restart of their process.
//! It keeps what a record in a file keeps, by the same rules.

mod book;
mod calls;
mod history;
mod outbox;
mod read;
mod retain;
mod state;
mod stream;

use std::{path::Path, sync::Arc};

use self::{
    read::MemoryReader,
    state::{SharedTables, Tables},
};
use crate::{
    commit::Commit,
    epoch::{Superseded, WriterEpoch},
    error::RecordError,
    record::{RecordReader, RecordReaders, RecordWriter},
    retention::{RetentionPolicy, RetentionStep},
    state::RecordedState,
};

/// The content of a record in memory. It outlasts the writers that open it; clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<SharedTables>);

impl MemoryStore {
    /// Opens the record for writing. The writer before, if there is one, is superseded: its commits are
    /// refused from now on.
    pub fn open(&self) -> MemoryRecord {
        let mut state = self.0.state.lock();
        state.epoch = state.epoch.next();
        MemoryRecord { store: self.clone(), epoch: state.epoch }
    }
}

/// The writer of a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryRecord {
    store: MemoryStore,
    epoch: WriterEpoch,
}

impl MemoryRecord {
    /// Runs `write` on the state, unless this writer is superseded.
    fn write<T>(&self, write: impl FnOnce(&mut Tables) -> T) -> Result<T, RecordError> {
        let mut state = self.store.0.state.lock();
        if state.epoch != self.epoch {
            let superseded = Superseded { ours: self.epoch, current: state.epoch };
            return Err(RecordError::Superseded(superseded.into()));
        }
        Ok(write(&mut state))
    }
}

impl RecordWriter for MemoryRecord {
    fn epoch(&self) -> WriterEpoch {
        self.epoch
    }

    fn load(&self) -> Result<RecordedState, RecordError> {
        Ok(self.store.0.state.lock().load())
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), RecordError> {
        self.write(|state| state.apply(commit))
    }

    fn retain(&mut self, now_ns: u64, policy: &RetentionPolicy) -> Result<RetentionStep, RecordError> {
        self.write(|state| state.retain(now_ns, policy))
    }

    fn readers(&self) -> Arc<dyn RecordReaders> {
        Arc::new(self.store.clone())
    }
}

impl RecordReaders for MemoryStore {
    fn open(&self) -> Result<Box<dyn RecordReader>, RecordError> {
        Ok(Box::new(MemoryReader(Arc::clone(&self.0))))
    }

    fn location(&self) -> &Path {
        &self.0.location
    }

    fn size_bytes(&self) -> u64 {
        0
    }
}
