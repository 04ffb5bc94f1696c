//! Reads what rules were given when they raised a symptom or failed.

use lifesigns_model::{RuleCall, limits};
use lifesigns_record::CallFilter;
use rusqlite::{Row, params};

use crate::{error::StoreError, form::parsed, reader::StoreReader};

impl StoreReader {
    /// Returns calls of rules, the latest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn calls(&self, filter: &CallFilter) -> Result<Vec<RuleCall>, StoreError> {
        const CALLS: &str = "SELECT rule_call.body, rule_settings.body FROM rule_call
                             JOIN rule_settings ON rule_settings.digest = rule_call.settings";
        self.ask(|connection| match filter {
            CallFilter::Raise { object, rule, symptom } => {
                let mut select = connection.prepare_cached(&format!(
                    "{CALLS} WHERE object = ?1 AND rule = ?2 AND symptom = ?3 AND symptom <> ''"
                ))?;
                select.query_map(params![object, rule, symptom], call)?.collect()
            }
            CallFilter::Failures { rule } => {
                let mut select = connection.prepare_cached(&format!(
                    "{CALLS} WHERE rule = ?1 AND symptom = '' ORDER BY rule_call.id DESC LIMIT ?2"
                ))?;
                select.query_map(params![rule, limits::FAILED_CALLS as i64], call)?.collect()
            }
        })
    }
}

fn call(row: &Row<'_>) -> rusqlite::Result<RuleCall> {
    Ok(RuleCall { settings: row.get(1)?, ..parsed(row, 0)? })
}
