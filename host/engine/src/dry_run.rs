//! A rule's dry run on recent events, before it is loaded: its alerts and its state are dropped.

use std::{io, sync::Arc};

use lifesigns_model::EventSource;

use crate::{LoadedRule, ReplayInput, ReplayOptions, ReplayOutput, RuleSet, prefilter::PrefilterError, replay};

/// A piece of recent traffic.
#[derive(Clone, Debug, Default)]
pub struct TrafficSample {
    source: Option<Arc<EventSource>>,
    bytes: Vec<u8>,
}

impl TrafficSample {
    /// Returns a sample of whole lines of a source; the last one may be incomplete.
    pub fn new(source: &Arc<EventSource>, bytes: &[u8]) -> Self {
        Self { source: Some(Arc::clone(source)), bytes: bytes.to_vec() }
    }

    /// Returns the traffic itself, for [`RuleSet::new`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Replaces the sample.
    pub(crate) fn renew(&mut self, source: &Arc<EventSource>, bytes: &[u8]) {
        self.source = Some(Arc::clone(source));
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
    }
}

/// Why a rule does not pass its dry run.
#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    /// It failed on recent events, and will fail again.
    #[error("it failed on {failed} of the last events; last error: {last_error}")]
    Failed {
        /// The number of events.
        failed: u64,
        /// The last error.
        last_error: String,
    },
    /// Its literals do not fit into an index.
    #[error(transparent)]
    Index(#[from] PrefilterError),
}

/// Shows a rule recent traffic, in fresh instances and with fresh state.
///
/// # Errors
/// When it fails on any event of it.
pub fn dry_run(rule: &Arc<LoadedRule>, sample: &TrafficSample) -> Result<(), DryRunError> {
    let Some(source) = sample.source.clone() else { return Ok(()) };
    let rules = Arc::new(RuleSet::new(vec![Arc::clone(rule)], &[])?);
    let mut bytes = Some(sample.bytes.clone());
    let inputs = vec![ReplayInput { source, reader: Box::new(move |_: Vec<u8>| Ok(bytes.take())) }];
    let mut emit = |_: &[u8]| -> io::Result<()> { Ok(()) };
    let mut output = ReplayOutput { render: &|_, _| (), emit: &mut emit, flush: &mut || Ok(()) };
    // Neither its source nor its output can fail.
    let Ok(outcome) = replay(&ReplayOptions::with_threads(1), &rules, inputs, &[], &mut output) else { return Ok(()) };
    match outcome.report.failures.into_iter().find(|(_, failures)| failures.failed > 0) {
        Some((_, failures)) => Err(DryRunError::Failed { failed: failures.failed, last_error: failures.last_error }),
        None => Ok(()),
    }
}
