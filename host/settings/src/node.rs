//! What was typed, as a tree in which every key and value knows where it stands.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::source::At;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

/// What TOML can say.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// A number over 64 bits is the largest or smallest there is.
    Whole(i64),
    Number(f64),
    Flag(bool),
    Time,
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: At,
    pub(crate) node: Node,
}

impl Node {
    /// The tree of a parsed file, number `source`.
    pub(crate) fn of_table(table: &Spanned<DeTable<'_>>, source: usize) -> Self {
        Self { at: At::new(source, table.span()), value: entries(table.get_ref(), source) }
    }

    /// The tree of a parsed value.
    pub(crate) fn of_value(value: &Spanned<DeValue<'_>>, source: usize) -> Self {
        let list = |list: &[Spanned<DeValue<'_>>]| list.iter().map(|one| Self::of_value(one, source)).collect();
        let typed = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(whole) => Value::Whole(integer(whole.as_str(), whole.radix())),
            DeValue::Float(number) => Value::Number(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(_) => Value::Time,
            DeValue::Array(items) => Value::List(list(items)),
            DeValue::Table(table) => entries(table, source),
        };
        Self { at: At::new(source, value.span()), value: typed }
    }

    /// The value of `key`, if this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry of `key`, if this is a table that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a table; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for a message.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Number(_) => "a number",
            Value::Flag(_) => "`true` or `false`",
            Value::Time => "a date or time",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

fn entries(table: &DeTable<'_>, source: usize) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            at: At::new(source, key.span()),
            node: Node::of_value(value, source),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at.start);
    Value::Table(entries)
}

fn integer(digits: &str, radix: u32) -> i64 {
    let most = if digits.starts_with('-') { i64::MIN } else { i64::MAX };
    i64::from_str_radix(digits, radix).unwrap_or(most)
}
