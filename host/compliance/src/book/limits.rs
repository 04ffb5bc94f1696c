//! The limits of the book, unit last in each name.

use lifesigns_model::NS_PER_S;

/// How many fingerprints of raises and clears a symptom remembers.
pub(super) const FINGERPRINTS: usize = 64;
/// Symptoms of one object; new ones beyond that are dropped and counted.
pub(super) const OBJECT_SYMPTOMS: usize = 1024;
/// Alerts of one object, the latest of each definition. For another one, the alert that was cancelled longest ago
/// is evicted; if all are open, the new one is dropped and counted.
pub(super) const OBJECT_ALERTS: usize = 1024;
/// Symptoms that an alert names, and whose evidence it shows.
pub(super) const ALERT_SYMPTOMS: usize = 64;
/// Lines that show a raise are cut to this length.
pub(super) const EVIDENCE_BYTES: usize = 2048;
/// Badges that are remembered of each object and group.
pub(super) const BADGE_POINTS: usize = 64;
/// Silences that have not ended.
pub(super) const SILENCES: usize = 1000;
/// Matchers of one silence.
pub(super) const MATCHERS: usize = 32;
/// The length of a note, a reason or a name that a person gives.
pub(super) const TEXT_BYTES: usize = 4096;
/// Alerts that one command acknowledges or cancels.
pub(super) const BULK: usize = 2000;
/// An event clock goes on with the host's clock after this long without an event, in nanoseconds.
pub(super) const QUIET_NS: u64 = NS_PER_S;
/// Event clocks, one for each object that is kept and source that reports it; beyond that, a part of those
/// without timers is evicted.
pub(super) const EVENT_CLOCKS: usize = 2_000_000;
/// Symptoms whose dependents are remembered.
pub(super) const KNOWN_SYMPTOMS: usize = 65_536;
/// How many candidates a refusal of an ambiguous prefix names.
pub(super) const CANDIDATES: usize = 8;
