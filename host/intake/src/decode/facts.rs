//! The facts of a JSON line: `{"time", "object", "kind", "parent", "properties": {}, "metrics": {}}`.
//! Only a line that names its `object` so, and has one of the two objects, carries facts.

use std::borrow::Cow;

use lifesigns_model::{Facts, limits};

use super::json::{InvalidJson, JsonReader};

/// The members that say facts, as they are in the line.
#[derive(Default)]
pub(crate) struct RawFacts<'a> {
    kind: Option<&'a str>,
    parent: Option<&'a str>,
    properties: Option<&'a str>,
    metrics: Option<&'a str>,
}

impl<'a> RawFacts<'a> {
    /// Notes a member; of equal ones the first counts.
    pub(crate) fn note(&mut self, key: &str, raw: &'a str) {
        let slot = match key {
            "kind" => &mut self.kind,
            "parent" => &mut self.parent,
            "properties" => &mut self.properties,
            _ => &mut self.metrics,
        };
        slot.get_or_insert(raw);
    }

    /// Whether they say facts rather than being ordinary members.
    pub(crate) fn is_facts(&self) -> bool {
        [self.properties, self.metrics].into_iter().flatten().any(|raw| raw.starts_with('{'))
    }

    /// Whether none was noted.
    pub(crate) fn is_empty(&self) -> bool {
        [self.kind, self.parent, self.properties, self.metrics].iter().all(Option::is_none)
    }

    /// Returns the members by name.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let raw_facts = std::mem::take(self);
        [
            ("kind", raw_facts.kind),
            ("parent", raw_facts.parent),
            ("properties", raw_facts.properties),
            ("metrics", raw_facts.metrics),
        ]
        .into_iter()
        .filter_map(|(name, raw)| Some((name, raw?)))
    }
}

/// Reads the facts; the flag says that something in them had to be left out.
pub(crate) fn read<'a>(raw_facts: &RawFacts<'a>) -> Result<(Facts<'a>, bool), InvalidJson> {
    let mut facts = Facts::default();
    let mut wrong = false;
    facts.kind = text(raw_facts.kind, &mut wrong)?;
    facts.parent = text(raw_facts.parent, &mut wrong)?;
    each(raw_facts.properties, &mut wrong, |json, name| {
        let value = match json.peek() {
            b'{' | b'[' => return json.raw().map(|_| false),
            b'"' => Some(json.string()?),
            b'n' => json.raw().map(|_| None)?,
            _ => Some(Cow::Borrowed(json.raw()?)),
        };
        let room = facts.properties.len() < limits::FIELDS;
        if room {
            facts.properties.push((name, value));
        }
        Ok(room)
    })?;
    each(raw_facts.metrics, &mut wrong, |json, name| {
        let value = json.raw()?.parse().ok().filter(|value: &f64| value.is_finite());
        let room = facts.metrics.len() < limits::FIELDS;
        if let Some(value) = value.filter(|_| room) {
            facts.metrics.push((name, value));
            return Ok(true);
        }
        Ok(false)
    })?;
    Ok((facts, wrong))
}

fn text<'a>(raw: Option<&'a str>, wrong: &mut bool) -> Result<Option<Cow<'a, str>>, InvalidJson> {
    match raw {
        None | Some("null") => Ok(None),
        Some(raw) if raw.starts_with('"') => JsonReader::new(raw).string().map(Some),
        Some(_) => {
            *wrong = true;
            Ok(None)
        }
    }
}

/// Hands each member of the object `raw` to `take`, which says whether it could be taken.
fn each<'a>(
    raw: Option<&'a str>,
    wrong: &mut bool,
    mut take: impl FnMut(&mut JsonReader<'a>, Cow<'a, str>) -> Result<bool, InvalidJson>,
) -> Result<(), InvalidJson> {
    let Some(raw) = raw.filter(|raw| *raw != "null") else {
        return Ok(());
    };
    let mut json = JsonReader::new(raw);
    if json.step(b'{').is_err() {
        *wrong = true;
        return Ok(());
    }
    let mut first = true;
    while let Some(name) = json.key(first)? {
        first = false;
        *wrong |= !take(&mut json, name)?;
    }
    Ok(())
}
