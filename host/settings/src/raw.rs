//! The raw tree of a file, in which each key and value has its span.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::source_text::TextSpan;

/// A value and its span.
#[derive(Clone, Debug)]
pub(crate) struct RawNode {
    pub(crate) at: TextSpan,
    pub(crate) value: RawValue,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(crate) enum RawValue {
    Text(String),
    /// An integer; one that exceeds 64 bits becomes the largest or smallest.
    Whole(i64),
    Number(f64),
    Flag(bool),
    Time,
    List(Vec<RawNode>),
    /// In the order of the file.
    Table(Vec<RawEntry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct RawEntry {
    pub(crate) key: String,
    pub(crate) at: TextSpan,
    pub(crate) node: RawNode,
}

impl RawNode {
    /// Returns the tree of a parsed file, number `source`.
    pub(crate) fn of_table(table: &Spanned<DeTable<'_>>, source: usize) -> Self {
        Self { at: TextSpan::new(source, table.span()), value: entries(table.get_ref(), source) }
    }

    /// Returns the tree of a parsed value.
    pub(crate) fn of_value(value: &Spanned<DeValue<'_>>, source: usize) -> Self {
        let list = |list: &[Spanned<DeValue<'_>>]| list.iter().map(|one| Self::of_value(one, source)).collect();
        let typed = match value.get_ref() {
            DeValue::String(text) => RawValue::Text(text.to_string()),
            DeValue::Integer(whole) => RawValue::Whole(integer(whole.as_str(), whole.radix())),
            DeValue::Float(number) => RawValue::Number(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => RawValue::Flag(*flag),
            DeValue::Datetime(_) => RawValue::Time,
            DeValue::Array(items) => RawValue::List(list(items)),
            DeValue::Table(table) => entries(table, source),
        };
        Self { at: TextSpan::new(source, value.span()), value: typed }
    }

    /// Returns the value of `key`, if this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&RawNode> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Returns the entry of `key`, if this is a table that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&RawEntry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Returns the entries of a table; none of any other value.
    pub(crate) fn entries(&self) -> &[RawEntry] {
        match &self.value {
            RawValue::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; none of any other value.
    pub(crate) fn items(&self) -> &[RawNode] {
        match &self.value {
            RawValue::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            RawValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the type of the value in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            RawValue::Text(_) => "a text",
            RawValue::Whole(_) => "a whole number",
            RawValue::Number(_) => "a number",
            RawValue::Flag(_) => "`true` or `false`",
            RawValue::Time => "a date or time",
            RawValue::List(_) => "a list",
            RawValue::Table(_) => "a table",
        }
    }
}

fn entries(table: &DeTable<'_>, source: usize) -> RawValue {
    let mut entries: Vec<RawEntry> = table
        .iter()
        .map(|(key, value)| RawEntry {
            key: key.get_ref().to_string(),
            at: TextSpan::new(source, key.span()),
            node: RawNode::of_value(value, source),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at.start);
    RawValue::Table(entries)
}

fn integer(digits: &str, radix: u32) -> i64 {
    let most = if digits.starts_with('-') { i64::MIN } else { i64::MAX };
    i64::from_str_radix(digits, radix).unwrap_or(most)
}
