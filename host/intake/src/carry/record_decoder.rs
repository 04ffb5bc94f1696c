//! Decodes carried records again, and shows the text that each was decoded from.

use std::{borrow::Cow, sync::Arc};

use lifesigns_model::{Decoder, Facts, LineEvidence, LogRecord, limits};

use super::{objects::END, records::Head};
use crate::decode::{InvalidJson, JsonReader};

/// The first character of a written line of which the rest is the message, and of one of which the rest is the text that
/// the record was decoded from. A carried record begins with a brace.
const MESSAGE: char = 'm';
const SHOWN: char = 's';

/// Returns the decoder for [`RecordLines`](super::RecordLines).
pub fn record_decoder() -> Arc<dyn Decoder> {
    Arc::new(OfRecords)
}

struct OfRecords;

impl Decoder for OfRecords {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let (head, text) = Written::split(line);
        let Ok(Carried { mut record, .. }) = read(head) else {
            return LogRecord { message: Some(Cow::Borrowed(line)), malformed: true, ..LogRecord::default() };
        };
        if let Some(Written::Message(message)) = text {
            record.message = Some(Cow::Borrowed(message));
        }
        record
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }

    /// Most records have a time.
    fn may_have_time(&self, _: &[u8]) -> bool {
        true
    }

    /// The same record with the text that it was decoded from, as that was.
    fn written<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let Ok(Carried { record, shown }) = read(line) else { return Cow::Borrowed(line) };
        let (mark, text, message) = match (&shown, record.message.as_deref()) {
            (Some(shown), message) => (SHOWN, &**shown, message),
            (None, Some(message)) => (MESSAGE, message, None),
            (None, None) => return Cow::Borrowed(line),
        };
        match serde_json::to_string(&Head { record: &record, object: "", shown: None, message }) {
            Ok(head) => Cow::Owned(format!("{mark}{head}{END}{text}")),
            Err(_) => Cow::Borrowed(line),
        }
    }

    fn evidence<'a>(&self, written: &'a str) -> LineEvidence<'a> {
        let text = match Written::split(written) {
            (_, Some(Written::Message(text) | Written::Shown(text))) => text,
            (line, None) => line,
        };
        LineEvidence { place: None, text }
    }
}

/// The text of a record behind the rest of it.
enum Written<'a> {
    /// It is the record's message.
    Message(&'a str),
    /// The record was decoded from it.
    Shown(&'a str),
}

impl<'a> Written<'a> {
    /// Takes a line that [`Decoder::written`] returned apart. Of another line, all is the first part.
    fn split(line: &'a str) -> (&'a str, Option<Self>) {
        let of = |mark: char| line.strip_prefix(mark)?.split_once(END);
        if let Some((head, text)) = of(MESSAGE) {
            return (head, Some(Self::Message(text)));
        }
        match of(SHOWN) {
            Some((head, text)) => (head, Some(Self::Shown(text))),
            None => (line, None),
        }
    }
}

/// A record as a line carries it.
struct Carried<'a> {
    record: LogRecord<'a>,
    /// The text that it was decoded from, if that is not the message.
    shown: Option<Cow<'a, str>>,
}

fn read(line: &str) -> Result<Carried<'_>, InvalidJson> {
    let mut json = JsonReader::new(line);
    let (mut record, mut shown) = (LogRecord::default(), None);
    json.members(|key, json| {
        match key {
            "time" => record.time_ns = Some(json.raw()?.parse().map_err(|_| InvalidJson)?),
            "object" => record.object = Some(json.string()?),
            "app" => record.app = Some(json.string()?),
            "message" => record.message = Some(json.string()?),
            "shown" => shown = Some(json.string()?),
            "malformed" => record.malformed = json.raw()? == "true",
            "fields" => record.fields = pairs(json, JsonReader::string)?,
            "kind" => facts(&mut record).kind = Some(json.string()?),
            "parent" => facts(&mut record).parent = Some(json.string()?),
            "properties" => facts(&mut record).properties = pairs(json, text_or_null)?,
            "metrics" => facts(&mut record).metrics = pairs(json, number)?,
            _ => return Err(InvalidJson),
        }
        Ok(())
    })?;
    json.end()?;
    Ok(Carried { record, shown })
}

fn facts<'r, 'a>(record: &'r mut LogRecord<'a>) -> &'r mut Facts<'a> {
    record.facts.get_or_insert_default()
}

fn text_or_null<'a>(json: &mut JsonReader<'a>) -> Result<Option<Cow<'a, str>>, InvalidJson> {
    if json.peek() == b'"' {
        return json.string().map(Some);
    }
    if json.raw()? == "null" { Ok(None) } else { Err(InvalidJson) }
}

fn number(json: &mut JsonReader<'_>) -> Result<f64, InvalidJson> {
    json.raw()?.parse().map_err(|_| InvalidJson)
}

type Pairs<'a, V> = Vec<(Cow<'a, str>, V)>;

