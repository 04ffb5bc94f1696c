//! How long a line takes from its write to its alert, on an idle host and beside a busy source, to the output
//! and to a webhook; and what many followed files cost. The binary is run as a user runs it.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, binary, histogram, machine, millis, number, quick};

use crate::follower::Delays;

/// A line of the busy source, in which no rule finds anything.
const BUSY_LINE: &str = "2026-11-23T15:02:07Z combo sshd[19939]: session closed for user root\n";
const BUSY_PER_SECOND: u64 = 500_000;
/// The busy source's file is rotated at this size.
const ROTATE_BYTES: u64 = 64 << 20;

/// A case: its name, the number of followed files, what is beside them, and its bounds.
struct Case {
    name: &'static str,
    files: usize,
    busy: bool,
    webhook: bool,
    targets: &'static str,
}

const CASES: [Case; 5] = [
    Case { name: "idle", files: 1, busy: false, webhook: false, targets: "p50 <= 2 ms, p99 <= 10 ms" },
    Case { name: "idle-1000", files: 1000, busy: false, webhook: false, targets: "p50 <= 2 ms, p99 <= 10 ms" },
    Case { name: "idle-10000", files: 10_000, busy: false, webhook: false, targets: "" },
    Case { name: "busy", files: 1, busy: true, webhook: false, targets: "p99 <= 25 ms, worst <= 100 ms" },
    Case { name: "webhook", files: 1, busy: false, webhook: true, targets: "p99 <= 50 ms" },
];

/// `only` names cases, and `files` for what many files cost; none means all.
pub(crate) fn table(only: &[String]) {
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|case| case == name);
    let lines = number("LIFESIGNS_BENCH_APPENDS", if quick() { 40 } else { 600 });
    let (machine, binary) = (machine(), binary());
    let mut table = Table::new(&["case", "files", "p50", "p99", "worst", "lost", "target"]);
    let mut histograms = Vec::new();
    for case in CASES.iter().filter(|case| is_wanted(case.name)) {
        let times = measure(&binary, case, lines);
        let [p50, p99, worst] = [times.at(50), times.at(99), times.at(100)].map(millis);
        let (files, lost) = (case.files.to_string(), times.lost.to_string());
        table.row([case.name, &files, &p50, &p99, &worst, &lost, case.targets]);
        histograms.push((case.name, histogram(&times.sorted)));
    }
    println!("\n## Latency\n");
    println!(
        "{machine}; {lines} lines a case, 20 to 80 ms apart; `busy` is beside {BUSY_PER_SECOND} lines a second.\n"
    );
    println!("{table}");
    for (name, histogram) in histograms {
        println!("`{name}`, lines by the time to their alert:\n\n```\n{histogram}```\n");
    }
    if is_wanted("files") {
        println!("{}", files(&binary, if quick() { 200 } else { 10_000 }, if quick() { 2 } else { 30 }));
    }
}

/// When which line's alert was seen first.
type Seen = Arc<Mutex<HashMap<usize, Instant>>>;

fn measure(binary: &Path, case: &Case, lines: usize) -> Delays {
    let seen = Seen::default();
    let hook = case.webhook.then(|| webhook(Arc::clone(&seen)));
    let host = Host::start(binary, case, hook);
    let output = if case.webhook { Seen::default() } else { Arc::clone(&seen) };
    let (reader, stop) = (host.read_output(output), Arc::new(AtomicBool::new(false)));
    let busy = case.busy.then(|| keep_busy(host.at("busy.log"), Arc::clone(&stop)));
    thread::sleep(Duration::from_secs(2));
    let mut written = Vec::new();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for line in 0..lines {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_micros(20_000 + (random >> 33) % 60_000));
        let file = host.at(&format!("logs/{}.ndjson", line % case.files));
        let mut file = OpenOptions::new().append(true).open(file).expect("the log");
        written.push(Instant::now());
        writeln!(file, r#"{{"object":"n{line}e","message":"latency"}}"#).expect("it takes lines");
    }
    thread::sleep(Duration::from_secs(2));
    stop.store(true, Ordering::Relaxed);
    if let Some(busy) = busy {
        let (written, rate) = busy.join().expect("it ends");
        let read = host.status()["engine"]["lines"].as_u64().unwrap_or_default();
        println!("busy: {rate} lines/s were written, {} of {written} lines were read by then", read.min(written));
    }
    drop(host);
    let _ = reader.join();
    let seen = seen.lock().expect("no thread panicked with it");
    let took = |(line, at): (usize, &Instant)| Some(seen.get(&line)?.duration_since(*at));
    Delays::of(written.iter().enumerate().filter_map(took).collect(), written.len())
}

