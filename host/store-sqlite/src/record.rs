//! The store as a record.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_compliance::{Alert, BadgeOwner, BadgePoint};
use lifesigns_model::RuleCall;
use lifesigns_record::{
    AlertHistoryFilter, AuditError, AuditFilter, AuditLogEntry, BackupError, CallFilter, ChainMark, ChainVerification,
    Commit, ReceiverPause, ReceiverState, RecordError, RecordReader, RecordReaders, RecordWriter, RecordedState,
    RetentionPolicy, RetentionStep, StoredAgent, StoredNotice, StoredToken, WriterEpoch,
};

use crate::{error::StoreOpenError, file::beside, reader::StoreReader, store::Store};

impl RecordWriter for Store {
    fn epoch(&self) -> WriterEpoch {
        Self::epoch(self)
    }

    fn load(&self) -> Result<RecordedState, RecordError> {
        Ok(Self::load(self)?)
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), RecordError> {
        Ok(Self::commit(self, commit)?)
    }

    fn retain(&mut self, now_ns: u64, policy: &RetentionPolicy) -> Result<RetentionStep, RecordError> {
        Ok(Self::retain(self, now_ns, policy)?)
    }

    fn readers(&self) -> Arc<dyn RecordReaders> {
        Arc::new(StoreFile(self.path().to_owned()))
    }
}

/// The file of a store, which readers open whether a host has it or not.
#[derive(Clone, Debug)]
pub struct StoreFile(PathBuf);

impl StoreFile {
    /// The store at `path`; it need not exist until a reader opens it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl RecordReaders for StoreFile {
    fn open(&self) -> Result<Box<dyn RecordReader>, RecordError> {
        match StoreReader::open(&self.0) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(StoreOpenError::Store(error)) => Err(error.into()),
            Err(error) => Err(RecordError::Other(error.into())),
        }
    }

    fn location(&self) -> &Path {
        &self.0
    }

    /// Includes the files beside it.
    fn size_bytes(&self) -> u64 {
        let size = |ending: &str| std::fs::metadata(beside(&self.0, ending)).map_or(0, |file| file.len());
        ["", "-wal", "-shm"].into_iter().map(size).sum()
    }
}

impl RecordReader for StoreReader {
    fn load(&self) -> Result<RecordedState, RecordError> {
        Ok(Self::load(self)?)
    }

    fn pending(&self, receiver: &str, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, RecordError> {
        Ok(Self::pending(self, receiver, after_id, limit)?)
    }

    fn pauses(&self, receiver: &str) -> Result<Vec<ReceiverPause>, RecordError> {
        Ok(Self::pauses(self, receiver)?)
    }

    fn dead_letters(&self, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, RecordError> {
        Ok(Self::dead_letters(self, after_id, limit)?)
    }

    fn receivers(&self) -> Result<Vec<ReceiverState>, RecordError> {
        Ok(Self::receivers(self)?)
    }

    fn tokens(&self) -> Result<Vec<StoredToken>, RecordError> {
        Ok(Self::tokens(self)?)
    }

    fn agents(&self) -> Result<Vec<StoredAgent>, RecordError> {
        Ok(Self::agents(self)?)
    }

    fn calls(&self, filter: &CallFilter) -> Result<Vec<RuleCall>, RecordError> {
        Ok(Self::calls(self, filter)?)
    }

    fn past_alerts(&self, filter: &AlertHistoryFilter) -> Result<Vec<Alert>, RecordError> {
        Ok(Self::past_alerts(self, filter)?)
    }

    fn badges(&self, of: BadgeOwner, name: &str, since_ns: u64, limit: usize) -> Result<Vec<BadgePoint>, RecordError> {
        Ok(Self::badges(self, of, name, since_ns, limit)?)
    }

    fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditLogEntry>, RecordError> {
        Ok(Self::audit(self, filter)?)
    }

    fn audit_head(&self) -> Result<ChainMark, RecordError> {
        Ok(Self::audit_head(self)?)
    }

    fn audit_verify(&self, known: Option<&ChainMark>) -> Result<ChainVerification, AuditError> {
        Self::audit_verify(self, known)
    }

    fn backup(&self, to: &Path) -> Result<(), BackupError> {
        Self::backup(self, to, |_| ())
    }
}
