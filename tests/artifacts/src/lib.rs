//! Every rule and every test guest of this workspace as a built module, for tests and benches. The
//! first call in a process builds them all; cargo's own lock and an atomic rename let processes share
//! them.

mod binaries;
mod hostile;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use lifesigns_workbench::{BuiltModule, build, rule_crates};

pub use binaries::binary;
pub use hostile::{HostileGuest, HostileOutcome, hostile_guests};
/// Cargo, for tests that build or run something.
pub use lifesigns_workbench::outer_cargo as cargo;

/// Returns the module of `rules/NAME`.
///
/// # Panics
/// When the rules do not build, or there is no such rule: a test can do nothing without.
pub fn rule(name: &str) -> &'static Path {
    static RULES: OnceLock<Vec<BuiltModule>> = OnceLock::new();
    find(RULES.get_or_init(|| build_all("rules", "rules-built")), name, "rules")
}

/// Returns the module of `tests/guests/NAME`: guests that do something wrong.
///
/// # Panics
/// When the guests do not build, or there is no such guest.
pub fn guest(name: &str) -> &'static Path {
    static GUESTS: OnceLock<Vec<BuiltModule>> = OnceLock::new();
    find(GUESTS.get_or_init(|| build_all("tests/guests", "guests-built")), name, "tests/guests")
}

/// Returns the root of the workspace.
pub fn root() -> &'static Path {
    // The folder of this crate is `tests/artifacts`.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

fn find(built: &'static [BuiltModule], name: &str, folder: &str) -> &'static Path {
    match built.iter().find(|one| one.name == name) {
        Some(one) => &one.path,
        None => panic!("{folder}/{name} makes no module; there are: {}", names(built)),
    }
}

fn names(built: &[BuiltModule]) -> String {
    built.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn build_all(folder: &str, out: &str) -> Vec<BuiltModule> {
    let crates: Vec<PathBuf> = match rule_crates(&root().join(folder)) {
        Ok(crates) => crates,
        Err(error) => panic!("{error}"),
    };
    match build(&crates, &target().join(out), &mut |_| ()) {
        Ok(built) => built,
        Err(error) => panic!("{error}"),
    }
}

/// Where this process's own cargo builds, as far as it is known.
fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}