/// Notes the line that a text is about.
fn note(text: &str, seen: &Seen) {
    let line = text.split_once(r#""object":"n"#).and_then(|(_, rest)| rest.split_once('e'));
    if let Some(line) = line.and_then(|(line, _)| line.parse().ok()) {
        seen.lock().expect("no thread panicked with it").entry(line).or_insert_with(Instant::now);
    }
}

/// Appends lines until it is stopped. Returns their number, and how many a second they were.
fn keep_busy(path: PathBuf, stop: Arc<AtomicBool>) -> thread::JoinHandle<(u64, u64)> {
    const PER_TURN: u64 = BUSY_PER_SECOND / 100;
    thread::spawn(move || {
        let block = BUSY_LINE.repeat(PER_TURN as usize);
        let open = || OpenOptions::new().create(true).append(true).open(&path).expect("the busy log");
        let (begun, mut file, mut written, mut bytes) = (Instant::now(), open(), 0, 0);
        while !stop.load(Ordering::Relaxed) {
            file.write_all(block.as_bytes()).expect("it takes lines");
            written += PER_TURN;
            bytes += block.len() as u64;
            if bytes > ROTATE_BYTES {
                fs::rename(&path, path.with_extension("log.1")).expect("it is rotated");
                (file, bytes) = (open(), 0);
            }
            let due = begun + Duration::from_micros(written * 1_000_000 / BUSY_PER_SECOND);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        (written, (written as f64 / begun.elapsed().as_secs_f64()) as u64)
    })
}

/// Serves a webhook on loopback that notes what it gets. Returns its port.
fn webhook(seen: Seen) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || take_message(stream, &seen));
        }
    });
    port
}

fn take_message(stream: TcpStream, seen: &Seen) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    note(&String::from_utf8_lossy(&body), seen);
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()
}

/// What following many files costs: threads, memory, and CPU with nothing and with 1 MB/s to read.
fn files(binary: &Path, files: usize, seconds: u64) -> Table {
    let case = Case { name: "files", files, busy: false, webhook: false, targets: "" };
    let host = Host::start(binary, &case, None);
    let reader = host.read_output(Seen::default());
    // Until everything has been looked at, and memory that only the start needed is free.
    thread::sleep(Duration::from_secs(5));
    let idle = host.cpu_percent(seconds);
    let (threads, memory) = (host.proc_status("Threads:"), host.proc_status("VmRSS:"));
    let stop = Arc::new(AtomicBool::new(false));
    let bytes = Arc::new(AtomicU64::new(0));
    let writer = spread(host.at("logs"), files, Arc::clone(&stop), Arc::clone(&bytes));
    let (before, begun) = (bytes.load(Ordering::Relaxed), Instant::now());
    let loaded = host.cpu_percent(seconds);
    let rate = (bytes.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64() / 1e6;
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("it ends");
    drop(host);
    let _ = reader.join();
    let mut table = Table::new(&["followed files", "threads", "resident", "CPU idle", "CPU loaded", "load", "target"]);
    table.row([
        files.to_string(),
        threads.to_string(),
        format!("{} MiB", memory >> 10),
        format!("{idle:.1} %"),
        format!("{loaded:.1} %"),
        format!("{rate:.2} MB/s"),
        "idle < 5 %".to_owned(),
    ]);
    table
}

/// Writes 1 MB/s in blocks of ten lines, to one file after another.
fn spread(folder: PathBuf, files: usize, stop: Arc<AtomicBool>, bytes: Arc<AtomicU64>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let block = BUSY_LINE.repeat(10);
        let begun = Instant::now();
        for file in (0..files).cycle() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let path = folder.join(format!("{file}.ndjson"));
            let mut file = OpenOptions::new().append(true).open(path).expect("the log");
            file.write_all(block.as_bytes()).expect("it takes lines");
            let written = bytes.fetch_add(block.len() as u64, Ordering::Relaxed) + block.len() as u64;
            thread::sleep((begun + Duration::from_micros(written)).saturating_duration_since(Instant::now()));
        }
    })
}

