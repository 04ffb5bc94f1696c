//! The memory of a replay, of the binary as a user starts it: the most that was resident, when the first
//! alert came, and how memory went over time. One file and a thousand, as they are and compressed.

use std::{
    fs::{self, File},
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Modules, Table, binary, graph, machine, number, quick, seconds};

const TARGET_MIB: u64 = 128;

/// `only` names the cases to measure, such as `files/gzip`; none means all.
pub(crate) fn table(only: &[String]) {
    let machine = machine();
    let lines = number("LIFESIGNS_BENCH_COUNT", if quick() { 200_000 } else { 5_000_000 });
    let files = number("LIFESIGNS_BENCH_FILES", if quick() { 50 } else { 1000 });
    let binary = binary();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rules = rules(folder.path());
    let mut table =
        Table::new(&["replay", "lines", "input", "most resident", "target", "first alert", "time", "alerts"]);
    let mut graphs = Vec::new();
    let all = [
        Case { name: "one/plain", files: 1, lines, alerting: 100, packer: None },
        Case { name: "one/alerting", files: 1, lines: lines.min(2_000_000), alerting: 1, packer: None },
        Case { name: "files/plain", files, lines, alerting: 100, packer: None },
        Case { name: "files/alerting", files, lines: lines.min(2_000_000), alerting: 1, packer: None },
        Case { name: "files/gzip", files, lines, alerting: 100, packer: Some(("gzip", "gz")) },
        Case { name: "files/zstd", files, lines, alerting: 100, packer: Some(("zstd", "zst")) },
    ];
    for case in all.iter().filter(|case| only.is_empty() || only.iter().any(|name| name == case.name)) {
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).expect("a folder of our own");
        match case.write(&logs) {
            Ok(paths) => {
                let run = Run::of(&binary, &rules, &paths);
                table.row(case.row(&paths, &run));
                graphs.push((case.name, graph(&run.resident_mib, TARGET_MIB)));
            }
            Err(why) => println!("{}: skipped: {why}", case.name),
        }
        fs::remove_dir_all(&logs).expect("a folder of our own");
    }
    println!("\n## Memory of a replay\n");
    println!("{machine}; the process as it is started, one rule, two threads; all files overlap in time.\n");
    println!("{table}");
    for (name, graph) in graphs {
        println!("`{name}`, MiB resident from the start to the end:\n\n```\n{graph}```\n");
    }
}

/// What is replayed.
struct Case {
    name: &'static str,
    files: usize,
    lines: usize,
    /// Lines of which one alerts.
    alerting: usize,
    /// The program that compresses the files, and its extension.
    packer: Option<(&'static str, &'static str)>,
}

impl Case {
    /// Writes the files: line by line in turn, so that all of them overlap in time from end to end.
    fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut paths = Vec::new();
        for file in 0..self.files {
            let path = folder.join(format!("vm-{file}.log"));
            let mut out = BufWriter::new(File::create(&path).expect("a file of our own"));
            for line in (file..self.lines).step_by(self.files) {
                let text =
                    if (line / self.files).is_multiple_of(self.alerting) { "disk failure" } else { "disk is well" };
                let (ms, second, minute) = (line / 100 % 1000, line / 100_000 % 60, line / 6_000_000 % 60);
                writeln!(
                    out,
                    "time=\"2026-11-23T15:{minute:02}:{second:02}.{ms:03}Z\" level=info msg=\"{text}: request {line} of worker {file} took {} ms\"",
                    line * 7919 % 997
                )
                .expect("room for the lines");
            }
            out.flush().expect("room for the lines");
            paths.push(match self.packer {
                Some((packer, extension)) => packed(packer, extension, &path)?,
                None => path,
            });
        }
        Ok(paths)
    }

    fn row(&self, paths: &[PathBuf], run: &Run) -> [String; 8] {
        let bytes: u64 = paths.iter().map(|path| path.metadata().map_or(0, |metadata| metadata.len())).sum();
        [
            format!("{}, {} files", self.name, self.files),
            self.lines.to_string(),
            format!("{} MB", bytes / 1_000_000),
            format!("{} MiB", run.most_resident_mib),
            format!("<= {TARGET_MIB} MiB"),
            seconds(run.first_alert),
            seconds(run.time),
            run.alerts.to_string(),
        ]
    }
}

fn packed(packer: &str, extension: &str, path: &Path) -> Result<PathBuf, String> {
    let status = Command::new(packer).arg("-q").arg(path).status().map_err(|error| format!("{packer}: {error}"))?;
    assert!(status.success(), "{packer} failed on {}", path.display());
    let packed = path.with_extension(format!("log.{extension}"));
    // zstd keeps what it has read.
    let _ = fs::remove_file(path);
    Ok(packed)
}

/// One run of the binary.
struct Run {
    resident_mib: Vec<u64>,
    most_resident_mib: u64,
    first_alert: Duration,
    time: Duration,
    alerts: usize,
}

impl Run {
    fn of(binary: &Path, rules: &Path, paths: &[PathBuf]) -> Self {
        let started = Instant::now();
        let mut child = Command::new(binary)
            .args(["replay", "--threads", "2", "--rules"])
            .arg(rules)
            .arg("--cache")
            .arg(rules.join("../cache"))
            .args(paths)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let over = Arc::new(AtomicBool::new(false));
        let sampler = sampler(&child, &over);
        let mut out = child.stdout.take().expect("it is piped");
        let (mut first_alert, mut alerts, mut block) = (None, 0, vec![0; 1 << 16]);
        loop {
            let count = out.read(&mut block).expect("a pipe");
            if count == 0 {
                break;
            }
            first_alert.get_or_insert_with(|| started.elapsed());
            alerts += memchr::memchr_iter(b'\n', &block[..count]).count();
        }
        let time = started.elapsed();
        over.store(true, Ordering::Relaxed);
        assert!(child.wait().is_ok_and(|status| status.success()), "the replay failed");
        let (resident_mib, most_resident_mib) = sampler.join().expect("the sampler");
        Self { resident_mib, most_resident_mib, first_alert: first_alert.unwrap_or(time), time, alerts }
    }
}

/// Reads what is resident every 10 ms, and the most that ever was.
fn sampler(child: &Child, over: &Arc<AtomicBool>) -> thread::JoinHandle<(Vec<u64>, u64)> {
    let (path, over) = (format!("/proc/{}/status", child.id()), Arc::clone(over));
    thread::spawn(move || {
        let (mut samples, mut most) = (Vec::new(), 0);
        while !over.load(Ordering::Relaxed) {
            let status = fs::read_to_string(&path).unwrap_or_default();
            let mib = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib >> 10)
            };
            samples.extend(mib("VmRSS:"));
            most = most.max(mib("VmHWM:").unwrap_or(0));
            thread::sleep(Duration::from_millis(10));
        }
        (samples, most)
    })
}

/// Writes a rules folder with one rule.
fn rules(folder: &Path) -> PathBuf {
    let rules = folder.join("rules.d");
    fs::create_dir(&rules).expect("a folder of our own");
    fs::copy(Modules::new().path("keyword"), rules.join("keyword.wasm")).expect("the module");
    fs::write(rules.join("failures.toml"), "module = \"keyword.wasm\"\n[settings]\ncontains = [\"disk failure\"]\n")
        .expect("a file of our own");
    rules
}
