//! The state that one rule holds in one shard, against its own limits and the one of all rules. An
//! account takes room by blocks, so that shards seldom contend.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use lifesigns_model::{Limits, StateError};

/// The bytes that an account takes of the shared room at a time.
const BLOCK_BYTES: usize = 64 << 10;

/// The account of one rule in one shard.
#[derive(Debug)]
pub(super) struct RuleAccount {
    /// Taken by this rule in all shards.
    mine: Arc<AtomicUsize>,
    /// Taken by all rules.
    all: Arc<AtomicUsize>,
    most_of_all: usize,
    parts: usize,
    most: usize,
    most_of_object: usize,
    /// Used, of what is taken.
    used: usize,
    taken: usize,
}

impl RuleAccount {
    /// Returns an empty account with the default limits, until [`Self::limit`] sets others.
    pub(super) fn new(mine: Arc<AtomicUsize>, all: Arc<AtomicUsize>, most_of_all: usize, parts: usize) -> Self {
        let default = Limits::default();
        Self {
            mine,
            all,
            most_of_all,
            parts,
            most: default.state_bytes / parts,
            most_of_object: default.object_state_bytes,
            used: 0,
            taken: 0,
        }
    }

    /// Sets the rule's limits.
    pub(super) fn limit(&mut self, limits: &Limits) {
        (self.most, self.most_of_object) = (limits.state_bytes / self.parts, limits.object_state_bytes);
    }

    /// Counts the growth of an object's state from `bytes` to `grown`.
    ///
    /// # Errors
    /// Says which limit keeps it from growing.
    pub(super) fn grow(&mut self, bytes: usize, grown: usize) -> Result<(), StateError> {
        let more = grown.saturating_sub(bytes);
        if grown > self.most_of_object {
            let limit = self.most_of_object;
            return Err(StateError(format!(
                "it wants to hold {grown} bytes of state on one object; its limit (object-state-bytes) is {limit}"
            )));
        }
        if self.used + more > self.taken {
            self.take((self.used + more - self.taken).next_multiple_of(BLOCK_BYTES))?;
        }
        self.used += more;
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<(), StateError> {
        let mine = self.mine.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // A block is rounded up; that must not keep a rule from what it may have.
        let why = if mine > self.most.next_multiple_of(BLOCK_BYTES) {
            let limit = self.most;
            format!("it wants to hold {mine} bytes of state over all objects; its limit (state-bytes) is {limit}")
        } else if all > self.most_of_all.next_multiple_of(BLOCK_BYTES) {
            let limit = self.most_of_all;
            format!("all rules together would hold {all} bytes of state; the limit (rules-state-bytes) is {limit}")
        } else {
            self.taken += bytes;
            return Ok(());
        };
        self.mine.fetch_sub(bytes, Ordering::Relaxed);
        self.all.fetch_sub(bytes, Ordering::Relaxed);
        Err(StateError(why))
    }

    /// Counts bytes whatever the limits are: those that are restored or rolled back.
    pub(super) fn add(&mut self, bytes: usize) {
        self.used += bytes;
        if self.used > self.taken {
            let more = (self.used - self.taken).next_multiple_of(BLOCK_BYTES);
            self.mine.fetch_add(more, Ordering::Relaxed);
            self.all.fetch_add(more, Ordering::Relaxed);
            self.taken += more;
        }
    }

    /// Counts bytes that are gone.
    pub(super) fn sub(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.used, "{bytes} of {} bytes are gone", self.used);
        self.used = self.used.saturating_sub(bytes);
        let spare = (self.taken - self.used) / BLOCK_BYTES;
        // One block is kept for the next growth, unless there was no room for it.
        let kept = usize::from(self.used > 0 && !self.is_over());
        if spare > kept {
            self.give_back((spare - kept) * BLOCK_BYTES);
        }
        if self.used == 0 {
            self.give_back(self.taken);
        }
    }

    fn is_over(&self) -> bool {
        self.mine.load(Ordering::Relaxed) > self.most || self.all.load(Ordering::Relaxed) > self.most_of_all
    }

    fn give_back(&mut self, bytes: usize) {
        self.mine.fetch_sub(bytes, Ordering::Relaxed);
        self.all.fetch_sub(bytes, Ordering::Relaxed);
        self.taken -= bytes;
    }

    #[cfg(test)]
    pub(super) const fn used(&self) -> usize {
        self.used
    }
}

impl Drop for RuleAccount {
    fn drop(&mut self) {
        self.give_back(self.taken);
    }
}
