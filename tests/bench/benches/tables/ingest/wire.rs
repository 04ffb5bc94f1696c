//! The bytes of a load in each protocol, made before anything is measured.

use lifesigns_intake::Format;

use super::load::{Alerts, Load, PROBE, line_ns, probe_ns, syslog, time_of_line, time_of_probe};

/// How events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Syslog over TCP, with the length before each line.
    Counted,
    /// Syslog over TCP, with a line end behind each line.
    Trailed,
    /// NDJSON over HTTP.
    Events,
    /// OpenTelemetry's protobuf over HTTP.
    Otlp,
}

/// Events of one request, or of one write to a connection of syslog.
const BATCH: usize = 1000;
const WRITE: usize = 200;
/// The object of the probes.
const PROBED: &str = "probed";

impl Protocol {
    pub(crate) const ALL: [Self; 4] = [Self::Counted, Self::Trailed, Self::Events, Self::Otlp];

    /// Returns its name for a command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Trailed => "trailed",
            Self::Events => "events",
            Self::Otlp => "otlp",
        }
    }

    /// Returns its name for a table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Counted => "syslog, TCP, octet-counted",
            Self::Trailed => "syslog, TCP, line ends",
            Self::Events => "HTTP, NDJSON, 1000 a request",
            Self::Otlp => "HTTP, OTLP protobuf, 1000 a request",
        }
    }

    /// Returns how many events a second are wanted.
    pub(crate) const fn target(self) -> u32 {
        match self {
            Self::Counted | Self::Trailed => 500_000,
            Self::Events => 300_000,
            Self::Otlp => 150_000,
        }
    }

    /// Returns the path and the type of a request; `None` for what is no HTTP.
    pub(crate) const fn http(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Counted | Self::Trailed => None,
            Self::Events => Some(("/api/v1/events", "application/x-ndjson")),
            Self::Otlp => Some(("/v1/logs", "application/x-protobuf")),
        }
    }

    /// Returns the name of the source in `status`.
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Counted | Self::Trailed => "syslog",
            Self::Events => "http/events",
            Self::Otlp => "http/otlp",
        }
    }

    /// Returns what must be said of the first `count` lines: what they become in this protocol is decoded, and each word is
    /// looked for by itself.
    pub(crate) fn alerts(self, load: &Load, count: usize) -> Alerts {
        let round = load.round.iter().enumerate();
        match self {
            Self::Counted | Self::Trailed => {
                let lines: Vec<String> = round.map(|(number, text)| syslog(number, text)).collect();
                load.alerts(Format::Syslog, &lines, count)
            }
            Self::Events => {
                let mut bytes = Vec::new();
                round.for_each(|(number, text)| event(&mut bytes, &time_of_line(number), "vm-0", text));
                let lines: Vec<String> = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
                load.alerts(Format::Auto, &lines, count)
            }
            // The text of a record is decoded as a line is.
            Self::Otlp => load.alerts(Format::Auto, &load.round, count),
        }
    }

    /// Returns how many events a piece has.
    pub(crate) const fn piece_events(self) -> usize {
        if self.http().is_some() { BATCH } else { WRITE }
    }

    /// Returns whole bodies of requests, or whole frames, `piece_events` in each.
    pub(crate) fn pieces(self, load: &Load) -> Vec<Vec<u8>> {
        let pieces = load.count / self.piece_events();
        (0..pieces).map(|piece| self.piece(load, piece * self.piece_events())).collect()
    }

    fn piece(self, load: &Load, first: usize) -> Vec<u8> {
        let numbers = first..first + self.piece_events();
        let mut bytes = Vec::with_capacity(self.piece_events() * 256);
        match self {
            Self::Counted | Self::Trailed => {
                numbers.for_each(|number| self.frame(&mut bytes, &syslog(number, load.line(number))));
            }
            Self::Events => {
                for number in numbers {
                    let object = format!("vm-{}", number % 16);
                    event(&mut bytes, &time_of_line(number), &object, load.line(number));
                }
            }
            Self::Otlp => {
                let mut records = Vec::new();
                numbers.for_each(|number| record(&mut records, line_ns(number), load.line(number)));
                resource(&mut bytes, &format!("vm-{}", first / BATCH % 16), &records);
            }
        }
        bytes
    }

    /// Appends a probe to a piece.
    pub(crate) fn push_probe(self, bytes: &mut Vec<u8>, number: usize) {
        match self {
            Self::Counted | Self::Trailed => {
                let line = format!("<30>1 {} {PROBED} app 7 - - {PROBE}", time_of_probe(number));
                self.frame(bytes, &line);
            }
            Self::Events => event(bytes, &time_of_probe(number), PROBED, PROBE),
            Self::Otlp => {
                let mut records = Vec::new();
                record(&mut records, probe_ns(number), PROBE);
                // A second resource: messages are joined by being written one behind the other.
                resource(bytes, PROBED, &records);
            }
        }
    }

    fn frame(self, bytes: &mut Vec<u8>, line: &str) {
        if self == Self::Counted {
            bytes.extend_from_slice(format!("{} ", line.len()).as_bytes());
            bytes.extend_from_slice(line.as_bytes());
        } else {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
    }
}

fn event(bytes: &mut Vec<u8>, time: &str, object: &str, message: &str) {
    let message = serde_json::Value::from(message);
    let line = format!("{{\"time\":\"{time}\",\"object\":\"{object}\",\"app\":\"app\",\"message\":{message}}}\n");
    bytes.extend_from_slice(line.as_bytes());
}

/// Appends a `ResourceLogs` of a host with one scope, which has these records.
fn resource(bytes: &mut Vec<u8>, host: &str, records: &[u8]) {
    let mut any = Vec::new();
    field(&mut any, 1, host.as_bytes());
    let mut pair = Vec::new();
    field(&mut pair, 1, b"host.name");
    field(&mut pair, 2, &any);
    let mut resource = Vec::new();
    field(&mut resource, 1, &pair);
    let mut logs = Vec::new();
    field(&mut logs, 1, &resource);
    field(&mut logs, 2, records);
    field(bytes, 1, &logs);
}

/// Appends a `LogRecord`, as field 2 of its scope.
fn record(bytes: &mut Vec<u8>, time_ns: u64, text: &str) {
    let mut any = Vec::new();
    field(&mut any, 1, text.as_bytes());
    let mut record = vec![1 << 3 | 1];
    record.extend_from_slice(&time_ns.to_le_bytes());
    field(&mut record, 3, b"INFO");
    field(&mut record, 5, &any);
    field(bytes, 2, &record);
}

/// Appends a field of bytes: its number and wire type, its length, and itself.
fn field(bytes: &mut Vec<u8>, number: u8, value: &[u8]) {
    bytes.push(number << 3 | 2);
    let mut length = value.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(value);
}
