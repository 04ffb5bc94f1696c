//! Hosts as sinks of sources.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_api::{SourceState, SourceStatus, TrafficStatus, WatchStatus};
use lifesigns_engine::{Engine, EngineClosed, ReserveError};
use lifesigns_model::{Chunk, SourceOffset};
use lifesigns_sources::{
    Activity, Input, SourceReport, SourceReports, SourceSink, SourceTraffic, Submission, TrySubmission, WatchReport,
};

use crate::{host::Host, recording_host::RecordingHost};

/// Evaluates what sources read, and remembers none of them.
impl SourceSink for Host {
    fn submit(&self, input: Input) -> Submission {
        submission(self.submit(input.into_chunk()))
    }

    fn try_submit_all(&self, inputs: Vec<Input>) -> TrySubmission {
        try_submit_all(&self.engine, inputs)
    }
}

/// Commits what sources read. `status` lists them.
impl SourceSink for RecordingHost {
    fn submit(&self, input: Input) -> Submission {
        submission(self.submit(input.into_chunk()))
    }

    fn try_submit_all(&self, inputs: Vec<Input>) -> TrySubmission {
        try_submit_all(self.engine(), inputs)
    }

    fn checkpoint(&self, source: &str) -> Option<SourceOffset> {
        self.recorder().source_offset(source)
    }

    fn checkpoints(&self) -> Vec<String> {
        self.recorder().source_offsets().into_iter().map(|offset| offset.source).collect()
    }

    fn forget(&self, source: &str) {
        self.recorder().forget_source(source);
    }

    fn expect_end_reports(&self, sources: Vec<String>) {
        self.recorder().expect_end_reports(sources);
    }

    fn caught_up(&self, source: &str, until_ns: u64) {
        self.recorder().caught_up(source, until_ns);
    }

    fn describe(&self, sources: SourceReports) {
        self.recorder().describe_sources(Arc::new(move |offsets: &BTreeMap<String, SourceOffset>| {
            let described = sources.reports(|name| offsets.get(name)).into_iter().map(status);
            (described.collect(), watch_status(sources.watch()))
        }));
    }
}

/// Room for all chunks is reserved before the first is submitted.
fn try_submit_all(engine: &Engine, inputs: Vec<Input>) -> TrySubmission {
    let chunks: Vec<Chunk> = inputs.into_iter().map(Input::into_chunk).collect();
    let mut room = match engine.try_reserve(chunks.iter().map(|chunk| chunk.bytes.len()).sum()) {
        Ok(room) => room,
        Err(ReserveError::Full) => return TrySubmission::Full,
        Err(ReserveError::Closed) => return TrySubmission::Closed,
    };
    for chunk in chunks {
        if engine.submit_reserved(room.split(chunk.bytes.len()), chunk).is_err() {
            return TrySubmission::Closed;
        }
    }
    TrySubmission::Accepted
}

fn submission(outcome: Result<(), EngineClosed>) -> Submission {
    match outcome {
        Ok(()) => Submission::Accepted,
        Err(EngineClosed) => Submission::Closed,
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
        traffic: report.traffic.map(traffic_status),
    }
}

fn traffic_status(traffic: SourceTraffic) -> TrafficStatus {
    TrafficStatus {
        address: traffic.address,
        connections: traffic.connections,
        refused: traffic.refused,
        lines: traffic.lines,
        bytes: traffic.bytes,
        dropped: traffic.dropped,
        malformed: traffic.malformed,
        cut: traffic.cut,
        rejected: traffic.rejected,
        skipped: traffic.skipped,
        turned_away: traffic.turned_away,
        problem: traffic.problem,
    }
}

fn watch_status(report: WatchReport) -> WatchStatus {
    let WatchReport { watched_folders, polled_folders, missed, problem, fix } = report;
    WatchStatus { watched_folders, polled_folders, missed, problem, fix }
}
