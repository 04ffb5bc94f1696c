//! The raises and clears of rules as lines of JSON.

use std::io;

use lifesigns_model::{Attributes, RuleAlertRef};
use lifesigns_text::write_rfc3339;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// Appends a raise or clear and a line end to `out`.
///
/// ```json
/// {"time":"2026-11-23T06:40:02.623844125Z","rule":"docker","symptom":"container-created","object":"vm-7","criticality":"warning","change":"raise","summary":"…","attributes":{"container":"web-1"},"evidence":[{"source":"dockerd.log","line":263,"text":"…"}],"module":"sha256:…"}
/// ```
pub fn write(alert: &RuleAlertRef<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    write_rfc3339(alert.order.time_ns, &mut jiff::fmt::StdIoWrite(&mut *out));
    out.push(b'"');
    member(out, "rule", alert.rule);
    member(out, "symptom", &alert.symptom.id);
    member(out, "object", alert.object);
    member(out, "criticality", alert.symptom.criticality.as_str());
    member(out, "change", alert.change.as_str());
    member(out, "summary", alert.summary);
    member(out, "attributes", &Pairs(alert.attributes));
    let evidence = Evidence { source: alert.evidence.source, line: alert.evidence.line, text: alert.evidence.text };
    member(out, "evidence", &[evidence]);
    member(out, "module", alert.module);
    out.extend_from_slice(b"}\n");
}

fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &str, value: &T) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    let written: Result<(), io::Error> = serde_json::to_writer(out, value).map_err(Into::into);
    debug_assert!(written.is_ok(), "strings and numbers always serialise into memory");
}

#[derive(Serialize)]
struct Evidence<'a> {
    source: &'a str,
    line: u64,
    text: &'a str,
}

struct Pairs<'a>(Attributes<'a>);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.iter().len()))?;
        for (name, value) in self.0.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{Change, Criticality, EvidenceRef, Impact, RuleAlertOrder, Span, SymptomDefinition};

    use super::*;

    #[test]
    fn an_alert_is_one_line_of_json() {
        let symptom = SymptomDefinition {
            id: "created".into(),
            title: "A container".into(),
            criticality: Criticality::Critical,
            impact: Impact::Risk,
            recommendation: String::new(),
            controls: vec![],
            hold_ms: 0,
        };
        let pairs = [(Span::new(0, 1), Span::new(1, 2))];
        let alert = RuleAlertRef {
            order: RuleAlertOrder { time_ns: 1_000_000_000, ..RuleAlertOrder::default() },
            rule: "r",
            symptom: &symptom,
            object: "vm\n1",
            change: Change::Raise,
            summary: "say \"hi\"",
            attributes: Attributes::new("k\u{e9}", &pairs),
            evidence: EvidenceRef { source: "a.log", line: 7, text: "\u{fffd}" },
            module: "sha256:00",
        };
        let mut out = Vec::new();
        write(&alert, &mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(
            text,
            concat!(
                r#"{"time":"1970-01-01T00:00:01Z","rule":"r","symptom":"created","object":"vm\n1","#,
                r#""criticality":"critical","change":"raise","summary":"say \"hi\"","attributes":{"k":"é"},"#,
                r#""evidence":[{"source":"a.log","line":7,"text":"�"}],"module":"sha256:00"}"#,
                "\n"
            )
        );
    }
}
