//! Checks the raw tree against the tables of keys.

mod value;

use lifesigns_text::{did_you_mean, hint, nearest, visible_word};

use crate::{
    diagnostic::Diagnostic,
    diagnostics::DiagnosticSink,
    raw::{RawEntry, RawNode, RawValue},
    schema::{RequiredKeys, Secrets, TableSchema, ValueSchema},
    source_text::{SourceTexts, TextSpan},
};

/// The most levels of nested tables.
const DEPTH: usize = 16;

/// Checks values, and collects the mistakes.
pub struct Checker<'a> {
    /// The texts that the values are from.
    pub sources: &'a SourceTexts,
    /// The mistakes so far.
    pub diagnostics: &'a mut DiagnosticSink,
}

impl Checker<'_> {
    /// Notes a mistake.
    pub fn error(&mut self, at: &TextSpan, message: impl Into<String>, help: Option<String>) {
        self.note(at, message.into(), help, false);
    }

    /// Notes a mistake whose line is not shown, because it may hold a secret.
    pub fn error_masked(&mut self, at: &TextSpan, message: impl Into<String>, help: Option<String>) {
        self.note(at, message.into(), help, true);
    }

    /// Masks a span that may hold a secret in the excerpts of all mistakes.
    pub fn mask(&mut self, at: &TextSpan) {
        self.diagnostics.mask(*at);
    }

    fn note(&mut self, at: &TextSpan, message: String, help: Option<String>, hidden: bool) {
        // A place takes time to find in a long line.
        if self.diagnostics.is_full() {
            return self.diagnostics.count_only();
        }
        let place = self.sources.place(at);
        self.diagnostics.push(Diagnostic { place, message, help, at: Some(*at), hidden });
    }

    /// Checks the outermost table. Without `whole`, keys may be missing, because another file may have them.
    pub fn table(&mut self, node: &RawNode, table: &'static TableSchema, whole: bool) {
        if !matches!(node.value, RawValue::Table(_)) {
            let help = format!("its keys are {}", listed(table.names()));
            return self.error(&node.at, format!("{} is a table, not {}", table.what, node.kind()), Some(help));
        }
        self.table_at(node, table, whole, 0);
    }

    fn table_at(&mut self, node: &RawNode, table: &'static TableSchema, whole: bool, depth: usize) {
        for RawEntry { key, at, node } in node.entries() {
            match table.key(key) {
                Some(known) => self.value(key, at, node, &known.schema, depth),
                None => {
                    // It may be a misspelt secret. The span of a table with a header begins before its key.
                    if table.secrets != Secrets::No && at.end() <= node.at.start() {
                        self.mask(&node.at);
                    }
                    self.unknown(key, at, table);
                }
            }
        }
        if whole {
            self.missing(node, table);
        }
    }

    fn unknown(&mut self, key: &str, at: &TextSpan, table: &'static TableSchema) {
        // Mistakes that are only counted need no suggestion.
        let help = if self.diagnostics.is_full() { None } else { Some(where_to(key, table)) };
        self.error(at, format!("{} has no key `{}`", table.what, visible_word(key)), help);
    }

    fn missing(&mut self, node: &RawNode, table: &'static TableSchema) {
        for key in table.keys.iter().filter(|key| key.needed && node.get(key.name).is_none()) {
            self.error(&node.at, format!("{} needs `{}`", table.what, key.name), None);
        }
        match table.choice {
            RequiredKeys::Free => {}
            RequiredKeys::AnyOf(names) => {
                if present(node, names).is_empty() {
                    let names = listed(names.iter().copied());
                    self.error(&node.at, format!("{} needs at least one of {names}", table.what), None);
                }
            }
            RequiredKeys::OneOf(names) => self.one_of(node, table, names),
        }
        for (one, other) in table.pairs {
            for (there, missing) in [(one, other), (other, one)] {
                if let Some(entry) = node.entry(there).filter(|_| node.get(missing).is_none()) {
                    self.error(&entry.at, format!("`{there}` needs `{missing}` beside it"), None);
                }
            }
        }
    }

    fn one_of(&mut self, node: &RawNode, table: &'static TableSchema, names: &[&'static str]) {
        let there = present(node, names);
        let Some((first, others)) = there.split_first() else {
            // What lacks the other of its pair is reported with that.
            if !table.pairs.iter().any(|(one, other)| names.contains(other) && node.get(one).is_some()) {
                let names = listed(names.iter().copied());
                self.error(&node.at, format!("{} needs one of {names}", table.what), None);
            }
            return;
        };
        for other in others {
            let at = node.entry(other).map_or(&node.at, |entry| &entry.at);
            self.error(at, format!("`{first}` and `{other}` exclude each other"), None);
        }
    }

    /// Checks the value of `key`, whose span is `at`.
    fn value(&mut self, key: &str, at: &TextSpan, node: &RawNode, schema: &'static ValueSchema, depth: usize) {
        if depth > DEPTH {
            return self.error(at, format!("`{}` nests deeper than {DEPTH} levels", visible_word(key)), None);
        }
        match (schema, &node.value) {
            (ValueSchema::Table(table), RawValue::Table(_)) => self.table_at(node, table, true, depth + 1),
            (ValueSchema::Table(table), _) if table.secrets == Secrets::Itself => {
                self.mask(&node.at);
                let help = format!("write `{key} = {{ env = \"VARIABLE\" }}` or `{key} = {{ file = \"PATH\" }}`");
                self.error(&node.at, format!("`{key}` is a secret and does not stand in the file"), Some(help));
            }
            (ValueSchema::List(item, least), RawValue::List(items)) => {
                if items.len() < *least {
                    let message = format!("`{}` is empty", visible_word(key));
                    self.error(&node.at, message, Some("leave it out, or name something".into()));
                }
                for one in items {
                    self.value(key, at, one, item, depth.max(1));
                }
            }
            (ValueSchema::Map(names, values), RawValue::Table(entries)) => {
                for RawEntry { key, at, node } in entries {
                    self.scalar("the key", &RawNode { at: *at, value: RawValue::Text(key.clone()) }, names);
                    self.value(key, at, node, values, depth + 1);
                }
            }
            (ValueSchema::Either(one, other), _) => {
                let is_secret = matches!(other, ValueSchema::Table(table) if table.secrets == Secrets::Itself);
                if is_secret && !matches!(node.value, RawValue::Table(_)) {
                    self.mask(&node.at);
                }
                let fitting = [*one, *other].into_iter().find(|schema| value::fits(schema, node));
                match fitting {
                    Some(schema) => self.value(key, at, node, schema, depth),
                    None => self.scalar(key, node, schema),
                }
            }
            (ValueSchema::Table(_) | ValueSchema::AnyTable, kind)
                if depth == 0 && !matches!(kind, RawValue::Table(_)) =>
            {
                let message = format!("`{key}` is a table, not {}", node.kind());
                self.error(&node.at, message, Some(format!("begin it with a line [{key}]")));
            }
            _ => self.scalar(key, node, schema),
        }
    }

    /// Checks a value that holds no other values, or has the wrong type.
    fn scalar(&mut self, key: &str, node: &RawNode, schema: &ValueSchema) {
        let named = if key == "the key" { key.to_owned() } else { format!("`{}`", visible_word(key)) };
        if !value::fits(schema, node) {
            let message = format!("{named} is {}, not {}", value::wanted(schema), node.kind());
            return self.error(&node.at, message, value::fix(schema, node));
        }
        if let Err(error) = value::check(schema, node) {
            self.error(&node.at, format!("{named} {}", error.what), error.help);
        }
    }

    /// Reports that `word` is none of the known names of `what`.
    pub fn unknown_name<'a>(
        &mut self,
        at: &TextSpan,
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) {
        let help = if self.diagnostics.is_full() { None } else { hint(word, known) };
        self.error(at, format!("there is no {what} `{}`", visible_word(word)), help);
    }

    /// Reports that the name of something is taken by what stands at `first`.
    pub fn duplicate(&mut self, what: &str, name: &str, at: &TextSpan, first: &TextSpan) {
        let help = format!("it stands in {}; join the two or rename one", self.sources.place(first));
        self.error(at, format!("there is {what} `{}` already", visible_word(name)), Some(help));
    }
}

/// Returns where an unknown key of a table may belong.
fn where_to(key: &str, table: &'static TableSchema) -> String {
    if let Some(hint) = did_you_mean(key, table.names()) {
        return hint;
    }
    let mut inner = table.keys.iter().filter_map(|known| match &known.schema {
        ValueSchema::Table(inner) | ValueSchema::List(ValueSchema::Table(inner), _) => {
            nearest(key, inner.names()).map(|name| format!("`{name}` belongs into {}", inner.what))
        }
        _ => None,
    });
    // Of several, none is more probable than the others.
    match (inner.next(), inner.next()) {
        (Some(only), None) => only,
        _ if table.elsewhere.is_empty() => format!("its keys are {}", listed(table.names())),
        _ => format!("its keys are {}; {}", listed(table.names()), table.elsewhere),
    }
}

fn present(node: &RawNode, names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| node.get(name).is_some()).collect()
}

fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
