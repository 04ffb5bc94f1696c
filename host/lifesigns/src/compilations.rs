//! Modules that are being compiled, beside everything else: a few at a time, each once.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};

use crossbeam_channel::{after, never, select};
use lifesigns_model::WakeSignal;
use lifesigns_rulestore::ModuleBytes;
use lifesigns_sandbox::{AdmitError, Sandbox, WasmModule};

/// What came of a module.
pub(crate) type Admitted = Result<Arc<WasmModule>, AdmitError>;

/// Compiles modules on threads of its own, which end when there is nothing to do. Dropping it stops
/// what runs.
pub(crate) struct Compilations(Arc<CompilationQueue>);

struct CompilationQueue {
    sandbox: Sandbox,
    threads: usize,
    state: Mutex<QueueState>,
    /// Woken when a module is done; one thread waits.
    changed: WakeSignal,
}

#[derive(Default)]
struct QueueState {
    jobs: BTreeMap<String, Job>,
    queue: VecDeque<Arc<ModuleBytes>>,
    threads: usize,
    /// Is called when a module is done that a wait left open.
    wake: Option<Box<dyn Fn() + Send>>,
}

struct Job {
    stop: WakeSignal,
    done: Option<Admitted>,
    /// A wait ended without it: what comes of it has to be asked for again.
    late: bool,
}

impl Job {
    fn new(done: Option<Admitted>) -> Self {
        Self { stop: WakeSignal::new(), done, late: false }
    }
}

impl Compilations {
    /// Compiles with `sandbox`, `threads` modules at a time.
    pub(crate) fn new(sandbox: Sandbox, threads: usize) -> Self {
        let (threads, state) = (threads.max(1), Mutex::default());
        Self(Arc::new(CompilationQueue { sandbox, threads, state, changed: WakeSignal::new() }))
    }

    /// Calls `wake` whenever a module is done that a [`Compilations::wait`] ended without. What was
    /// done in time was taken by the one who waited, and calls for no further look: it would start
    /// again what may be tried again.
    pub(crate) fn on_done(&self, wake: impl Fn() + Send + 'static) {
        self.0.lock().wake = Some(Box::new(wake));
    }

    /// What came of a module; `None` while it is being compiled.
    pub(crate) fn get(&self, module: &Arc<ModuleBytes>) -> Option<Admitted> {
        if let Some(job) = self.0.lock().jobs.get(&module.digest) {
            return job.done.clone();
        }
        let Some(done) = self.0.sandbox.ready(&module.digest) else { return self.begin(module) };
        if let Ok(admitted) = &done {
            self.0.sandbox.keep_source(admitted, &module.bytes);
        }
        // Kept until it is asked for again: to take it from the cache is work.
        self.0.lock().jobs.insert(module.digest.clone(), Job::new(Some(done.clone())));
        Some(done)
    }

    /// Keeps what modules said of themselves; see [`Sandbox::keep_descriptions`].
    pub(crate) fn keep_descriptions(&self) {
        self.0.sandbox.keep_descriptions();
    }

    /// Queues a module, and sees to it that there is a thread.
    fn begin(&self, module: &Arc<ModuleBytes>) -> Option<Admitted> {
        let mut state = self.0.lock();
        state.jobs.insert(module.digest.clone(), Job::new(None));
        state.queue.push_back(Arc::clone(module));
        if state.threads >= self.0.threads {
            return None;
        }
        let shared = Arc::clone(&self.0);
        let name = "lifesigns-compile".to_owned();
        match std::thread::Builder::new().name(name).spawn(move || shared.work()) {
            Ok(_) => state.threads += 1,
            // Those that are there take it; if there are none, it waits for a better time.
            Err(_) if state.threads > 0 => {}
            Err(error) => {
                state.queue.pop_back();
                state.jobs.remove(&module.digest);
                return Some(Err(AdmitError::Unavailable(format!("there is no thread for it: {error}"))));
            }
        }
        None
    }

    /// Waits until all of these are done, `patience` is over, or `stop` is stopped.
    pub(crate) fn wait(&self, digests: &HashSet<String>, patience: Option<Duration>, stop: &WakeSignal) {
        let over = patience.map_or_else(never, after);
        let mut is_over = false;
        while !self.0.lock().end_wait(digests, is_over || stop.is_stopped()) {
            select! {
                recv(self.0.changed.receiver()) -> _ => {}
                recv(stop.receiver()) -> _ => {}
                recv(over) -> _ => is_over = true,
            }
        }
    }

    /// Forgets what is done, and stops what is not wanted any more.
    pub(crate) fn retain(&self, wanted: &HashSet<String>) {
        let mut state = self.0.lock();
        state.queue.retain(|module| wanted.contains(&module.digest));
        state.jobs.retain(|digest, job| {
            let stays = job.done.is_none() && wanted.contains(digest);
            if !stays {
                job.stop.stop();
            }
            stays
        });
    }
}

impl QueueState {
    /// Ends a wait for these if all are done, or if it `is_over`: those that are not are late then. Returns
    /// whether it has ended.
    fn end_wait(&mut self, digests: &HashSet<String>, is_over: bool) -> bool {
        let mut open = digests.iter().filter(|digest| self.jobs.get(*digest).is_some_and(|job| job.done.is_none()));
        if !is_over && open.next().is_some() {
            return false;
        }
        for (_, job) in self.jobs.iter_mut().filter(|(digest, _)| digests.contains(*digest)) {
            job.late |= job.done.is_none();
        }
        true
    }
}

impl Drop for Compilations {
    fn drop(&mut self) {
        self.0.lock().wake = None;
        self.retain(&HashSet::new());
    }
}

impl CompilationQueue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock()
    }

    fn work(&self) {
        loop {
            let (module, stop) = {
                let mut state = self.lock();
                let Some(module) = state.queue.pop_front() else {
                    state.threads -= 1;
                    return;
                };
                let stop = state.jobs.get(&module.digest).map(|job| job.stop.clone()).unwrap_or_default();
                (module, stop)
            };
            let load = || self.sandbox.load_until(&module.bytes, &module.digest, &stop);
            let done = catch_unwind(AssertUnwindSafe(load))
                .unwrap_or_else(|_| Err(AdmitError::TooCostly("broke the compiler (it panicked)".to_owned())));
            let mut state = self.lock();
            // A job of the same digest that began after this one was stopped is not answered by it.
            if let Some(job) = state.jobs.get_mut(&module.digest).filter(|job| job.stop == stop) {
                job.done = Some(done);
                let is_late = job.late;
                if let Some(wake) = state.wake.as_ref().filter(|_| is_late) {
                    wake();
                }
            }
            self.changed.wake();
        }
    }
}
