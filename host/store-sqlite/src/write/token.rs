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
                let (agent, revoked_ns) = (&token.agent, token.revoked_ns.map(bits));
                let mut insert =
                    connection.prepare_cached("INSERT INTO token VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
                insert.execute(params![
                    token.name,
                    token.id,
                    token.hash,
                    roles,
                    token.created_by,
                    created_ns,
                    expires_ns,
                    agent,
                    revoked_ns
                ])?;
            }
            TokenChange::Changed(token) => {
                let update = "UPDATE token SET agent = ?2, revoked_ns = ?3 WHERE name = ?1";
                let row = params![token.name, token.agent, token.revoked_ns.map(bits)];
                connection.prepare_cached(update)?.execute(row)?;
            }
            TokenChange::Revoked(name) => {
                connection.prepare_cached("DELETE FROM token WHERE name = ?1")?.execute([name])?;
            }
        }
    }
    Ok(())
}
