//! Notices as JSON, as `docs/receivers.md` describes it. Within a version, members may be added and none
//! changes its meaning.

use std::{collections::BTreeMap, io};

use lifesigns_compliance::{Alert, AlertStatus, EndCause, EvidenceLine, Note, Notice, NoticeKind, Signature};
use serde::{Serialize, Serializer};

use lifesigns_text::rfc3339;

use crate::{explanation, format_version::JSON_VERSION, message::Message};

/// A message of several notices.
#[derive(Debug, Serialize)]
#[cfg_attr(not(feature = "http"), allow(dead_code))]
pub(crate) struct MessageJson<'a> {
    version: u32,
    key: &'a str,
    receiver: &'a str,
    bundle: &'a BTreeMap<String, String>,
    alerts: Vec<NoticeJson<'a>>,
}

/// A notice on a line of its own.
#[derive(Serialize)]
struct NoticeLine<'a> {
    version: u32,
    receiver: &'a str,
    bundle: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    notice: NoticeJson<'a>,
}

/// One notice: an alert, and what happened to it.
#[derive(Debug, Serialize)]
struct NoticeJson<'a> {
    key: &'a str,
    happened: NoticeKind,
    time: Rfc3339,
    #[serde(flatten)]
    alert: AlertJson<'a>,
}

#[derive(Debug, Serialize)]
struct AlertJson<'a> {
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
    opened: Rfc3339,
    last: Rfc3339,
    cancelled: Option<Rfc3339>,
    cause: Option<EndCause>,
    count: u64,
    reopened: u32,
    evidence: EvidenceJson<'a>,
    why: Vec<String>,
    acknowledged: Option<SignatureJson<'a>>,
    owner: Option<&'a str>,
    notes: Vec<NoteJson<'a>>,
}

#[derive(Debug, Serialize)]
struct EvidenceJson<'a> {
    first: Vec<EvidenceLineJson<'a>>,
    last: Vec<EvidenceLineJson<'a>>,
}

#[derive(Debug, Serialize)]
struct EvidenceLineJson<'a> {
    time: Rfc3339,
    source: &'a str,
    line: u64,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct SignatureJson<'a> {
    who: &'a str,
    time: Rfc3339,
}

#[derive(Debug, Serialize)]
struct NoteJson<'a> {
    #[serde(flatten)]
    by: SignatureJson<'a>,
    text: &'a str,
}

#[derive(Clone, Copy, Debug)]
struct Rfc3339(u64);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// Returns a message as JSON.
#[cfg_attr(not(feature = "http"), allow(dead_code))]
pub(crate) fn message(message: &Message) -> MessageJson<'_> {
    MessageJson {
        version: JSON_VERSION,
        key: &message.key,
        receiver: &message.receiver,
        bundle: &message.bundle,
        alerts: message.notices.iter().map(notice_json).collect(),
    }
}

/// Appends a notice as a line of JSON.
///
/// # Errors
/// Never, into memory.
pub(crate) fn line(notice: &Notice, out: &mut Vec<u8>) -> io::Result<()> {
    let line = NoticeLine {
        version: JSON_VERSION,
        receiver: &notice.receiver,
        bundle: &notice.bundle,
        notice: notice_json(notice),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.push(b'\n');
    Ok(())
}

fn notice_json(notice: &Notice) -> NoticeJson<'_> {
    NoticeJson {
        key: &notice.key,
        happened: notice.happened,
        time: Rfc3339(notice.time_ns),
        alert: alert_json(&notice.alert),
    }
}

fn alert_json(alert: &Alert) -> AlertJson<'_> {
    AlertJson {
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
        opened: Rfc3339(alert.opened_ns),
        last: Rfc3339(alert.last_ns),
        cancelled: alert.cancelled_ns.map(Rfc3339),
        cause: alert.cause,
        count: alert.count,
        reopened: alert.reopened,
        evidence: EvidenceJson { first: lines(&alert.shown.first), last: lines(&alert.shown.last) },
        why: explanation::lines(&alert.why),
        acknowledged: alert.acknowledged.as_ref().map(signature),
        owner: alert.owner.as_deref(),
        notes: alert.notes.iter().map(note).collect(),
    }
}

fn lines(evidence: &[EvidenceLine]) -> Vec<EvidenceLineJson<'_>> {
    evidence.iter().map(evidence_line).collect()
}

fn evidence_line(line: &EvidenceLine) -> EvidenceLineJson<'_> {
    EvidenceLineJson { time: Rfc3339(line.time_ns), source: &line.source, line: line.line, text: &line.text }
}

fn signature(by: &Signature) -> SignatureJson<'_> {
    SignatureJson { who: &by.who, time: Rfc3339(by.time_ns) }
}

fn note(note: &Note) -> NoteJson<'_> {
    NoteJson { by: signature(&note.by), text: &note.text }
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
