//! The record's writer, and a thread that it is lent to for a commit, so that the next turn is collected meanwhile.

use std::{io, panic::resume_unwind, sync::Arc, thread::JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use lifesigns_model::WakeSignal;
use lifesigns_record::{Commit, RecordError, RecordWriter};

/// A commit to be written, with the writer that goes along.
struct CommitJob {
    record: Box<dyn RecordWriter>,
    commit: Arc<Commit>,
}

/// The writer, back from a commit, and whether that is on the disk.
type WrittenJob = (Box<dyn RecordWriter>, Result<(), RecordError>);

/// Wakes who waits for a commit also if that panics.
struct WakeAtEnd(WakeSignal);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// See the module. There is one commit at a time.
pub(crate) struct Committer {
    /// `None` while it is lent.
    record: Option<Box<dyn RecordWriter>>,
    /// `None` once the thread ends.
    jobs: Option<Sender<CommitJob>>,
    done: Receiver<WrittenJob>,
    written: WakeSignal,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gave no thread.
    pub(crate) fn start(record: Box<dyn RecordWriter>) -> io::Result<Self> {
        let (jobs, work): (Sender<CommitJob>, Receiver<CommitJob>) = bounded(1);
        let (report, done) = bounded(1);
        let written = WakeSignal::new();
        let signal = written.clone();
        let run = move || {
            let signal = WakeAtEnd(signal);
            for CommitJob { mut record, commit } in work {
                let outcome = record.commit(&commit);
                // Before the report: who receives that has the commit for itself.
                drop(commit);
                // Before the report too: once that is received, no wake of this commit comes any more, which would end
                // the wait for the next at once.
                signal.0.wake();
                if report.send((record, outcome)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("lifesigns-commit".into()).spawn(run)?;
        Ok(Self { record: Some(record), jobs: Some(jobs), done, written, thread: Some(thread) })
    }

    /// Returns the writer, which is not lent.
    pub(crate) fn record(&mut self) -> &mut dyn RecordWriter {
        match &mut self.record {
            Some(record) => &mut **record,
            None => unreachable!("a commit is finished before the record is used again"),
        }
    }

    /// Begins to write a commit; [`Self::finish`] has to follow.
    pub(crate) fn begin(&mut self, commit: Arc<Commit>) {
        let Some(record) = self.record.take() else { unreachable!("a commit is finished before the next begins") };
        // What an earlier commit left, whose report was waited for in another way: its wake came before that.
        let _ = self.written.poll();
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(CommitJob { record, commit }));
        if !matches!(sent, Some(Ok(()))) {
            self.panicked();
        }
    }

    /// Returns a channel with a message once the commit that was begun is written, or has failed: [`Self::finish`] does not
    /// wait then.
    pub(crate) fn written(&self) -> &Receiver<()> {
        self.written.receiver()
    }

    /// Waits until the commit that was begun is on the disk.
    ///
    /// # Errors
    /// Nothing of it is.
    pub(crate) fn finish(&mut self) -> Result<(), RecordError> {
        match self.done.recv() {
            Ok((record, outcome)) => {
                self.record = Some(record);
                outcome
            }
            Err(_) => self.panicked(),
        }
    }

    /// Passes a panic of the thread on: that is the only end that it has while this is there.
    fn panicked(&mut self) -> ! {
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => resume_unwind(panic),
            _ => unreachable!("the thread ends after its last job"),
        }
    }
}

impl Drop for Committer {
    /// Waits for the thread: the record is closed when this returns.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panic is passed on by who waits for a commit.
            let _ = thread.join();
        }
    }
}
