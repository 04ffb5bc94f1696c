//! From bytes to a module that can be instantiated.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use lifesigns_model::{
    DeclaredSetting, DescribedInstance, Description, InstanceError, InstantiateError, Limits, Module, WakeSignal,
};
use wasmtime::{
    Engine,
    component::{Component, HasSelf, Linker},
};

pub use crate::admission::Interface;
use crate::{
    admission::{self, AdmitError},
    bindings::{Rule, RulePre},
    cache::Cache,
    compiler::{CompileLimits, Compiler, InProcess, config},
    counted::{CountedModule, Deadline},
    descriptions::Descriptions,
    instance::{self, WasmInstance},
    memory::{MemoryBudget, MemoryCharge},
    store_data::StoreData,
    ticker,
};

/// Refusals that are kept in memory.
const REFUSALS: usize = 4096;

/// Why the sandbox itself could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot be started: {0}")]
pub struct SandboxError(String);

/// The engine that all modules of this process share. Clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<SandboxParts>);

struct SandboxParts {
    engine: Engine,
    linker: Linker<StoreData>,
    cache: Option<Arc<Cache>>,
    compiler: Arc<dyn Compiler>,
    memory: Arc<MemoryBudget>,
    known: Mutex<Known>,
    /// Whether modules keep their bytes, to be compiled once more if a deadline passes.
    counts: AtomicBool,
    /// A module has been compiled, or was refused. A condition of `known`, not a [`WakeSignal`]: many may wait,
    /// each for another module.
    done: Condvar,
}

/// Modules and refusals by digest.
#[derive(Default)]
struct Known {
    modules: HashMap<String, Weak<WasmModule>>,
    refused: HashMap<String, AdmitError>,
    /// Digests that are being compiled: other threads wait for them.
    compiling: HashSet<String>,
}

impl Sandbox {
    /// Makes an engine that compiles in this process, with checks ([`InProcess`]). Compiled modules are
    /// kept in `cache`, if there is one.
    ///
    /// # Errors
    /// When the machine cannot run wasmtime's code or start a thread.
    pub fn new(cache: Option<Cache>) -> Result<Self, SandboxError> {
        let compiler = InProcess::new(CompileLimits::default()).map_err(SandboxError)?;
        Self::with(cache, Arc::new(compiler), MemoryBudget::default())
    }

    /// As [`Sandbox::new`], with a compiler ([`crate::ChildProcess`] limits memory and time) and a
    /// ceiling for the memory of all rules together.
    ///
    /// # Errors
    /// See [`Sandbox::new`].
    pub fn with(cache: Option<Cache>, compiler: Arc<dyn Compiler>, memory: MemoryBudget) -> Result<Self, SandboxError> {
        let fail = |error: wasmtime::Error| SandboxError(format!("{error:#}"));
        let engine = Engine::new(&config()).map_err(fail)?;
        ticker::start(&engine).map_err(|error| SandboxError(error.to_string()))?;
        let mut linker = Linker::new(&engine);
        Rule::add_to_linker::<_, HasSelf<StoreData>>(&mut linker, |data| data).map_err(fail)?;
        let (cache, memory) = (cache.map(Arc::new), Arc::new(memory));
        let (known, done, counts) = (Mutex::default(), Condvar::new(), AtomicBool::new(false));
        Ok(Self(Arc::new(SandboxParts { engine, linker, cache, compiler, memory, known, counts, done })))
    }

    /// Returns the memory budget of all rules of this sandbox.
    pub fn memory(&self) -> &Arc<MemoryBudget> {
        &self.0.memory
    }

    /// Has calls of modules that are loaded from now on decided by the instructions that they execute where a deadline
    /// has passed, as a replay needs them: [`Module::instantiate_counted`].
    pub fn count_instructions(&self) {
        self.0.counts.store(true, Ordering::Relaxed);
    }

    /// Gives a module that was [ready](Self::ready) the bytes that it was made of, if instructions are counted.
    pub fn keep_source(&self, module: &WasmModule, bytes: &[u8]) {
        if self.0.counts.load(Ordering::Relaxed) {
            module.source.get_or_init(|| bytes.into());
        }
    }

    /// Admits a module: `digest` is `sha256:…` of `bytes`. The same digest gives the same module
    /// for as long as one of them is referenced.
    ///
    /// # Errors
    /// When the bytes are not a rule module that this host can run.
    pub fn load(&self, bytes: &[u8], digest: &str) -> Result<Arc<WasmModule>, AdmitError> {
        self.load_until(bytes, digest, &WakeSignal::new())
    }

