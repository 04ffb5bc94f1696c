//! The types of values. Reader, JSON schema and suggestions use the same tables of keys, so that they agree.

/// Longest text, in characters.
pub(crate) const TEXT_CHARS: usize = 4096;
/// Longest name, in characters.
pub(crate) const NAME_CHARS: usize = 128;

/// The type of a value.
#[derive(Debug)]
pub(crate) enum ValueSchema {
    /// A text that is not empty.
    Text,
    /// The path of a file or folder.
    Path,
    /// A name of small letters, digits and `-`.
    Name,
    /// A name in which `*` is any run of characters.
    Pattern,
    /// An identifier that expressions can name after a dot.
    Identifier,
    /// An expression (CEL).
    Expression,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// `true` only; the key is left out for `false`.
    Yes,
    /// An integer between the two, inclusive.
    Whole(i64, i64),
    /// A finite number.
    Number,
    /// A duration of at least this many milliseconds.
    Duration(u64),
    /// A size of at least one byte.
    Size,
    /// A time of day.
    Minute,
    /// Days of the week.
    Days,
    /// A time zone's IANA name.
    Zone,
    /// A network, such as `10.0.0.0/8`.
    Network,
    /// A list of at least this many items.
    List(&'static ValueSchema, usize),
    /// A table with any keys of the first type, and values of the second.
    Map(&'static ValueSchema, &'static ValueSchema),
    /// A table with known keys.
    Table(&'static TableSchema),
    /// One or the other, which differ in their TOML types.
    Either(&'static ValueSchema, &'static ValueSchema),
}

/// A table with known keys.
#[derive(Debug)]
pub(crate) struct TableSchema {
    /// A unique name, for the JSON schema.
    pub(crate) id: &'static str,
    /// Its name in messages, such as `a policy`.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [KeySchema],
    pub(crate) choice: RequiredKeys,
    /// Pairs of keys of which each requires the other.
    pub(crate) pairs: &'static [(&'static str, &'static str)],
}

/// Keys of which some are required.
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
    /// One line of documentation, for the JSON schema.
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

/// Returns a key that is optional.
pub(crate) const fn may(name: &'static str, schema: ValueSchema, meaning: &'static str) -> KeySchema {
    KeySchema { name, schema, needed: false, meaning }
}

/// Returns a key that is required.
pub(crate) const fn must(name: &'static str, schema: ValueSchema, meaning: &'static str) -> KeySchema {
    KeySchema { name, schema, needed: true, meaning }
}
