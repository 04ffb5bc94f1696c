//! The raw tree of a file, in which each key and value has its span.

use lifesigns_text::{duration_ms, size_bytes};

use crate::source_text::TextSpan;

/// A value and its span.
#[derive(Clone, Debug)]
pub struct RawNode {
    /// The span of the value.
    pub at: TextSpan,
    /// The value.
    pub value: RawValue,
}

/// A value of TOML or JSON.
#[derive(Clone, Debug)]
pub enum RawValue {
    /// A text.
    Text(String),
    /// An integer within 64 bits.
    Integer(i64),
    /// The decimal digits of an integer beyond 64 bits.
    Huge(String),
    /// A floating point number, which may be infinite or not a number.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A date or time, as written in RFC 3339.
    Time(String),
    /// The `null` of JSON.
    Null,
    /// A list.
    List(Vec<RawNode>),
    /// A table, in the order of the file. No key occurs twice.
    Table(Vec<RawEntry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct RawEntry {
    /// The key.
    pub key: String,
    /// The span of the key.
    pub at: TextSpan,
    /// The value.
    pub node: RawNode,
}

impl RawNode {
    /// Returns the value of `key`, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&RawNode> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Returns the entry of `key`, if this is a table that has it.
    pub fn entry(&self, key: &str) -> Option<&RawEntry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Returns the entries of a table; none of any other value.
    pub fn entries(&self) -> &[RawEntry] {
        match &self.value {
            RawValue::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; none of any other value.
    pub fn items(&self) -> &[RawNode] {
        match &self.value {
            RawValue::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            RawValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match &self.value {
            RawValue::Integer(number) => Some(*number as f64),
            RawValue::Huge(digits) => digits.parse().ok(),
            RawValue::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the items of the list under `key`; none if there is no list.
    pub fn list_of(&self, key: &str) -> &[RawNode] {
        self.get(key).map_or(&[], RawNode::items)
    }

    /// Returns the entries of the table under `key`; none if there is no table.
    pub fn entries_of(&self, key: &str) -> &[RawEntry] {
        self.get(key).map_or(&[], RawNode::entries)
    }

    /// Returns the text under `key`.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Returns the texts in the list under `key`.
    pub fn texts_of(&self, key: &str) -> Vec<String> {
        self.list_of(key).iter().filter_map(RawNode::text).map(str::to_owned).collect()
    }

    /// Returns the flag under `key`.
    pub fn flag_of(&self, key: &str) -> Option<bool> {
        match self.get(key)?.value {
            RawValue::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// Returns the integer under `key`.
    pub fn whole_of(&self, key: &str) -> Option<i64> {
        match self.get(key)?.value {
            RawValue::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the duration under `key`, in milliseconds.
    pub fn duration_of(&self, key: &str) -> Option<u64> {
        duration_ms(self.text_of(key)?)
    }

    /// Returns the size under `key` in bytes: a number, or a text such as `64MiB`.
    pub fn bytes_of(&self, key: &str) -> Option<u64> {
        match &self.get(key)?.value {
            RawValue::Text(text) => size_bytes(text),
            RawValue::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Returns the type of the value in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            RawValue::Text(_) => "a text",
            RawValue::Integer(_) => "a whole number",
            RawValue::Huge(_) => "a number beyond 64 bits",
            RawValue::Number(_) => "a number",
            RawValue::Bool(_) => "`true` or `false`",
            RawValue::Time(_) => "a date or time",
            RawValue::Null => "null",
            RawValue::List(_) => "a list",
            RawValue::Table(_) => "a table",
        }
    }
}
