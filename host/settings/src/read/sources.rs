//! Sources.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use lifesigns_document::{RawNode, TextSpan};
use lifesigns_intake::{
    DockerRead, DockerSettings, FollowFrom, Format, JournalSettings, SourceKind, SourceSettings, SyslogAddress,
    SyslogLimits, SyslogSettings, SyslogTls, TimeFormat, host_name,
};

use super::{host::one_or_more, reader::Reader};

/// Most formats of times of one source: each is tried on every line without another time.
const TIME_FORMATS: usize = 16;

impl Reader<'_, '_> {
    pub(super) fn sources(&mut self, tables: &[RawNode]) -> Vec<SourceSettings> {
        let mut seen: HashMap<String, TextSpan> = HashMap::new();
        let mut protocols = HashMap::new();
        let mut sources = Vec::new();
        for table in tables {
            self.check_own_keys(table);
            let at = ["name", "file", "stdin", "syslog", "http", "host", "docker", "journald"]
                .iter()
                .find_map(|key| table.get(key))
                .map_or(&table.at, |node| &node.at);
            let found = match table.get("http") {
                Some(_) => self.http_sources(table, &mut protocols),
                None => self.source(table).map(|source| with_container_logs(table, source)).unwrap_or_default(),
            };
            for source in found {
                match seen.get(&source.name) {
                    Some(first) => self.check.duplicate("a source", &source.name, at, first),
                    None => _ = seen.insert(source.name.clone(), *at),
                }
                sources.push(source);
            }
        }
        sources
    }

    fn source(&mut self, table: &RawNode) -> Option<SourceSettings> {
        if table.flag_of("host").unwrap_or(false) {
            return Some(self.host_source(table));
        }
        let (kind, name, object) = if let Some(path) = self.path_of(table, "file") {
            self.only_for(table, "syslog", &["mode", "tls", "limits"]);
            let (name, stem) = (path.display().to_string(), stem(&path));
            (self.kind(table, path), name, stem)
        } else if table.flag_of("stdin").unwrap_or(false) {
            self.only_for(table, "files", &["follow", "from"]);
            self.only_for(table, "syslog", &["mode", "tls", "limits"]);
            (SourceKind::Stdin, "stdin".to_owned(), "stdin".to_owned())
        } else if let Some(node) = table.get("docker") {
            self.only_for(table, "files", &["follow"]);
            self.only_for(table, "syslog", &["mode", "tls", "limits"]);
            let path = node.text()?.strip_prefix("unix://")?;
            let (socket, read) = (self.joined(node, Path::new(path)), DockerRead::Events);
            let docker = DockerSettings { socket, from: from(table), read };
            let name = format!("unix://{}", docker.socket.display());
            (SourceKind::Docker(docker), name, host_name())
        } else if table.flag_of("journald").unwrap_or(false) {
            self.only_for(table, "files", &["follow"]);
            self.only_for(table, "syslog", &["mode", "tls", "limits"]);
            (
                SourceKind::Journald(JournalSettings { command: "journalctl".into(), from: from(table) }),
                "journald".to_owned(),
                host_name(),
            )
        } else {
            let syslog = self.syslog(table)?;
            self.only_for(table, "files", &["follow", "from"]);
            let name = syslog.address.to_string();
            (SourceKind::Syslog(syslog), name, host_name())
        };
        let format = match kind {
            SourceKind::Syslog(_) => Format::Syslog,
            SourceKind::Docker(_) | SourceKind::Journald(_) => Format::Ndjson,
            _ => Format::default(),
        };
        Some(SourceSettings {
            kind,
            name: table.text_of("name").map_or(name, str::to_owned),
            format: table.text_of("format").and_then(|word| word.parse().ok()).unwrap_or(format),
            object: table.text_of("object").map_or(object, str::to_owned),
            time_formats: self.time_formats(table),
            app: table.text_of("app").map(str::to_owned),
        })
    }

    /// Reports keys of a source that only others have.
    fn only_for(&mut self, table: &RawNode, which: &str, keys: &[&str]) {
        for key in keys {
            if let Some(entry) = table.entry(key) {
                let all = [
                    ("stdin", "standard input"),
                    ("docker", "Docker"),
                    ("journald", "the journal"),
                    ("file", "a file"),
                ];
                let is = all.iter().find(|(kind, _)| table.get(kind).is_some()).map_or("syslog", |(_, is)| is);
                self.check.error(&entry.at, format!("`{key}` is for {which}, and this is {is}"), None);
            }
        }
    }

