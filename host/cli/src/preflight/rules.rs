//! The rules folder: whether it is there, what is in it, and which rules are refused.

use lifesigns::{
    Loader,
    engine::RuleSet,
    rulestore::{RefusedFile, RuleStore, Snapshot},
};
use lifesigns_settings::Settings;

use super::problem::Problem;
use crate::{exit::Failure, load as rules};

/// What became of a rules folder.
pub(crate) struct LoadedRules {
    /// Rules that run.
    pub(crate) rules: usize,
    /// What is wrong with the folder, and rules that are refused: a host starts without them.
    pub(crate) problems: Vec<Problem>,
}

/// What is wrong with the folder and with the manifests in it. No module is compiled.
pub(crate) fn folder(settings: &Settings) -> Vec<Problem> {
    let (snapshot, mut problems) = look(settings);
    for RefusedFile { key, why, .. } in &snapshot.refusals {
        problems.push(refused(&key.label(), why));
    }
    problems
}

/// Loads the rules as `run` does. The configured cache is left alone: it belongs to the user that the
/// host runs as.
///
/// # Errors
/// When `run` would not start with these rules, or the system gives no process.
pub(crate) fn load(settings: &Settings) -> Result<LoadedRules, Failure> {
    let (snapshot, mut problems) = look(settings);
    let sandbox = rules::sandbox(rules::cache(None)?, &settings.compile, settings.rules_memory_bytes)?;
    let mut loader = Loader::with(sandbox, settings.compile.processes);
    let loads = loader.apply(&snapshot);
    problems.extend(rules::refusals(&loads).map(|(load, why)| refused(&load.key.label(), why)));
    let set = RuleSet::new(loader.rules(), &[]).map_err(Failure::configuration)?;
    for key in set.unfiltered() {
        let what = "it has an interest without a literal, so that every line must be decoded for it";
        problems.push(Problem::new("rule", key.label(), what, "give it a literal if you can"));
    }
    Ok(LoadedRules { rules: set.rules().len(), problems })
}

fn look(settings: &Settings) -> (Snapshot, Vec<Problem>) {
    let snapshot = RuleStore::new(&settings.rules).allow(settings.module_folders.clone()).scan();
    let name = settings.rules.display().to_string();
    let problem = |what: String, fix| Problem::new("rules", &name, what, fix);
    let mut problems = Vec::new();
    if let Some(note) = &snapshot.note {
        let what = note.strip_prefix(&format!("{name}: ")).unwrap_or(note);
        problems.push(problem(what.to_owned(), "without rules nothing is raised; check `rules`"));
    } else if snapshot.rules.is_empty() && snapshot.refusals.is_empty() {
        problems.push(problem("there is no rule in it".to_owned(), "nothing is raised; check `rules`"));
    } else if snapshot.rules.iter().all(|rule| !rule.enabled) && snapshot.refusals.is_empty() {
        problems.push(problem("all rules in it are disabled".to_owned(), "nothing is raised"));
    }
    (snapshot, problems)
}

fn refused(name: &str, why: &str) -> Problem {
    Problem::new("rule", name, format!("it is refused: {why}"), "a host runs without it, or with its old version")
}
