//! Hosts as sinks of sources.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_api::{SourceState, SourceStatus};
use lifesigns_model::SourceOffset;
use lifesigns_sources::{Activity, Input, Sink, SourceReport, SourceReports, Submission};

use crate::{host::Host, recording_host::RecordingHost};

/// Evaluates what sources read, and remembers none of them.
impl Sink for Host {
    fn submit(&self, input: Input) -> Submission {
        self.submit(input.into_chunk());
        Submission::Accepted
    }
}

/// Commits what sources read. `status` lists them.
impl Sink for RecordingHost {
    fn submit(&self, input: Input) -> Submission {
        if self.submit(input.into_chunk()) { Submission::Accepted } else { Submission::Closed }
    }

    fn checkpoint(&self, source: &str) -> Option<SourceOffset> {
        self.recorder().place(source)
    }

    fn checkpoints(&self) -> Vec<String> {
        self.recorder().places().into_iter().map(|place| place.source).collect()
    }

    fn forget(&self, source: &str) {
        self.recorder().forget_source(source);
    }

    fn expect(&self, sources: Vec<String>) {
        self.recorder().expect_sources(sources);
    }

    fn at_end(&self, source: &str, until_ns: u64) {
        self.recorder().at_end(source, until_ns);
    }

    fn describe(&self, sources: SourceReports) {
        self.recorder().describe_sources(Arc::new(move |places: &BTreeMap<String, SourceOffset>| {
            sources.reports(|name| places.get(name)).into_iter().map(status).collect()
        }));
    }
}

fn status(report: SourceReport) -> SourceStatus {
    let (state, error) = match report.activity {
        Activity::Starting => (SourceState::Starting, String::new()),
        Activity::Waiting(why) => (SourceState::Waiting, why),
        Activity::Refused(why) => (SourceState::Refused, why),
        Activity::Reading => (SourceState::Reading, String::new()),
        Activity::Ended => (SourceState::Ended, String::new()),
        Activity::Failed(why) => (SourceState::Failed, why),
    };
    SourceStatus {
        name: report.name,
        cursor: report.cursor.map(|cursor| format!("byte {}", cursor.offset)).unwrap_or_default(),
        lines: report.lines,
        lag_bytes: report.lag_bytes,
        last_ns: report.last_ns,
        error,
        state,
        unread_bytes: report.unread_bytes,
        gaps: report.gaps,
        notes: report.notes,
    }
}
