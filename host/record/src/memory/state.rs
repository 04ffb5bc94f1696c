//! The state of a record in memory: what a restart resumes from, and how a commit changes it.

use std::{collections::BTreeMap, path::PathBuf};

use lifesigns_compliance::{BookSnapshot, KnownRule};
use parking_lot::Mutex;

use super::{book::BookTables, calls::CallTables, history::HistoryTables, outbox::OutboxTables, stream::StreamTables};
use crate::{
    agent::{AgentChange, StoredAgent},
    commit::Commit,
    epoch::WriterEpoch,
    state::RecordedState,
    token::{StoredToken, TokenChange},
};

/// The state, shared by writers and readers.
#[derive(Debug)]
pub(super) struct SharedTables {
    pub(super) state: Mutex<Tables>,
    /// A name for people: there is no file.
    pub(super) location: PathBuf,
}

impl Default for SharedTables {
    fn default() -> Self {
        Self { state: Mutex::default(), location: PathBuf::from("(memory)") }
    }
}

/// All tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// The epoch of the latest writer.
    pub(super) epoch: WriterEpoch,
    clock_ns: u64,
    event_ns: u64,
    decided_by: String,
    rules: Option<Vec<KnownRule>>,
    stream: StreamTables,
    pub(super) book: BookTables,
    pub(super) outbox: OutboxTables,
    pub(super) history: HistoryTables,
    pub(super) calls: CallTables,
    pub(super) tokens: BTreeMap<String, StoredToken>,
    pub(super) agents: BTreeMap<String, StoredAgent>,
}

impl Tables {
    /// Applies a commit. Nothing of it can fail.
    pub(super) fn apply(&mut self, commit: &Commit) {
        let (changes, now_ns) = (&commit.changes, commit.now_ns);
        self.stream.apply(commit);
        commit.calls.iter().for_each(|call| self.calls.add(call, now_ns));
        // What the stream has of an object came before it was forgotten, what the book has came after.
        for object in &changes.forgotten {
            self.stream.forget(object);
            self.book.forget(object);
            self.calls.forget(object);
        }
        self.book.apply(changes, now_ns);
        self.history.add_badges(changes, now_ns);
        for update in &commit.outbox {
            self.outbox.update(update, now_ns);
        }
        for notice in &changes.notices {
            self.outbox.add(notice, now_ns);
        }
        self.outbox.pause(&commit.pauses, now_ns);
        self.history.append(&changes.audit, now_ns);
        for change in &commit.tokens {
            match change {
                TokenChange::Added(token) | TokenChange::Changed(token) => {
                    _ = self.tokens.insert(token.name.clone(), token.clone());
                }
                TokenChange::Revoked(name) => _ = self.tokens.remove(name),
            }
        }
        for change in &commit.agents {
            match change {
                AgentChange::Seen(agent) => _ = self.agents.insert(agent.name.clone(), agent.clone()),
                AgentChange::Forgotten(name) => _ = self.agents.remove(name),
            }
        }
        self.clock_ns = now_ns;
        if let Some(event_ns) = commit.event_ns {
            self.event_ns = event_ns;
        }
        if let Some(decided_by) = &changes.decided_by {
            self.decided_by.clone_from(decided_by);
        }
        if changes.rules.is_some() {
            self.rules.clone_from(&changes.rules);
        }
    }

    /// Returns what a restart resumes from.
    pub(super) fn load(&self) -> RecordedState {
        let restored = BookSnapshot {
            objects: self.book.objects(),
            symptoms: self.book.symptoms(),
            pending: self.book.pending(),
            alerts: self.book.alerts(),
            silences: self.book.silences(self.clock_ns),
            badges: self.book.badges(),
            event_ns: self.event_ns,
            clock_ns: self.clock_ns,
            decided_by: self.decided_by.clone(),
            rules: self.rules.clone(),
        };
        RecordedState { restored, start: self.stream.load() }
    }
}
