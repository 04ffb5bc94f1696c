//! Sends the segments of the spool in their order, each batch until the host has committed it, and removes a segment when
//! all of its batches are.

use std::{io, path::Path, sync::Arc, time::Duration};

use parking_lot::Mutex;

use lifesigns_model::{Backoff, WakeSignal};
use lifesigns_text::count_text;
use serde_json::Value;
use ureq::http::StatusCode;

use crate::{
    client::{Answer, Client},
    segment::{Segment, is_damaged},
    sink::SpoolSink,
};

/// The first pause after a failure, and the longest.
const PAUSE_MS: u64 = 500;
const LONGEST_PAUSE_MS: u64 = 30_000;
/// How long it waits for a segment.
const IDLE: Duration = Duration::from_secs(60);

/// See the module.
pub(crate) struct Sender {
    sink: Arc<SpoolSink>,
    client: Arc<Client>,
    /// Where batches go.
    path: String,
    instance: String,
    stop: WakeSignal,
    problem: Arc<Mutex<String>>,
}

/// What becomes of a batch.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The host has committed it.
    Committed { refused: u64 },
    /// It is to be sent again after so long, or when the pause has grown to it.
    Again { why: String, after_ms: Option<u64> },
    /// It will never be taken.
    Refused(String),
}

impl Sender {
    pub(crate) fn new(
        sink: Arc<SpoolSink>,
        client: Arc<Client>,
        path: String,
        stop: WakeSignal,
        problem: Arc<Mutex<String>>,
    ) -> Self {
        let instance = sink.instance();
        Self { sink, client, path, instance, stop, problem }
    }

    /// Sends until it is stopped.
    pub(crate) fn run(&self) {
        let mut backoff = Backoff::new(PAUSE_MS, LONGEST_PAUSE_MS);
        while !self.stop.is_stopped() {
            let Some((number, path)) = self.sink.oldest() else {
                self.set_problem(String::new());
                self.sink.filled().wait(IDLE);
                continue;
            };
            match self.segment(number, &path) {
                Ok(Verdict::Committed { .. } | Verdict::Refused(_)) => backoff.reset(),
                Ok(Verdict::Again { why, after_ms }) => {
                    self.set_problem(why);
                    let asked = Duration::from_millis(after_ms.unwrap_or(0));
                    let _ = self.stop.wait(backoff.pause().max(asked));
                }
                Err(error) => {
                    self.set_problem(format!("the spool cannot be read or changed: {error}"));
                    let _ = self.stop.wait(Duration::from_millis(LONGEST_PAUSE_MS));
                }
            }
        }
    }

    /// Sends a segment, and removes it if that is done.
    fn segment(&self, number: u64, path: &Path) -> io::Result<Verdict> {
        let segment = match Segment::read(path) {
            Ok(segment) => segment,
            Err(error) if is_damaged(&error) => {
                let why = error.to_string();
                self.sink.update(|spool, state, folder| {
                    spool.set_aside(number, "damaged", &why, state)?;
                    state.save(folder)
                })?;
                return Ok(Verdict::Refused(why));
            }
            Err(error) => return Err(error),
        };
        let (mut sent, mut refused) = (0, 0);
        for (part, (events, body)) in segment.parts.iter().enumerate() {
            match self.part(number, part, body) {
                Verdict::Committed { refused: more } => {
                    sent += events.saturating_sub(more);
                    refused += more;
                }
                Verdict::Refused(why) => {
                    let events: u64 = segment.parts[part..].iter().map(|(events, _)| events).sum();
                    self.set_problem(format!("the host refused a batch: {why}"));
                    self.sink.update(|spool, state, folder| {
                        state.sent_lines += sent;
                        state.refused_lines += refused + events;
                        state.save(folder)?;
                        spool.set_aside(number, "refused", &why, state)
                    })?;
                    return Ok(Verdict::Refused(why));
                }
                again @ Verdict::Again { .. } => return Ok(again),
            }
        }
        self.sink.update(|spool, state, folder| {
            state.sent_lines += sent;
            state.refused_lines += refused;
            spool.remove(number, state, folder)
        })?;
        self.set_problem(String::new());
        Ok(Verdict::Committed { refused })
    }

