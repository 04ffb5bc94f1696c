//! Syslog lines as they travel (RFC 3164, RFC 5424) and as rsyslog, syslogd and `journalctl` write them
//! to files.

use std::borrow::Cow;

use lifesigns_model::LogRecord;
use memchr::memchr;

use super::{
    context::Context,
    header,
    layer::Layer,
    noise, rfc5424,
    tag::{Confidence, Header},
    time::LeadingTime,
};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// Decodes a line with `<PRI>`.
pub(crate) fn sent<'a, 'c>(text: &'a str, context: Context<'c>) -> Option<Layer<'a, 'c>> {
    let rest = text.strip_prefix('<')?;
    let end = memchr(b'>', &rest.as_bytes()[..rest.len().min(4)])?;
    let priority = rest[..end].parse::<usize>().ok().filter(|priority| *priority < 192 && end > 0)?;
    // A message that is nothing but this is what a program wrote, not a line without content.
    if !context.is_line() && noise::skip_blank(&rest[end + 1..]).is_empty() {
        return None;
    }
    let mut record = LogRecord::default();
    record.fields.reserve(4);
    record.fields.push((Cow::Borrowed("facility"), Cow::Borrowed(FACILITIES[priority / 8])));
    record.fields.push((Cow::Borrowed("severity"), Cow::Borrowed(SEVERITIES[priority % 8])));
    let rest = &rest[end + 1..];
    let message = match rest.strip_prefix("1 ") {
        Some(sent) => rfc5424::read(sent, &mut record).unwrap_or_else(|| {
            record.malformed = true;
            rest
        }),
        // RFC 3164, 4.3.3: what has no header is all content.
        None => match header::sent(rest.trim_start_matches(' '), context.reference) {
            Some(header) => put(header, &mut record),
            None => rest,
        },
    };
    Some(finish(record, message, context))
}

/// Decodes a line without `<PRI>`; `iso` is what [`time::iso`] returns of it.
pub(crate) fn written<'a, 'c>(
    text: &'a str,
    iso: Option<LeadingTime>,
    context: Context<'c>,
    confidence: Confidence,
) -> Option<Layer<'a, 'c>> {
    let header = header::read(text, iso, context.reference, confidence)?;
    let mut record = LogRecord::default();
    let message = put(header, &mut record);
    Some(finish(record, message, context))
}

fn put<'a>(header: Header<'a>, record: &mut LogRecord<'a>) -> &'a str {
    record.time_ns = header.time_ns;
    record.malformed |= header.vague;
    record.object = header.host.map(Cow::Borrowed);
    record.app = header.app.map(Cow::Borrowed);
    if let Some(pid) = header.pid {
        record.fields.push((Cow::Borrowed("pid"), Cow::Borrowed(pid)));
    }
    header.message
}

fn finish<'a, 'c>(mut record: LogRecord<'a>, message: &'a str, context: Context<'c>) -> Layer<'a, 'c> {
    if !context.header_names_object()
        && let Some(host) = record.object.take()
    {
        record.fields.push((Cow::Borrowed("host"), host));
    }
    // A relay puts its header before one that names the program, and names none itself.
    let relayed = record.app.is_none();
    Layer { record, content: Some(noise::skip(message).into()), context: context.syslog(relayed) }
}
