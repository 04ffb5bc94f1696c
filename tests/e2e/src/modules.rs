//! Built modules, admitted by one sandbox.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use lifesigns::{AdmitError, Sandbox};
use lifesigns_engine::LoadedRule;
use lifesigns_model::{Limits, Module};
use lifesigns_rulestore::ModuleBytes;

/// Returns the sandbox that the tests of one process share; it has no cache.
///
/// # Panics
/// When this machine cannot run it.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| match Sandbox::new(None) {
        Ok(sandbox) => sandbox,
        Err(error) => panic!("{error}"),
    })
}

/// Admits bytes.
///
/// # Errors
/// What the sandbox says.
pub fn admit(bytes: Vec<u8>) -> Result<Arc<dyn Module>, AdmitError> {
    let module = ModuleBytes::new(bytes);
    let loaded: Arc<dyn Module> = sandbox().load(&module.bytes, &module.digest)?;
    Ok(loaded)
}

/// Returns the bytes of a file.
///
/// # Panics
/// When it cannot be read.
pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the built module `rules/NAME`.
///
/// # Panics
/// When it does not build or is not admitted.
pub fn rule(name: &str) -> Arc<dyn Module> {
    admit(read(lifesigns_artifacts::rule(name))).unwrap_or_else(|error| panic!("rules/{name}: {error}"))
}

/// Returns the built module `tests/guests/NAME`.
///
/// # Panics
/// When it does not build or is not admitted.
pub fn guest(name: &str) -> Arc<dyn Module> {
    admit(read(lifesigns_artifacts::guest(name))).unwrap_or_else(|error| panic!("tests/guests/{name}: {error}"))
}

/// Long enough for a guest that does no wrong, however busy the machine is.
pub const DEADLINE_MS: u64 = 1000;

/// Returns a module as a rule with default limits but for its deadline.
///
/// # Panics
/// When it refuses its settings.
pub fn open(name: &str, module: &Arc<dyn Module>, settings: &str) -> Arc<LoadedRule> {
    let limits = Limits { deadline_ms: DEADLINE_MS, ..Limits::default() };
    let opened = LoadedRule::new(name, Arc::clone(module), settings, limits);
    Arc::new(opened.unwrap_or_else(|error| panic!("{name} with {settings}: {error}")))
}
