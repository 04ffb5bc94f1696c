//! Notices as programs read them: the JSON that `docs/receivers.md` describes. Members are added, and
//! none changes its meaning, while the version stays.

use std::{collections::BTreeMap, io};

use lifesigns_compliance::{Alert, AlertStatus, EndCause, EvidenceLine, Note, Notice, NoticeKind, Signature};
use serde::{Serialize, Serializer};

use crate::{message::Message, time::rfc3339, why};

/// The version of all this.
pub(crate) const VERSION: u32 = 1;

/// A message of several notices.
#[derive(Debug, Serialize)]
pub(crate) struct Whole<'a> {
    version: u32,
    key: &'a str,
    receiver: &'a str,
    bundle: &'a BTreeMap<String, String>,
    alerts: Vec<Told<'a>>,
}

/// A notice on a line of its own.
#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    receiver: &'a str,
    bundle: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    told: Told<'a>,
}

/// What has become of an alert.
#[derive(Debug, Serialize)]
struct Told<'a> {
    key: &'a str,
    happened: NoticeKind,
    time: Time,
    #[serde(flatten)]
    alert: Shown<'a>,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: &'a str,
    alert: &'a str,
    title: &'a str,
    object: &'a str,
    groups: &'a [String],
    status: AlertStatus,
    allowed: bool,
    criticality: &'static str,
    impact: &'static str,
    summary: &'a str,
    attributes: BTreeMap<&'a str, &'a str>,
    recommendations: &'a [String],
    controls: &'a [String],
    symptoms: &'a [String],
    opened: Time,
    last: Time,
    cancelled: Option<Time>,
    cause: Option<EndCause>,
    count: u64,
    reopened: u32,
    evidence: Lines<'a>,
    why: Vec<String>,
    acknowledged: Option<Signed<'a>>,
    owner: Option<&'a str>,
    notes: Vec<Written<'a>>,
}

#[derive(Debug, Serialize)]
struct Lines<'a> {
    first: Vec<Shows<'a>>,
    last: Vec<Shows<'a>>,
}

#[derive(Debug, Serialize)]
struct Shows<'a> {
    time: Time,
    source: &'a str,
    line: u64,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct Signed<'a> {
    who: &'a str,
    time: Time,
}

#[derive(Debug, Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    by: Signed<'a>,
    text: &'a str,
}

#[derive(Clone, Copy, Debug)]
struct Time(u64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// The whole message.
pub(crate) fn whole(message: &Message) -> Whole<'_> {
    Whole {
        version: VERSION,
        key: &message.key,
        receiver: &message.receiver,
        bundle: &message.bundle,
        alerts: message.notices.iter().map(told).collect(),
    }
}

/// Appends one notice and a line end.
///
/// # Errors
/// Never, into memory.
pub(crate) fn line(notice: &Notice, out: &mut Vec<u8>) -> io::Result<()> {
    let line = Line { version: VERSION, receiver: &notice.receiver, bundle: &notice.bundle, told: told(notice) };
    serde_json::to_writer(&mut *out, &line)?;
    out.push(b'\n');
    Ok(())
}

fn told(notice: &Notice) -> Told<'_> {
    Told { key: &notice.key, happened: notice.happened, time: Time(notice.time_ns), alert: shown(&notice.alert) }
}

fn shown(alert: &Alert) -> Shown<'_> {
    Shown {
        id: &alert.id,
        alert: &alert.definition,
        title: &alert.title,
        object: &alert.object,
        groups: &alert.groups,
        status: alert.status,
        allowed: alert.allowed,
        criticality: alert.criticality.as_str(),
        impact: alert.impact.as_str(),
        summary: &alert.summary,
        attributes: alert.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        recommendations: &alert.recommendations,
        controls: &alert.controls,
        symptoms: &alert.symptoms,
        opened: Time(alert.opened_ns),
        last: Time(alert.last_ns),
        cancelled: alert.cancelled_ns.map(Time),
        cause: alert.cause,
        count: alert.count,
        reopened: alert.reopened,
        evidence: Lines { first: lines(&alert.shown.first), last: lines(&alert.shown.last) },
        why: why::lines(&alert.why),
        acknowledged: alert.acknowledged.as_ref().map(signed),
        owner: alert.owner.as_deref(),
        notes: alert.notes.iter().map(written).collect(),
    }
}

fn lines(evidence: &[EvidenceLine]) -> Vec<Shows<'_>> {
    evidence.iter().map(shows).collect()
}

fn shows(line: &EvidenceLine) -> Shows<'_> {
    Shows { time: Time(line.time_ns), source: &line.source, line: line.line, text: &line.text }
}

fn signed(by: &Signature) -> Signed<'_> {
    Signed { who: &by.who, time: Time(by.time_ns) }
}

fn written(note: &Note) -> Written<'_> {
    Written { by: signed(&note.by), text: &note.text }
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::NoticeKind;

    use super::*;
    use crate::sample::notice;

    #[test]
    fn a_notice_is_the_json_that_is_documented() {
        let mut out = Vec::new();
        line(&notice("a", NoticeKind::Resolved), &mut out).expect("in memory");
        let text = String::from_utf8(out).expect("UTF-8");
        let expected = concat!(
            r#"{"version":1,"receiver":"r","bundle":{},"key":"key-a-Resolved","happened":"resolved","#,
            r#""time":"1970-01-01T00:00:01Z","id":"a","alert":"docker-on-production","#,
            r#""title":"Docker on production VM","object":"vm-7","groups":["production"],"status":"cancelled","#,
            r#""allowed":false,"criticality":"critical","impact":"risk","#,
            r#""summary":"a container was created <b>here</b>","attributes":{"container":"web\"1"},"#,
            r#""recommendations":["Please call your compliance hotline"],"controls":["CIS-Docker-1.6:5.4"],"#,
            r#""symptoms":["docker/container-created"],"opened":"1970-01-01T00:00:01Z","#,
            r#""last":"1970-01-01T00:00:02Z","cancelled":"1970-01-01T00:00:03Z","cause":null,"count":1,"#,
            r#""reopened":0,"evidence":{"first":[{"time":"1970-01-01T00:00:01Z","source":"dockerd.log","line":263,"#,
            r#""text":"POST /containers/create\u001b[2J"}],"last":[]},"why":[],"acknowledged":null,"owner":null,"#,
            r#""notes":[]}"#,
            "\n"
        );
        assert_eq!(text, expected);
    }
}
