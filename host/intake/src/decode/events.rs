//! Events of Docker's Engine where they are not a line of JSON by themselves: inside another object,
//! and as `docker events` writes them for people.

use std::borrow::Cow;

use lifesigns_model::{LogRecord, limits};

use super::{
    json::JsonReader,
    time::{self, LeadingTime},
};

/// What events are about (Docker 1.10 and later).
const TYPES: [&str; 10] =
    ["container", "image", "volume", "network", "plugin", "daemon", "builder", "service", "node", "secret"];
/// A reference or a name is shorter.
const ID_BYTES: usize = 512;

/// Whether `json` begins with an object that is an event: `Type` and `Action`, or, up to Docker 1.9,
/// `status` and `id` and either `from` or a time.
pub(crate) fn is_event(json: &str) -> bool {
    let mut reader = JsonReader::new(json);
    if reader.step(b'{').is_err() {
        return false;
    }
    let (mut kind, mut action, mut status, mut id, mut more) = (false, false, false, false, false);
    let mut first = true;
    while let Ok(Some(key)) = reader.key(first) {
        first = false;
        match &*key {
            "Type" => kind = true,
            "Action" => action = true,
            "status" => status = true,
            "id" => id = true,
            "from" | "time" | "timeNano" => more = true,
            _ => {}
        }
        if (kind && action) || (status && id && more) {
            return true;
        }
        if reader.raw().is_err() {
            return false;
        }
    }
    false
}

/// `2026-11-23T06:39:59Z container create ID (image=busybox, name=web)`, and up to Docker 1.9
/// `2015-11-04T09:00:00Z ID: (from busybox) create`. The message is the whole text.
pub(crate) fn text(text: &str) -> Option<LogRecord<'_>> {
    let (stamp, rest) = stamp(text)?;
    let mut record = LogRecord { time_ns: stamp.ns, message: Some(text.into()), ..LogRecord::default() };
    if !named(rest, &mut record) {
        old(rest, &mut record)?;
    }
    Some(record)
}

/// Returns the time, also in brackets and as Go prints one (`[2013-09-03 15:49:26 +0200 CEST]`).
fn stamp(text: &str) -> Option<(LeadingTime, &str)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (inside, rest) = inner.split_once("] ")?;
        let stamp = time::iso(inside.as_bytes())?;
        let zone = &inside[stamp.len..];
        let fits = zone.is_empty() || zone.bytes().all(|byte| byte == b' ' || byte.is_ascii_alphanumeric());
        return fits.then_some((stamp, rest));
    }
    // A time without a `T` is not strict.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return None;
    }
    let stamp = time::iso(text.as_bytes()).filter(|stamp| stamp.strict)?;
    Some((stamp, text[stamp.len..].strip_prefix(' ')?))
}

/// `TYPE ACTION ID (KEY=VALUE, …)`; an action may have spaces (`exec_create: sh -c ls`).
fn named<'a>(text: &'a str, record: &mut LogRecord<'a>) -> bool {
    let Some((kind, rest)) = text.split_once(' ').filter(|(kind, _)| TYPES.contains(kind)) else { return false };
    let Some((what, attributes)) = rest.split_once(" (") else { return false };
    let (Some((action, id)), Some(attributes)) = (what.rsplit_once(' '), attributes.strip_suffix(')')) else {
        return false;
    };
    if action.is_empty() || id.is_empty() || id.len() > ID_BYTES || (kind == "container" && !is_id(id)) {
        return false;
    }
    let fields = &mut record.fields;
    fields.push((Cow::Borrowed("Type"), Cow::Borrowed(kind)));
    fields.push((Cow::Borrowed("Action"), Cow::Borrowed(action)));
    fields.push((Cow::Borrowed("Actor.ID"), Cow::Borrowed(id)));
    let pairs = attributes.split(", ").filter_map(|pair| pair.split_once('='));
    for (key, value) in pairs.take(limits::FIELDS - 3).filter(|(key, _)| key.len() <= limits::KEY_BYTES) {
        let name = match key {
            "image" => Cow::Borrowed("Actor.Attributes.image"),
            "name" => Cow::Borrowed("Actor.Attributes.name"),
            key => Cow::Owned(["Actor.Attributes.", key].concat()),
        };
        fields.push((name, Cow::Borrowed(value)));
    }
    true
}

/// `ID: (from IMAGE) ACTION`, or `ID: ACTION`.
fn old<'a>(text: &'a str, record: &mut LogRecord<'a>) -> Option<()> {
    let (id, rest) = text.split_once(": ").filter(|(id, _)| is_id(id))?;
    let (image, action) = match rest.strip_prefix("(from ") {
        Some(rest) => {
            let (image, action) = rest.split_once(") ")?;
            (Some(image), action)
        }
        None => (None, rest),
    };
    let action = action.trim_ascii_end();
    let word = !action.is_empty() && action.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !word {
        return None;
    }
    let mut put = |name: &'static str, value: &'a str| record.fields.push((Cow::Borrowed(name), Cow::Borrowed(value)));
    put("Type", "container");
    put("Action", action);
    put("Actor.ID", id);
    if let Some(image) = image {
        put("Actor.Attributes.image", image);
    }
    Some(())
}

/// Whether it is a container's id, whole or as Docker shows it.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 12 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
