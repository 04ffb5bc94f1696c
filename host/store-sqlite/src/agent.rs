//! Reads what is known of agents.

use lifesigns_record::StoredAgent;
use rusqlite::Row;

use crate::{error::StoreError, form::number, load::rows, reader::StoreReader};

impl StoreReader {
    /// Returns what is known of agents, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn agents(&self) -> Result<Vec<StoredAgent>, StoreError> {
        self.ask(|connection| rows(connection, "SELECT name, seen_ns, report FROM agent ORDER BY name", agent))
    }
}

fn agent(row: &Row<'_>) -> rusqlite::Result<StoredAgent> {
    Ok(StoredAgent { name: row.get(0)?, seen_ns: number(row, 1)?, report: row.get(2)? })
}
