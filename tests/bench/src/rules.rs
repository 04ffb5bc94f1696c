//! Rules as modules, and as many of them as are wanted.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_engine::LoadedRule;
use lifesigns_model::{Limits, Module};
use lifesigns_sandbox::{Cache, Sandbox};
use lifesigns_workbench::{BuiltModule, build};

/// The built modules, and a compile cache of this run's own.
#[derive(Debug)]
pub struct Modules {
    built: Vec<BuiltModule>,
    cache: tempfile::TempDir,
}

impl Modules {
    /// Builds `keyword`, `docker-keyword` and the idle rule.
    ///
    /// # Panics
    /// When they do not build.
    pub fn new() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let crates = ["rules/keyword", "rules/docker-keyword", "tests/bench/idle"].map(|name| root.join(name));
        let out = root.join("target/bench-built");
        let built = build(&crates, &out, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
        Self { built, cache: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Returns a sandbox of its own, with the compile cache of this run.
    ///
    /// # Panics
    /// When wasmtime cannot run here.
    pub fn sandbox(&self) -> Sandbox {
        let cache = Cache::open(&self.cache.path().join("cache")).expect("a cache in a folder of our own");
        Sandbox::new(Some(cache)).expect("a sandbox")
    }

    /// Returns the file of a module of those that were built.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn path(&self, name: &str) -> &Path {
        let built = self.built.iter().find(|built| built.name == name).expect("a module of that name");
        &built.path
    }

    /// Returns a module of those that were built.
    ///
    /// # Panics
    /// When there is none of that name, or it is not admitted.
    pub fn load(&self, sandbox: &Sandbox, name: &str) -> Arc<dyn Module> {
        let built = self.built.iter().find(|built| built.name == name).expect("a module of that name");
        let bytes = fs::read(&built.path).expect("the module that was just built");
        sandbox.load(&bytes, &built.digest).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Default for Modules {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns a rule linked natively, its digest as long as a real one, since that is part of every alert.
pub fn native<R: lifesigns_rule::Rule + Send>() -> Arc<dyn Module> {
    lifesigns_native::module::<R>(&format!("sha256:{:0>64}", "0"))
}

/// One `keyword` rule for each word; `first` numbers their names.
///
/// # Panics
/// When a rule refuses its word.
pub fn keyword_rules(module: &Arc<dyn Module>, first: usize, words: &[String]) -> Vec<Arc<LoadedRule>> {
    let rule = |(number, word): (usize, &String)| {
        let settings = serde_json::json!({ "contains": [word] }).to_string();
        let name = format!("k{:05}", first + number);
        LoadedRule::new(&name, Arc::clone(module), &settings, Limits::default()).map(Arc::new)
    };
    let rules: Result<_, _> = words.iter().enumerate().map(rule).collect();
    rules.unwrap_or_else(|error| panic!("{error}"))
}
