//! The threads that look at files: few, and more only while a look does not come back, as on a network drive
//! whose server is gone.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use super::shared::{FollowPool, READERS};

/// The most threads.
const MOST_READERS: usize = 16;

/// Starts the threads.
///
/// # Errors
/// When the system gives none.
pub(super) fn start(shared: &Arc<FollowPool>) -> io::Result<()> {
    (0..READERS).try_for_each(|_| add_reader(shared))
}

/// Adds a thread if files are due and none was looked at since there had been `looks` looks. Returns the
/// number of looks now.
pub(super) fn grow_if_stuck(shared: &Arc<FollowPool>, looks: u64) -> u64 {
    let state = shared.lock();
    let (is_stuck, now) = (state.schedule.has_ready() && state.looks == looks, state.looks);
    let readers = state.readers;
    drop(state);
    if is_stuck && readers < MOST_READERS {
        // Without a thread, things stay as they are, and it is tried again.
        let _ = add_reader(shared);
    }
    now
}

fn add_reader(shared: &Arc<FollowPool>) -> io::Result<()> {
    shared.lock().readers += 1;
    let reader = Arc::clone(shared);
    let started = thread::Builder::new().name("lifesigns-source".into()).spawn(move || read(&reader));
    if started.is_err() {
        shared.lock().readers -= 1;
    }
    started.map(drop)
}

fn read(shared: &FollowPool) {
    while let Some((id, mut file)) = shared.next() {
        match catch_unwind(AssertUnwindSafe(|| file.look())) {
            Ok(after) => shared.put_back(id, file, after),
            Err(panic) => {
                drop(file);
                shared.panicked(id, panic);
            }
        }
    }
}
