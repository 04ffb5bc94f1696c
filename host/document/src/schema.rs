//! The types of values. Reader, JSON schema and suggestions use the same tables of keys, so that they agree.

use lifesigns_text::visible_word;

/// Longest text, in characters.
pub(crate) const TEXT_CHARS: usize = 4096;
/// Longest name, in characters.
pub(crate) const NAME_CHARS: usize = 128;

/// The type of a value.
#[derive(Debug)]
pub enum ValueSchema {
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
    /// A text that the function of the schema accepts.
    Checked(&'static TextSchema),
    /// A text of any length, which may be empty.
    AnyText,
    /// A text, number or flag.
    Scalar,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// `true` only; the key is left out for `false`.
    True,
    /// An integer between the two, inclusive.
    Integer(i64, i64),
    /// A finite number.
    Number,
    /// A duration of at least this many milliseconds.
    Duration(u64),
    /// A size of at least one byte.
    Size,
    /// A number of bytes or a size with its unit, between the two in bytes, inclusive.
    Bytes(i64, i64),
    /// A list of at least this many items.
    List(&'static ValueSchema, usize),
    /// A table with any keys of the first type, and values of the second.
    Map(&'static ValueSchema, &'static ValueSchema),
    /// A table with known keys.
    Table(&'static TableSchema),
    /// A table with anything in it.
    AnyTable,
    /// One or the other, which differ in their TOML types.
    Either(&'static ValueSchema, &'static ValueSchema),
}

/// A text that a function accepts.
#[derive(Debug)]
pub struct TextSchema {
    /// Its name in messages, such as `an expression in quotes`.
    pub wanted: &'static str,
    /// Says what is wrong with a text that is not empty.
    pub check: fn(&str) -> Result<(), ValueError>,
    /// How an empty text may be corrected.
    pub empty: &'static str,
    /// Longest text, in characters.
    pub most_chars: usize,
    /// A regular expression for the JSON schema.
    pub pattern: Option<&'static str>,
}

impl TextSchema {
    /// How an empty text is corrected where nothing else is known.
    pub(crate) const EMPTY: &'static str = "leave it out, or say something";

    /// Returns a schema of texts of at most 4096 characters.
    pub const fn new(wanted: &'static str, check: fn(&str) -> Result<(), ValueError>) -> Self {
        Self { wanted, check, empty: Self::EMPTY, most_chars: TEXT_CHARS, pattern: None }
    }

    /// Returns a schema of all texts that are not empty, of any length.
    pub const fn unbounded(wanted: &'static str) -> Self {
        Self { most_chars: usize::MAX, ..Self::new(wanted, |_| Ok(())) }
    }

    /// Adds a regular expression for the JSON schema.
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }
}

/// What is wrong with a value. The message begins with the key, and goes on with `what`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// What is wrong, such as `is no network: …`.
    pub what: String,
    /// How to correct it, if that is known.
    pub help: Option<String>,
}

impl ValueError {
    /// Returns an error with a correction.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: Some(help.into()) }
    }

    /// Returns that this text cannot be the value, with a correction.
    pub fn unusable(text: &str, help: impl Into<String>) -> Self {
        Self::new(format!("cannot be \"{}\"", visible_word(text)), help)
    }

    /// Returns an error that says by itself how to correct it.
    pub fn plain(what: impl Into<String>) -> Self {
        Self { what: what.into(), help: None }
    }
}

/// A table with known keys.
#[derive(Debug)]
pub struct TableSchema {
    /// A unique name, for the JSON schema.
    pub id: &'static str,
    /// Its name in messages, such as `a policy`.
    pub what: &'static str,
    /// The keys that it may have.
    pub keys: &'static [KeySchema],
    /// Those of which some are required.
    pub choice: RequiredKeys,
    /// Pairs of keys of which each requires the other.
    pub pairs: &'static [(&'static str, &'static str)],
    /// Where keys belong that it does not know; may be empty.
    pub elsewhere: &'static str,
    /// Whether it holds secrets.
    pub secrets: Secrets,
}

/// Whether a table holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// It holds none.
    No,
    /// An unknown key in it may hold one.
    Within,
    /// It says where a secret is; a text in its place, or an unknown key in it, may be the secret itself.
    Itself,
}

/// Keys of which some are required.
#[derive(Debug)]
pub enum RequiredKeys {
    /// None.
    Free,
    /// Exactly one of these.
    OneOf(&'static [&'static str]),
    /// At least one of these.
    AnyOf(&'static [&'static str]),
}

/// A key of a table.
#[derive(Debug)]
pub struct KeySchema {
    /// The key.
    pub name: &'static str,
    /// The type of its value.
    pub schema: ValueSchema,
    /// Whether it is required.
    pub needed: bool,
    /// One line of documentation, for the JSON schema.
    pub meaning: &'static str,
}

impl TableSchema {
    /// Returns a table in which each key is required or optional by itself.
    pub const fn free(id: &'static str, what: &'static str, keys: &'static [KeySchema]) -> Self {
        Self { id, what, keys, choice: RequiredKeys::Free, pairs: &[], elsewhere: "", secrets: Secrets::No }
    }

    /// Requires exactly one of these keys.
    #[must_use]
    pub const fn one_of(mut self, keys: &'static [&'static str]) -> Self {
        self.choice = RequiredKeys::OneOf(keys);
        self
    }

    /// Requires at least one of these keys.
    #[must_use]
    pub const fn any_of(mut self, keys: &'static [&'static str]) -> Self {
        self.choice = RequiredKeys::AnyOf(keys);
        self
    }

    /// Requires of each pair both or neither.
    #[must_use]
    pub const fn together(mut self, pairs: &'static [(&'static str, &'static str)]) -> Self {
        self.pairs = pairs;
        self
    }

    /// Says where keys belong that the table does not know.
    #[must_use]
    pub const fn elsewhere(mut self, help: &'static str) -> Self {
        self.elsewhere = help;
        self
    }

    /// Says whether it holds secrets.
    #[must_use]
    pub const fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
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
pub const fn optional(name: &'static str, schema: ValueSchema, meaning: &'static str) -> KeySchema {
    KeySchema { name, schema, needed: false, meaning }
}

/// Returns a key that is required.
pub const fn required(name: &'static str, schema: ValueSchema, meaning: &'static str) -> KeySchema {
    KeySchema { name, schema, needed: true, meaning }
}
