//! A scanner thread: it takes chunks as they come, scans them, and gives them back into their order.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::{
    ingress::ScanJob,
    monotonic_clock::MonotonicClock,
    scan::Scanner,
    sequencer::SequencedItem,
    shared::{EngineShared, PanicGuard},
};

/// Scans chunks until the queue ends.
pub(crate) fn run(shared: &EngineShared, jobs: &Receiver<ScanJob>) {
    let _guard = PanicGuard(shared);
    let mut scanner = Scanner::default();
    let mut clock = MonotonicClock::new(Arc::clone(&shared.clock));
    for ScanJob { stamp, chunk, permit } in jobs {
        let now_ns = clock.now_ns();
        let mut scanned = scanner.scan(stamp.rules, chunk.source, &chunk.bytes, Some(now_ns));
        shared.statistics.add_scan_charges(scanner.charge(&scanned.rules, now_ns));
        scanned.handed_in_ns = stamp.handed_in_ns;
        scanned.ack_guard.permit = Some(permit);
        scanned.ack_guard.ack = chunk.ack;
        scanned.cursor = chunk.cursor;
        shared.handover.put(stamp.number, SequencedItem::Chunk(Box::new(scanned), chunk.arrived_ns));
    }
}
