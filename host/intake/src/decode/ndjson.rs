//! One JSON object a line: our own events and facts, and anybody's JSON logs, whose usual names for
//! message, time, object and app are known. The rest becomes fields, flattened with dots.

use std::borrow::Cow;

use lifesigns_model::{Decoder, Record, SharedClock, limits};

use super::{
    facts::{self, Said},
    json::{Bad, Reader},
    payload, plain,
    time::{self, Reference},
};

/// Objects in each other that are flattened; deeper ones are kept as JSON text, and so are those
/// under a name of more than [`limits::KEY_BYTES`], which every field in them would repeat.
const DEPTH: usize = 16;

pub(crate) struct Ndjson(pub(crate) SharedClock);

impl Decoder for Ndjson {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        if line.trim_ascii_start().starts_with('{') {
            return record(line, Place::Line).unwrap_or_else(|Bad| plain::record(line, Reference(&*self.0), true));
        }
        plain::record(line, Reference(&*self.0), false)
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }
}

/// Where a JSON object stands, which says how far it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the line.
    Line,
    /// It is the message of a syslog line: it may carry facts.
    Syslog,
    /// It is what a program wrote into a JSON log: it may neither carry facts nor name its object.
    Log,
}

/// The object that `line` is.
pub(crate) fn record(line: &str, place: Place) -> Result<Record<'_>, Bad> {
    let mut json = Reader::new(line);
    let mut build = Build::default();
    build.record.fields.reserve(8);
    json.step(b'{')?;
    let mut first = true;
    while let Some(key) = json.key(first)? {
        first = false;
        build.member(key, &mut json)?;
    }
    json.end()?;
    build.finish(line, place)
}

/// What a top-level member can be; the number is its rank among others of its kind, best first.
enum Part {
    Message(u8),
    Time(u8),
    Object(u8),
    App(u8),
    Said,
    Fields,
    Field,
}

fn part(key: &str) -> Part {
    match key {
        "message" => Part::Message(0),
        "msg" => Part::Message(1),
        "log" => Part::Message(2),
        "MESSAGE" => Part::Message(3),
        "short_message" => Part::Message(4),
        // Docker's events have `time` in seconds and `timeNano`.
        "timeNano" => Part::Time(0),
        "time" => Part::Time(1),
        "timestamp" => Part::Time(2),
        "@timestamp" => Part::Time(3),
        "ts" => Part::Time(4),
        "__REALTIME_TIMESTAMP" => Part::Time(5),
        "object" => Part::Object(0),
        "host" => Part::Object(1),
        "hostname" => Part::Object(2),
        "_HOSTNAME" => Part::Object(3),
        "app" => Part::App(0),
        "application" => Part::App(1),
        "service" => Part::App(2),
        "program" => Part::App(3),
        "SYSLOG_IDENTIFIER" => Part::App(4),
        "_COMM" => Part::App(5),
        "kind" | "parent" | "properties" | "metrics" => Part::Said,
        "fields" => Part::Fields,
        _ => Part::Field,
    }
}

/// The best value so far for one part of the record.
struct Best<'a, T> {
    rank: u8,
    key: Cow<'a, str>,
    text: Cow<'a, str>,
    value: T,
}

#[derive(Default)]
struct Build<'a> {
    record: Record<'a>,
    message: Option<Best<'a, ()>>,
    time: Option<Best<'a, u64>>,
    object: Option<Best<'a, ()>>,
    app: Option<Best<'a, ()>>,
    said: Said<'a>,
}

impl<'a> Build<'a> {
    fn member(&mut self, key: Cow<'a, str>, json: &mut Reader<'a>) -> Result<(), Bad> {
        let next = json.peek();
        let part = part(&key);
        let text = match part {
            Part::Said if matches!(key, Cow::Borrowed(_)) => {
                self.said.note(&key, json.raw()?);
                return Ok(());
            }
            Part::Fields if next == b'{' => return self.flatten(json, Cow::Borrowed(""), 1),
            Part::Message(_) | Part::Object(_) | Part::App(_) | Part::Time(_) if next == b'"' => json.string()?,
            Part::Time(_) if next.is_ascii_digit() => Cow::Borrowed(json.raw()?),
            _ => return self.flatten(json, key, 0),
        };
        let lost = match part {
            Part::Message(rank) => best(&mut self.message, rank, key, text, ()),
            Part::Object(rank) => best(&mut self.object, rank, key, text, ()),
            Part::App(rank) => best(&mut self.app, rank, key, text, ()),
            Part::Time(rank) => match time::value(&text) {
                Some(ns) => best(&mut self.time, rank, key, text, ns),
                None => Some((key, text)),
            },
            Part::Said | Part::Fields | Part::Field => None,
        };
        if let Some((key, text)) = lost {
            self.field(key, text);
        }
        Ok(())
    }

