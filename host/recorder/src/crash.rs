//! Named points at which a debug build dies at once, as on a power cut, when the crash harness asks
//! for it. A release build has none of this: there is nothing to read and nothing to call.

#[cfg(debug_assertions)]
use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

/// `NAME:N`: die when the point `NAME` is passed for the `N`th time.
#[cfg(debug_assertions)]
const VARIABLE: &str = "RECORDER_CRASH_AT";

/// Everything is in the book, nothing is on the disk.
pub(crate) const BEFORE_COMMIT: &str = "before-commit";
/// Everything is on the disk, nobody knows.
pub(crate) const AFTER_COMMIT: &str = "after-commit";
/// Receivers know, sources do not.
pub(crate) const BEFORE_RELEASE: &str = "before-release";
/// Sources know too.
pub(crate) const AFTER_RELEASE: &str = "after-release";
/// A receiver has a notice, and nobody has heard of that.
pub(crate) const DELIVERED: &str = "delivered";
/// Another configuration is in force, and nothing that followed from it is on the disk.
pub(crate) const RELOADED: &str = "reloaded";

/// Passes a point. `abort` runs no destructor and flushes nothing: for files it is a SIGKILL.
#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods, reason = "only a debug build, and only one that was asked to die")]
pub(crate) fn point(name: &str) {
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

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) const fn point(_: &str) {}
