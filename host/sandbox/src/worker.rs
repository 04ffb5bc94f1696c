//! The compiler as a child process: the child's side. It limits itself first, reads a module from
//! standard input, writes one answer to standard output, and dies with its parent.

use std::{
    ffi::OsString,
    io::{Read, Write, stdin, stdout},
};

use lifesigns_model::limits::MODULE_BYTES;
use rustix::process::{Resource, Rlimit, Signal, nice, setrlimit};
use wasmtime::Engine;

use crate::compiler::{config, fingerprint, machine_code};

/// The first argument of a child.
pub(crate) const WORKER: &str = "compile-module";

/// One answer: a byte that says what it is, and the rest.
pub(crate) enum WorkerReply {
    Code(Vec<u8>),
    Refused(String),
    TooMuchCode(u64),
    OtherRelease,
}

impl WorkerReply {
    pub(crate) fn read(mut bytes: Vec<u8>) -> Option<Self> {
        let kind = *bytes.first()?;
        bytes.remove(0);
        match kind {
            b'c' => Some(Self::Code(bytes)),
            b'r' => String::from_utf8(bytes).ok().map(Self::Refused),
            b'm' => String::from_utf8(bytes).ok()?.parse().ok().map(Self::TooMuchCode),
            b'o' => Some(Self::OtherRelease),
            _ => None,
        }
    }

    fn write(&self) -> std::io::Result<()> {
        let mut out = stdout().lock();
        match self {
            Self::Code(code) => out.write_all(b"c").and_then(|()| out.write_all(code)),
            Self::Refused(text) => out.write_all(b"r").and_then(|()| out.write_all(text.as_bytes())),
            Self::TooMuchCode(bytes) => write!(out, "m{bytes}"),
            Self::OtherRelease => out.write_all(b"o"),
        }?;
        out.flush()
    }
}

/// Compiles one module, if the arguments of this process (with the program's name) ask for that, and
/// returns the exit code that the process shall end with. A program calls it first of all in `main`,
/// before it starts threads or allocates much, if it wants to be the compiler of
/// [`crate::ChildProcess`].
pub fn compile_worker(mut args: impl Iterator<Item = OsString>) -> Option<u8> {
    if args.nth(1)? != WORKER {
        return None;
    }
    let numbers: Vec<u64> = args.filter_map(|number| number.to_str()?.parse().ok()).collect();
    let Ok([memory_bytes, cpu_s, code_bytes, parent, release]) = <[u64; 5]>::try_from(numbers) else {
        return Some(2);
    };
    if !limit(memory_bytes, cpu_s, parent) {
        return Some(3);
    }
    let Ok(engine) = Engine::new(&config()) else { return Some(4) };
    let answer = answer(&engine, code_bytes, release);
    // A parent that has gone away wants no answer.
    Some(u8::from(answer.write().is_err()))
}

/// Dies with the parent, and takes no more than it may. Says whether the parent is still there and the
/// limits hold.
fn limit(memory_bytes: u64, cpu_s: u64, parent: u64) -> bool {
    let limited = set_limits(memory_bytes, cpu_s);
    // Those who work on events go first.
    let _ = nice(10);
    let same = rustix::process::getppid().is_some_and(|id| id.as_raw_nonzero().get() as u64 == parent);
    limited.is_ok() && same
}

fn set_limits(memory_bytes: u64, cpu_s: u64) -> rustix::io::Result<()> {
    let exact = |most| Rlimit { current: Some(most), maximum: Some(most) };
    let cpu = Rlimit { current: Some(cpu_s), maximum: Some(cpu_s.saturating_add(5)) };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    setrlimit(Resource::Core, exact(0))?;
    setrlimit(Resource::Fsize, exact(0))?;
    setrlimit(Resource::Data, exact(memory_bytes))?;
    setrlimit(Resource::Cpu, cpu)
}

fn answer(engine: &Engine, code_bytes: u64, release: u64) -> WorkerReply {
    if fingerprint(engine) != release {
        return WorkerReply::OtherRelease;
    }
    let mut module = Vec::new();
    if let Err(error) = stdin().lock().take(MODULE_BYTES).read_to_end(&mut module) {
        return WorkerReply::Refused(format!("the module cannot be read: {error}"));
    }
    match machine_code(engine, &module) {
        Ok(code) if code.len() as u64 > code_bytes => WorkerReply::TooMuchCode(code.len() as u64),
        Ok(code) => WorkerReply::Code(code),
        Err(crate::AdmitError::Invalid(text)) => WorkerReply::Refused(text),
        Err(error) => WorkerReply::Refused(error.to_string()),
    }
}
