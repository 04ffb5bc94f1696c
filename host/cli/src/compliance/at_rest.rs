//! A store that no host has open: the same questions, the same answers.

use std::{
    path::Path,
    sync::{Arc, Once},
};

use lifesigns_compliance::{BadgeOwner, Book, BookInput, BookSnapshot, ComplianceConfig, query::Query};
use lifesigns_control::{Reply, Rows};
use lifesigns_store_sqlite::StoreReader;

use super::{places::Places, when};
use crate::{exit::Failure, terminal};

/// That the configuration is another one is said once.
static SAID: Once = Once::new();

/// Points of a badge's history, as many as a running host keeps.
const HISTORY: usize = 64;

/// Returns the answer of a book as the host left it, with the configuration as it is now.
pub(crate) fn query(places: &Places, query: &Query) -> Result<Reply, Failure> {
    let reader = open(places)?;
    let mut restored = reader.load().map_err(Failure::failed)?.restored;
    recall(&reader, query, &mut restored)?;
    let config = match &places.settings {
        Some(settings) => settings.compliance.clone(),
        None => {
            terminal::warning(
                "there is no configuration here, so groups and policies are not known: name it with --config",
            );
            ComplianceConfig::default()
        }
    };
    let mut book = Book::new(Arc::new(config)).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.place, error.message)).collect();
        Failure::Configuration(lines.join("\n"))
    })?;
    book.restore(restored);
    if places.settings.is_some() && !book.is_decided() {
        // One command may ask several things.
        SAID.call_once(|| {
            terminal::warning(
                "the configuration has changed since the host stopped: these answers go by the files as they are now; \
                 `lifesigns validate --what-if` shows what the next start will change",
            );
        });
        // Else one command would answer by the configuration as it was, and the next by what it is.
        book.review();
    }
    // Silences end and policies' hours pass while no host runs.
    let applied = book.apply(BookInput::Clock(when::now_ns()));
    debug_assert!(applied.is_ok(), "only commands are refused");
    let answer = book.answer(query).map_err(Failure::failed)?;
    Ok(Reply::Answer(Box::new(answer)))
}

/// What the store holds, of a host that runs or has stopped.
pub(crate) fn record(places: &Places) -> Result<BookSnapshot, Failure> {
    let reader = StoreReader::open(&places.store).map_err(|error| {
        Failure::Failed(format!("there is no record to compare with at {}: {error}", places.store.display()))
    })?;
    Ok(reader.load().map_err(Failure::failed)?.restored)
}

/// A host goes on from the last badge of each object; a question about one needs its history.
fn recall(reader: &StoreReader, query: &Query, restored: &mut BookSnapshot) -> Result<(), Failure> {
    let (of, name) = match query {
        Query::Object(name) => (BadgeOwner::Object, name),
        Query::Group(name) | Query::Report { group: name } => (BadgeOwner::Group, name),
        _ => return Ok(()),
    };
    let points = reader.badges(of, name, 0, HISTORY).map_err(Failure::failed)?;
    if !points.is_empty() {
        restored.badges.retain(|point| point.of != of || point.name != *name);
        restored.badges.extend(points);
        restored.badges.sort_by_key(|point| point.time_ns);
    }
    Ok(())
}

/// What only the store remembers.
pub(crate) fn rows(places: &Places, rows: &Rows) -> Result<Reply, Failure> {
    lifesigns_recorder::rows(&open(places)?, rows).map_err(Failure::failed)
}

/// Copies the store; what was done, in a line.
pub(crate) fn backup(places: &Places, to: &Path) -> Result<String, Failure> {
    open(places)?.backup(to, |_| {}).map_err(Failure::failed)?;
    Ok(format!("{} is a copy of {}", to.display(), places.store.display()))
}

fn open(places: &Places) -> Result<StoreReader, Failure> {
    StoreReader::open(&places.store).map_err(|error| {
        let socket = places.socket.display();
        Failure::Failed(format!("no host is running at {socket}, and its store cannot be read: {error}"))
    })
}
