//! Queries about the past: cancelled alerts, badges over time, the audit.

use lifesigns_compliance::{Alert, BadgeOwner, BadgePoint, Pattern};
use lifesigns_record::{AlertHistoryFilter, AuditFilter, AuditLogEntry};
use rusqlite::params;

use crate::{
    audit,
    error::StoreError,
    form::{parsed, sortable},
    load::badge_point,
    reader::StoreReader,
    write::who,
};

impl StoreReader {
    /// Cancelled alerts, the latest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn past_alerts(&self, past: &AlertHistoryFilter) -> Result<Vec<Alert>, StoreError> {
        let limit = limit(past.limit);
        let until_ns = past.until_ns.map(sortable);
        self.ask(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT definition, body, object FROM alert WHERE status = 1 AND (?1 IS NULL OR object = ?1)
                 AND cancelled_ns >= ?2 AND (?3 IS NULL OR cancelled_ns < ?3)
                 AND (?4 IS NULL OR cancelled_ns < ?4
                      OR cancelled_ns = ?4 AND rowid < (SELECT rowid FROM alert WHERE id = ?5)) ORDER BY cancelled_ns DESC, rowid DESC",
            )?;
            let exact = past.object.as_ref().filter(|pattern| pattern.is_literal()).map(Pattern::as_str);
            let (after_ns, after) = past.after.as_ref().map(|(ns, id)| (sortable(*ns), id.as_str())).unzip();
            let mut rows = select.query(params![exact, sortable(past.from_ns), until_ns, after_ns, after])?;
            let mut alerts = Vec::new();
            while alerts.len() < limit
                && let Some(row) = rows.next()?
            {
                let is = |pattern: &Option<Pattern>, column: usize| match pattern {
                    Some(pattern) => Ok::<_, rusqlite::Error>(pattern.matches(&row.get::<_, String>(column)?)),
                    None => Ok(true),
                };
                if is(&past.definition, 0)? && is(&past.object, 2)? {
                    alerts.push(parsed(row, 1)?);
                }
            }
            Ok(alerts)
        })
    }

    /// The alert with this id, open or cancelled; `None` if there is none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn alert(&self, id: &str) -> Result<Option<Alert>, StoreError> {
        self.ask(|connection| {
            let mut select = connection.prepare_cached("SELECT body FROM alert WHERE id = ?1")?;
            select.query_map([id], |row| parsed(row, 0))?.next().transpose()
        })
    }

    /// The badge of an object or group from `since_ns` (event time) on, oldest first, with the point
    /// that held at that time. At most the latest `limit` points; 0 for all.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn badges(
        &self,
        of: BadgeOwner,
        name: &str,
        since_ns: u64,
        most: usize,
    ) -> Result<Vec<BadgePoint>, StoreError> {
        let mut points: Vec<BadgePoint> = self.ask(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT who, name, time_ns, score, worst, share, violations, allowed FROM badge
                 WHERE who = ?1 AND name = ?2 AND time_ns >= coalesce((SELECT max(time_ns) FROM badge
                 WHERE who = ?1 AND name = ?2 AND time_ns <= ?3), 0) ORDER BY time_ns DESC, id DESC LIMIT ?4",
            )?;
            let limit = i64::try_from(limit(most)).unwrap_or(-1);
            select.query_map(params![who(of), name, sortable(since_ns), limit], badge_point)?.collect()
        })?;
        points.reverse();
        Ok(points)
    }

    /// Entries of the audit, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditLogEntry>, StoreError> {
        let select = format!(
            "SELECT {} FROM audit
             WHERE (?1 IS NULL OR subject = ?1) AND written_ns >= ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4",
            audit::COLUMNS
        );
        let mut entries: Vec<AuditLogEntry> = self.ask(|connection| {
            let mut select = connection.prepare_cached(&select)?;
            let limit = i64::try_from(limit(filter.limit)).unwrap_or(-1);
            let before = filter.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
            let parameters = params![filter.subject, sortable(filter.since_ns), before, limit];
            let rows = select.query_map(parameters, audit::entry)?;
            rows.collect()
        })?;
        entries.reverse();
        Ok(entries)
    }
}

const fn limit(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}
