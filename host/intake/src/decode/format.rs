//! The formats by name, and their decoders.

use std::{fmt, str::FromStr, sync::Arc};

use lifesigns_model::{Decoder, LogRecord, ManualClock, SharedClock};

use super::{decoders, source_times::SourceTimes, time_format::TimeFormat};

/// A format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Each line is looked at by itself.
    #[default]
    Auto,
    /// The whole line is the message; a time at its front is read: RFC 3339 and its likes, RFC 3164,
    /// Apache (error and access log), HDFS, epoch seconds.
    Plain,
    /// RFC 5424, RFC 3164, and what rsyslog and syslogd write to files. A payload of logfmt or JSON
    /// (also after `@cee:`) is decoded too.
    Syslog,
    /// `key=value` pairs as logrus (dockerd, containerd), slog and go-kit write them.
    Logfmt,
    /// One JSON object a line: lifesigns' own events and facts, Docker's json-file and events,
    /// `journalctl -o json`, and others.
    Ndjson,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Plain, Self::Syslog, Self::Logfmt, Self::Ndjson];

    /// Its name in configurations and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Plain => "plain",
            Self::Syslog => "syslog",
            Self::Logfmt => "logfmt",
            Self::Ndjson => "ndjson",
        }
    }

    /// Returns a decoder for lines that are at rest. RFC 3164 times have no year; they are taken as the
    /// latest that is not more than one day after `reference_ns`, nanoseconds since the Unix epoch.
    pub fn decoder(self, reference_ns: u64) -> Arc<dyn Decoder> {
        self.live_decoder(Arc::new(ManualClock::new(reference_ns)))
    }

    /// Returns a decoder for lines that are written while it is used: the reference for times without
    /// a year is what `clock` shows when a line is decoded, however old the decoder is.
    pub fn live_decoder(self, clock: SharedClock) -> Arc<dyn Decoder> {
        self.decoder_with(clock, &[])
    }

    /// Returns a decoder as [`Format::live_decoder`] does, for lines whose times look like one of `time_formats`. They
    /// are tried in their order, before the shapes that are known, at the front of plain lines and as the value of a key
    /// that means a time.
    pub fn decoder_with(self, clock: SharedClock, time_formats: &[TimeFormat]) -> Arc<dyn Decoder> {
        Arc::new(FormatDecoder { format: self, times: SourceTimes::new(clock, time_formats.into()) })
    }
}

/// Decodes lines of one format.
struct FormatDecoder {
    format: Format,
    times: SourceTimes,
}

impl Decoder for FormatDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let reference = self.times.reference();
        match self.format {
            Format::Auto => decoders::auto(line, reference),
            Format::Plain => decoders::plain(line, reference),
            Format::Syslog => decoders::syslog(line, reference),
            Format::Logfmt => decoders::logfmt(line, reference),
            Format::Ndjson => decoders::ndjson(line, reference),
        }
    }

    fn escapes(&self) -> bool {
        self.format != Format::Plain
    }

    fn facts(&self) -> bool {
        !matches!(self.format, Format::Plain | Format::Logfmt)
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        self.times.may_have_time(line)
    }

    fn last_sign_of_time(&self, lines: &[u8]) -> Option<usize> {
        self.times.last_sign(lines)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// There is no format of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format {0:?}; the formats are auto, plain, syslog, logfmt and ndjson")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
