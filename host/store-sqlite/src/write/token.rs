//! Tokens of the API.

use lifesigns_record::TokenChange;
use rusqlite::{Connection, params};

use crate::form::bits;

/// Writes changes of tokens.
pub(super) fn write(connection: &Connection, changes: &[TokenChange]) -> rusqlite::Result<()> {
    for change in changes {
        match change {
            TokenChange::Added(token) => {
                let roles = token.roles.join(" ");
                let (created_ns, expires_ns) = (bits(token.created_ns), token.expires_ns.map(bits));
                let mut insert = connection.prepare_cached("INSERT INTO token VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
                let row = params![token.name, token.id, token.hash, roles, token.created_by, created_ns, expires_ns];
                insert.execute(row)?;
            }
            TokenChange::Revoked(name) => {
                connection.prepare_cached("DELETE FROM token WHERE name = ?1")?.execute([name])?;
            }
        }
    }
    Ok(())
}
