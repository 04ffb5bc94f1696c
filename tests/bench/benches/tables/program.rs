//! The program that is shipped, run as a user runs it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Writes a rules folder with one rule of the module `keyword` for each list of literals.
pub(crate) fn keyword_rules(folder: &Path, rules: &[Vec<String>]) {
    fs::create_dir_all(folder.join("modules")).expect("the rules folder");
    fs::copy(lifesigns_artifacts::rule("keyword"), folder.join("modules/keyword.wasm")).expect("the module");
    for (number, words) in rules.iter().enumerate() {
        let words = serde_json::to_string(words).expect("texts");
        let text = format!("module = 'modules/keyword.wasm'\n[settings]\ncontains = {words}\n");
        fs::write(folder.join(format!("keyword-{number}.toml")), text).expect("a manifest");
    }
}

/// What a process took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) time: Duration,
    pub(crate) cpu: Duration,
    /// Resident memory now.
    pub(crate) resident_bytes: u64,
    /// The most resident memory so far.
    pub(crate) peak_bytes: u64,
}

/// A process of the program, which is killed when this is dropped.
pub(crate) struct Program {
    process: Child,
    begun: Instant,
}

impl Program {
    /// Starts it in a folder. What it prints goes to the files `out.txt` and `log.txt` there.
    pub(crate) fn start(binary: &Path, folder: &Path, args: &[&str]) -> Self {
        let file = |name: &str| fs::File::create(folder.join(name)).expect("a file for what it prints");
        let mut command = Command::new(binary);
        command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(file("out.txt")).stderr(file("log.txt"));
        Self { begun: Instant::now(), process: command.spawn().expect("the binary starts") }
    }

    /// Returns what it has taken so far.
    pub(crate) fn usage(&self) -> Usage {
        let of = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", self.process.id())).unwrap_or_default();
        let status = of("status");
        let bytes = |key: &str| {
            let kib = status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"));
            kib.and_then(|kib| kib.trim().parse::<u64>().ok()).unwrap_or_default() << 10
        };
        // Time that threads took which have ended is in it.
        let stat = of("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
        Usage {
            time: self.begun.elapsed(),
            cpu: Duration::from_millis((ticks(11) + ticks(12)) * 10),
            resident_bytes: bytes("VmRSS:"),
            peak_bytes: bytes("VmHWM:"),
        }
    }

    /// Waits until it ends. Returns what it took, as it was seen last.
    pub(crate) fn end(mut self) -> Usage {
        let mut last = self.usage();
        loop {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                assert!(status.success(), "it failed: {status}");
                return Usage { time: self.begun.elapsed(), ..last };
            }
            // One that has ended and was not waited for yet has no memory any more.
            let now = self.usage();
            last = Usage { peak_bytes: now.peak_bytes.max(last.peak_bytes), ..now };
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