    /// As [`Sandbox::load`]; gives up soon after `stop` is stopped, if the compiler can. Other modules are
    /// compiled meanwhile, by other threads.
    ///
    /// # Errors
    /// See [`Sandbox::load`]; [`AdmitError::Unavailable`] when it was stopped.
    pub fn load_until(&self, bytes: &[u8], digest: &str, stop: &WakeSignal) -> Result<Arc<WasmModule>, AdmitError> {
        let loaded = self.0.load(bytes, digest, stop);
        if let Ok(module) = &loaded {
            self.keep_source(module, bytes);
        }
        loaded
    }

    /// Returns the module, or its refusal, if either is known without compiling.
    pub fn ready(&self, digest: &str) -> Option<Result<Arc<WasmModule>, AdmitError>> {
        if let Some(done) = self.0.lock().of(digest) {
            return Some(done);
        }
        self.0.cached(digest)
    }

    /// Writes the descriptions that modules gave since the last call to the cache, so that the same rules need not be
    /// started to be loaded again.
    pub fn keep_descriptions(&self) {
        let modules: Vec<_> = self.0.lock().modules.values().filter_map(Weak::upgrade).collect();
        modules.iter().for_each(|module| module.keep_descriptions());
    }
}

impl Known {
    fn of(&self, digest: &str) -> Option<Result<Arc<WasmModule>, AdmitError>> {
        if let Some(module) = self.modules.get(digest).and_then(Weak::upgrade) {
            return Some(Ok(module));
        }
        self.refused.get(digest).cloned().map(Err)
    }
}

impl SandboxParts {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock()
    }

    fn load(&self, bytes: &[u8], digest: &str, stop: &WakeSignal) -> Result<Arc<WasmModule>, AdmitError> {
        let _turn = match self.turn(digest) {
            Ok(turn) => turn,
            Err(done) => return done,
        };
        if let Some(done) = self.cached(digest) {
            return done;
        }
        let made = self.compiler.compile(bytes, stop).and_then(|code| self.compiled(digest, &code));
        self.remember(digest, made)
    }

    /// Waits while another thread compiles the same module, and returns its result as `Err`.
    fn turn<'a>(&'a self, digest: &'a str) -> Result<CompileClaim<'a>, Result<Arc<WasmModule>, AdmitError>> {
        let mut known = self.lock();
        loop {
            if let Some(done) = known.of(digest) {
                return Err(done);
            }
            if !known.compiling.contains(digest) {
                known.compiling.insert(digest.to_owned());
                return Ok(CompileClaim { shared: self, digest });
            }
            self.done.wait(&mut known);
        }
    }

    fn cached(&self, digest: &str) -> Option<Result<Arc<WasmModule>, AdmitError>> {
        let cache = self.cache.as_ref()?;
        if let Some(component) = cache.get(&self.engine, digest) {
            let linked = self.link(digest, &component);
            return Some(self.remember(digest, linked));
        }
        let why = cache.refusal(&self.engine, digest, &self.compiler.limits())?;
        Some(self.remember(digest, Err(AdmitError::TooCostly(why))))
    }

    /// Stores and links the compiler's result.
    fn compiled(&self, digest: &str, code: &[u8]) -> Result<Arc<WasmModule>, AdmitError> {
        if let Some(cache) = &self.cache {
            cache.put(&self.engine, digest, code);
        }
        // SAFETY: `deserialize` trusts its bytes to come from `serialize`. These come from our own
        // compiler, in this process or in a child process that it has just started.
        #[expect(unsafe_code, reason = "wasmtime loads machine code only by an unsafe function")]
        let component = unsafe { Component::deserialize(&self.engine, code) };
        let component = component.map_err(|error| AdmitError::Unavailable(format!("{error:#}")))?;
        self.link(digest, &component)
    }

    fn link(&self, digest: &str, component: &Component) -> Result<Arc<WasmModule>, AdmitError> {
        let image = component.image_range();
        let wanted_bytes = image.end.addr() - image.start.addr();
        let Some(code) = MemoryCharge::code(&self.memory, wanted_bytes) else {
            let (used_bytes, ceiling_bytes) = (self.memory.used_bytes(), self.memory.ceiling_bytes());
            return Err(AdmitError::Ceiling { wanted_bytes, used_bytes, ceiling_bytes });
        };
        let mut interfaces = Vec::new();
        for (name, _) in component.component_type().imports(&self.engine) {
            interfaces.extend(admission::import(name)?);
        }
        interfaces.sort_unstable();
        let linked = self
            .linker
            .instantiate_pre(component)
            .and_then(RulePre::new)
            .map_err(|error| AdmitError::world(&format!("{error:#}")))?;
        Ok(Arc::new(WasmModule {
            engine: self.engine.clone(),
            linked,
            digest: digest.to_owned(),
            interfaces,
            memory: Arc::clone(&self.memory),
            cache: self.cache.clone(),
            descriptions: Mutex::default(),
            source: OnceLock::new(),
            counted: OnceLock::new(),
            _code: code,
        }))
    }

    /// Records the result for a digest, unless another try could change it.
    fn remember(&self, digest: &str, made: Result<Arc<WasmModule>, AdmitError>) -> Result<Arc<WasmModule>, AdmitError> {
        let mut known = self.lock();
        match &made {
            Ok(module) => {
                known.modules.retain(|_, module| module.strong_count() > 0);
                known.modules.insert(digest.to_owned(), Arc::downgrade(module));
            }
            Err(error) if error.is_transient() => {}
            Err(error) => {
                if known.refused.len() >= REFUSALS {
                    known.refused.clear();
                }
                known.refused.insert(digest.to_owned(), error.clone());
                drop(known);
                if let (AdmitError::TooCostly(why), Some(cache)) = (error, &self.cache) {
                    cache.refuse(&self.engine, digest, &self.compiler.limits(), why);
                }
            }
        }
        made
    }
}

