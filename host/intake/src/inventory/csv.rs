//! The inventory as CSV (RFC 4180): a row an object, as other systems export it. The header says
//! what a column is: `id`, `kind`, `parent`, `property.NAME` or `metric.NAME`; an empty cell says
//! nothing.

use std::collections::BTreeSet;

use csv::{Position, ReaderBuilder, StringRecord};
use lifesigns_model::ObjectFacts;
use lifesigns_text::did_you_mean;

use super::content_error::ContentError;

/// What a column holds.
enum Column {
    Id,
    Kind,
    Parent,
    Property(String),
    Metric(String),
}

/// Reads the whole file.
pub(super) fn read(text: &str) -> Result<Vec<ObjectFacts>, ContentError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut columns: Option<Vec<Column>> = None;
    let (mut objects, mut ids) = (Vec::new(), BTreeSet::new());
    loop {
        let line = line(text, reader.position());
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(at(line, 1, error.to_string())),
        }
        // A record's own place: empty lines before it are no part of it.
        let line = record.position().map_or(line, |place| self::line(text, place));
        match &columns {
            None => columns = Some(header(&record, line)?),
            Some(columns) => objects.push(object(columns, &record, line, &mut ids)?),
        }
    }
    if columns.is_none() {
        return Err(at(
            1,
            1,
            "the file is empty; its first line names the columns, such as `id,kind,property.env`".into(),
        ));
    }
    Ok(objects)
}

fn header(record: &StringRecord, line: usize) -> Result<Vec<Column>, ContentError> {
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    for (number, name) in record.iter().enumerate() {
        let name = name.trim().trim_start_matches('\u{feff}');
        let wrong = |what: String| at(line, number + 1, what);
        if !seen.insert(name.to_owned()) {
            return Err(wrong(format!("the column `{name}` stands twice; keep one")));
        }
        columns.push(match (name, name.split_once('.')) {
            ("id", _) => Column::Id,
            ("kind", _) => Column::Kind,
            ("parent", _) => Column::Parent,
            (_, Some(("property", rest))) if !rest.is_empty() => Column::Property(rest.to_owned()),
            (_, Some(("metric", rest))) if !rest.is_empty() => Column::Metric(rest.to_owned()),
            _ => {
                if let Some(other) = name.chars().find(|letter| matches!(letter, ';' | '\t' | '|')) {
                    return Err(wrong(format!("the columns are separated by {other:?}; separate them by commas")));
                }
                let hint = match did_you_mean(name, ["kind", "parent"]) {
                    Some(hint) if name.len() > 3 => hint,
                    _ => format!("a property's column is called `property.{name}`, a metric's `metric.{name}`"),
                };
                return Err(wrong(format!("the column `{name}` is not known; {hint}")));
            }
        });
    }
    if !seen.contains("id") {
        return Err(at(line, 1, "no column is called `id`; the first line names the columns".into()));
    }
    Ok(columns)
}

fn object(
    columns: &[Column],
    record: &StringRecord,
    line: usize,
    ids: &mut BTreeSet<String>,
) -> Result<ObjectFacts, ContentError> {
    if record.len() != columns.len() {
        let (has, wants) = (record.len(), columns.len());
        return Err(at(
            line,
            has.min(wants) + 1,
            format!(
                "the row has not as many cells as the header ({has} instead of {wants}); quote cells that contain commas"
            ),
        ));
    }
    let mut facts = ObjectFacts::default();
    for (number, (column, cell)) in columns.iter().zip(record).enumerate() {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        match column {
            Column::Id => cell.clone_into(&mut facts.object),
            Column::Kind => facts.kind = Some(cell.to_owned()),
            Column::Parent => facts.parent = Some(cell.to_owned()),
            Column::Property(name) => facts.properties.push((name.clone(), Some(cell.to_owned()))),
            Column::Metric(name) => match cell.parse::<f64>() {
                Ok(value) if value.is_finite() => facts.metrics.push((name.clone(), value)),
                _ => return Err(at(line, number + 1, format!("the metric `{name}` is {cell:?}; give a number"))),
            },
        }
    }
    if facts.object.is_empty() {
        return Err(at(line, 1, "the row has no `id`; give the name that logs give the object".into()));
    }
    if !ids.insert(facts.object.clone()) {
        return Err(at(line, 1, format!("the object {:?} stands twice; put all about it into one row", facts.object)));
    }
    Ok(facts)
}

/// Returns the line of a position, from 1. The reader's own count is one short where lines end in
/// CRLF, because it leaves the LF to the next record.
fn line(text: &str, position: &Position) -> usize {
    let bytes = text.as_bytes();
    let mut end = usize::try_from(position.byte()).unwrap_or(bytes.len()).min(bytes.len());
    while end < bytes.len() && matches!(bytes[end], b'\r' | b'\n') {
        end += 1;
    }
    memchr::memchr_iter(b'\n', &bytes[..end]).count() + 1
}

/// `column` counts cells, from 1: that is what a person counts in a table.
fn at(line: usize, column: usize, message: String) -> ContentError {
    ContentError { line: line.max(1), column, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let rows = ["id,kind", "a,vm", "", "\"b\nc\",vm", "d,vm", "e,vm,x", ""];
        for (end, line) in [("\n", 7), ("\r\n", 7)] {
            let wrong = read(&rows.join(end)).map(|_| ()).expect_err("a cell too many");
            assert_eq!(wrong.line, line, "{end:?}");
        }
    }
}
