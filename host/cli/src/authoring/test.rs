//! `lifesigns rule test`: unit tests, then every case.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use lifesigns::model::Module;
use lifesigns_text::{count_text, visible};
use lifesigns_workbench as workbench;

use super::{
    case::{Case, StepKind},
    case_run,
    junit::{self, CaseResult},
    rule_under_test::RuleUnderTest,
};
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

/// How a test run is done.
pub(super) struct TestOptions<'a> {
    /// Only these; all if there are none.
    pub(super) cases: &'a [String],
    /// Write what comes out into the cases.
    pub(super) update: bool,
    pub(super) unit_tests: bool,
    pub(super) junit: Option<&'a Path>,
}

pub(super) fn run(rule: &Path, options: &TestOptions<'_>) -> Outcome {
    cases_of(rule, options).map(drop)
}

/// Builds a rule and runs its tests. Returns it if all is as expected.
pub(super) fn cases_of(rule: &Path, options: &TestOptions<'_>) -> Result<RuleUnderTest, Failure> {
    if options.unit_tests && rule.join("Cargo.toml").is_file() {
        workbench::unit_tests(rule).map_err(Failure::failed)?;
    }
    let subject = RuleUnderTest::open(rule)?;
    subject.announce();
    let module: Arc<dyn Module> = Arc::clone(&subject.module) as Arc<dyn Module>;
    let paths = cases(&subject.folder.join("cases"), options.cases)?;
    let mut results = Vec::new();
    for path in &paths {
        results.push(one(path, &module, options.update)?);
    }
    if let Some(file) = options.junit {
        let written = fs::write(file, junit::xml(&subject.name, &results));
        written.map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    }
    let wrong = results.iter().filter(|result| result.difference.is_some()).count();
    let number = count_text(results.len() as u64, "case");
    if wrong > 0 {
        return Err(Failure::Failed(format!(
            "{wrong} of {number} not as expected; `lifesigns rule test --update` writes down what came out"
        )));
    }
    if results.is_empty() {
        terminal::warning(&format!("{} has no case", subject.folder.join("cases").display()));
    } else {
        terminal::line(&format!("{number}: as expected"));
    }
    Ok(subject)
}

fn cases(folder: &Path, only: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths: Vec<PathBuf> = match folder.read_dir() {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    paths.retain(|path| path.extension().is_some_and(|end| end == "case"));
    paths.sort();
    let stem = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for name in only {
        if !paths.iter().any(|path| stem(path) == *name) {
            let names: Vec<String> = paths.iter().map(stem).collect();
            let hint = lifesigns_text::suggestion(name, names.iter().map(String::as_str));
            return Err(Failure::Usage(format!("there is no case `{}`{hint}", visible(name))));
        }
    }
    paths.retain(|path| only.is_empty() || only.contains(&stem(path)));
    Ok(paths)
}

fn one(path: &Path, module: &Arc<dyn Module>, update: bool) -> Result<CaseResult, Failure> {
    let cannot = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(cannot)?;
    let case = Case::parse(path, &text)?;
    let started = Instant::now();
    let outcome = case_run::run(&case, module)?;
    let lines = case.steps.iter().filter(|step| matches!(step.kind, StepKind::Log { .. })).count();
    let mut difference = difference(&case, &outcome.found, path);
    let mut verdict = if difference.is_some() { "not as expected" } else { "as expected" };
    if update && difference.is_some() {
        fs::write(path, case.updated(&outcome.found)).map_err(cannot)?;
        verdict = "updated";
    }
    let counts = format!(
        "{}, {}, {}, {}",
        count_text(lines as u64, "line"),
        count_text(outcome.seen, "event") + " seen",
        count_text(outcome.raises as u64, "raise"),
        count_text(outcome.clears as u64, "clear"),
    );
    terminal::out(&format!("case {:<16}  {counts:<48}  {verdict}", case.name));
    if let Some(text) = &difference {
        text.lines().for_each(terminal::out);
    }
    if update {
        difference = None;
    }
    Ok(CaseResult { name: case.name, took: started.elapsed(), difference })
}

/// Returns what differs, step by step: `-` must come out and did not, `+` came out and must not.
fn difference(case: &Case, found: &[Vec<String>], path: &Path) -> Option<String> {
    let mut out = Vec::new();
    for (step, found) in case.steps.iter().zip(found) {
        if step.expected == *found {
            continue;
        }
        let place = match step.line {
            0 => format!("  {}: when it is loaded", path.display()),
            line => format!("  {}:{line}: {}", path.display(), sentence(&step.kind)),
        };
        out.push(place);
        let (mut old, mut new) = (step.expected.iter().peekable(), found.iter().peekable());
        while old.peek().is_some() || new.peek().is_some() {
            match (old.peek(), new.peek()) {
                (Some(expected), Some(came)) if expected == came => {
                    out.push(format!("      {expected}"));
                    old.next();
                    new.next();
                }
                // What comes out later is only missing here.
                (Some(expected), came) if came.is_none() || !found.contains(expected) => {
                    out.push(format!("    - {expected}"));
                    old.next();
                }
                _ => {
                    out.extend(new.next().map(|came| format!("    + {came}")));
                }
            }
        }
    }
    (!out.is_empty()).then(|| out.join("\n"))
}

fn sentence(kind: &StepKind) -> String {
    match kind {
        StepKind::Load => "when it is loaded".to_owned(),
        StepKind::Log { object, text } => format!("log {}: {}", visible(object), visible(text)),
        StepKind::Fact { object, name, .. } | StepKind::Metric { object, name, .. } => {
            format!("{} of {} changes", visible(name), visible(object))
        }
        StepKind::Pass => "time passes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_the_step_and_both_sides() {
        let text = "at 2026-11-27T09:00:00Z\nlog vm-1: x\n=> raise a vm-1 \"1\"\n=> raise b vm-1 \"1\"\n+1h\n";
        let case = Case::parse(Path::new("a.case"), text).expect("a case");
        let found: Vec<Vec<String>> = vec![
            vec![],
            vec![],
            vec!["raise b vm-1 \"1\"".into(), "raise c vm-1 \"1\"".into()],
            vec!["clear a vm-1 \"0\"".into()],
        ];
        let said = difference(&case, &found, Path::new("a.case")).expect("it differs");
        let expected = "  a.case:2: log vm-1: x\n    - raise a vm-1 \"1\"\n      raise b vm-1 \"1\"\n    + raise c vm-1 \"1\"\n  \
                        a.case:5: time passes\n    + clear a vm-1 \"0\"";
        assert_eq!(said, expected);
        let same: Vec<Vec<String>> = case.steps.iter().map(|step| step.expected.clone()).collect();
        assert_eq!(difference(&case, &same, Path::new("a.case")), None);
    }
}
