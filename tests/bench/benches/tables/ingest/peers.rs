//! rsyslog and syslog-ng, which filter the same lines with the same literals into a file.

use std::{
    fs,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use lifesigns_bench::cpu_time;

use super::{
    host::{PATIENCE, free_address},
    load::Load,
};
use crate::program::{Program, Usage};

/// Time between two looks at what was written.
const STEP: Duration = Duration::from_millis(20);
/// One that has written nothing for so long has lost the rest.
const QUIET: Duration = Duration::from_secs(5);

/// A program that filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Rsyslog,
    SyslogNg,
}

/// What a run took.
pub(crate) struct PeerRun {
    pub(crate) time: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_bytes: u64,
    pub(crate) sender_cpu: Duration,
    /// Lines in its file.
    pub(crate) written: u64,
}

impl Peer {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rsyslog => "rsyslog",
            Self::SyslogNg => "syslog-ng",
        }
    }

    /// Returns whether it is installed.
    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::Rsyslog => Path::new("/usr/sbin/rsyslogd").is_file(),
            Self::SyslogNg => syslog_ng().is_some(),
        }
    }

    /// Returns the arguments of its program; its configuration is in the folder.
    fn command(self, folder: &Path, load: &Load, address: SocketAddr) -> (PathBuf, Vec<String>) {
        let shown = folder.display();
        match self {
            Self::Rsyslog => {
                fs::write(folder.join("peer.conf"), rsyslog_config(folder, load, address)).expect("a file");
                let args = ["-n", "-f", &format!("{shown}/peer.conf"), "-i", &format!("{shown}/pid")];
                ("/usr/sbin/rsyslogd".into(), args.map(str::to_owned).to_vec())
            }
            Self::SyslogNg => {
                fs::write(folder.join("peer.conf"), syslog_ng_config(folder, load, address)).expect("a file");
                let root = syslog_ng().expect("it is there");
                let modules = fs::read_dir(root.join("usr/lib/syslog-ng")).expect("its modules").flatten();
                let modules = modules.map(|entry| entry.path()).find(|path| path.is_dir()).expect("its modules");
                let libraries = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
                let libraries = libraries.map(|name| root.join(name).display().to_string()).join(":");
                let args = vec![
                    format!("LD_LIBRARY_PATH={libraries}"),
                    root.join("usr/sbin/syslog-ng").display().to_string(),
                    "--foreground".to_owned(),
                    "--no-caps".to_owned(),
                    "--stderr".to_owned(),
                    format!("--module-path={}", modules.display()),
                    format!("--cfgfile={shown}/peer.conf"),
                    format!("--persist-file={shown}/persist"),
                    format!("--pidfile={shown}/pid"),
                    format!("--control={shown}/control"),
                ];
                ("/usr/bin/env".into(), args)
            }
        }
    }

    /// Sends it these pieces of syslog, and waits until it has written `matching` lines, or no more come.
    pub(crate) fn run(self, load: &Load, pieces: &[Vec<u8>], matching: u64) -> PeerRun {
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let (program, args) = self.command(folder.path(), load, address);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = Program::start(&program, folder.path(), &args);
        let mut stream = connect(address, folder.path());
        let (before, sender_before, begun) = (program.usage(), cpu_time(), Instant::now());
        pieces.iter().for_each(|piece| stream.write_all(piece).expect("it takes lines"));
        let sender_cpu = cpu_time().saturating_sub(sender_before);
        drop(stream);
        let (written, ended) = until_written(&folder.path().join("matches"), matching);
        let usage: Usage = program.usage();
        PeerRun {
            time: ended - begun,
            cpu: usage.cpu.saturating_sub(before.cpu),
            peak_bytes: usage.peak_bytes,
            sender_cpu,
            written,
        }
    }
}

fn connect(address: SocketAddr, folder: &Path) -> TcpStream {
    let begun = Instant::now();
    loop {
        if let Ok(stream) = TcpStream::connect(address) {
            return stream;
        }
        let log = fs::read_to_string(folder.join("log.txt")).unwrap_or_default();
        assert!(begun.elapsed() < PATIENCE, "it does not listen: {log}");
        thread::sleep(STEP);
    }
}

/// Returns the lines in a file, and when the last one came.
fn until_written(path: &Path, lines: u64) -> (u64, Instant) {
    let (mut written, mut last) = (0, Instant::now());
    loop {
        let bytes = fs::read(path).unwrap_or_default();
        let now = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        if now > written {
            (written, last) = (now, Instant::now());
        }
        if written >= lines || last.elapsed() > QUIET {
            return (written, last);
        }
        thread::sleep(STEP);
    }
}

/// Returns where `.ci/run` unpacks it.
fn syslog_ng() -> Option<PathBuf> {
    let root = lifesigns_artifacts::root().join("target/senders/syslog-ng");
    root.join("usr/sbin/syslog-ng").is_file().then_some(root)
}

/// Returns a text within double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn rsyslog_config(folder: &Path, load: &Load, address: SocketAddr) -> String {
    let shown = folder.display();
    let words: Vec<String> = load.words.iter().map(|word| format!("($msg contains {})", quoted(word))).collect();
    format!(
        "global(workDirectory=\"{shown}\" maxMessageSize=\"64k\" processInternalMessages=\"off\")\n\
         module(load=\"imtcp\")\n\
         input(type=\"imtcp\" address=\"{}\" port=\"{}\")\n\
         if {} then {{ action(type=\"omfile\" file=\"{shown}/matches\") }}\n",
        address.ip(),
        address.port(),
        words.join(" or ")
    )
}

fn syslog_ng_config(folder: &Path, load: &Load, address: SocketAddr) -> String {
    let shown = folder.display();
    let word = |word: &String| format!("message({} type(string) flags(substring))", quoted(word));
    let words: Vec<String> = load.words.iter().map(word).collect();
    format!(
        "@version: 3.35\noptions {{ keep-hostname(yes); stats-freq(0); flush-lines(1000); }};\n\
         source s {{ syslog(ip({}) port({}) transport(\"tcp\") log-fetch-limit(1000) log-iw-size(10000)); }};\n\
         filter f {{ {} }};\n\
         destination d {{ file(\"{shown}/matches\" log-fifo-size(20000)); }};\n\
         log {{ source(s); filter(f); destination(d); flags(flow-control); }};\n",
        address.ip(),
        address.port(),
        words.join(" or ")
    )
}
