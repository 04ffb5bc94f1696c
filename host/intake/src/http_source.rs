//! What a source is configured to take over HTTP.

/// A protocol in which events come over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpProtocol {
    /// Our own: NDJSON or a JSON array, and facts of an object.
    Events,
    /// Splunk's HTTP Event Collector.
    Hec,
    /// VMware's ingestion API.
    LogInsight,
    /// Loki's push.
    Loki,
    /// Elasticsearch's bulk API.
    Elasticsearch,
    /// OpenTelemetry's protocol.
    Otlp,
    /// Prometheus remote write.
    Prometheus,
    /// Entries of the journal of systemd, as `systemd-journal-upload` sends them.
    Journal,
}

impl HttpProtocol {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Events,
        Self::Hec,
        Self::LogInsight,
        Self::Loki,
        Self::Elasticsearch,
        Self::Otlp,
        Self::Prometheus,
        Self::Journal,
    ];

    /// The names of all of them in configurations.
    pub const NAMES: [&'static str; 8] =
        ["events", "hec", "log-insight", "loki", "elasticsearch", "otlp", "prometheus", "journal"];

    /// Returns its name in configurations.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Returns the protocol of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

/// One protocol that is taken over HTTP, a source of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// The protocol.
    pub protocol: HttpProtocol,
    /// Patterns of the samples that become facts; without one, samples that have no labels of their own.
    pub metrics: Vec<String>,
    /// The label of a sample of Prometheus that names its object.
    pub metric_object: String,
}

impl HttpSettings {
    /// The label that names the object of a sample if no other is set.
    pub const METRIC_OBJECT: &'static str = "instance";

    /// Returns the settings of a protocol of which nothing else is set.
    pub fn new(protocol: HttpProtocol) -> Self {
        Self { protocol, metrics: Vec::new(), metric_object: Self::METRIC_OBJECT.to_owned() }
    }
}