    fn field(&mut self, name: Cow<'a, str>, text: Cow<'a, str>) {
        if self.record.fields.len() < limits::FIELDS {
            self.record.fields.push((name, text));
        }
    }

    /// Takes the value that comes next as the field `name`, or as fields under `name`.
    fn flatten(&mut self, json: &mut Reader<'a>, name: Cow<'a, str>, depth: usize) -> Result<(), Bad> {
        match json.peek() {
            b'{' if self.record.fields.len() == limits::FIELDS => return json.raw().map(drop),
            b'{' if depth < DEPTH && name.len() <= limits::KEY_BYTES => {}
            b'"' => {
                let text = json.string()?;
                self.leaf(name, text);
                return Ok(());
            }
            b'n' => return json.raw().map(drop),
            _ => {
                let text = json.raw()?;
                self.field(name, Cow::Borrowed(text));
                return Ok(());
            }
        }
        json.step(b'{')?;
        let mut first = true;
        while let Some(key) = json.key(first)? {
            first = false;
            let path = if name.is_empty() { key } else { Cow::Owned([&*name, ".", &*key].concat()) };
            self.flatten(json, path, depth + 1)?;
        }
        Ok(())
    }

    /// A text in an inner object. Elastic's schema names the host as `host.name`; Rust's `tracing`
    /// writes the message into `fields`.
    fn leaf(&mut self, name: Cow<'a, str>, text: Cow<'a, str>) {
        let lost = match &*name {
            "host.name" => best(&mut self.object, 4, name, text, ()),
            "message" => best(&mut self.message, 5, name, text, ()),
            _ => Some((name, text)),
        };
        if let Some((name, text)) = lost {
            self.field(name, text);
        }
    }

    fn finish(mut self, line: &'a str, place: Place) -> Result<Record<'a>, Bad> {
        let own = place != Place::Log && self.object.as_ref().is_some_and(|object| object.rank == 0);
        if own && self.said.is_facts() {
            let (facts, wrong) = facts::read(&self.said)?;
            self.record.facts = Some(facts);
            self.record.malformed = wrong;
        } else {
            for (key, raw) in self.said.take() {
                self.flatten(&mut Reader::new(raw), Cow::Borrowed(key), 0)?;
            }
        }
        if place == Place::Log
            && let Some(object) = self.object.take()
        {
            self.field(object.key, object.text);
        }
        let mut record = self.record;
        record.time_ns = self.time.map(|best| best.value);
        record.object = self.object.map(|best| best.text);
        record.app = self.app.map(|best| best.text);
        match self.message {
            Some(best) => message(&mut record, best, place),
            None if record.facts.is_some() => {}
            None => record.message = Some(line.into()),
        }
        Ok(record)
    }
}

/// Docker's json-file driver and journald carry what programs wrote, which may be logfmt or JSON.
fn message<'a>(record: &mut Record<'a>, best: Best<'a, ()>, place: Place) {
    let carries = matches!(&*best.key, "log" | "MESSAGE");
    let text = if carries { trim_end(best.text) } else { best.text };
    if carries
        && place != Place::Log
        && let Some(inner) = payload::decode_cow(&text, Place::Log)
    {
        // What a program writes about itself says nothing about its object.
        let facts = record.facts.take();
        payload::merge(record, inner);
        record.facts = facts;
        return;
    }
    record.message = Some(text);
}

fn trim_end(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\r', '\n'])),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
            Cow::Owned(text)
        }
    }
}

/// Keeps the better of two values and returns the other, which becomes a field.
fn best<'a, T>(
    slot: &mut Option<Best<'a, T>>,
    rank: u8,
    key: Cow<'a, str>,
    text: Cow<'a, str>,
    value: T,
) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    if slot.as_ref().is_some_and(|best| best.rank <= rank) {
        return Some((key, text));
    }
    slot.replace(Best { rank, key, text, value }).map(|lost| (lost.key, lost.text))
}
