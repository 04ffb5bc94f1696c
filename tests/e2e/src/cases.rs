//! The cases of the rules: folders of inputs and of the alerts that must come out.
//!
//! A case `rules/RULE/cases/NAME` holds inputs (`*.log`, `*.ndjson`, in the order of their names;
//! the object of lines that name none is the file's stem), and optionally `rule.toml` with
//! `[settings]` and `inventory.toml`. What must come out stands in `expected.ndjson`.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_engine::LoadedRule;
use lifesigns_intake::inventory;
use lifesigns_model::{Limits, Module, ObjectFacts, RuleAlert};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::run::{Input, Replayed, replay};

const EXPECTED: &str = "expected.ndjson";

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rule's name.
    pub rule: String,
    /// The case's name.
    pub name: String,
    folder: PathBuf,
}

/// All cases of all rules, by rule and name.
///
/// # Panics
/// When the folders cannot be read.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in entries(&lifesigns_artifacts::root().join("rules")) {
        let folder = rule.join("cases");
        if folder.is_dir() {
            let case = |folder: PathBuf| Case { rule: file_name(&rule), name: file_name(&folder), folder };
            cases.extend(entries(&folder).into_iter().map(case));
        }
    }
    cases
}

impl Case {
    /// Returns the case's inputs.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn inputs(&self) -> Vec<Input> {
        let logs = entries(&self.folder).into_iter().filter(|path| {
            path.extension().is_some_and(|end| end == "log" || end == "ndjson") && file_name(path) != EXPECTED
        });
        let input = |path: PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Input::new(&file_name(&path), &stem, read(&path))
        };
        logs.map(input).collect()
    }

    /// Returns the expected output; `None` if it was not written yet.
    pub fn expected(&self) -> Option<String> {
        fs::read_to_string(self.folder.join(EXPECTED)).ok()
    }

    /// Makes `text` what must come out.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn bless(&self, text: &str) {
        let path = self.folder.join(EXPECTED);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Runs the case with the rule in `module`.
    ///
    /// # Panics
    /// When the case is malformed, the rule refuses its settings, or the rule fails on an event.
    pub fn run(&self, module: &Arc<dyn Module>, threads: usize) -> Replayed {
        let opened = LoadedRule::new(&self.rule, Arc::clone(module), &self.settings(), Limits::default());
        let rule = opened.unwrap_or_else(|error| panic!("{}: {error}", self.folder.display()));
        let replayed = replay(&[Arc::new(rule)], &self.inputs(), &self.inventory(), threads);
        let failures = &replayed.outcome.report.failures;
        assert!(failures.is_empty(), "{}: {failures:?}", self.folder.display());
        replayed
    }

    fn settings(&self) -> String {
        let path = self.folder.join("rule.toml");
        if !path.exists() {
            return "{}".into();
        }
        let table: toml::Table = toml::from_str(&read(&path)).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert!(table.keys().all(|key| key == "settings"), "{path:?} may hold `[settings]` and nothing else");
        let settings = table.get("settings").map(serde_json::to_string);
        settings.and_then(Result::ok).unwrap_or_else(|| "{}".into())
    }

    fn inventory(&self) -> Vec<ObjectFacts> {
        let path = self.folder.join("inventory.toml");
        if !path.exists() {
            return Vec::new();
        }
        inventory::load(&path).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Alerts as cases write them: one a line, without what is the same in all of them or depends on the
/// build (rule, module, the evidence's text).
pub fn text(alerts: &[RuleAlert]) -> String {
    let mut out = String::new();
    for alert in alerts {
        let line = Line {
            time: lifesigns_text::rfc3339(alert.time_ns),
            symptom: &alert.symptom,
            object: &alert.object,
            criticality: alert.criticality.as_str(),
            change: alert.change.as_str(),
            summary: &alert.summary,
            attributes: Pairs(&alert.attributes),
            source: &alert.source,
            line: alert.line,
        };
        out.push_str(&serde_json::to_string(&line).unwrap_or_default());
        out.push('\n');
    }
    out
}

/// What differs, line by line: `-` is missing, `+` was not expected. `None` if nothing does.
pub fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let (mut old, mut new): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    old.drain(..same);
    new.drain(..same);
    while old.last().is_some() && old.last() == new.last() {
        old.pop();
        new.pop();
    }
    let mut out = format!("after {same} equal lines:\n");
    for (mark, lines) in [('-', old), ('+', new)] {
        lines.iter().for_each(|line| {
            let _ = writeln!(out, "{mark} {line}");
        });
    }
    Some(out)
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    symptom: &'a str,
    object: &'a str,
    criticality: &'a str,
    change: &'a str,
    summary: &'a str,
    attributes: Pairs<'a>,
    source: &'a str,
    line: u64,
}

struct Pairs<'a>(&'a [(String, String)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
