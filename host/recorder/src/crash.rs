//! Named points at which a debug build aborts, as on a power cut, when the crash tests ask for it. A
//! release build has none.

#[cfg(debug_assertions)]
use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

/// `NAME:N`: abort when the point `NAME` is passed for the `N`th time.
#[cfg(debug_assertions)]
const VARIABLE: &str = "RECORDER_CRASH_AT";

/// The turn is in the book, nothing of it is on the disk.
pub(crate) const BEFORE_COMMIT: &str = "before-commit";
/// A turn is being written, and the next is in the book.
pub(crate) const COLLECTED_AHEAD: &str = "collected-ahead";
/// The turn is on the disk, and nothing was published.
pub(crate) const AFTER_COMMIT: &str = "after-commit";
/// Receivers were woken, sources are not acknowledged.
pub(crate) const BEFORE_RELEASE: &str = "before-release";
/// Sources are acknowledged.
pub(crate) const AFTER_RELEASE: &str = "after-release";
/// A receiver has a notice, and the result is not recorded.
pub(crate) const DELIVERED: &str = "delivered";
/// Another configuration is in force, and none of its effects is on the disk.
pub(crate) const RELOADED: &str = "reloaded";

/// An agent is enrolled, and has no answer.
pub(crate) const ENROLLED: &str = "enrolled";

/// A change of a rule is planned and noted beside its history, and nothing else has changed.
pub const RULE_NOTED: &str = "rule-noted";
/// Its history has the new version, its manifest has not.
pub const RULE_HISTORY: &str = "rule-history";
/// Its manifest has the new version, which does not run.
pub const RULE_MANIFEST: &str = "rule-manifest";
/// The new version runs; whether that is on the disk is not known.
pub const RULE_LOADED: &str = "rule-loaded";
/// It runs, and nothing of it is in the record.
pub(crate) const RULE_UNRECORDED: &str = "rule-unrecorded";
/// It is in the record, and still noted as under way.
pub(crate) const RULE_RECORDED: &str = "rule-recorded";
/// Everything is on the disk, and the caller has no answer.
pub const RULE_CHANGED: &str = "rule-changed";

/// Passes a point. `abort` runs no destructor and flushes nothing: for files it is a SIGKILL.
#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods, reason = "only a debug build, and only one that was asked to abort")]
pub fn point(name: &str) {
    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let value = std::env::var(VARIABLE).ok()?;
        let (name, number) = value.split_once(':')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    static PASSED: AtomicU32 = AtomicU32::new(0);
    if let Some((wanted, number)) = &*WANTED
        && wanted == name
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *number
    {
        std::process::abort();
    }
}

/// A release build passes every point.
#[cfg(not(debug_assertions))]
pub const fn point(_: &str) {}
