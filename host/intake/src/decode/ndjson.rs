//! One JSON object a line: our own events and facts, and anybody's JSON logs, whose usual names for
//! message, time, object and app are known. The rest becomes fields, flattened with dots.

use std::borrow::Cow;

use lifesigns_model::{LogRecord, limits};

use super::{
    bytes,
    context::Context,
    events,
    facts::{self, RawFacts},
    json::{InvalidJson, JsonReader},
    keys::{self, Part, Ranked, best},
    layer::Layer,
};

/// Objects in each other that are flattened; deeper ones are kept as JSON text, and so are those
/// under a name of more than [`limits::KEY_BYTES`], which every field in them would repeat.
const DEPTH: usize = 16;

/// Why an object could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The text ends within it.
    Cut,
    /// Something in it is not JSON.
    Broken,
    /// Something is behind it.
    Followed,
}

/// Returns the object that `line` is. Of a line that has a fault, what was read before it; of a payload only if it is
/// cut, because a text that has another fault was hardly meant as JSON.
pub(crate) fn layer<'a, 'c>(line: &'a str, context: Context<'c>) -> Result<Layer<'a, 'c>, InvalidJson> {
    let mut json = JsonReader::new(line);
    let mut build = RecordBuilder::new(line, context);
    build.record.fields.reserve(8);
    json.step(b'{')?;
    let fault = build.members(&mut json);
    let nothing = build.is_empty();
    match fault {
        Some(_) if nothing => Err(InvalidJson),
        Some(Fault::Broken | Fault::Followed) if !context.is_line() => Err(InvalidJson),
        fault => build.finish(fault),
    }
}

struct RecordBuilder<'a, 'c> {
    line: &'a str,
    context: Context<'c>,
    record: LogRecord<'a>,
    message: Option<Ranked<'a, ()>>,
    time: Option<Ranked<'a, u64>>,
    object: Option<Ranked<'a, ()>>,
    app: Option<Ranked<'a, ()>>,
    raw_facts: RawFacts<'a>,
    /// Within an event of Docker's Engine, whose times count.
    in_event: bool,
}

impl<'a, 'c> RecordBuilder<'a, 'c> {
    fn new(line: &'a str, context: Context<'c>) -> Self {
        Self {
            line,
            context,
            record: LogRecord::default(),
            message: None,
            time: None,
            object: None,
            app: None,
            raw_facts: RawFacts::default(),
            in_event: false,
        }
    }

    fn is_empty(&self) -> bool {
        let parts = self.message.is_some() || self.time.is_some() || self.object.is_some() || self.app.is_some();
        !parts && self.record.fields.is_empty() && self.raw_facts.is_empty()
    }

    /// Takes all members of the object whose brace has been stepped over.
    fn members(&mut self, json: &mut JsonReader<'a>) -> Option<Fault> {
        let mut first = true;
        loop {
            match json.key(first) {
                Ok(Some(key)) => {
                    if self.member(key, json).is_err() {
                        break;
                    }
                }
                Ok(None) => return if json.end().is_ok() { None } else { Some(Fault::Followed) },
                Err(InvalidJson) => break,
            }
            first = false;
        }
        Some(if json.is_cut() { Fault::Cut } else { Fault::Broken })
    }

    fn member(&mut self, key: Cow<'a, str>, json: &mut JsonReader<'a>) -> Result<(), InvalidJson> {
        let next = json.peek();
        let part = keys::part(&key);
        match part {
            Part::Facts if matches!(key, Cow::Borrowed(_)) => {
                self.raw_facts.note(&key, json.raw()?);
                Ok(())
            }
            Part::Fields if next == b'{' => self.flatten(json, Cow::Borrowed(""), 1),
            Part::Message(rank) if next == b'"' => {
                let (text, whole) = json.open_string()?;
                self.put(Part::Message(rank), key, text);
                if whole { Ok(()) } else { Err(InvalidJson) }
            }
            Part::Message(rank) if key == "MESSAGE" => self.journal(rank, key, json),
            // A message all the same: `{"msg":7}`.
            Part::Message(_) if next == b'-' || next.is_ascii_digit() => {
                let text = json.raw()?;
                self.put(part, key, Cow::Borrowed(text));
                Ok(())
            }
            Part::Object(_) | Part::App(_) | Part::Time(_) if next == b'"' => {
                let text = json.string()?;
                self.put(part, key, text);
                Ok(())
            }
            Part::Time(_) if next.is_ascii_digit() => {
                let text = json.raw()?;
                self.put(part, key, Cow::Borrowed(text));
                Ok(())
            }
            _ => self.flatten(json, key, 0),
        }
    }

