//! What has changed in the inventory while the host was down.

use lifesigns_compliance::{Directory, Object};
use lifesigns_model::ObjectFacts;

/// The inventory, as engine and book take it after a restart. In a file that was written after
/// `last_ns` only what differs from what is known holds from when it was written; all else has held
/// ever since: lines that came meanwhile find it.
pub(crate) fn since(
    known: &Directory,
    last_ns: u64,
    inventory: Vec<ObjectFacts>,
) -> (Vec<ObjectFacts>, Vec<ObjectFacts>) {
    let (mut engine, mut book) = (Vec::new(), Vec::new());
    for facts in inventory {
        let written_ns = facts.time_ns;
        let before = known.object(&facts.object).filter(|_| last_ns > 0 && written_ns > last_ns);
        let is_new = last_ns > 0 && written_ns > last_ns && before.is_none();
        let Some(before) = before else {
            let facts = ObjectFacts { time_ns: if is_new { written_ns } else { 0 }, ..facts };
            book.push(facts.clone());
            engine.push(facts);
            continue;
        };
        let (stays, news) = split(before, facts);
        // What is no longer said is taken back by the book itself.
        let mut told = news.clone();
        told.properties.retain(|(_, value)| value.is_some());
        book.extend([stays.clone(), told]);
        engine.extend([was(before), stays, news]);
    }
    (engine, book)
}

/// What an earlier inventory said and is known still, since when it is.
fn was(before: &Object) -> ObjectFacts {
    let listed = before.properties.iter().filter(|(name, _)| before.listed.properties.contains(*name));
    let properties = listed.map(|(name, fact)| (name.clone(), fact.value.clone())).collect();
    ObjectFacts { object: before.id.clone(), properties, ..ObjectFacts::default() }
}

/// What is as it was, and what is new, with the names of what is gone.
fn split(before: &Object, now: ObjectFacts) -> (ObjectFacts, ObjectFacts) {
    let object = || ObjectFacts { object: now.object.clone(), ..ObjectFacts::default() };
    let (mut stays, mut news) = (object(), object());
    news.time_ns = now.time_ns;
    let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    let into = if same(&now.kind, &before.kind) { &mut stays } else { &mut news };
    into.kind = now.kind;
    let into = if same(&now.parent, &before.parent) { &mut stays } else { &mut news };
    into.parent = now.parent;
    let gone = before.listed.properties.iter().filter(|name| now.properties.iter().all(|(other, _)| other != *name));
    news.properties.extend(gone.map(|name| (name.clone(), None)));
    for (name, value) in now.properties {
        let is = before.properties.get(&name).is_some_and(|fact| fact.value == value);
        if is { &mut stays } else { &mut news }.properties.push((name, value));
    }
    for (name, value) in now.metrics {
        let is = before.metrics.get(&name).is_some_and(|fact| fact.value == value);
        if is { &mut stays } else { &mut news }.metrics.push((name, value));
    }
    (stays, news)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lifesigns_compliance::{Book, Config, Input};

    use super::*;

    fn facts(time_ns: u64, properties: &[(&str, Option<&str>)]) -> ObjectFacts {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
        ObjectFacts { object: "vm".into(), time_ns, properties: properties.collect(), ..ObjectFacts::default() }
    }

    #[test]
    fn what_stays_has_held_ever_since_and_what_changed_since_it_was_written() {
        let mut book = Book::new(Arc::new(Config::default())).expect("an empty configuration");
        let before = [("a", Some("1")), ("b", Some("1")), ("gone", Some("1"))];
        book.apply(Input::Inventory(vec![facts(0, &before)])).expect("it is taken");
        let now = [("a", Some("1")), ("b", Some("2"))];
        let (engine, told) = since(book.directory(), 100, vec![facts(50, &now)]);
        assert_eq!(engine, [facts(0, &now)], "a file that is older than the last run is no news");
        assert_eq!(told, engine);
        let (engine, told) = since(book.directory(), 100, vec![facts(150, &now)]);
        let news = [("gone", None), ("b", Some("2"))];
        assert_eq!(engine, [facts(0, &before), facts(0, &[("a", Some("1"))]), facts(150, &news)]);
        assert_eq!(told, [facts(0, &[("a", Some("1"))]), facts(150, &news[1..])]);
        book.apply(Input::Inventory(told)).expect("it is taken");
        let object = book.directory().object("vm").expect("it is there");
        let value = |name: &str| object.properties.get(name).and_then(|fact| fact.value.as_deref());
        assert_eq!((value("a"), value("b"), value("gone")), (Some("1"), Some("2"), None));
    }
}
