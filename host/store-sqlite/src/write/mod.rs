//! How a commit is written, table by table. All run in one transaction.

mod agent;
mod book;
mod calls;
mod engine;
mod facts;
mod outbox;
mod token;

use lifesigns_record::Commit;
use rusqlite::Connection;

pub(crate) use book::who;

use crate::{audit, form::bits, meta::set};

/// Writes all of it.
pub(crate) fn all(connection: &Connection, commit: &Commit) -> rusqlite::Result<()> {
    engine::write(connection, commit)?;
    calls::write(connection, &commit.calls, commit.now_ns)?;
    facts::write(connection, &commit.facts)?;
    // What the stream has of an object came before it was forgotten, what the book has came after.
    book::forget(connection, &commit.changes.forgotten)?;
    book::write(connection, &commit.changes, commit.now_ns)?;
    outbox::update(connection, &commit.outbox, commit.now_ns)?;
    outbox::add(connection, &commit.changes.notices, commit.now_ns)?;
    outbox::pause(connection, &commit.pauses, commit.now_ns)?;
    token::write(connection, &commit.tokens)?;
    agent::write(connection, &commit.agents)?;
    audit::append(connection, &commit.changes.audit, commit.now_ns)?;
    set(connection, "clock_ns", bits(commit.now_ns))?;
    if let Some(event_ns) = commit.event_ns {
        set(connection, "event_ns", bits(event_ns))?;
    }
    if let Some(decided_by) = &commit.changes.decided_by {
        set(connection, "decided_by", decided_by)?;
    }
    if let Some(rules) = &commit.changes.rules {
        set(connection, "rules", crate::form::Json::default().text(rules)?)?;
    }
    Ok(())
}
