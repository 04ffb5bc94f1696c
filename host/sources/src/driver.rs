//! What runs sources of kinds that this crate does not read itself, and what it is given for one source.

use std::sync::Arc;

use lifesigns_intake::SourceSettings;
use lifesigns_model::{AckCallback, SharedClock, WakeSignal};

use crate::{
    activity::{Activity, SourceTraffic, TrafficReader},
    error::SourceError,
    input::{Content, Input, InputSource},
    sink::{SourceSink, Submission, TrySubmission},
    state::{Phase, SharedState},
};

/// Runs sources that are neither files nor standard input, such as those that listen. A source has a thread of its own.
pub trait SourceDriver: Send + Sync {
    /// Reads the source until [`SourceFeed::stop`] is called or the sink is closed.
    ///
    /// # Errors
    /// When it cannot be read, and trying again would not help.
    fn run(&self, settings: &SourceSettings, feed: &SourceFeed) -> Result<(), SourceError>;
}

/// Where one source hands in what it reads. Clones are of the same source.
#[derive(Clone)]
pub struct SourceFeed {
    pub(crate) sink: Arc<dyn SourceSink>,
    pub(crate) source: InputSource,
    pub(crate) stop: WakeSignal,
    pub(crate) clock: SharedClock,
    pub(crate) state: SharedState,
    /// Where it goes on, in its own words.
    pub(crate) position: Option<Vec<u8>>,
}

impl SourceFeed {
    /// Returns the name of the source.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// Returns the object of what names none.
    pub fn object(&self) -> &str {
        self.source.object()
    }

    /// Returns what stops the source.
    pub const fn stop(&self) -> &WakeSignal {
        &self.stop
    }

    /// Submits what was read; it arrives now. Blocks while there is no room. `position` is where the source goes on
    /// after it, in the source's own words. To be called by one thread.
    pub fn submit(&self, content: Content, position: Option<Vec<u8>>) -> Submission {
        let input = Input {
            source: self.source.clone(),
            content,
            arrived_ns: Some(self.clock.now_ns()),
            cursor: position.clone(),
            ack: None,
        };
        let submission = self.sink.submit(input);
        if submission == Submission::Accepted && position.is_some() {
            self.state.lock().position = position;
        }
        submission
    }

    /// Returns the host's clock.
    pub const fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Returns input of the source that arrives now, for [`Self::try_submit_all`].
    pub fn input(&self, content: Content, position: Option<Vec<u8>>, ack: Option<AckCallback>) -> Input {
        let (source, arrived_ns) = (self.source.clone(), Some(self.clock.now_ns()));
        Input { source, content, arrived_ns, cursor: position, ack }
    }

    /// Submits all of `inputs` in their order, or none if there is no room for them now. Never blocks. To be called
    /// by one thread at a time.
    pub fn try_submit_all(&self, inputs: Vec<Input>) -> TrySubmission {
        let position = inputs.iter().rev().find_map(|input| input.cursor.clone());
        let submission = self.sink.try_submit_all(inputs);
        if submission == TrySubmission::Accepted && position.is_some() {
            self.state.lock().position = position;
        }
        submission
    }

    /// Returns where the source goes on, in its own words; `None` if it has not been read before.
    pub fn position(&self) -> Option<&[u8]> {
        self.position.as_deref()
    }

    /// Sets what the source does now.
    pub fn set_activity(&self, activity: Activity) {
        self.state.lock().phase = Phase::Driven(activity);
    }

    /// Sets what is worth knowing about the source.
    pub fn set_notes(&self, notes: Vec<String>) {
        self.state.lock().notes = notes;
    }

    /// Sets what returns the present figures of the source.
    pub fn show_traffic(&self, traffic: Arc<dyn Fn() -> SourceTraffic + Send + Sync>) {
        self.state.lock().traffic = Some(TrafficReader(traffic));
    }
}
