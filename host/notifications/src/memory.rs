//! An outbox in memory, for tests and for platforms that store nothing.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_compliance::Notice;
use parking_lot::Mutex;

use crate::outbox::{DeliveryOutcome, DeliveryReport, Outbox, PendingNotice};

/// See the module. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct MemoryOutbox(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    last: u64,
    waiting: BTreeMap<u64, PendingNotice>,
    dead: BTreeMap<u64, (PendingNotice, String)>,
}

impl MemoryOutbox {
    /// Adds a notice and returns its number.
    pub fn add(&self, notice: Notice) -> u64 {
        let mut rows = self.0.lock();
        rows.last += 1;
        let id = rows.last;
        rows.waiting.insert(id, PendingNotice { id, notice, attempts: 0, not_before_ns: 0 });
        id
    }

    /// Stores the result of a delivery.
    pub fn apply_report(&self, settled: &DeliveryReport) {
        let mut rows = self.0.lock();
        match &settled.outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::Withheld(_) => drop(rows.waiting.remove(&settled.id)),
            DeliveryOutcome::Failed { attempts, next_ns, .. } => {
                if let Some(row) = rows.waiting.get_mut(&settled.id) {
                    (row.attempts, row.not_before_ns) = (*attempts, *next_ns);
                }
            }
            DeliveryOutcome::Dead { why } => {
                if let Some(row) = rows.waiting.remove(&settled.id) {
                    rows.dead.insert(settled.id, (row, why.clone()));
                }
            }
        }
    }

    /// Makes all dead letters wait again, as if they had never been tried, and returns their number.
    pub fn revive(&self) -> usize {
        let mut rows = self.0.lock();
        let dead = std::mem::take(&mut rows.dead);
        let many = dead.len();
        for (id, (row, _)) in dead {
            rows.waiting.insert(id, PendingNotice { attempts: 0, not_before_ns: 0, ..row });
        }
        many
    }

    /// Returns the notices that wait, by number.
    pub fn waiting(&self) -> Vec<PendingNotice> {
        self.0.lock().waiting.values().cloned().collect()
    }

    /// Returns the dead letters by number, each with the reason.
    pub fn dead(&self) -> Vec<(u64, String)> {
        self.0.lock().dead.iter().map(|(id, (_, why))| (*id, why.clone())).collect()
    }
}

impl Outbox for MemoryOutbox {
    fn pending(&mut self, receiver: &str, after: u64, limit: usize) -> Result<Vec<PendingNotice>, String> {
        let rows = self.0.lock();
        let later = rows.waiting.range(after.saturating_add(1)..).map(|(_, row)| row);
        Ok(later.filter(|row| row.notice.receiver == receiver).take(limit).cloned().collect())
    }
}
