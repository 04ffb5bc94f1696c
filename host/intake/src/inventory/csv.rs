//! The inventory as CSV (RFC 4180): a row an object, as other systems export it. The header says
//! what a column is: `id`, `kind`, `parent`, `aliases` (names with `;` between them), `property.NAME` or `metric.NAME`;
//! an empty cell says nothing.

use std::{collections::HashSet, path::Path};

use csv::{Position, ReaderBuilder, StringRecord};
use lifesigns_document::DiagnosticSink;
use lifesigns_model::ObjectFacts;
use lifesigns_text::{did_you_mean, visible_word};

/// What a column holds.
enum Column {
    Id,
    Kind,
    Parent,
    Aliases,
    Property(String),
    Metric(String),
}

/// A table, and the mistakes in it.
pub(super) struct Table<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) diagnostics: &'a mut DiagnosticSink,
}

impl Table<'_> {
    /// Reads the whole file, and reports all mistakes in it.
    pub(super) fn objects(mut self) -> Vec<ObjectFacts> {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(self.text.as_bytes());
        let mut record = StringRecord::new();
        let mut columns: Option<Vec<Column>> = None;
        let mut objects = Vec::new();
        let mut ids = HashSet::new();
        let mut lines = LineCounter { bytes: self.text.as_bytes(), at: 0, line: 1 };
        loop {
            let line = lines.at(reader.position());
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.error(line, 1, error.to_string());
                    return objects;
                }
            }
            // A record's own place: empty lines before it are no part of it.
            let line = record.position().map_or(line, |place| lines.at(place));
            let Some(columns) = &columns else {
                columns = Some(self.header(&record, line));
                // Without its columns, a row says nothing.
                if !self.diagnostics.is_empty() {
                    return objects;
                }
                continue;
            };
            objects.extend(self.object(columns, &record, line, &mut ids));
        }
        if columns.is_none() {
            let what = "the file is empty; its first line names the columns, such as `id,kind,property.env`";
            self.error(1, 1, what.to_owned());
        }
        objects
    }

    /// Reports a mistake. `column` counts cells, from 1: that is what a person counts in a table.
    fn error(&mut self, line: usize, column: usize, what: String) {
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        self.diagnostics.place(self.path, number(line.max(1)), number(column), what);
    }

    fn header(&mut self, record: &StringRecord, line: usize) -> Vec<Column> {
        let mut seen = HashSet::new();
        let mut columns = Vec::new();
        for (number, name) in record.iter().enumerate() {
            let name = name.trim();
            if !seen.insert(name) {
                self.error(line, number + 1, format!("the column `{}` stands twice; keep one", visible_word(name)));
                continue;
            }
            match column(name) {
                Ok(column) => columns.push(column),
                Err(what) => self.error(line, number + 1, what),
            }
        }
        // If no column is known, what is wrong with them says enough.
        if !seen.contains("id") && !columns.is_empty() {
            self.error(line, 1, "no column is called `id`; the first line names the columns".into());
        }
        columns
    }

    fn object(
        &mut self,
        columns: &[Column],
        record: &StringRecord,
        line: usize,
        ids: &mut HashSet<String>,
    ) -> Option<ObjectFacts> {
        if record.len() != columns.len() {
            let (has, wants) = (record.len(), columns.len());
            self.error(
                line,
                has.min(wants) + 1,
                format!(
                    "the row has not as many cells as the header ({has} instead of {wants}); quote cells that contain commas"
                ),
            );
            return None;
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
                Column::Aliases => {
                    let names = cell.split(';').map(str::trim).filter(|name| !name.is_empty());
                    facts.aliases = names.map(str::to_owned).collect();
                }
                Column::Property(name) => facts.properties.push((name.clone(), Some(cell.to_owned()))),
                Column::Metric(name) => match cell.parse::<f64>() {
                    Ok(value) if value.is_finite() => facts.metrics.push((name.clone(), value)),
                    _ => {
                        let (name, cell) = (visible_word(name), visible_word(cell));
                        self.error(line, number + 1, format!("the metric `{name}` is \"{cell}\"; give a number"));
                    }
                },
            }
        }
        if facts.object.is_empty() {
            self.error(line, 1, "the row has no `id`; give the name that logs give the object".into());
        } else if !ids.insert(facts.object.clone()) {
            let id = visible_word(&facts.object);
            self.error(line, 1, format!("the object \"{id}\" stands twice; put all about it into one row"));
        }
        Some(facts)
    }
}

fn column(name: &str) -> Result<Column, String> {
    match (name, name.split_once('.')) {
        ("id", _) => return Ok(Column::Id),
        ("kind", _) => return Ok(Column::Kind),
        ("parent", _) => return Ok(Column::Parent),
        ("aliases", _) => return Ok(Column::Aliases),
        (_, Some(("property", rest))) if !rest.is_empty() => return Ok(Column::Property(rest.to_owned())),
        (_, Some(("metric", rest))) if !rest.is_empty() => return Ok(Column::Metric(rest.to_owned())),
        _ => {}
    }
    if let Some(other) = name.chars().find(|letter| matches!(letter, ';' | '\t' | '|')) {
        return Err(format!("the columns are separated by {other:?}; separate them by commas"));
    }
    let shown = visible_word(name);
    let hint = match did_you_mean(name, ["kind", "parent", "aliases"]) {
        Some(hint) if name.len() > 3 => hint,
        _ => match name.split_once('.') {
            Some(("properties", rest)) => format!("did you mean `property.{}`?", visible_word(rest)),
            Some(("metrics", rest)) => format!("did you mean `metric.{}`?", visible_word(rest)),
            _ => format!("a property's column is called `property.{shown}`, a metric's `metric.{shown}`"),
        },
    };
    Err(format!("the column `{shown}` is not known; {hint}"))
}

/// Counts lines, from 1, up to positions that only move forward; each byte is looked at once. The
/// reader's own count is one short where lines end in CRLF, because it leaves the LF to the next record.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    /// Returns the line of a position.
    fn at(&mut self, position: &Position) -> usize {
        let mut end = usize::try_from(position.byte()).unwrap_or(usize::MAX).clamp(self.at, self.bytes.len());
        while end < self.bytes.len() && matches!(self.bytes[end], b'\r' | b'\n') {
            end += 1;
        }
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.at..end]).count();
        self.at = end;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_document::SourceTexts;

    use super::*;

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let rows = ["id,kind", "a,vm", "", "\"b\nc\",vm", "d,vm", "e,vm,x", ""];
        for (end, line) in [("\n", 7), ("\r\n", 7)] {
            let mut diagnostics = DiagnosticSink::default();
            Table { path: Path::new("a.csv"), text: &rows.join(end), diagnostics: &mut diagnostics }.objects();
            let wrong = diagnostics.finish(SourceTexts::default());
            assert!(wrong.to_string().starts_with(&format!("a.csv:{line}:")), "{end:?}: {wrong}");
        }
    }
}
