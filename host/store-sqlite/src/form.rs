//! How values are written into columns and read back.

use lifesigns_model::{RuleKey, RuleLane};
use rusqlite::{
    Row,
    types::{FromSqlError, ToSqlOutput, Type, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

/// A number as SQLite keeps it: the same 64 bits.
pub(crate) const fn bits(number: u64) -> i64 {
    number.cast_signed()
}

/// A number to sort by: what is too large for SQLite is as large as can be.
pub(crate) fn sortable(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was written by [`bits`].
pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// A number that was written by [`bits`], or nothing.
pub(crate) fn maybe(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned))
}

/// A rule's lane as a number.
pub(crate) const fn lane(rule: &RuleKey) -> i64 {
    match rule.lane {
        RuleLane::Live => 0,
        RuleLane::Shadow => 1,
        RuleLane::Previous => 2,
    }
}

/// A rule from the columns of its name and its lane.
pub(crate) fn rule_key(row: &Row<'_>, name: usize, lane: usize) -> rusqlite::Result<RuleKey> {
    let name = row.get_ref(name)?.as_str()?;
    Ok(match row.get::<_, i64>(lane)? {
        0 => RuleKey::live(name),
        1 => RuleKey::shadow(name),
        2 => RuleKey::previous(name),
        other => return Err(conversion(lane, Type::Integer, FromSqlError::OutOfRange(other).into())),
    })
}

/// One JSON text after the other, in one buffer.
#[derive(Default)]
pub(crate) struct Json(Vec<u8>);

impl Json {
    /// `value` as a text to bind.
    pub(crate) fn text(&mut self, value: &impl Serialize) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.clear();
        let written = serde_json::to_writer(&mut self.0, value);
        written.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

/// What a column with JSON says.
pub(crate) fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) => {
            serde_json::from_slice(bytes).map_err(|error| conversion(column, Type::Text, error.into()))
        }
        other => Err(conversion(column, other.data_type(), FromSqlError::InvalidType.into())),
    }
}

fn conversion(column: usize, kind: Type, error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, error)
}
