//! Questions that the store alone can answer: of a running host, or of a store that no host has open.

use std::{fmt::Display, path::Path};

use lifesigns_api::{
    AlertHistoryQuery, ApiError, AuditMark, AuditReport, AuditTrailQuery, AuditTrailRow, BadgeHistoryQuery, ChainBreak,
    DeliveryState, OutboxFilter, UndeliveredNotice,
};
use lifesigns_compliance::{Alert, BadgePoint, Pattern};
use lifesigns_record::{AlertHistoryFilter, AuditError, AuditFilter, BackupError, RecordReader};
use lifesigns_text::suggestion;

/// Rows of the outbox are read in pages of this many.
const PAGE: usize = 1000;

/// The store cannot be read now.
pub(crate) fn unreadable(error: impl Display) -> ApiError {
    ApiError::Unavailable(error.to_string())
}

/// The cursor is none of this list.
fn no_cursor() -> ApiError {
    ApiError::Invalid("the cursor is none: it is the `next` of the page before".to_owned())
}

/// Returns the number that a cursor is.
fn number(cursor: Option<&String>) -> Result<Option<u64>, ApiError> {
    match cursor {
        Some(cursor) => Ok(Some(cursor.parse().map_err(|_| no_cursor())?)),
        None => Ok(None),
    }
}

pub(crate) fn past_alerts(reader: &dyn RecordReader, which: &AlertHistoryQuery) -> Result<Vec<Alert>, ApiError> {
    let after = which.cursor.as_deref().map(cancelled_cursor).transpose()?;
    let past = AlertHistoryFilter {
        object: which.object.as_deref().map(Into::into),
        definition: which.alert.as_deref().map(Into::into),
        from_ns: which.from_ns.unwrap_or(0),
        until_ns: which.until_ns,
        after,
        limit: which.limit,
    };
    reader.past_alerts(&past).map_err(unreadable)
}

/// Returns when the last alert of a page was cancelled, and its id.
fn cancelled_cursor(cursor: &str) -> Result<(u64, String), ApiError> {
    let (cancelled_ns, id) = cursor.split_once('.').ok_or_else(no_cursor)?;
    Ok((cancelled_ns.parse().map_err(|_| no_cursor())?, id.to_owned()))
}

pub(crate) fn past_badges(reader: &dyn RecordReader, which: &BadgeHistoryQuery) -> Result<Vec<BadgePoint>, ApiError> {
    reader.badges(which.of, &which.name, which.since_ns, which.limit).map_err(unreadable)
}

pub(crate) fn audit(reader: &dyn RecordReader, which: &AuditTrailQuery) -> Result<Vec<AuditTrailRow>, ApiError> {
    // The last ten of one person are ten of that person's: the limit applies after the filter.
    let subject = which.subject.as_deref().map(Pattern::from);
    let exact = subject.as_ref().filter(|subject| subject.is_literal());
    let narrowed = which.who.is_some() || exact.is_none() && subject.is_some();
    let filter = AuditFilter {
        subject: exact.map(|subject| subject.as_str().to_owned()),
        since_ns: which.since_ns,
        before: [which.before, number(which.cursor.as_ref())?].into_iter().flatten().min(),
        limit: if narrowed { 0 } else { which.limit },
    };
    let mut entries = reader.audit(&filter).map_err(unreadable)?;
    let who = which.who.as_deref().map(Pattern::from);
    entries.retain(|entry| {
        who.as_ref().is_none_or(|who| who.matches(&entry.audit.who))
            && subject.as_ref().is_none_or(|subject| subject.matches(&entry.audit.subject))
    });
    if which.limit > 0 {
        entries.drain(..entries.len().saturating_sub(which.limit));
    }
    Ok(entries.into_iter().map(audit_row).collect())
}

fn audit_row(entry: lifesigns_record::AuditLogEntry) -> AuditTrailRow {
    AuditTrailRow { number: entry.mark.id, hash: entry.mark.hash, audit: entry.audit }
}

pub(crate) fn verify_audit(reader: &dyn RecordReader, known: Option<&AuditMark>) -> Result<AuditReport, ApiError> {
    let known = known.map(|mark| lifesigns_record::ChainMark { id: mark.number, hash: mark.hash.clone() });
    match reader.audit_verify(known.as_ref()) {
        Ok(report) => Ok(AuditReport {
            entries: report.entries,
            first: report.anchor.map_or(0, |anchor| anchor.id) + u64::from(report.entries > 0),
            last: report.head.id,
            hash: report.head.hash,
            broken: None,
        }),
        Err(AuditError::Broken { id, what }) => Ok(broken(id, what)),
        Err(error @ AuditError::Unguarded { .. }) => Ok(broken(0, error.to_string())),
        Err(error @ AuditError::Removed { .. }) => Err(ApiError::Unknown(error.to_string())),
        Err(error @ AuditError::Record(_)) => Err(unreadable(error)),
    }
}

