//! Threads on cores: scanners from the first core on, shards from the last one back.

use core_affinity::CoreId;

/// Keeps the calling thread, and those that it starts, on the last core, so that a measurement is steady. A system that
/// refuses is only less steady.
pub fn pin_current_thread() {
    CoreAssignments::new(true).get_last(0).apply();
}

/// The cores that this process may use.
pub(crate) struct CoreAssignments(Vec<CoreId>);

/// The core of one thread, if it gets one.
pub(crate) struct CoreAssignment(Option<CoreId>);

impl CoreAssignments {
    pub(crate) fn new(pin: bool) -> Self {
        Self(if pin { core_affinity::get_core_ids().unwrap_or_default() } else { Vec::new() })
    }

    /// The core for the `number`th scanner.
    pub(crate) fn get(&self, number: usize) -> CoreAssignment {
        CoreAssignment(self.0.get(number % self.0.len().max(1)).copied())
    }

    /// The core for the `number`th shard.
    pub(crate) fn get_last(&self, number: usize) -> CoreAssignment {
        let cores = self.0.len().max(1);
        CoreAssignment(self.0.get(cores - 1 - number % cores).copied())
    }
}

impl CoreAssignment {
    /// Pins the calling thread. A system that refuses is only slower.
    pub(crate) fn apply(&self) {
        if let Some(core) = self.0 {
            core_affinity::set_for_current(core);
        }
    }
}
