//! What an agent remembers: who it is, how far its sources are in the spool, and what became of what it sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use lifesigns_api::AgentConfiguration;
use lifesigns_files::Replacement;
use serde::{Deserialize, Serialize};

/// The file.
const STATE: &str = "state.json";
/// The file of the configuration that came last.
const CONFIGURATION: &str = "configuration.json";
/// Longest file that is read, in bytes.
const FILE_BYTES: u64 = 64 << 20;

/// How far a source is in the spool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceCheckpoint {
    /// Where it goes on, in its own words, in hexadecimal.
    pub(crate) cursor: Option<String>,
    /// The start of an event that may go on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) pending: String,
    /// Lines that were read of it.
    #[serde(default)]
    pub(crate) lines: u64,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AgentState {
    /// Drawn once: the first part of the key of each batch.
    pub(crate) instance: String,
    /// The number of the last segment whose checkpoints are in here.
    pub(crate) through: u64,
    pub(crate) checkpoints: BTreeMap<String, SourceCheckpoint>,
    /// Collections whose files have been looked for once.
    pub(crate) begun: BTreeSet<String>,
    pub(crate) sent_lines: u64,
    pub(crate) refused_lines: u64,
    pub(crate) cut_lines: u64,
    pub(crate) dropped_metrics: u64,
    pub(crate) damaged_segments: u64,
}

impl AgentState {
    /// Reads the state of a folder; a new one if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is damaged: a new one in its place would send everything again.
    pub(crate) fn load(folder: &Path) -> io::Result<Self> {
        if let Some(state) = read(&folder.join(STATE))? {
            return Ok(state);
        }
        let mut instance = [0; 16];
        getrandom::fill(&mut instance).map_err(io::Error::other)?;
        let state = Self { instance: hex::encode(instance), ..Self::default() };
        state.save(folder)?;
        Ok(state)
    }

    /// Writes it; it is on disk when this returns.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        write(folder, STATE, &serde_json::to_vec(self)?)
    }
}

/// A configuration as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KnownConfiguration {
    pub(crate) etag: String,
    pub(crate) group: String,
    pub(crate) configuration: AgentConfiguration,
}

impl KnownConfiguration {
    /// Reads the configuration that came last, with which an agent begins; an empty one if there is none that can be
    /// read.
    pub(crate) fn load(folder: &Path) -> Self {
        read(&folder.join(CONFIGURATION)).unwrap_or_default().unwrap_or_default()
    }

    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        write(folder, CONFIGURATION, &serde_json::to_vec(self)?)
    }
}

/// Reads a file of JSON; `None` if there is none.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(metadata) if metadata.len() > FILE_BYTES => return Err(io::Error::other("the file is too long")),
        Ok(_) => {}
    }
    serde_json::from_slice(&fs::read(path)?).map(Some).map_err(io::Error::other)
}

/// Replaces a file whole, with mode 0600; it is on disk when this returns.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    Replacement { mode: 0o600, is_durable: true }.write(&folder.join(name), &[bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_drawn_once_and_a_damaged_one_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut state = AgentState::load(folder.path()).expect("a new one");
        assert_eq!(state.instance.len(), 32);
        state.sent_lines = 7;
        state.save(folder.path()).expect("it is written");
        assert_eq!(AgentState::load(folder.path()).expect("the same"), state);
        fs::write(folder.path().join(STATE), "{\"inst").expect("it is written");
        assert!(AgentState::load(folder.path()).is_err());
        assert_eq!(KnownConfiguration::load(folder.path()), KnownConfiguration::default());
    }
}
