//! What is known of agents.

use lifesigns_record::AgentChange;
use rusqlite::{Connection, params};

use crate::form::bits;

/// Writes changes of what is known of agents.
pub(super) fn write(connection: &Connection, changes: &[AgentChange]) -> rusqlite::Result<()> {
    for change in changes {
        match change {
            AgentChange::Seen(agent) => {
                let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO agent VALUES (?1, ?2, ?3)")?;
                insert.execute(params![agent.name, bits(agent.seen_ns), agent.report])?;
            }
            AgentChange::Forgotten(name) => {
                connection.prepare_cached("DELETE FROM agent WHERE name = ?1")?.execute([name])?;
            }
        }
    }
    Ok(())
}
