//! What values may be. The reader, the JSON schema and the suggestions go by the same tables of
//! keys, so they cannot drift apart.

/// Longest text, in characters.
pub(crate) const TEXT_CHARS: usize = 4096;
/// Longest name, in characters.
pub(crate) const NAME_CHARS: usize = 128;

/// What a value may be.
#[derive(Debug)]
pub(crate) enum ValueSchema {
    /// Not empty.
    Text,
    /// A file or folder.
    Path,
    /// Small letters, digits and `-`.
    Name,
    /// A name in which `*` is any run of characters.
    Pattern,
    /// What expressions can name behind a dot.
    Identifier,
    /// CEL.
    Expression,
    /// One of these.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// `true`; it is left out instead of `false`.
    Yes,
    /// From, to.
    Whole(i64, i64),
    /// Finite.
    Number,
    /// TextSpan least so many milliseconds.
    Duration(u64),
    /// TextSpan least one byte.
    Size,
    /// A time of day.
    Minute,
    /// Days of the week.
    Days,
    /// A time zone's IANA name.
    Zone,
    /// `10.0.0.0/8`.
    Network,
    /// TextSpan least so many.
    List(&'static ValueSchema, usize),
    /// Keys of one's own, and values.
    Map(&'static ValueSchema, &'static ValueSchema),
    /// Known keys.
    Table(&'static TableSchema),
    /// The one or the other; they differ in TOML's types.
    Either(&'static ValueSchema, &'static ValueSchema),
}

/// A table with known keys.
#[derive(Debug)]
pub(crate) struct TableSchema {
    /// Unique, for the schema.
    pub(crate) id: &'static str,
    /// `a policy`.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [KeySchema],
    pub(crate) choice: RequiredKeys,
    /// Keys that go together.
    pub(crate) pairs: &'static [(&'static str, &'static str)],
}

/// Keys of which some must be there.
#[derive(Debug)]
pub(crate) enum RequiredKeys {
    Free,
    OneOf(&'static [&'static str]),
    AnyOf(&'static [&'static str]),
}

/// A key of a table.
#[derive(Debug)]
pub(crate) struct KeySchema {
    pub(crate) name: &'static str,
    pub(crate) schema: ValueSchema,
    pub(crate) needed: bool,
    /// One line, for the schema.
    pub(crate) meaning: &'static str,
}

impl TableSchema {
    pub(crate) const fn free(id: &'static str, what: &'static str, keys: &'static [KeySchema]) -> Self {
        Self { id, what, keys, choice: RequiredKeys::Free, pairs: &[] }
    }

    pub(crate) const fn one_of(mut self, keys: &'static [&'static str]) -> Self {
        self.choice = RequiredKeys::OneOf(keys);
        self
    }

    pub(crate) const fn any_of(mut self, keys: &'static [&'static str]) -> Self {
        self.choice = RequiredKeys::AnyOf(keys);
        self
    }

    pub(crate) const fn together(mut self, pairs: &'static [(&'static str, &'static str)]) -> Self {
        self.pairs = pairs;
        self
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static KeySchema> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }
}

/// A key that may be left out.
pub(crate) const fn may(name: &'static str, schema: ValueSchema, meaning: &'static str) -> KeySchema {
    KeySchema { name, schema, needed: false, meaning }
}

/// A key that must be there.
pub(crate) const fn must(name: &'static str, schema: ValueSchema, meaning: &'static str) -> KeySchema {
    KeySchema { name, schema, needed: true, meaning }
}
