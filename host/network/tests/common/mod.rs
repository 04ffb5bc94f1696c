//! Sources that listen on free ports of this machine, over a sink in memory.
#![allow(clippy::unwrap_used, dead_code)]

use std::{
    io::Write,
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns_intake::{Format, SourceKind, SourceSettings, SyslogLimits, SyslogSettings};
use lifesigns_model::SystemClock;
use lifesigns_network::NetworkDriver;
use lifesigns_sources::{Activity, MemorySink, SourceReport, SourceSink, SourceSupervisor, SourceTraffic};

/// Only a failing test waits this long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// An object and the message about it.
pub(crate) type Line = (String, String);

/// Returns a line as tests compare it.
pub(crate) fn line(object: &str, message: &str) -> Line {
    (object.to_owned(), message.to_owned())
}

/// Returns a port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Returns a syslog source.
pub(crate) fn syslog(name: &str, address: &str) -> SourceSettings {
    let settings =
        SyslogSettings { address: address.parse().unwrap(), mode: 0o600, tls: None, limits: SyslogLimits::default() };
    SourceSettings {
        kind: SourceKind::Syslog(settings),
        name: name.to_owned(),
        format: Format::Syslog,
        time_formats: Vec::new(),
        object: "here".to_owned(),
        app: None,
    }
}

/// Returns the source with these limits.
pub(crate) fn with_limits(mut source: SourceSettings, limits: SyslogLimits) -> SourceSettings {
    if let SourceKind::Syslog(syslog) = &mut source.kind {
        syslog.limits = limits;
    }
    source
}

/// Sources, and the sink that keeps what they bring.
pub(crate) struct Sources {
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) supervisor: SourceSupervisor,
}

impl Sources {
    /// Starts these sources.
    pub(crate) fn start_without_waiting(configs: &[SourceSettings]) -> Self {
        let sink = Arc::new(MemorySink::default());
        let all: Arc<dyn SourceSink> = Arc::<MemorySink>::clone(&sink);
        let supervisor = SourceSupervisor::new(all, SystemClock::shared()).with_driver(Arc::new(NetworkDriver));
        let mut sources = Self { sink, supervisor };
        sources.reconcile(configs);
        sources
    }

    /// Starts these sources and waits until they listen.
    pub(crate) fn start(configs: &[SourceSettings]) -> Self {
        let sources = Self::start_without_waiting(configs);
        for config in configs {
            sources.until(&config.name, "listening", |report| report.activity == Activity::Reading);
        }
        sources
    }

    pub(crate) fn reconcile(&mut self, configs: &[SourceSettings]) {
        assert!(self.supervisor.reconcile(configs).unwrap().is_empty());
    }

    /// Waits until the report of a source is as wanted.
    #[track_caller]
    pub(crate) fn until(&self, name: &str, what: &str, is_so: impl Fn(&SourceReport) -> bool) -> SourceReport {
        let until = Instant::now() + DEADLINE;
        loop {
            let reports = self.sink.reports().reports(|_| None);
            let report = reports.into_iter().find(|report| report.name == name).unwrap();
            if is_so(&report) {
                return report;
            }
            assert!(Instant::now() < until, "never {what}: {report:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the figures of a source are as wanted.
    #[track_caller]
    pub(crate) fn traffic(&self, name: &str, is_so: impl Fn(&SourceTraffic) -> bool) -> SourceTraffic {
        self.until(name, "the figures", |report| report.traffic.as_ref().is_some_and(&is_so)).traffic.unwrap()
    }

    /// Waits for this many lines, and returns them as they are decoded.
    #[track_caller]
    pub(crate) fn lines(&self, count: usize) -> Vec<Line> {
        let until = Instant::now() + DEADLINE;
        let mut lines = Vec::new();
        loop {
            for chunk in self.sink.take() {
                let text = String::from_utf8_lossy(&chunk.bytes).into_owned();
                for line in text.lines() {
                    let record = chunk.source.decoder.decode(line);
                    let object = record.object.as_deref().unwrap_or(&chunk.source.object).to_owned();
                    lines.push((object, record.message.unwrap_or_default().into_owned()));
                }
            }
            if lines.len() >= count {
                assert_eq!(lines.len(), count, "{lines:?}");
                return lines;
            }
            assert!(Instant::now() < until, "waited for {count}: {lines:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Connects and sends.
pub(crate) fn connect(port: u16, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait(is_so: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < until, "it never is");
        thread::sleep(Duration::from_millis(2));
    }
}
