//! Who makes machine code of a module: this process, or a child process whose memory and time are
//! limited. Compiling is the one thing that a module can make a host do outside any deadline.

use std::hash::{DefaultHasher, Hash, Hasher};

use lifesigns_model::WakeSignal;
use wasmtime::{Config, Engine, OptLevel};

use crate::{
    admission::{self, AdmitError},
    structure,
};

/// What compiling one module may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompileLimits {
    /// Memory of the child process, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Wall time, in seconds: a machine may be busy, so it is no fault of the module.
    pub wall_s: u64,
    /// Machine code with its tables, in bytes.
    pub code_bytes: u64,
}

impl Default for CompileLimits {
    /// 512 MiB, 20 s, 5 min, 64 MiB. The largest honest rule known (1.2 MB, with `regex`) takes 1.5 s.
    fn default() -> Self {
        Self { memory_bytes: 512 << 20, cpu_s: 20, wall_s: 300, code_bytes: 64 << 20 }
    }
}

/// Makes machine code of modules.
pub trait Compiler: Send + Sync {
    /// The machine code of `module`, in wasmtime's serialised form, made by the same wasmtime with the
    /// same configuration. Gives up soon after `stop` is stopped, if it can.
    ///
    /// # Errors
    /// When the module cannot be compiled, or not within the limits.
    fn compile(&self, module: &[u8], stop: &WakeSignal) -> Result<Vec<u8>, AdmitError>;

    /// The limits that it keeps: what was refused because of them is tried again with others.
    fn limits(&self) -> CompileLimits;
}

/// Compiles in this process. What a module consists of is checked before, and how much code it became
/// after; memory and time are not limited, so it is for modules that one trusts not to be hostile, such
/// as those that one has built.
pub struct InProcess {
    engine: Engine,
    limits: CompileLimits,
}

impl InProcess {
    /// Takes the bound on the code from `limits`.
    ///
    /// # Errors
    /// When the machine cannot run wasmtime's code.
    pub fn new(limits: CompileLimits) -> Result<Self, String> {
        let engine = Engine::new(&config()).map_err(|error| format!("{error:#}"))?;
        Ok(Self { engine, limits })
    }
}

impl Compiler for InProcess {
    fn compile(&self, module: &[u8], _: &WakeSignal) -> Result<Vec<u8>, AdmitError> {
        structure::check(module)?;
        let code = machine_code(&self.engine, module)?;
        if code.len() as u64 > self.limits.code_bytes {
            return Err(too_much_code(code.len() as u64, self.limits.code_bytes));
        }
        Ok(code)
    }

    fn limits(&self) -> CompileLimits {
        self.limits
    }
}

pub(crate) fn too_much_code(bytes: u64, most: u64) -> AdmitError {
    AdmitError::TooCostly(format!("makes {bytes} bytes of machine code, and at most {most} are allowed"))
}

/// Makes a component of the bytes, if it is not one, and compiles it.
pub(crate) fn machine_code(engine: &Engine, module: &[u8]) -> Result<Vec<u8>, AdmitError> {
    let component = admission::component(module)?;
    engine.precompile_component(&component).map_err(|error| AdmitError::invalid(&format!("{error:#}")))
}

/// Determinism and refusal first: no threads, no relaxed SIMD, canonical NaNs, nothing that rules
/// built by `lifesigns rule build` do not need.
pub(crate) fn config() -> Config {
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

/// What machine code has to agree in: wasmtime's version, its configuration, the processor.
pub(crate) fn fingerprint(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
