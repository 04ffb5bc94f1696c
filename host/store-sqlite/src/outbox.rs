//! Queries of the outbox: the notices that wait for receivers. The results of deliveries go into the
//! next [`lifesigns_record::Commit`]: there is one writer.

use lifesigns_record::{ReceiverPause, ReceiverState, StoredNotice};
use rusqlite::{Row, params};

use crate::{
    error::StoreError,
    form::{maybe, number, parsed},
    reader::StoreReader,
};

const COLUMNS: &str = "id, body, attempts, not_before_ns, written_ns, error";

impl StoreReader {
    /// Notices that wait for a receiver, oldest first: at most `limit` of those behind `after_id`
    /// (0 for all). Those whose time has not come are among them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn pending(&self, receiver: &str, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        let select = format!(
            "SELECT {COLUMNS} FROM outbox INDEXED BY outbox_of
             WHERE receiver = ?1 AND dead = 0 AND id > ?2 ORDER BY id LIMIT ?3"
        );
        self.ask(|connection| {
            let mut select = connection.prepare_cached(&select)?;
            select.query_map(params![receiver, after_id, limit as i64], outbox_row)?.collect()
        })
    }

    /// Bundles of a receiver whose next message has to wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn pauses(&self, receiver: &str) -> Result<Vec<ReceiverPause>, StoreError> {
        self.ask(|connection| {
            let mut select = connection.prepare_cached("SELECT bundle, until_ns FROM pause WHERE receiver = ?1")?;
            let pause = |row: &Row<'_>| {
                let (bundle, until_ns) = (parsed(row, 0)?, number(row, 1)?);
                Ok(ReceiverPause { receiver: receiver.to_owned(), bundle, until_ns })
            };
            select.query_map([receiver], pause)?.collect()
        })
    }

    /// Dead letters, oldest first: at most `limit` of those behind `after_id`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn dead_letters(&self, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        let select = format!(
            "SELECT {COLUMNS} FROM outbox INDEXED BY outbox_dead WHERE dead = 1 AND id > ?1 ORDER BY id LIMIT ?2"
        );
        self.ask(|connection| {
            let mut select = connection.prepare_cached(&select)?;
            select.query_map(params![after_id, limit as i64], outbox_row)?.collect()
        })
    }

    /// Returns all receivers that have notices or ever had one delivered, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn receivers(&self) -> Result<Vec<ReceiverState>, StoreError> {
        let select = "SELECT names.name, coalesce(counts.waiting, 0), coalesce(counts.dead, 0), counts.oldest_ns,
             coalesce(receiver.delivered, 0), coalesce(receiver.failed, 0), receiver.delivered_ns,
             receiver.failed_ns, receiver.error
             FROM (SELECT name FROM receiver UNION SELECT DISTINCT receiver FROM outbox) AS names
             LEFT JOIN receiver ON receiver.name = names.name
             LEFT JOIN (SELECT receiver, sum(dead = 0) AS waiting, sum(dead) AS dead,
                        min(CASE dead WHEN 0 THEN written_ns END) AS oldest_ns
                        FROM outbox INDEXED BY outbox_of GROUP BY receiver)
             AS counts ON counts.receiver = names.name
             ORDER BY names.name";
        self.ask(|connection| connection.prepare_cached(select)?.query_map([], receiver)?.collect())
    }
}

fn outbox_row(row: &Row<'_>) -> rusqlite::Result<StoredNotice> {
    Ok(StoredNotice {
        id: row.get(0)?,
        notice: parsed(row, 1)?,
        attempts: row.get(2)?,
        not_before_ns: number(row, 3)?,
        written_ns: number(row, 4)?,
        error: row.get(5)?,
    })
}

fn receiver(row: &Row<'_>) -> rusqlite::Result<ReceiverState> {
    Ok(ReceiverState {
        name: row.get(0)?,
        waiting: number(row, 1)?,
        dead: number(row, 2)?,
        oldest_ns: maybe(row, 3)?,
        delivered: number(row, 4)?,
        failed: number(row, 5)?,
        delivered_ns: maybe(row, 6)?,
        failed_ns: maybe(row, 7)?,
        error: row.get(8)?,
    })
}
