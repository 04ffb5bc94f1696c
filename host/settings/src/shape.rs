//! What values may be. The reader, the JSON schema and the suggestions go by the same tables of
//! keys, so they cannot drift apart.

/// Longest text, in characters.
pub(crate) const TEXT_CHARS: usize = 4096;
/// Longest name, in characters.
pub(crate) const NAME_CHARS: usize = 128;

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
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
    /// At least so many milliseconds.
    Duration(u64),
    /// At least one byte.
    Size,
    /// A time of day.
    Minute,
    /// Days of the week.
    Days,
    /// A time zone's IANA name.
    Zone,
    /// `10.0.0.0/8`.
    Network,
    /// At least so many.
    List(&'static Shape, usize),
    /// Keys of one's own, and values.
    Map(&'static Shape, &'static Shape),
    /// Known keys.
    Table(&'static Table),
    /// The one or the other; they differ in TOML's types.
    Either(&'static Shape, &'static Shape),
}

/// A table with known keys.
#[derive(Debug)]
pub(crate) struct Table {
    /// Unique, for the schema.
    pub(crate) id: &'static str,
    /// `a policy`.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) choice: Choice,
    /// Keys that go together.
    pub(crate) pairs: &'static [(&'static str, &'static str)],
}

/// Keys of which some must be there.
#[derive(Debug)]
pub(crate) enum Choice {
    Free,
    OneOf(&'static [&'static str]),
    AnyOf(&'static [&'static str]),
}

/// A key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) needed: bool,
    /// One line, for the schema.
    pub(crate) meaning: &'static str,
}

impl Table {
    pub(crate) const fn free(id: &'static str, what: &'static str, keys: &'static [Key]) -> Self {
        Self { id, what, keys, choice: Choice::Free, pairs: &[] }
    }

    pub(crate) const fn one_of(mut self, keys: &'static [&'static str]) -> Self {
        self.choice = Choice::OneOf(keys);
        self
    }

    pub(crate) const fn any_of(mut self, keys: &'static [&'static str]) -> Self {
        self.choice = Choice::AnyOf(keys);
        self
    }

    pub(crate) const fn together(mut self, pairs: &'static [(&'static str, &'static str)]) -> Self {
        self.pairs = pairs;
        self
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }
}

/// A key that may be left out.
pub(crate) const fn may(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { name, shape, needed: false, meaning }
}

/// A key that must be there.
pub(crate) const fn must(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { name, shape, needed: true, meaning }
}
