//! From bytes to a module that can be opened.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use lifesigns_model::{Limits, Module, OpenError, Opened};
use wasmtime::{
    Config, Engine, OptLevel,
    component::{Component, HasSelf, Linker},
};

pub use crate::admission::Interface;
use crate::{
    admission::{self, AdmitError},
    bindings::Rule,
    cache::Cache,
    cell::{Linked, WasmCell},
    host::Lent,
    ticker,
};

/// Why the sandbox itself could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot be started: {0}")]
pub struct SandboxError(String);

/// The engine that all modules of this process share.
pub struct Sandbox {
    engine: Engine,
    linker: Linker<Lent>,
    cache: Option<Cache>,
    known: Mutex<HashMap<String, Weak<WasmModule>>>,
}

impl Sandbox {
    /// Makes an engine. Compiled modules are kept in `cache`, if there is one.
    ///
    /// # Errors
    /// When the machine cannot run wasmtime's code or start a thread.
    pub fn new(cache: Option<Cache>) -> Result<Self, SandboxError> {
        let fail = |error: wasmtime::Error| SandboxError(format!("{error:#}"));
        let engine = Engine::new(&config()).map_err(fail)?;
        ticker::start(&engine).map_err(|error| SandboxError(error.to_string()))?;
        let mut linker = Linker::new(&engine);
        Rule::add_to_linker::<_, HasSelf<Lent>>(&mut linker, |lent| lent).map_err(fail)?;
        Ok(Self { engine, linker, cache, known: Mutex::default() })
    }

    /// Admits a module: `digest` is `sha256:…` of `bytes`. The same digest gives the same module
    /// for as long as somebody holds it.
    ///
    /// # Errors
    /// When the bytes are not a rule module that this host can run.
    pub fn load(&self, bytes: &[u8], digest: &str) -> Result<Arc<WasmModule>, AdmitError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = known.get(digest).and_then(Weak::upgrade) {
            return Ok(module);
        }
        let component = self.compile(bytes, digest)?;
        let mut interfaces = Vec::new();
        for (name, _) in component.component_type().imports(&self.engine) {
            interfaces.extend(admission::import(name)?);
        }
        interfaces.sort_unstable();
        let linked = self
            .linker
            .instantiate_pre(&component)
            .and_then(Linked::new)
            .map_err(|error| AdmitError::World(format!("{:#}", error.root_cause())))?;
        let module =
            Arc::new(WasmModule { engine: self.engine.clone(), linked, digest: digest.to_owned(), interfaces });
        known.retain(|_, module| module.strong_count() > 0);
        known.insert(digest.to_owned(), Arc::downgrade(&module));
        Ok(module)
    }

    fn compile(&self, bytes: &[u8], digest: &str) -> Result<Component, AdmitError> {
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.get(&self.engine, digest)) {
            return Ok(component);
        }
        let encoded = admission::component(bytes)?;
        let component = Component::from_binary(&self.engine, &encoded)
            .map_err(|error| AdmitError::Invalid(format!("{error:#}")))?;
        if let Some(cache) = &self.cache {
            cache.put(&self.engine, digest, &component);
        }
        Ok(component)
    }
}

/// A module, compiled and linked, ready to be opened any number of times.
pub struct WasmModule {
    engine: Engine,
    linked: Linked,
    digest: String,
    interfaces: Vec<Interface>,
}

impl WasmModule {
    /// The grantable interfaces that it imports.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }
}

impl Module for WasmModule {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn open(&self, settings: &str, limits: &Limits) -> Result<Opened, OpenError> {
        WasmCell::open(&self.engine, &self.linked, settings, limits)
    }
}

/// Determinism and refusal first: no threads, no relaxed SIMD, canonical NaNs, nothing that rules
/// built by `lifesigns rule build` do not need.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(256 << 10)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}
