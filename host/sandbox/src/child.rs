//! The compiler as a child process: the parent's side. The child is the same program, or another one
//! of the same release, which calls [`crate::compile_worker`] first of all.

use std::{
    ffi::OsString,
    io::{ErrorKind, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use lifesigns_model::WakeSignal;
use lifesigns_text::quoted;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    process::{Resource, Signal, getrlimit},
};
use wasmtime::Engine;

use crate::{
    admission::AdmitError,
    compiler::{CompileLimits, Compiler, config, fingerprint, too_much_code},
    structure,
    worker::{WORKER, WorkerReply},
};

/// Signals by which a module can end its compiler, or a limit of ours does.
const XCPU: i32 = Signal::XCPU.as_raw();
const XFSZ: i32 = Signal::XFSZ.as_raw();
const ABRT: i32 = Signal::ABORT.as_raw();
const SEGV: i32 = Signal::SEGV.as_raw();
const BUS: i32 = Signal::BUS.as_raw();
const ILL: i32 = Signal::ILL.as_raw();
const FPE: i32 = Signal::FPE.as_raw();
const TRAP: i32 = Signal::TRAP.as_raw();
const SYS: i32 = Signal::SYS.as_raw();
/// The exit code of a panic.
const PANIC: i32 = 101;
/// How often the parent looks whether it shall stop.
const LOOK: Duration = Duration::from_millis(50);
/// How often it looks whether a child that has said all has ended: it does so at once.
const END: Duration = Duration::from_millis(1);
/// What is kept of what the child wrote on standard error.
const SAID_BYTES: usize = 4 << 10;

/// Compiles in a child process of limited memory and time.
pub struct ChildProcess {
    program: PathBuf,
    limits: CompileLimits,
    fingerprint: u64,
}

impl ChildProcess {
    /// `program` is a program of this release that calls [`crate::compile_worker`] at its start, such
    /// as `lifesigns` itself.
    ///
    /// # Errors
    /// When the machine cannot run wasmtime's code.
    pub fn new(program: impl Into<PathBuf>, limits: CompileLimits) -> Result<Self, String> {
        let engine = Engine::new(&config()).map_err(|error| format!("{error:#}"))?;
        Ok(Self { program: program.into(), limits, fingerprint: fingerprint(&engine) })
    }

    fn start(&self) -> Result<CompilerChild, AdmitError> {
        let CompileLimits { memory_bytes, cpu_s, code_bytes, .. } = self.limits;
        let parent = u64::from(std::process::id());
        let numbers = [memory_bytes, cpu_s, code_bytes, parent, self.fingerprint];
        let child = Command::new(&self.program)
            .arg0("lifesigns")
            .arg(WORKER)
            .args(numbers.map(|number| OsString::from(number.to_string())))
            // Nothing of the host's environment is the child's business. Its allocator takes memory in
            // small steps, so that the limit on memory is what it says.
            .env_clear()
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .env("MIMALLOC_ARENA_RESERVE", "65536")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A signal for the host's group (Ctrl-C, a closed terminal) is not for the child: the host
            // ends it when it ends.
            .process_group(0)
            .spawn();
        match child {
            Ok(child) => Ok(CompilerChild(child)),
            Err(error) => {
                let program = self.program.display();
                Err(AdmitError::Unavailable(format!("the compiler's process ({program}) cannot be started: {error}")))
            }
        }
    }

    /// # Errors
    /// The host ends, or the time is over.
    fn may_go_on(&self, stop: &WakeSignal, deadline: Instant) -> Result<(), AdmitError> {
        if stop.is_stopped() {
            return Err(ending());
        }
        if Instant::now() >= deadline {
            let wall_s = self.limits.wall_s;
            return Err(AdmitError::Unavailable(format!("it was not done after {wall_s} s; the machine is busy")));
        }
        Ok(())
    }

    /// What the child's end means. Only what a module can do to a compiler is the module's fault: all
    /// else comes from outside, and may pass.
    fn verdict(&self, status: ExitStatus, answer: Vec<u8>, said: &[u8]) -> Result<Vec<u8>, AdmitError> {
        let said = String::from_utf8_lossy(said);
        let CompileLimits { memory_bytes, cpu_s, code_bytes, .. } = self.limits;
        let no_memory = said.contains("memory allocation of") || said.contains("out of memory");
        match (status.code(), status.signal()) {
            (Some(0), _) => {}
            (_, Some(XCPU)) => {
                return Err(AdmitError::TooCostly(format!("takes more than {cpu_s} s of processor time")));
            }
            (Some(PANIC), _) | (_, Some(ABRT)) if no_memory && memory_may_run_out() => {
                return Err(AdmitError::Unavailable("the compiler's process found no memory".to_owned()));
            }
            (Some(PANIC), _) | (_, Some(ABRT)) if no_memory => {
                return Err(AdmitError::TooCostly(format!("takes more than {memory_bytes} bytes of memory")));
            }
            (Some(PANIC), signal) | (_, signal @ Some(ABRT | SEGV | BUS | ILL | FPE | TRAP | SYS | XFSZ)) => {
                let how = match signal {
                    Some(ABRT) => "abort".to_owned(),
                    Some(signal) => format!("signal {signal}"),
                    None => status.to_string(),
                };
                let said = quoted(said.trim(), 256);
                return Err(AdmitError::TooCostly(format!("broke the compiler ({how}: {said})")));
            }
            (_, Some(signal)) => {
                let how = format!("the compiler's process was ended from outside (signal {signal})");
                return Err(AdmitError::Unavailable(how));
            }
            // What the child says of itself, and not of the module.
            _ => {
                return Err(AdmitError::Unavailable(format!("the compiler's process cannot work here ({status})")));
            }
        }
        match WorkerReply::read(answer) {
            Some(WorkerReply::Code(code)) if code.len() as u64 <= code_bytes => Ok(code),
            Some(WorkerReply::Code(code)) => Err(too_much_code(code.len() as u64, code_bytes)),
            Some(WorkerReply::TooMuchCode(bytes)) => Err(too_much_code(bytes, code_bytes)),
            Some(WorkerReply::Refused(text)) => Err(AdmitError::invalid(&text)),
            Some(WorkerReply::OtherRelease) => {
                let program = self.program.display();
                Err(AdmitError::Unavailable(format!("{program} is of another release than this program")))
            }
            None => Err(AdmitError::Unavailable(format!("the compiler's process gave no valid answer ({status})"))),
        }
    }
}

impl Compiler for ChildProcess {
    fn compile(&self, module: &[u8], stop: &WakeSignal) -> Result<Vec<u8>, AdmitError> {
        structure::check(module)?;
        let deadline = Instant::now() + Duration::from_secs(self.limits.wall_s);
        let mut running = self.start()?;
        let mut pipes = Pipes::of(&mut running.0, module).map_err(unheard)?;
        // One byte says what the rest is.
        let most_bytes = self.limits.code_bytes.saturating_add(1);
        while pipes.is_open() {
            self.may_go_on(stop, deadline)?;
            pipes.go_on().map_err(unheard)?;
            if pipes.answer.len() as u64 > most_bytes {
                return Err(too_much_code(pipes.answer.len() as u64 - 1, self.limits.code_bytes));
            }
        }
        // A child that has closed its pipes has still to end.
        let status = loop {
            let ended = running.0.try_wait();
            let lost = |error| AdmitError::Unavailable(format!("the compiler's process is lost: {error}"));
            if let Some(status) = ended.map_err(lost)? {
                break status;
            }
            self.may_go_on(stop, deadline)?;
            let _ = stop.wait(END);
        };
        let made = self.verdict(status, pipes.answer, &pipes.said);
        // What ends the host may have ended the child.
        if made.is_err() && stop.is_stopped() {
            return Err(ending());
        }
        made
    }

    fn limits(&self) -> CompileLimits {
        self.limits
    }
}

fn ending() -> AdmitError {
    AdmitError::Unavailable("the host is ending".to_owned())
}

/// Whether a child may find no memory though it has not had what its own limit gives it: the kernel
/// promises no more than there is, or the host has a limit on its addresses, which the child inherits.
fn memory_may_run_out() -> bool {
    let is_strict = std::fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| mode.trim() == "2");
    is_strict || getrlimit(Resource::As).current.is_some()
}