/// The right to compile a digest, until it is dropped.
struct CompileClaim<'a> {
    shared: &'a SandboxParts,
    digest: &'a str,
}

impl Drop for CompileClaim<'_> {
    fn drop(&mut self) {
        self.shared.lock().compiling.remove(self.digest);
        self.shared.done.notify_all();
    }
}

/// A module, compiled and linked, ready to be instantiated any number of times.
pub struct WasmModule {
    engine: Engine,
    linked: RulePre<StoreData>,
    digest: String,
    interfaces: Vec<Interface>,
    memory: Arc<MemoryBudget>,
    cache: Option<Arc<Cache>>,
    /// `None` until one is asked for.
    descriptions: Mutex<Option<Descriptions>>,
    /// The module's bytes, if its calls are to be counted where a deadline has passed.
    source: OnceLock<Arc<[u8]>>,
    /// Compiled to be counted; `None` if it cannot be.
    counted: OnceLock<Option<CountedModule>>,
    _code: MemoryCharge,
}

impl WasmModule {
    /// The grantable interfaces that it imports.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Returns the settings that it declares, for people. It is started for that.
    ///
    /// # Errors
    /// It cannot be started, or fails.
    pub fn declared_settings(&self, limits: &Limits) -> Result<Vec<DeclaredSetting>, InstanceError> {
        instance::declared_settings(&self.engine, &self.linked, limits, &self.memory)
    }

    /// Calls `with` with the descriptions that the cache has, which are read once.
    fn with_descriptions<T>(&self, cache: &Cache, with: impl FnOnce(&mut Descriptions) -> T) -> T {
        let mut descriptions = self.descriptions.lock();
        with(descriptions.get_or_insert_with(|| cache.descriptions(&self.engine, &self.digest)))
    }

    fn keep_descriptions(&self) {
        let Some(cache) = &self.cache else { return };
        let mut descriptions = self.descriptions.lock();
        if let Some(bytes) = descriptions.as_mut().and_then(Descriptions::take_bytes) {
            cache.keep_descriptions(&self.engine, &self.digest, &bytes);
        }
    }
}

impl Module for WasmModule {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError> {
        let by_time = (limits, Deadline::ticks(limits));
        let opened = WasmInstance::open(&self.engine, &self.linked, settings, by_time, &self.memory);
        if matches!(&opened, Err(InstantiateError::Instance(InstanceError::Deadline { .. }))) {
            return self.instantiate_counted(settings, limits).unwrap_or(opened);
        }
        opened
    }

    fn instantiate_counted(
        &self,
        settings: &str,
        limits: &Limits,
    ) -> Option<Result<DescribedInstance, InstantiateError>> {
        let source = self.source.get()?;
        let counted = self.counted.get_or_init(|| CountedModule::new(source).ok()).as_ref()?;
        let by_count = (limits, Deadline::instructions(limits));
        Some(WasmInstance::open(&counted.engine, &counted.linked, settings, by_count, &self.memory))
    }

    fn describe(&self, settings: &str, limits: &Limits) -> Result<Description, InstantiateError> {
        let Some(cache) = &self.cache else { return Ok(self.instantiate(settings, limits)?.description) };
        let (key, known) = self.with_descriptions(cache, |known| {
            let key = known.key(settings, limits);
            (key, known.get(&key))
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let description = self.instantiate(settings, limits)?.description;
        self.with_descriptions(cache, |known| known.add(key, &description));
        Ok(description)
    }
}
