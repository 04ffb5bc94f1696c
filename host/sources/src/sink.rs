//! Where sources deliver, and what they ask of it.

use lifesigns_model::SourceOffset;

use crate::{input::Input, report::SourceReports};

/// Whether input was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Submission {
    /// It was taken, and will be acknowledged.
    Accepted,
    /// The sink is closed: this input was not taken, and nothing that comes after it will be.
    Closed,
}

/// Whether input was taken by a sink that must not block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum TrySubmission {
    /// All of it was taken, and will be acknowledged.
    Accepted,
    /// Too much is in flight: none of it was taken.
    Full,
    /// The sink is closed: not all of it was taken, and nothing that comes after it will be.
    Closed,
}

/// Takes what sources read: a running host, or a spool on the way to one.
///
/// A source is known by its name. Its checkpoint is the last cursor that is committed; it ends with
/// [`SourceSink::forget`]. A sink that remembers nothing needs [`SourceSink::submit`] only.
pub trait SourceSink: Send + Sync {
    /// Takes input; blocks while too much is in flight. Input of one source comes from one thread, in
    /// order.
    fn submit(&self, input: Input) -> Submission;

    /// Takes all of `inputs`, one after another, or none if there is no room for them now. Never blocks, for
    /// callers that must not wait; a sink whose [`SourceSink::submit`] never blocks need not have its own.
    fn try_submit_all(&self, inputs: Vec<Input>) -> TrySubmission {
        for input in inputs {
            if self.submit(input) == Submission::Closed {
                return TrySubmission::Closed;
            }
        }
        TrySubmission::Accepted
    }

    /// Returns how far a source is committed; `None` for one that is not known.
    fn checkpoint(&self, _source: &str) -> Option<SourceOffset> {
        None
    }

    /// Returns the names of all sources that have a checkpoint.
    fn checkpoints(&self) -> Vec<String> {
        Vec::new()
    }

    /// Forgets a source that was removed: its checkpoint and the number of its lines. All that it
    /// submitted before this call is committed first.
    fn forget(&self, _source: &str) {}

    /// Announces the sources that report when they are at their end, and no others: time stands still
    /// for what came from them while lines may wait there.
    fn expect_end_reports(&self, _sources: Vec<String>) {}

    /// Everything that was in a source at `until_ns` of the host's clock has been submitted; `u64::MAX`
    /// if nothing more comes. Comes each time that the source is at its end.
    fn caught_up(&self, _source: &str, _until_ns: u64) {}

    /// Receives what shows the state of all sources that are configured, whenever these change.
    fn describe(&self, _sources: SourceReports) {}
}