/// A child that does not outlive what wants it.
struct CompilerChild(Child);

impl Drop for CompilerChild {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn unheard(error: std::io::Error) -> AdmitError {
    AdmitError::Unavailable(format!("the compiler's process cannot be read from: {error}"))
}

/// What goes to the child, and what it writes until it closes both.
struct Pipes<'a> {
    /// `None` when the child has all of the module, or reads no more.
    stdin: Option<ChildStdin>,
    /// What it has not yet.
    module: &'a [u8],
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    answer: Vec<u8>,
    said: Vec<u8>,
}

impl<'a> Pipes<'a> {
    fn of(child: &mut Child, module: &'a [u8]) -> std::io::Result<Self> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        if let Some(stdin) = &stdin {
            // This end alone: the child's end waits as ever.
            fcntl_setfl(stdin, fcntl_getfl(stdin)? | OFlags::NONBLOCK)?;
        }
        Ok(Self { stdin, module, stdout, stderr, answer: Vec::new(), said: Vec::new() })
    }

    const fn is_open(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// Waits a little for the child, writes what it takes, and reads what is there.
    fn go_on(&mut self) -> std::io::Result<()> {
        let look = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
        let mut fds = Vec::with_capacity(3);
        fds.extend(self.stdin.as_ref().map(|fd| PollFd::new(fd, PollFlags::OUT)));
        fds.extend(self.stdout.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        fds.extend(self.stderr.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        match poll(&mut fds, Some(&look)) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            other => other?,
        };
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty()).collect::<Vec<_>>().into_iter();
        let in_ready = self.stdin.is_some() && ready.next().unwrap_or(false);
        let out_ready = self.stdout.is_some() && ready.next().unwrap_or(false);
        let err_ready = self.stderr.is_some() && ready.next().unwrap_or(false);
        if in_ready {
            self.give();
        }
        if out_ready {
            take(&mut self.stdout, &mut self.answer, usize::MAX)?;
        }
        if err_ready {
            take(&mut self.stderr, &mut self.said, SAID_BYTES)?;
        }
        Ok(())
    }

    /// Writes once; closes when all is written. A child that has died does not read; how it died says
    /// more than this error would.
    fn give(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        match stdin.write(self.module) {
            Ok(written) => self.module = &self.module[written..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return,
            Err(_) => self.module = &[],
        }
        if self.module.is_empty() {
            self.stdin = None;
        }
    }
}

/// Reads once; closes at the end. What is over `most_bytes` is read and dropped.
fn take(from: &mut Option<impl Read>, to: &mut Vec<u8>, most_bytes: usize) -> std::io::Result<()> {
    let mut piece = [0; 64 << 10];
    let Some(reader) = from else { return Ok(()) };
    let read = reader.read(&mut piece)?;
    if read == 0 {
        *from = None;
        return Ok(());
    }
    let room = most_bytes.saturating_sub(to.len()).min(read);
    to.extend_from_slice(&piece[..room]);
    Ok(())
}
