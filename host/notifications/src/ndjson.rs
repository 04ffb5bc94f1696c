//! The raises and clears of rules as lines of JSON.

use lifesigns_model::RuleAlertRef;
use lifesigns_text::{write_json_text, write_rfc3339};

/// About what an alert takes beside its summary and its line.
const ROOM_BYTES: usize = 384;

/// Appends a raise or clear and a line end to `out`.
///
/// ```json
/// {"time":"2026-11-23T06:40:02.623844125Z","rule":"docker","symptom":"container-created","object":"vm-7","criticality":"warning","change":"raise","summary":"…","attributes":{"container":"web-1"},"evidence":[{"source":"dockerd.log","line":263,"text":"…"}],"module":"sha256:…"}
/// ```
pub fn write(alert: &RuleAlertRef<'_>, out: &mut Vec<u8>) {
    out.reserve(ROOM_BYTES + alert.summary.len() + alert.evidence.text.len());
    out.extend_from_slice(b"{\"time\":\"");
    write_rfc3339(alert.order.time_ns, out);
    member(out, b"\",\"rule\":\"", alert.rule);
    member(out, b"\",\"symptom\":\"", &alert.symptom.id);
    member(out, b"\",\"object\":\"", alert.object);
    // Words that need no escapes.
    out.extend_from_slice(b"\",\"criticality\":\"");
    out.extend_from_slice(alert.symptom.criticality.as_str().as_bytes());
    out.extend_from_slice(b"\",\"change\":\"");
    out.extend_from_slice(alert.change.as_str().as_bytes());
    member(out, b"\",\"summary\":\"", alert.summary);
    out.extend_from_slice(b"\",\"attributes\":{");
    for (number, (name, value)) in alert.attributes.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        member(out, b"\"", name);
        member(out, b"\":\"", value);
        out.push(b'"');
    }
    member(out, b"},\"evidence\":[{\"source\":\"", alert.evidence.source);
    out.extend_from_slice(b"\",\"line\":");
    write_number(alert.evidence.line, out);
    member(out, b",\"text\":\"", alert.evidence.text);
    member(out, b"\"}],\"module\":\"", alert.module);
    out.extend_from_slice(b"\"}\n");
}

/// Appends `before`, which ends with a quote, as it is, and `text` as a string up to its closing quote.
fn member<const N: usize>(out: &mut Vec<u8>, before: &[u8; N], text: &str) {
    out.extend_from_slice(before);
    write_json_text(text, out);
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use lifesigns_model::{
        Attributes, Change, Criticality, EvidenceRef, Impact, RuleAlertOrder, Span, SymptomDefinition,
    };
    use proptest::prelude::*;
    use serde::{Serialize, Serializer};

    use super::*;

    fn symptom(id: &str) -> SymptomDefinition {
        SymptomDefinition {
            id: id.into(),
            title: "A container".into(),
            criticality: Criticality::Critical,
            impact: Impact::Risk,
            recommendation: String::new(),
            controls: vec![],
            hold_ms: 0,
        }
    }

    #[test]
    fn an_alert_is_one_line_of_json() {
        let pairs = [(Span::new(0, 1), Span::new(1, 2))];
        let alert = RuleAlertRef {
            order: RuleAlertOrder { time_ns: 1_000_000_000, ..RuleAlertOrder::default() },
            rule: "r",
            symptom: &symptom("created"),
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

    /// An alert, as `serde_json` writes it.
    #[derive(Serialize)]
    struct Written<'a> {
        time: String,
        rule: &'a str,
        symptom: &'a str,
        object: &'a str,
        criticality: &'a str,
        change: &'a str,
        summary: &'a str,
        #[serde(serialize_with = "as_map")]
        attributes: &'a [(String, String)],
        evidence: [WrittenEvidence<'a>; 1],
        module: &'a str,
    }

    #[derive(Serialize)]
    struct WrittenEvidence<'a> {
        source: &'a str,
        line: u64,
        text: &'a str,
    }

    fn as_map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
    }

    /// Text with what must be escaped, what looks so and need not, and long runs of neither.
    fn hostile() -> impl Strategy<Value = String> {
        prop_oneof!["[\\x00-\\x7f\u{80}\u{2028}\u{fffd}\u{1f600}]{0,60}", "[a-z \"\\\\]{0,100}", "\\PC{0,40}"]
    }

    proptest! {
        #[test]
        fn alerts_are_written_as_serde_json_writes_them(
            texts in prop::collection::vec(hostile(), 7),
            attributes in prop::collection::vec((hostile(), hostile()), 0..4),
            time_ns: u64,
            line: u64,
            raises: bool,
        ) {
            let (mut arena, mut pairs) = (String::new(), Vec::new());
            let mut add = |text: &str| {
                arena.push_str(text);
                Span::new(arena.len() - text.len(), text.len())
            };
            for (name, value) in &attributes {
                pairs.push((add(name), add(value)));
            }
            let symptom = symptom(&texts[0]);
            let change = if raises { Change::Raise } else { Change::Clear };
            let alert = RuleAlertRef {
                order: RuleAlertOrder { time_ns, ..RuleAlertOrder::default() },
                rule: &texts[1],
                symptom: &symptom,
                object: &texts[2],
                change,
                summary: &texts[3],
                attributes: Attributes::new(&arena, &pairs),
                evidence: EvidenceRef { source: &texts[4], line, text: &texts[5] },
                module: &texts[6],
            };
            let written = Written {
                time: jiff::Timestamp::from_nanosecond(i128::from(time_ns)).expect("in range").to_string(),
                rule: &texts[1],
                symptom: &texts[0],
                object: &texts[2],
                criticality: symptom.criticality.as_str(),
                change: change.as_str(),
                summary: &texts[3],
                attributes: &attributes,
                evidence: [WrittenEvidence { source: &texts[4], line, text: &texts[5] }],
                module: &texts[6],
            };
            let mut out = Vec::new();
            write(&alert, &mut out);
            let mut expected = serde_json::to_vec(&written).expect("strings and numbers");
            expected.push(b'\n');
            prop_assert_eq!(String::from_utf8(out), String::from_utf8(expected));
        }
    }
}