fn broken(number: u64, what: String) -> AuditReport {
    AuditReport { broken: Some(ChainBreak { number, what }), ..AuditReport::default() }
}

pub(crate) fn backup(reader: &dyn RecordReader, to: &Path) -> Result<(), ApiError> {
    if !to.is_absolute() {
        return Err(ApiError::Invalid("`path` is no absolute path, as the host sees it".to_owned()));
    }
    if !to.parent().is_some_and(Path::is_dir) {
        return Err(ApiError::Invalid(format!("{}: there is no such folder on the host", to.display())));
    }
    reader.backup(to).map_err(|error| match error {
        BackupError::Exists(_) => ApiError::Conflict(error.to_string()),
        _ => unreadable(error),
    })
}

/// There is no such receiver; names those that there are.
pub(crate) fn no_receiver(name: &str, known: &[&str]) -> ApiError {
    let shown = &name[..name.floor_char_boundary(64)];
    let hint = suggestion(name, known.iter().copied());
    ApiError::Unknown(match (hint.is_empty(), known.is_empty()) {
        (false, _) => format!("there is no receiver {shown:?}{hint}"),
        (true, true) => format!("there is no receiver {shown:?}: none is configured"),
        (true, false) => format!("there is no receiver {shown:?}; there are {}", known.join(", ")),
    })
}

pub(crate) fn outbox(reader: &dyn RecordReader, filter: &OutboxFilter) -> Result<Vec<UndeliveredNotice>, ApiError> {
    // A filter by alert needs all rows: the first ones may be of other alerts.
    let limit = if filter.limit == 0 || filter.alert.is_some() { usize::MAX } else { filter.limit };
    let start = number(filter.cursor.as_ref())?.map_or(0, |id| i64::try_from(id).unwrap_or(i64::MAX));
    let pattern = filter.receiver.as_deref().map(Pattern::from);
    let wanted = |receiver: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(receiver));
    if let Some(name) = &filter.receiver {
        let known = reader.receivers().map_err(unreadable)?;
        let mut known: Vec<&str> = known.iter().map(|receiver| receiver.name.as_str()).collect();
        known.extend(filter.configured.iter().map(String::as_str));
        if !known.iter().any(|one| wanted(one)) {
            return Err(no_receiver(name, &known));
        }
    }
    let mut rows = Vec::new();
    if filter.dead {
        rows = paged(start, limit, |after| reader.dead_letters(after, PAGE))?;
        rows.retain(|row| wanted(&row.notice.receiver));
    } else {
        for receiver in reader.receivers().map_err(unreadable)? {
            if wanted(&receiver.name) && receiver.waiting > 0 {
                rows.extend(paged(start, limit, |after| reader.pending(&receiver.name, after, PAGE))?);
            }
        }
        rows.sort_by_key(|row| row.id);
    }
    if let Some(alert) = &filter.alert {
        rows.retain(|row| row.notice.alert.id == *alert);
    }
    rows.truncate(limit);
    Ok(rows.into_iter().map(|row| undelivered(row, filter.dead)).collect())
}

fn undelivered(row: lifesigns_record::StoredNotice, is_dead: bool) -> UndeliveredNotice {
    UndeliveredNotice {
        id: row.id.unsigned_abs(),
        waiting: if is_dead { DeliveryState::Dead } else { DeliveryState::Until(row.not_before_ns) },
        attempts: row.attempts,
        last_error: row.error.unwrap_or_default(),
        notice: row.notice,
    }
}

/// Reads page after page until there are no more rows, or enough.
fn paged(
    start: i64,
    limit: usize,
    mut page: impl FnMut(i64) -> Result<Vec<lifesigns_record::StoredNotice>, lifesigns_record::RecordError>,
) -> Result<Vec<lifesigns_record::StoredNotice>, ApiError> {
    let mut rows: Vec<lifesigns_record::StoredNotice> = Vec::new();
    loop {
        let after = rows.last().map_or(start, |row| row.id);
        let next = page(after).map_err(unreadable)?;
        let last = next.len() < PAGE;
        rows.extend(next);
        if last || rows.len() >= limit {
            return Ok(rows);
        }
    }
}
