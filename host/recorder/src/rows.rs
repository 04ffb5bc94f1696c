//! Answers queries that only the store can answer.

use std::fmt::Display;

use lifesigns_compliance::Pattern;
use lifesigns_control::{AuditMark, AuditReport, AuditRow, Break, OutboxFilter, OutboxRow, Reply, Rows, Waiting};
use lifesigns_record::{AlertHistoryFilter, AuditError, AuditFilter, RecordReader};
use lifesigns_text::suggestion;

/// The page size in which waiting notices are read.
const PAGE: usize = 1000;

fn said(error: impl Display) -> String {
    error.to_string()
}

/// Answers from the store alone: of a running host, or of a store at rest.
///
/// # Errors
/// What is wrong with the store, for a person.
pub fn rows(reader: &dyn RecordReader, rows: &Rows) -> Result<Reply, String> {
    match rows {
        Rows::Alerts(past) => {
            let past = AlertHistoryFilter {
                object: past.object.as_deref().map(Into::into),
                definition: past.alert.as_deref().map(Into::into),
                from_ns: past.from_ns.unwrap_or(0),
                until_ns: past.until_ns,
                limit: past.limit,
            };
            reader.past_alerts(&past).map(Reply::Alerts).map_err(said)
        }
        Rows::Badges(past) => {
            let points = reader.badges(past.of, &past.name, past.since_ns, past.limit);
            points.map(Reply::Badges).map_err(said)
        }
        Rows::Audit(past) => {
            // The last ten entries of one person are ten of that person's, so the limit comes after the filter.
            let subject = past.subject.as_deref().map(Pattern::from);
            let exact = subject.as_ref().filter(|subject| subject.is_literal());
            let narrowed = past.who.is_some() || exact.is_none() && subject.is_some();
            let filter = AuditFilter {
                subject: exact.map(|subject| subject.as_str().to_owned()),
                since_ns: past.since_ns,
                limit: if narrowed { 0 } else { past.limit },
            };
            let mut entries = reader.audit(&filter).map_err(said)?;
            let who = past.who.as_deref().map(Pattern::from);
            entries.retain(|entry| {
                who.as_ref().is_none_or(|who| who.matches(&entry.audit.who))
                    && subject.as_ref().is_none_or(|subject| subject.matches(&entry.audit.subject))
            });
            if past.limit > 0 {
                entries.drain(..entries.len().saturating_sub(past.limit));
            }
            let row = |entry: lifesigns_record::AuditEntry| AuditRow {
                number: entry.mark.id,
                hash: entry.mark.hash,
                audit: entry.audit,
            };
            Ok(Reply::Audit(entries.into_iter().map(row).collect()))
        }
        Rows::AuditVerify { known } => verify(reader, known.as_ref()),
        Rows::Outbox(filter) => outbox(reader, filter),
    }
}

fn verify(reader: &dyn RecordReader, known: Option<&AuditMark>) -> Result<Reply, String> {
    let known = known.map(|mark| lifesigns_record::ChainMark { id: mark.number, hash: mark.hash.clone() });
    let report = match reader.audit_verify(known.as_ref()) {
        Ok(report) => AuditReport {
            entries: report.entries,
            first: report.anchor.map_or(0, |anchor| anchor.id) + u64::from(report.entries > 0),
            last: report.head.id,
            hash: report.head.hash,
            broken: None,
        },
        Err(AuditError::Broken { id, what }) => {
            AuditReport { broken: Some(Break { number: id, what }), ..AuditReport::default() }
        }
        Err(error @ AuditError::Unguarded { .. }) => {
            AuditReport { broken: Some(Break { number: 0, what: error.to_string() }), ..AuditReport::default() }
        }
        Err(error) => return Err(said(error)),
    };
    Ok(Reply::Verified(report))
}

/// Says that there is no such receiver, and which there are.
pub(crate) fn no_receiver(name: &str, known: &[&str]) -> String {
    let shown = &name[..name.floor_char_boundary(64)];
    let hint = suggestion(name, known.iter().copied());
    match (hint.is_empty(), known.is_empty()) {
        (false, _) => format!("there is no receiver {shown:?}{hint}"),
        (true, true) => format!("there is no receiver {shown:?}: none is configured"),
        (true, false) => format!("there is no receiver {shown:?}; there are {}", known.join(", ")),
    }
}

fn outbox(reader: &dyn RecordReader, filter: &OutboxFilter) -> Result<Reply, String> {
    // A filter by alert needs all rows: the first ones may be of other alerts.
    let limit = if filter.limit == 0 || filter.alert.is_some() { usize::MAX } else { filter.limit };
    let pattern = filter.receiver.as_deref().map(Pattern::from);
    let wanted = |receiver: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(receiver));
    if let Some(name) = &filter.receiver {
        let known = reader.receivers().map_err(said)?;
        let mut known: Vec<&str> = known.iter().map(|receiver| receiver.name.as_str()).collect();
        known.extend(filter.configured.iter().map(String::as_str));
        if !known.iter().any(|one| wanted(one)) {
            return Err(no_receiver(name, &known));
        }
    }
    let mut rows = Vec::new();
    if filter.dead {
        rows = paged(limit, |after| reader.dead_letters(after, PAGE))?;
        rows.retain(|row| wanted(&row.notice.receiver));
    } else {
        for receiver in reader.receivers().map_err(said)? {
            if wanted(&receiver.name) && receiver.waiting > 0 {
                rows.extend(paged(limit, |after| reader.pending(&receiver.name, after, PAGE))?);
            }
        }
        rows.sort_by_key(|row| row.id);
    }
    if let Some(alert) = &filter.alert {
        rows.retain(|row| row.notice.alert.id == *alert);
    }
    rows.truncate(limit);
    let row = |row: lifesigns_record::StoredNotice| OutboxRow {
        id: row.id.unsigned_abs(),
        waiting: if filter.dead { Waiting::Dead } else { Waiting::Until(row.not_before_ns) },
        attempts: row.attempts,
        last_error: row.error.unwrap_or_default(),
        notice: row.notice,
    };
    Ok(Reply::Outbox(rows.into_iter().map(row).collect()))
}

/// Reads page after page until there is no more, or enough.
fn paged(
    limit: usize,
    mut page: impl FnMut(i64) -> Result<Vec<lifesigns_record::StoredNotice>, lifesigns_record::RecordError>,
) -> Result<Vec<lifesigns_record::StoredNotice>, String> {
    let mut rows: Vec<lifesigns_record::StoredNotice> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.id);
        let next = page(after).map_err(said)?;
        let last = next.len() < PAGE;
        rows.extend(next);
        if last || rows.len() >= limit {
            return Ok(rows);
        }
    }
}
