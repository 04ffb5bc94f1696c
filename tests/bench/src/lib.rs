//! What the benches share: input, rules, sinks, medians and tables.

mod bare;
mod corpus;
mod dice;
mod graph;
mod hyperscan;
mod measured;
mod oracle;
mod rules;
mod shapes;
mod shipped;
mod stats;

pub use bare::{BARE, BareLoop, bare_loop, run_bare_loop};
pub use corpus::{Corpus, keywords};
pub use graph::{graph, histogram};
pub use hyperscan::hyperscan;
pub use measured::{MEASURE, Measured, Program, read_once, run_for_parent};
pub use oracle::Oracle;
pub use rules::{Modules, keyword_rules, native};
pub use shapes::{OCCURRING, Shape, shapes};
pub use shipped::{binary, replay, rules_folder};
pub use stats::{Table, cpu_time, median, millis, percentile, resident_bytes, seconds};

use std::fmt::Write;

/// Whether this is a run that only shows that everything works: `--quick`, or
/// `LIFESIGNS_BENCH_QUICK=1`.
pub fn quick() -> bool {
    std::env::args().any(|arg| arg == "--quick") || std::env::var_os("LIFESIGNS_BENCH_QUICK").is_some()
}

/// Returns a number from the environment.
///
/// # Panics
/// When the variable is set and is no number.
pub fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text}: give a number")),
        Err(_) => default,
    }
}

/// How often each case is measured.
pub fn repeats(default: usize) -> usize {
    number("LIFESIGNS_BENCH_REPEATS", if quick() { 1 } else { default })
}

/// Pins this thread, and threads that it starts, to the last core that it may use. Returns the core.
pub fn pin() -> Option<usize> {
    let core = core_affinity::get_core_ids()?.pop()?;
    core_affinity::set_for_current(core).then_some(core.id)
}

/// Returns the core that processes are pinned to: the last that this one may use.
pub fn core() -> usize {
    core_affinity::get_core_ids().and_then(|mut cores| cores.pop()).map_or(0, |core| core.id)
}

/// Returns the machine in one line.
pub fn machine() -> String {
    let mut line = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|info| info.lines().find_map(|line| line.strip_prefix("model name")).map(str::to_owned))
        .map_or_else(|| "unknown processor".into(), |name| name.trim_start_matches([' ', '\t', ':']).to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let _ = write!(line, ", {cores} cores");
    if let Ok(load) = std::fs::read_to_string("/proc/loadavg") {
        let _ = write!(line, ", load average at start {}", load.split(' ').next().unwrap_or_default());
    }
    line
}