    fn part(&self, number: u64, part: usize, body: &[u8]) -> Verdict {
        let key = format!("{}-{number:x}-{part:x}", self.instance);
        let headers =
            [("content-type", "application/x-ndjson"), ("content-encoding", "gzip"), ("idempotency-key", key.as_str())];
        match self.client.post(&self.path, &headers, body) {
            Ok(answer) => verdict(&answer),
            Err(why) => Verdict::Again { why, after_ms: None },
        }
    }

    fn set_problem(&self, problem: String) {
        let mut known = self.problem.lock();
        if *known != problem && !problem.is_empty() {
            tracing::warn!("{problem}");
        }
        *known = problem;
    }
}

/// Returns what an answer means for a batch.
fn verdict(answer: &Answer) -> Verdict {
    let counts: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let refused = counts["refused"].as_u64();
    if answer.status.is_success() {
        return match (counts["accepted"].as_u64(), refused) {
            (Some(_), Some(refused)) => {
                if refused > 0 {
                    tracing::warn!("the host refused {}: {}", count_text(refused, "event"), first_error(&counts));
                }
                Verdict::Committed { refused }
            }
            _ => Verdict::Again { why: "what answers there is no host of lifesigns".to_owned(), after_ms: None },
        };
    }
    match (answer.status, refused) {
        // Every event was refused, each with its reason: they are counted.
        (StatusCode::BAD_REQUEST, Some(refused)) => {
            tracing::warn!("the host refused {}: {}", count_text(refused, "event"), first_error(&counts));
            Verdict::Committed { refused }
        }
        (StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY, _) => {
            Verdict::Refused(answer.why())
        }
        // The token may be given the role, and the host the source: nothing is lost until then.
        _ => Verdict::Again { why: format!("the host answered {}", answer.why()), after_ms: answer.retry_after_ms },
    }
}

fn first_error(counts: &Value) -> String {
    lifesigns_text::visible_short(counts["errors"][0]["detail"].as_str().unwrap_or_default(), 200)
}

/// Wakes a sender that waits for a segment, to end it.
pub(crate) fn end(sink: &SpoolSink, stop: &WakeSignal) {
    stop.stop();
    sink.filled().wake();
}

/// Waits until everything was sent, at most so long.
pub(crate) fn drain(sink: &SpoolSink, at_most: Duration) {
    const STEP: Duration = Duration::from_millis(20);
    let pause = WakeSignal::new();
    let mut left = at_most;
    while sink.oldest().is_some() && !left.is_zero() {
        // This signal has no other end: the time passes.
        let _ = pause.wait(STEP);
        left = left.saturating_sub(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str, retry_after_ms: Option<u64>) -> Verdict {
        let status = StatusCode::from_u16(status).expect("a status");
        verdict(&Answer { status, body: body.as_bytes().to_vec(), retry_after_ms })
    }

    #[test]
    fn a_batch_is_done_only_when_the_host_has_committed_it() {
        assert_eq!(answered(200, r#"{"accepted":7,"refused":0}"#, None), Verdict::Committed { refused: 0 });
        assert_eq!(answered(400, r#"{"status":400,"refused":3,"errors":[]}"#, None), Verdict::Committed { refused: 3 });
        for status in [400, 413, 422] {
            assert!(
                matches!(answered(status, r#"{"detail":"no"}"#, None), Verdict::Refused(why) if why.contains("no"))
            );
        }
        for (status, body) in [(200, "<html>"), (200, "{}"), (401, ""), (403, ""), (404, ""), (409, ""), (500, "")] {
            assert!(matches!(answered(status, body, None), Verdict::Again { .. }), "{status}");
        }
        for status in [429, 503] {
            assert!(matches!(answered(status, "", Some(5000)), Verdict::Again { after_ms: Some(5000), .. }));
        }
    }
}
