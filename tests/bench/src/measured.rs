//! A program as a process of its own: pinned to one core, with its time, its CPU time and its peak memory.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use wait4::Wait4;

/// The word by which this program is asked to run and measure another one. It is a process in between, because the
/// kernel counts the memory of the process that starts a program as that program's.
pub const MEASURE: &str = "measure-process";

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// The most memory that was resident.
    pub peak_bytes: u64,
}

/// A program that takes its input as its last argument.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments without the input.
    command: Vec<OsString>,
    /// The last exit code that means success: `grep` ends with 1 if it finds nothing.
    last_good_code: i32,
}

impl Program {
    /// Returns the program with its arguments.
    pub fn new(command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { command: command.into_iter().map(Into::into).collect(), last_good_code: 0 }
    }

    /// Takes exit codes up to this one as success.
    #[must_use]
    pub fn good_up_to(mut self, code: i32) -> Self {
        self.last_good_code = code;
        self
    }

    /// Runs it on `input`, on this core; what it prints goes to `out`.
    ///
    /// # Panics
    /// When it cannot be run or fails.
    pub fn run(&self, core: usize, input: &Path, out: &Path) -> Measured {
        let mut outer = Command::new(std::env::current_exe().expect("this program"));
        outer.arg(MEASURE).arg(out).args(["taskset", "-c"]).arg(core.to_string()).args(&self.command).arg(input);
        let output = outer.stderr(Stdio::inherit()).output().expect("this program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [code, wall_ns, cpu_ns, peak_bytes] = numbers[..] else { panic!("{self:?} cannot be run: {text}") };
        assert!(code <= self.last_good_code as u64, "{self:?} on {} ended with {code}", input.display());
        Measured { wall: Duration::from_nanos(wall_ns), cpu: Duration::from_nanos(cpu_ns), peak_bytes }
    }
}

/// Runs a program as [`Program::run`] asks for: the first of `arguments` is the file for its output. Prints its exit
/// code, time, CPU time and peak memory.
///
/// # Panics
/// When it cannot be run.
#[allow(clippy::print_stdout)]
pub fn run_for_parent(mut arguments: impl Iterator<Item = OsString>) {
    let out = arguments.next().expect("a file for the output");
    let program = arguments.next().expect("a program");
    let mut command = Command::new(&program);
    // Locales make `grep` slower.
    command.args(arguments).env("LC_ALL", "C").stderr(Stdio::null());
    command.stdout(File::create(&out).expect("a file for the output"));
    let begin = Instant::now();
    let child = command.spawn().unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
    let used = child.wait4().expect("it ends");
    let (wall, cpu) = (begin.elapsed(), used.rusage.utime + used.rusage.stime);
    let code = used.status.code().unwrap_or(255);
    println!("{code} {} {} {}", wall.as_nanos(), cpu.as_nanos(), used.rusage.maxrss);
}

/// Reads a file once, so that it is in the page cache.
///
/// # Panics
/// When it cannot be read.
pub fn read_once(path: &Path) {
    let copied = File::open(path).and_then(|mut file| io::copy(&mut file, &mut io::sink()));
    copied.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
