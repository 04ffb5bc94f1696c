//! Checks the raw tree against the tables of keys.

mod value;

use lifesigns_text::{did_you_mean, hint, visible_word};

use crate::{
    diagnostic::Diagnostic,
    diagnostics::DiagnosticSink,
    raw::{RawEntry, RawNode, RawValue},
    schema::{RequiredKeys, TableSchema, ValueSchema},
    source_text::{SourceTexts, TextSpan},
};

/// The most levels of nested routes or conditions.
const DEPTH: usize = 16;

/// Tables in which an unknown key may hold a secret.
const SECRETIVE: [&str; 5] = ["receiver", "webhook", "alertmanager", "email", "secret"];

/// Checks values, and collects the errors.
pub(crate) struct Checker<'a> {
    pub(crate) sources: &'a SourceTexts,
    pub(crate) diagnostics: &'a mut DiagnosticSink,
}

impl Checker<'_> {
    /// Notes an error.
    pub(crate) fn wrong(&mut self, at: &TextSpan, message: impl Into<String>, help: Option<String>) {
        self.note(at, message.into(), help, false);
    }

    /// Notes an error whose line is not shown, because it may hold a secret.
    pub(crate) fn hidden(&mut self, at: &TextSpan, message: impl Into<String>, help: Option<String>) {
        self.note(at, message.into(), help, true);
    }

    /// Masks a span that may hold a secret in the excerpts of all errors.
    pub(crate) fn mask(&mut self, at: &TextSpan) {
        self.diagnostics.mask(at.clone());
    }

    fn note(&mut self, at: &TextSpan, message: String, help: Option<String>, hidden: bool) {
        let place = self.sources.place(at);
        self.diagnostics.push(Diagnostic { place, message, help, at: Some(at.clone()), hidden });
    }

    /// Checks a table. Without `whole`, keys may be missing, because another file may have them.
    pub(crate) fn table(&mut self, node: &RawNode, table: &'static TableSchema, whole: bool) {
        self.table_at(node, table, whole, 0);
    }

    fn table_at(&mut self, node: &RawNode, table: &'static TableSchema, whole: bool, depth: usize) {
        for RawEntry { key, at, node } in node.entries() {
            match table.key(key) {
                Some(known) => self.value(key, at, node, &known.schema, depth),
                None => {
                    // It may be a misspelt secret. The span of a table with a header begins before its key.
                    if SECRETIVE.contains(&table.id) && at.end <= node.at.start {
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
        let help = match did_you_mean(key, table.names()) {
            Some(hint) => hint,
            None => {
                let names: Vec<_> = table.names().collect();
                format!("its keys are {}", names.join(", "))
            }
        };
        self.wrong(at, format!("{} has no key `{}`", table.what, visible_word(key)), Some(help));
    }

    fn missing(&mut self, node: &RawNode, table: &'static TableSchema) {
        for key in table.keys.iter().filter(|key| key.needed && node.get(key.name).is_none()) {
            self.wrong(&node.at, format!("{} needs `{}`", table.what, key.name), None);
        }
        let there = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| node.get(name).is_some()).collect()
        };
        match table.choice {
            RequiredKeys::Free => {}
            RequiredKeys::AnyOf(names) if there(names).is_empty() => {
                self.wrong(&node.at, format!("{} needs at least one of {}", table.what, list(names)), None);
            }
            RequiredKeys::AnyOf(_) => {}
            RequiredKeys::OneOf(names) => match there(names).as_slice() {
                [] if table.pairs.iter().any(|(one, other)| names.contains(other) && node.get(one).is_some()) => {}
                [] => self.wrong(&node.at, format!("{} needs one of {}", table.what, list(names)), None),
                [_] => {}
                [first, others @ ..] => {
                    for other in others {
                        let at = node.entry(other).map_or(&node.at, |entry| &entry.at);
                        self.wrong(at, format!("`{first}` and `{other}` exclude each other"), None);
                    }
                }
            },
        }
        for (one, other) in table.pairs {
            for (there, missing) in [(one, other), (other, one)] {
                if let Some(entry) = node.entry(there).filter(|_| node.get(missing).is_none()) {
                    self.wrong(&entry.at, format!("`{there}` needs `{missing}` beside it"), None);
                }
            }
        }
    }

    /// Checks the value of `key`, whose span is `at`.
    fn value(&mut self, key: &str, at: &TextSpan, node: &RawNode, schema: &'static ValueSchema, depth: usize) {
        if depth > DEPTH {
            return self.wrong(at, format!("`{key}` nests deeper than {DEPTH} levels"), None);
        }
        match (schema, &node.value) {
            (ValueSchema::Table(table), RawValue::Table(_)) => self.table_at(node, table, true, depth + 1),
            (ValueSchema::Table(table), _) if table.id == "secret" => {
                self.mask(&node.at);
                let help = format!("write `{key} = {{ env = \"VARIABLE\" }}` or `{key} = {{ file = \"PATH\" }}`");
                self.wrong(&node.at, format!("`{key}` is a secret and does not stand in the file"), Some(help));
            }
            (ValueSchema::List(item, least), RawValue::List(items)) => {
                self.list(key, at, node, (item, *least, items), depth)
            }
            (ValueSchema::Map(names, values), RawValue::Table(entries)) => {
                for RawEntry { key, at, node } in entries {
                    self.scalar("the key", &RawNode { at: at.clone(), value: RawValue::Text(key.clone()) }, names);
                    self.value(key, at, node, values, depth + 1);
                }
            }
            (ValueSchema::Either(one, other), _) => {
                if matches!(other, ValueSchema::Table(table) if table.id == "secret")
                    && !matches!(node.value, RawValue::Table(_))
                {
                    self.mask(&node.at);
                }
                let fitting = [*one, *other].into_iter().find(|schema| value::fits(schema, node));
                match fitting {
                    Some(schema) => self.value(key, at, node, schema, depth),
                    None => self.scalar(key, node, schema),
                }
            }
            _ => self.scalar(key, node, schema),
        }
    }

    fn list(
        &mut self,
        key: &str,
        at: &TextSpan,
        node: &RawNode,
        (item, least, items): (&'static ValueSchema, usize, &[RawNode]),
        depth: usize,
    ) {
        if items.len() < least {
            self.wrong(&node.at, format!("`{key}` is empty"), Some("leave it out, or name something".into()));
        }
        for one in items {
            self.value(key, at, one, item, depth);
        }
    }

    /// Checks a value that holds no other values, or has the wrong type.
    fn scalar(&mut self, key: &str, node: &RawNode, schema: &ValueSchema) {
        let named = if key == "the key" { key.to_owned() } else { format!("`{}`", visible_word(key)) };
        if !value::fits(schema, node) {
            let message = format!("{named} is {}, not {}", value::wanted(schema), node.kind());
            return self.wrong(&node.at, message, value::mend(schema, node));
        }
        if let Some((what, help)) = value::value_error(schema, node) {
            self.wrong(&node.at, format!("{named} {what}"), help);
        }
    }

    /// Reports that `word` is none of the known names of `what`.
    pub(crate) fn unknown_name<'a>(
        &mut self,
        at: &TextSpan,
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) {
        // Errors that are only counted need no suggestion.
        let help = if self.diagnostics.is_full() { None } else { hint(word, known) };
        self.wrong(at, format!("there is no {what} `{}`", visible_word(word)), help);
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
