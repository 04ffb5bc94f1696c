//! Reads the tokens of the API.

use lifesigns_record::StoredToken;
use rusqlite::Row;

use crate::{
    error::StoreError,
    form::{maybe, number},
    load::rows,
    reader::StoreReader,
};

impl StoreReader {
    /// Returns the API's tokens, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let select = "SELECT name, id, hash, roles, created_by, created_ns, expires_ns, agent, revoked_ns FROM token \
                      ORDER BY name";
        self.ask(|connection| rows(connection, select, token))
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    let roles: String = row.get(3)?;
    Ok(StoredToken {
        name: row.get(0)?,
        id: row.get(1)?,
        hash: row.get(2)?,
        roles: roles.split_whitespace().map(str::to_owned).collect(),
        created_by: row.get(4)?,
        created_ns: number(row, 5)?,
        expires_ns: maybe(row, 6)?,
        agent: row.get(7)?,
        revoked_ns: maybe(row, 8)?,
    })
}