/// The host that is measured, in a folder of its own.
struct Host {
    folder: tempfile::TempDir,
    process: Child,
    output: Mutex<Option<std::process::ChildStdout>>,
    binary: PathBuf,
}

impl Host {
    fn start(binary: &Path, case: &Case, hook: Option<u16>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("rules/modules")).expect("the rules folder");
        fs::create_dir(at("logs")).expect("the logs");
        fs::copy(lifesigns_artifacts::rule("keyword"), at("rules/modules/keyword.wasm")).expect("the module");
        let rule = "module = 'modules/keyword.wasm'\n[settings]\ncontains = ['latency']\n";
        fs::write(at("rules/measured.toml"), rule).expect("a manifest");
        let mut config = String::from("rules = 'rules'\ncache = 'cache'\nstore = 'lifesigns.db'\n");
        for file in 0..case.files {
            fs::write(at(&format!("logs/{file}.ndjson")), "").expect("a log");
            config.push_str(&format!("[[source]]\nfile = 'logs/{file}.ndjson'\n"));
        }
        if case.busy {
            fs::write(at("busy.log"), "").expect("a log");
            config.push_str("[[source]]\nfile = 'busy.log'\nobject = 'busy'\n");
        }
        if let Some(port) = hook {
            config.push_str(&format!(
                "[outbound]\nallow-private = true\n[[receiver]]\nname = 'hook'\n\
                 webhook = {{ url = 'http://127.0.0.1:{port}/' }}\n[[route]]\nreceivers = ['hook']\n"
            ));
        }
        fs::write(at("lifesigns.toml"), config).expect("the configuration");
        let mut run = Command::new(binary);
        run.arg("run").current_dir(folder.path()).stdout(Stdio::piped());
        run.stderr(File::create(at("log.txt")).expect("a log"));
        let mut process = run.spawn().expect("the binary starts");
        while !fs::read_to_string(at("log.txt")).is_ok_and(|log| log.contains("running: 1 rule")) {
            assert!(process.try_wait().is_ok_and(|end| end.is_none()), "the host does not start");
            thread::sleep(Duration::from_millis(20));
        }
        let output = Mutex::new(process.stdout.take());
        Self { folder, process, output, binary: binary.to_owned() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Notes alerts as they come on standard output, until the host's end.
    fn read_output(&self, seen: Seen) -> thread::JoinHandle<()> {
        let output = self.output.lock().expect("no thread panicked with it").take().expect("its output");
        thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).for_each(|line| note(&line, &seen)))
    }

    fn status(&self) -> serde_json::Value {
        let mut ask = Command::new(&self.binary);
        let asked = ask.args(["status", "--output", "json"]).current_dir(self.folder.path()).output();
        serde_json::from_slice(&asked.expect("the binary starts").stdout).unwrap_or_default()
    }

    /// Returns a number of `/proc/PID/status`.
    fn proc_status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        value.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }

    /// Returns how much of a core the host uses for a number of seconds.
    fn cpu_percent(&self, seconds: u64) -> f64 {
        let ticks = || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
            let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
            let field = |number: usize| fields.get(number).and_then(|field| field.parse::<f64>().ok());
            field(11).unwrap_or_default() + field(12).unwrap_or_default()
        };
        let before = ticks();
        thread::sleep(Duration::from_secs(seconds));
        // A tick is 10 ms on Linux.
        (ticks() - before) / seconds as f64
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
