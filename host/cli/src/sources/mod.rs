//! The front doors of a running host: a thread a source, each of which goes on where the last commit
//! left it.

mod reader;
mod standing;

use std::{
    collections::BTreeMap,
    fs::Metadata,
    sync::Arc,
    thread::{self, JoinHandle},
    time::UNIX_EPOCH,
};

use lifesigns::{
    RecordingHost,
    model::{Decoder, EventSource, SharedClock, SystemClock},
};
use lifesigns_intake::{Cursor, Stop};
use lifesigns_settings::{SourceKind as Door, SourceSettings as Wanted};

use self::{reader::Reader, standing::SharedStanding};
use crate::{
    exit::{Failure, Outcome},
    say,
};

/// Sources that say when they are at their end: of what comes through a pipe, nothing says whether more
/// waits in it.
pub(crate) fn reporting(wanted: &[Wanted]) -> Vec<String> {
    let says = |source: &&Wanted| match &source.kind {
        Door::Follow(..) => true,
        Door::File(path) => path.metadata().map_or(true, |metadata| metadata.is_file()),
        Door::Stdin => false,
    };
    wanted.iter().filter(says).map(|source| source.name.clone()).collect()
}

/// The sources that are read.
pub(crate) struct Sources {
    host: Arc<RecordingHost>,
    running: BTreeMap<String, Running>,
    /// How far those were read that have ended: what they handed in may not be committed yet.
    left: BTreeMap<String, Cursor>,
    /// The next source's place among all that were ever started.
    rank: u32,
    clock: SharedClock,
}

struct Running {
    wanted: Wanted,
    stop: Stop,
    thread: JoinHandle<Outcome>,
    standing: SharedStanding,
}

impl Sources {
    pub(crate) fn new(host: Arc<RecordingHost>) -> Self {
        Self { host, running: BTreeMap::new(), left: BTreeMap::new(), rank: 0, clock: SystemClock::shared() }
    }

    /// Reads exactly these from now on: new ones are begun, others ended, changed ones begun anew.
    pub(crate) fn become_these(&mut self, wanted: &[Wanted]) -> Outcome {
        let gone = self.running.iter().filter(|(_, running)| !wanted.contains(&running.wanted));
        let gone: Vec<String> = gone.map(|(name, _)| name.clone()).collect();
        for name in &gone {
            if let Some(running) = self.running.remove(name) {
                running.stop.stop();
                if let Err(failure) = end(running.thread) {
                    say::warning(&failure.to_string());
                }
                self.left.extend(running.standing.get().read.map(|cursor| (name.clone(), cursor)));
            }
        }
        self.host.recorder().expect_sources(reporting(wanted));
        for source in wanted {
            if !self.running.contains_key(&source.name) {
                let running = self.begin(source.clone())?;
                self.running.insert(source.name.clone(), running);
            }
        }
        self.describe();
        Ok(())
    }

    fn begin(&mut self, wanted: Wanted) -> Result<Running, Failure> {
        let committed = || Cursor::from_bytes(&self.host.recorder().place(&wanted.name)?.cursor?);
        let place = self.left.remove(&wanted.name).or_else(committed);
        let reader = Reader {
            host: Arc::clone(&self.host),
            standing: SharedStanding::at(place),
            clock: Arc::clone(&self.clock),
            source: Arc::new(EventSource {
                name: wanted.name.clone(),
                rank: self.rank,
                object: wanted.object.clone(),
                app: wanted.app.clone(),
                decoder: self.decoder(&wanted),
            }),
            stop: Stop::new(),
        };
        self.rank += 1;
        let (stop, standing, door) = (reader.stop.clone(), reader.standing.clone(), wanted.kind.clone());
        let thread = thread::Builder::new().name("lifesigns-source".into()).spawn(move || reader.run(&door));
        Ok(Running { wanted, stop, thread: thread.map_err(Failure::failed)?, standing })
    }

    /// What is followed is written now; what is read once was written when its file was changed last.
    fn decoder(&self, wanted: &Wanted) -> Arc<dyn Decoder> {
        let written = match &wanted.kind {
            Door::File(path) => path.metadata().ok().filter(Metadata::is_file).and_then(|file| file.modified().ok()),
            Door::Follow(..) | Door::Stdin => None,
        };
        match written.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
            Some(since) => wanted.format.decoder(since.as_nanos() as u64),
            None => wanted.format.live_decoder(Arc::clone(&self.clock)),
        }
    }

    /// Lets `status` list every source that is configured, and no other.
    fn describe(&self) {
        let sources: Vec<(Wanted, SharedStanding)> =
            self.running.values().map(|running| (running.wanted.clone(), running.standing.clone())).collect();
        self.host.recorder().describe_sources(Arc::new(move |places| {
            let status =
                |(wanted, standing): &(Wanted, SharedStanding)| standing.get().status(wanted, places.get(&wanted.name));
            sources.iter().map(status).collect()
        }));
    }

    /// Whether all of them have come to their end.
    pub(crate) fn have_ended(&self) -> bool {
        self.running.values().all(|running| running.thread.is_finished())
    }

    /// Ends all of them; the first failure, if there was one.
    pub(crate) fn end(self) -> Outcome {
        self.running.values().for_each(|running| running.stop.stop());
        // Each is waited for, also after a failure.
        let ends: Vec<Outcome> = self.running.into_values().map(|running| end(running.thread)).collect();
        ends.into_iter().collect()
    }
}

fn end(thread: JoinHandle<Outcome>) -> Outcome {
    match thread.join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