    /// Takes `text` as a part of the record, or as a field if there is a better one for the part.
    fn put(&mut self, part: Part, key: Cow<'a, str>, text: Cow<'a, str>) {
        let lost = match part {
            Part::Message(rank) if keys::is_message(&key, &text) => best(&mut self.message, rank, key, text, ()),
            Part::Object(rank) => best(&mut self.object, rank, key, text, ()),
            Part::App(rank) => best(&mut self.app, rank, key, text, ()),
            Part::Time(rank) => match self.context.reference.value(&text) {
                Some(ns) => best(&mut self.time, rank, key, text, ns),
                None => Some((key, text)),
            },
            Part::Message(_) | Part::Facts | Part::Fields | Part::Field => Some((key, text)),
        };
        if let Some((key, text)) = lost {
            self.field(key, text);
        }
    }

    /// journald's message, which is a list of bytes when it is not all printable text, and `null`
    /// when `journalctl` found it too long.
    fn journal(&mut self, rank: u8, key: Cow<'a, str>, json: &mut JsonReader<'a>) -> Result<(), InvalidJson> {
        let start = json.at();
        let raw = json.raw()?;
        let known = self.context.is_verbatim() && bytes::follows_key(&self.line[..start]);
        match bytes::text(raw).filter(|_| known) {
            Some(text) => self.put(Part::Message(rank), key, Cow::Owned(text)),
            None => {
                self.record.malformed = true;
                self.field(key, Cow::Borrowed(raw));
            }
        }
        Ok(())
    }

    fn field(&mut self, name: Cow<'a, str>, text: Cow<'a, str>) {
        if self.record.fields.len() < limits::FIELDS {
            self.record.fields.push((name, text));
        }
    }

    /// Takes the value that comes next as the field `name`, or as fields under `name`.
    fn flatten(&mut self, json: &mut JsonReader<'a>, name: Cow<'a, str>, depth: usize) -> Result<(), InvalidJson> {
        match json.peek() {
            b'{' if self.record.fields.len() == limits::FIELDS => return json.raw().map(drop),
            b'{' if depth < DEPTH && name.len() <= limits::KEY_BYTES => {}
            b'"' => {
                let text = json.string()?;
                self.put(keys::inner_part(&name), name, text);
                return Ok(());
            }
            b'n' => return json.raw().map(drop),
            _ => {
                let text = Cow::Borrowed(json.raw()?);
                match keys::part(&name) {
                    part @ Part::Time(_) if self.in_event => self.put(part, name, text),
                    _ => self.field(name, text),
                }
                return Ok(());
            }
        }
        if !self.in_event && keys::may_be_event(&name) && events::is_event(json.rest()) {
            // Its fields stand as if it were the line.
            self.in_event = true;
            let taken = self.object_members(json, &Cow::Borrowed(""), depth);
            self.in_event = false;
            return taken;
        }
        self.object_members(json, &name, depth)
    }

    fn object_members(&mut self, json: &mut JsonReader<'a>, name: &str, depth: usize) -> Result<(), InvalidJson> {
        json.step(b'{')?;
        let mut first = true;
        while let Some(key) = json.key(first)? {
            first = false;
            let path = if name.is_empty() { key } else { Cow::Owned([name, ".", &*key].concat()) };
            self.flatten(json, path, depth + 1)?;
        }
        Ok(())
    }

    fn finish(mut self, fault: Option<Fault>) -> Result<Layer<'a, 'c>, InvalidJson> {
        let own = self.object.as_ref().is_some_and(|object| object.rank == keys::OWN);
        if own && fault.is_none() && self.context.may_say_facts() && self.raw_facts.is_facts() {
            let (facts, wrong) = facts::read(&self.raw_facts)?;
            self.record.facts = Some(facts);
            self.record.malformed |= wrong;
        } else {
            for (key, raw) in self.raw_facts.take() {
                self.flatten(&mut JsonReader::new(raw), Cow::Borrowed(key), 0)?;
            }
        }
        if !self.context.may_name_object()
            && let Some(object) = self.object.take()
        {
            self.field(object.key, object.text);
        }
        let Self { line, context, mut record, message, time, object, app, .. } = self;
        record.malformed |= fault.is_some();
        record.time_ns = time.map(|best| best.value);
        record.object = object.map(|best| best.text);
        record.app = app.map(|best| best.text);
        let inside = context.log();
        if fault == Some(Fault::Followed) {
            // Rather a text that begins with an object: it says who wrote it, and no more.
            record.fields.clear();
            record.message = Some(line.into());
            return Ok(Layer { record, content: None, context: inside });
        }
        // The message of a JSON log is what a program or a shipper wrote, which may be another line. What
        // a program writes about itself says nothing about its object.
        let content = message.map(content);
        if content.is_none() && record.facts.is_none() {
            record.message = Some(line.into());
        }
        Ok(Layer { record, content, context: inside })
    }
}

fn content<'a>(best: Ranked<'a, ()>) -> Cow<'a, str> {
    if matches!(&*best.key, "log" | "MESSAGE") { trim_end(best.text) } else { best.text }
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
