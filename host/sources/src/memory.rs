//! A sink that keeps its input in memory: for tests, and for what is passed on in pieces.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};

use lifesigns_model::{Chunk, SourceOffset};

use crate::{
    input::Input,
    report::SourceReports,
    sink::{SourceSink, Submission},
};

/// Keeps input until it is taken out, and commits it when [`MemorySink::commit`] is called. Never blocks:
/// the caller bounds what it holds by taking it out.
#[derive(Debug, Default)]
pub struct MemorySink(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    chunks: Vec<Chunk>,
    checkpoints: BTreeMap<String, SourceOffset>,
    caught_up: BTreeMap<String, u64>,
    reports: SourceReports,
    is_closed: bool,
}

impl MemorySink {
    /// Takes out everything that was submitted, in order.
    pub fn take(&self) -> Vec<Chunk> {
        std::mem::take(&mut self.lock().chunks)
    }

    /// Commits chunks that were taken out: their sources go on after them, and they are acknowledged.
    pub fn commit(&self, chunks: Vec<Chunk>) {
        for chunk in chunks {
            let mut memory = self.lock();
            let name = &chunk.source.name;
            let checkpoint = memory.checkpoints.entry(name.clone()).or_default();
            checkpoint.source.clone_from(name);
            checkpoint.lines += chunk.bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            if chunk.cursor.is_some() {
                checkpoint.cursor = chunk.cursor;
            }
            drop(memory);
            if let Some(ack) = chunk.ack {
                ack();
            }
        }
    }

    /// Takes nothing from now on.
    pub fn close(&self) {
        self.lock().is_closed = true;
    }

    /// Returns until when a source has been read to its end, if it has said so.
    pub fn ended_ns(&self, source: &str) -> Option<u64> {
        self.lock().caught_up.get(source).copied()
    }

    /// Returns what shows the state of the sources.
    pub fn reports(&self) -> SourceReports {
        self.lock().reports.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock()
    }
}

impl SourceSink for MemorySink {
    fn submit(&self, input: Input) -> Submission {
        let mut memory = self.lock();
        if memory.is_closed {
            return Submission::Closed;
        }
        memory.chunks.push(input.into_chunk());
        Submission::Accepted
    }

    fn checkpoint(&self, source: &str) -> Option<SourceOffset> {
        self.lock().checkpoints.get(source).cloned()
    }

    fn checkpoints(&self) -> Vec<String> {
        self.lock().checkpoints.keys().cloned().collect()
    }

    fn forget(&self, source: &str) {
        self.lock().checkpoints.remove(source);
    }

    fn caught_up(&self, source: &str, until_ns: u64) {
        self.lock().caught_up.insert(source.to_owned(), until_ns);
    }

    fn describe(&self, sources: SourceReports) {
        self.lock().reports = sources;
    }
}
