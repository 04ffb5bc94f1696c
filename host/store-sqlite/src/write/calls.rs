//! What rules were given when they raised a symptom or failed.

use lifesigns_model::{RuleCall, RuleKey, limits};
use lifesigns_record::settings_digest;
use rusqlite::{Connection, params};

use crate::form::{Json, lane, sortable};

/// Writes calls. The last raise of a symptom replaces the one before, and of failures the latest stay.
pub(super) fn write(connection: &Connection, calls: &[RuleCall], now_ns: u64) -> rusqlite::Result<()> {
    if calls.is_empty() {
        return Ok(());
    }
    let mut settings = connection.prepare_cached("INSERT OR IGNORE INTO rule_settings VALUES (?1, ?2)")?;
    let mut replaced =
        connection.prepare_cached("DELETE FROM rule_call WHERE object = ?1 AND rule = ?2 AND symptom = ?3")?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO rule_call (object, rule, lane, symptom, settings, written_ns, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut shorten = connection.prepare_cached(
        "DELETE FROM rule_call WHERE rule = ?1 AND symptom = '' AND id NOT IN
         (SELECT id FROM rule_call WHERE rule = ?1 AND symptom = '' ORDER BY id DESC LIMIT ?2)",
    )?;
    let mut json = Json::default();
    for call in calls {
        let digest = settings_digest(&call.settings);
        settings.execute(params![digest, call.settings])?;
        if !call.symptom.is_empty() {
            replaced.execute(params![call.object, call.rule, call.symptom])?;
        }
        let number = lane(&RuleKey { name: call.rule.as_str().into(), lane: call.lane });
        // Without its settings, which many calls share.
        let body = json.text(call)?;
        insert.execute(params![call.object, call.rule, number, call.symptom, digest, sortable(now_ns), body])?;
        if call.symptom.is_empty() {
            shorten.execute(params![call.rule, limits::FAILED_CALLS as i64])?;
        }
    }
    Ok(())
}