    fn syslog(&mut self, table: &RawNode) -> Option<SyslogSettings> {
        let node = table.get("syslog")?;
        let address = match node.text()?.parse().ok()? {
            SyslogAddress::Unix(path) => SyslogAddress::Unix(self.joined(node, &path)),
            SyslogAddress::UnixDatagram(path) => SyslogAddress::UnixDatagram(self.joined(node, &path)),
            address => address,
        };
        let is_path = matches!(address, SyslogAddress::Unix(_) | SyslogAddress::UnixDatagram(_));
        if let Some(entry) = table.entry("mode").filter(|_| !is_path) {
            self.check.error(&entry.at, format!("`mode` is for Unix sockets, and this is {address}"), None);
        }
        let tls = self.syslog_tls(table, &address);
        let mode = table.text_of("mode").and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let limits = table.get("limits").map(limits).unwrap_or_default();
        Some(SyslogSettings { address, mode: mode.unwrap_or(SyslogSettings::MODE), tls, limits })
    }

    /// The files of a listener by TLS, which has to have them; no other may.
    fn syslog_tls(&mut self, table: &RawNode, address: &SyslogAddress) -> Option<SyslogTls> {
        let is_tls = matches!(address, SyslogAddress::Tls(_));
        let Some(node) = table.get("tls") else {
            if is_tls && let Some(node) = table.get("syslog") {
                let help = "add `tls = { certificate = \"server.pem\", key = \"server.key\" }`".to_owned();
                self.check.error(&node.at, "`tls://` needs a certificate and a key", Some(help));
            }
            return None;
        };
        if !is_tls {
            let help = "begin the address with `tls://`, or leave `tls` out".to_owned();
            self.check.error(&node.at, format!("`tls` is for `tls://`, and this is {address}"), Some(help));
        }
        let (certificate, key) = (self.path_of(node, "certificate")?, self.path_of(node, "key")?);
        Some(SyslogTls { certificate, key, client_ca: self.path_of(node, "client-ca") })
    }

    /// How the times of a source look.
    pub(super) fn time_formats(&mut self, table: &RawNode) -> Vec<TimeFormat> {
        let nodes = one_or_more(table, "time-format");
        if let Some(node) = table.get("time-format").filter(|_| nodes.len() > TIME_FORMATS) {
            self.check.error(&node.at, format!("`time-format` has more than {TIME_FORMATS} formats"), None);
        }
        nodes.iter().filter_map(|node| node.text()?.parse().ok()).collect()
    }

    fn kind(&mut self, table: &RawNode, path: PathBuf) -> SourceKind {
        if table.flag_of("follow").unwrap_or(true) {
            let end = table.text_of("from") == Some("end");
            return SourceKind::Follow(path, if end { FollowFrom::End } else { FollowFrom::Start });
        }
        if let Some(entry) = table.entry("from") {
            let help = "leave out `follow = false`, or `from`".to_owned();
            self.check.error(&entry.at, "`from` says where following begins, and this is read once", Some(help));
        }
        SourceKind::File(path)
    }
}

/// Returns the source, and that of what containers write beside one of Docker's events.
fn with_container_logs(table: &RawNode, mut source: SourceSettings) -> Vec<SourceSettings> {
    let SourceKind::Docker(docker) = &source.kind else { return vec![source] };
    if !table.flag_of("container-logs").unwrap_or(false) {
        return vec![source];
    }
    let logs = SourceSettings {
        kind: SourceKind::Docker(DockerSettings { read: DockerRead::Logs, ..docker.clone() }),
        name: format!("{}/logs", source.name),
        format: table.text_of("format").and_then(|word| word.parse().ok()).unwrap_or_default(),
        // The application is the container.
        app: None,
        ..source.clone()
    };
    source.format = Format::Ndjson;
    vec![source, logs]
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where a source begins that is not a file and has no checkpoint: what it has from before may be old.
fn from(table: &RawNode) -> FollowFrom {
    if table.text_of("from") == Some("start") { FollowFrom::Start } else { FollowFrom::End }
}

fn limits(table: &RawNode) -> SyslogLimits {
    let default = SyslogLimits::default();
    let count = |key, default| table.whole_of(key).and_then(|count| usize::try_from(count).ok()).unwrap_or(default);
    SyslogLimits {
        connections: count("connections", default.connections),
        connections_per_peer: count("connections-per-peer", default.connections_per_peer),
        idle_ms: table.duration_of("idle").unwrap_or(default.idle_ms),
        line_bytes: table.bytes_of("line").and_then(|size| size.try_into().ok()).unwrap_or(default.line_bytes),
    }
}
