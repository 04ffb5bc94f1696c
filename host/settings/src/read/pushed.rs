//! Sources that are neither read nor listened to at an address of their own: events over HTTP, and the metrics of this
//! machine.

use std::collections::HashMap;

use lifesigns_document::{RawNode, RawValue, TextSpan};
use lifesigns_intake::{
    Format, HostMetricsSettings, HttpProtocol, HttpSettings, SourceKind, SourceSettings, host_name,
};

use super::reader::Reader;

/// Keys that only sources of one kind have: its key with a value, what it is, and the keys.
const OWN_KEYS: [(&str, &str, &str, &[&str]); 3] = [
    ("http", "true", "events over HTTP", &["metrics", "metric-object"]),
    ("host", "true", "the metrics of this machine", &["every"]),
    ("docker", "\"unix:///var/run/docker.sock\"", "Docker", &["container-logs"]),
];
/// Keys of sources that are read or listen at an address of their own.
const OTHER_KEYS: [(&str, &str); 4] =
    [("follow", "files"), ("from", "files"), ("mode", "syslog"), ("limits", "syslog")];

impl Reader<'_, '_> {
    /// Reports keys of a source that only sources of another kind have.
    pub(super) fn check_own_keys(&mut self, table: &RawNode) {
        for (kind, value, of, keys) in OWN_KEYS {
            for entry in keys.iter().filter_map(|key| table.entry(key)).filter(|_| table.get(kind).is_none()) {
                self.check.error(
                    &entry.at,
                    format!("this key is for {of}"),
                    Some(format!("name the source `{kind} = {value}`")),
                );
            }
        }
        if ["http", "host"].iter().any(|kind| table.get(kind).is_some()) {
            for (key, of) in OTHER_KEYS {
                if let Some(entry) = table.entry(key) {
                    self.check.error(&entry.at, format!("`{key}` is for {of}, and this is neither"), None);
                }
            }
        }
    }

    /// Returns a source for each protocol of a table with `http`. `taken` has the protocols of other tables.
    pub(super) fn http_sources(
        &mut self,
        table: &RawNode,
        taken: &mut HashMap<HttpProtocol, TextSpan>,
    ) -> Vec<SourceSettings> {
        let Some(node) = table.get("http") else { return Vec::new() };
        let named: Vec<(HttpProtocol, TextSpan)> = match &node.value {
            RawValue::List(items) => {
                items.iter().filter_map(|item| Some((HttpProtocol::named(item.text()?)?, item.at))).collect()
            }
            _ => HttpProtocol::ALL.into_iter().map(|protocol| (protocol, node.at)).collect(),
        };
        let name = table.text_of("name").unwrap_or("http");
        let mut sources = Vec::new();
        for (protocol, at) in named {
            if let Some(first) = taken.get(&protocol) {
                self.check.duplicate("a source of the protocol", protocol.as_str(), &at, first);
                continue;
            }
            taken.insert(protocol, at);
            let settings = HttpSettings {
                metrics: table.list_of("metrics").iter().filter_map(|node| Some(node.text()?.to_owned())).collect(),
                metric_object: table.text_of("metric-object").unwrap_or(HttpSettings::METRIC_OBJECT).to_owned(),
                ..HttpSettings::new(protocol)
            };
            let default = match protocol {
                HttpProtocol::Events | HttpProtocol::Elasticsearch | HttpProtocol::Journal => Format::Ndjson,
                _ => Format::Auto,
            };
            sources.push(self.pushed(
                table,
                SourceKind::Http(settings),
                format!("{name}/{}", protocol.as_str()),
                default,
            ));
        }
        sources
    }

    /// Returns the source of a table with `host`.
    pub(super) fn host_source(&mut self, table: &RawNode) -> SourceSettings {
        let default = HostMetricsSettings::default();
        let settings = HostMetricsSettings { every_ms: table.duration_of("every").unwrap_or(default.every_ms) };
        let name = table.text_of("name").unwrap_or("host").to_owned();
        self.pushed(table, SourceKind::Host(settings), name, Format::Ndjson)
    }

    fn pushed(&mut self, table: &RawNode, kind: SourceKind, name: String, default: Format) -> SourceSettings {
        SourceSettings {
            kind,
            name,
            // What is NDJSON by its protocol stays that.
            format: table
                .text_of("format")
                .filter(|_| default == Format::Auto)
                .and_then(|word| word.parse().ok())
                .unwrap_or(default),
            object: table.text_of("object").map_or_else(host_name, str::to_owned),
            time_formats: self.time_formats(table),
            app: table.text_of("app").map(str::to_owned),
        }
    }
}