/// Reads a list of pairs.
fn pairs<'a, V>(
    json: &mut JsonReader<'a>,
    value: fn(&mut JsonReader<'a>) -> Result<V, InvalidJson>,
) -> Result<Pairs<'a, V>, InvalidJson> {
    let mut pairs = Vec::new();
    json.elements(|json| {
        json.step(b'[')?;
        let name = json.string()?;
        json.step(b',')?;
        json.peek();
        let value = value(json)?;
        json.step(b']')?;
        if pairs.len() < limits::FIELDS {
            pairs.push((name, value));
        }
        Ok::<_, InvalidJson>(())
    })?;
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::carry::{batch::Pushed, records::RecordLines};

    fn text() -> impl Strategy<Value = Cow<'static, str>> {
        any::<String>().prop_map(Cow::Owned)
    }

    fn facts() -> impl Strategy<Value = Facts<'static>> {
        let number = any::<i32>().prop_map(|number| f64::from(number) / 8.0);
        let (properties, metrics) = (vec((text(), option::of(text())), 0..3), vec((text(), number), 0..3));
        (option::of(text()), option::of(text()), properties, metrics)
            .prop_map(|(kind, parent, properties, metrics)| Facts { kind, parent, properties, metrics })
    }

    fn record() -> impl Strategy<Value = LogRecord<'static>> {
        let texts = (option::of(text()), option::of(text()), option::of(text()));
        (option::of(any::<u64>()), texts, vec((text(), text()), 0..4), option::of(facts()), any::<bool>()).prop_map(
            |(time_ns, (object, app, message), fields, facts, malformed)| LogRecord {
                time_ns,
                object,
                app,
                message,
                fields,
                facts,
                malformed,
            },
        )
    }

    fn lines(records: &RecordLines) -> String {
        String::from_utf8(records.clone().into_bytes()).expect("text")
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_decoded_again(records in vec(record(), 0..4)) {
            let mut carried = RecordLines::default();
            for record in &records {
                prop_assert_eq!(carried.push(record, ""), Pushed::Added);
            }
            let (text, decoder) = (lines(&carried), record_decoder());
            let decoded: Vec<_> = text.lines().map(|line| decoder.decode(line)).collect();
            prop_assert_eq!(&decoded, &records);
            prop_assert_eq!(carried.cut(), 0);
            for (line, record) in text.lines().zip(&records) {
                let written = decoder.written(line);
                prop_assert_eq!(&decoder.decode(&written), record);
                if let Some(message) = &record.message {
                    prop_assert_eq!(decoder.evidence(&written).text, message);
                }
            }
        }

        #[test]
        fn any_line_is_decoded(line in any::<String>()) {
            let record = record_decoder().decode(&line).message.map(Cow::into_owned);
            prop_assert!(record.is_none_or(|message| message == line));
        }
    }

    #[test]
    fn an_object_holds_for_records_that_name_none() {
        let mut records = RecordLines::default();
        let named = LogRecord { object: Some("web-1".into()), ..LogRecord::default() };
        assert_eq!(records.push(&named, "10.0.0.1"), Pushed::Added);
        assert_eq!(records.push(&LogRecord::default(), "10.0.0.1"), Pushed::Added);
        let (text, decoder) = (lines(&records), record_decoder());
        let objects: Vec<_> = text.lines().map(|line| decoder.decode(line).object).collect();
        assert_eq!(objects, [Some("web-1".into()), Some("10.0.0.1".into())]);
    }

    #[test]
    fn evidence_is_the_text_that_a_record_was_decoded_from() {
        let decoder = record_decoder();
        let text = "level=warn msg=\"two \\\"lines\\\"\"\n\u{1f}";
        let record = LogRecord {
            time_ns: Some(7),
            message: Some("two \"lines\"".into()),
            fields: vec![("level".into(), "warn".into())],
            ..LogRecord::default()
        };
        let facts = LogRecord { message: None, facts: Some(Facts::default()), ..LogRecord::default() };
        for record in [&record, &facts] {
            let mut records = RecordLines::default();
            assert_eq!(records.push_read(record, "", text), Pushed::Added);
            let line = lines(&records);
            let written = decoder.written(line.trim_end());
            assert_eq!(decoder.evidence(&written), LineEvidence { place: None, text });
            assert_eq!(&decoder.decode(&written), record);
        }
        // The message is never cut to make room for it.
        let message = "x".repeat(limits::LINE_BYTES / 2);
        let long = LogRecord { message: Some((&*message).into()), ..LogRecord::default() };
        let mut records = RecordLines::default();
        assert_eq!(records.push_read(&long, "", &format!("msg={message}")), Pushed::Added);
        let line = lines(&records);
        let written = decoder.written(line.trim_end());
        assert_eq!((decoder.evidence(&written).text, records.cut()), (&*message, 0));
    }

    #[test]
    fn what_is_too_long_is_cut_or_refused() {
        let mut records = RecordLines::default();
        let long = LogRecord { message: Some("\u{1}é".repeat(limits::LINE_BYTES).into()), ..LogRecord::default() };
        assert_eq!((records.push(&long, ""), records.cut()), (Pushed::Added, 1));
        let text = lines(&records);
        assert!(text.len() <= limits::LINE_BYTES + 1 && text.len() > limits::LINE_BYTES - 16, "{}", text.len());
        let message = record_decoder().decode(text.trim_end()).message;
        assert!(message.is_some_and(|message| long.message.is_some_and(|whole| whole.starts_with(&*message))));
        let wide = LogRecord { object: Some("x".repeat(limits::LINE_BYTES).into()), ..LogRecord::default() };
        assert_eq!(records.push(&wide, ""), Pushed::TooLarge);
    }
}
