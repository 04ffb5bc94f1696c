//! `lifesigns rule …`: build, list, inspect and compare.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use lifesigns::{
    Loader,
    engine::{LoadedRule, RuleSet},
    model::{
        Description, EventKind, Interest, Limits, Subject, ValueTest,
        limits::{MANIFEST_BYTES, MODULE_BYTES},
    },
    rulestore::{Manifest, ModuleBytes, RuleStore},
};
use lifesigns_text::{grouped, quoted, visible};
use lifesigns_workbench::{self as workbench, inspect};

use crate::{
    args::RuleCommand,
    authoring,
    bounded_file::bounded,
    declared_settings,
    exit::{Failure, Outcome},
    load, rule_host, terminal,
};

/// What is shown of a module's imports, and of its exports.
const LISTED_BYTES: usize = 4 << 10;

pub(crate) fn run(command: &RuleCommand) -> Outcome {
    match command {
        RuleCommand::Author(command) => authoring::run(command),
        RuleCommand::Build { crates, out } => build(crates, out),
        RuleCommand::List { rules: None, place, .. } => rule_host::list(place),
        RuleCommand::List { rules: Some(rules), cache, module_folders, .. } => {
            list(rules, cache.as_deref(), module_folders)
        }
        RuleCommand::Inspect { file } => look_into(file),
        RuleCommand::Host(command) => rule_host::run(command),
    }
}

fn build(crates: &[PathBuf], out: &Path) -> Outcome {
    // A folder without a manifest of its own stands for the rule crates in it; libraries that rules
    // share make no module.
    let mut all = Vec::new();
    for folder in crates {
        if !folder.join("Cargo.toml").is_file() {
            all.extend(workbench::rule_crates(folder).map_err(Failure::failed)?);
        } else if crates.len() > 1 && !is_rule(folder)? {
            terminal::line(&format!("{}: a library, not a rule; skipped", folder.display()));
        } else {
            all.push(folder.clone());
        }
    }
    if all.is_empty() {
        let looked: Vec<String> = crates.iter().map(|folder| folder.display().to_string()).collect();
        let where_to = looked.join(", ");
        return Err(Failure::failed(format!("{where_to}: there is no rule crate in it; `examples/first-rule` is one")));
    }
    let built = workbench::build(&all, out, &mut |text| terminal::line(text)).map_err(Failure::failed)?;
    for one in built {
        terminal::out(&format!("{}  {} bytes  {}", one.path.display(), grouped(one.bytes as u64), one.digest));
    }
    Ok(())
}

/// Whether the crate makes a module.
fn is_rule(folder: &Path) -> Result<bool, Failure> {
    let Some(parent) = folder.parent() else { return Ok(true) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let rules = workbench::rule_crates(parent).map_err(Failure::failed)?;
    Ok(rules.iter().any(|rule| rule.file_name() == folder.file_name()))
}

fn list(folder: &Path, cache: Option<&Path>, module_folders: &[PathBuf]) -> Outcome {
    load::rules_folder(folder)?;
    let snapshot = RuleStore::new(folder).allow(module_folders.to_vec()).scan();
    let mut loader = Loader::new(load::plain_sandbox(load::cache(cache)?)?);
    let loads = loader.apply(&snapshot);
    let set = RuleSet::new(loader.rules(), &[]).map_err(Failure::failed)?;
    let unfiltered = set.unfiltered();
    let width = set.rules().iter().map(|rule| rule.key.label().len()).max().unwrap_or(0).max(4);
    let modules = set.rules().iter().map(|rule| module_text(rule).len()).max().unwrap_or(0).max(6);
    terminal::out(&format!("{:width$}  {:modules$}  LITERALS  {:<14}  SYMPTOMS", "RULE", "MODULE", "SEES"));
    for rule in set.rules() {
        let (description, module) = (&rule.description, module_text(rule));
        let literals: usize = description.interests.iter().map(|interest| interest.contains.len()).sum();
        let sees = if unfiltered.contains(&&rule.key) { "every line (!)" } else { "lines it names" };
        let symptoms: Vec<&str> = description.symptoms.iter().map(|symptom| symptom.id.as_str()).collect();
        terminal::out(&format!(
            "{:width$}  {module:modules$}  {literals:>8}  {sees:<14}  {}",
            rule.key.label(),
            symptoms.join(", ")
        ));
    }
    for found in snapshot.rules.iter().filter(|found| !found.enabled) {
        terminal::out(&format!("{:width$}  disabled in its manifest", found.key.label()));
    }
    if !unfiltered.is_empty() {
        terminal::line("(!) an interest without a literal makes the host decode every line: give it one if you can");
    }
    let refused: Vec<&str> = load::refusals(&loads).map(|(_, why)| why).collect();
    match refused.len() {
        0 => Ok(()),
        count => Err(Failure::Configuration(format!("{count} refused:\n{}", load::indented(&refused)))),
    }
}

/// Returns the module of a rule: its name, version and digest.
fn module_text(rule: &LoadedRule) -> String {
    let (description, digest) = (&rule.description, rule.module.digest());
    format!("{} {} {}", description.name, visible(&description.version), short(digest))
}

fn short(digest: &str) -> &str {
    digest.strip_prefix("sha256:").and_then(|hex| hex.get(..8)).unwrap_or(digest)
}

fn look_into(file: &Path) -> Outcome {
    let (module, settings, limits) = if file.extension().is_some_and(|extension| extension == "toml") {
        let manifest = Manifest::parse(file, &bounded(file, MANIFEST_BYTES)?)
            .map_err(|mistakes| terminal::diagnosed(file, &mistakes))?;
        let module = manifest.module.map_or_else(|| file.with_extension("wasm"), |name| file.with_file_name(name));
        (module, manifest.settings_json, manifest.limits)
    } else {
        (file.to_owned(), "{}".to_owned(), Limits::default())
    };
    let bytes = bounded(&module, MODULE_BYTES)?;
    let seen = inspect(&bytes);
    terminal::out(&format!("file      {}", module.display()));
    terminal::out(&format!("kind      {}", seen.kind));
    terminal::out(&format!("size      {} bytes", grouped(seen.bytes as u64)));
    terminal::out(&format!("digest    {}", seen.digest));
    terminal::out(&format!("imports   {}", quoted(&listed(&seen.imports), LISTED_BYTES)));
    terminal::out(&format!("exports   {}", quoted(&listed(&seen.exports), LISTED_BYTES)));
    let bytes = ModuleBytes::new(bytes);
    let sandbox = load::plain_sandbox(None)?;
    let started = Instant::now();
    let compiled = sandbox.load(&bytes.bytes, &bytes.digest).map_err(Failure::failed)?;
    terminal::out(&format!("compiles  in {:.1} ms", started.elapsed().as_secs_f64() * 1e3));
    declared_settings::show(&compiled.declared_settings(&limits).map_err(Failure::failed)?);
    match LoadedRule::new("inspected", compiled, &settings, limits) {
        Ok(rule) => describe(&rule.description),
        Err(error) => {
            terminal::out(&format!("describes itself only with other settings: {error}\n  inspect its manifest"))
        }
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn describe(description: &Description) {
    terminal::out(&format!("module    {} {}", description.name, visible(&description.version)));
    for symptom in &description.symptoms {
        terminal::out(&format!(
            "symptom   {} ({}, {}): {}",
            symptom.id,
            symptom.criticality,
            symptom.impact.as_str(),
            visible(&symptom.title)
        ));
        if !symptom.recommendation.is_empty() {
            terminal::out(&format!("          do: {}", visible(&symptom.recommendation)));
        }
        if !symptom.controls.is_empty() {
            terminal::out(&format!("          controls: {}", visible(&symptom.controls.join(", "))));
        }
    }
    for interest in &description.interests {
        terminal::out(&format!("interest  {}", sentence(interest)));
    }
    for (what, names) in [
        ("fields", &description.wants.fields),
        ("properties", &description.wants.properties),
        ("metrics", &description.wants.metrics),
    ] {
        if !names.is_empty() {
            terminal::out(&format!("reads     {what} {}", visible(&names.join(", "))));
        }
    }
    if let Some(state) = declared_settings::state_text(description) {
        terminal::out(&format!("state     {state}"));
    }
}

fn sentence(interest: &Interest) -> String {
    let kinds = [(EventKind::Log, "log"), (EventKind::Fact, "fact"), (EventKind::Reminder, "reminder")];
    let kinds: Vec<&str> = kinds.iter().filter(|(kind, _)| interest.kinds.has(*kind)).map(|(_, word)| *word).collect();
    let mut text = kinds.join("/");
    match interest.contains.as_slice() {
        [] if interest.kinds.has(EventKind::Log) => text.push_str(", every line (!)"),
        [] => {}
        literals => {
            let case = if interest.ignore_case { ", in any case" } else { "" };
            text.push_str(&format!(" containing {}{case}", alternatives(literals)));
        }
    }
    for condition in &interest.conditions {
        let (what, name) = match &condition.subject {
            Subject::Field(name) => ("field", name),
            Subject::Property(name) => ("property", name),
        };
        text.push_str(&format!(", {what} {} {}", visible(name), test_text(&condition.test)));
    }
    text
}

/// Returns a test of a value as it follows the value's name: `is "a" or "b"`.
fn test_text(test: &ValueTest) -> String {
    match test {
        ValueTest::Present => "has a value".to_owned(),
        ValueTest::Absent => "has no value".to_owned(),
        ValueTest::OneOf(list) => format!("is {}", alternatives(list)),
        ValueTest::NoneOf(list) => format!("is not {}", alternatives(list)),
        ValueTest::StartsWith(list) => format!("begins with {}", alternatives(list)),
        ValueTest::Contains(list) => format!("contains {}", alternatives(list)),
    }
}

/// Returns the texts in quotes: `"a"`, `"a" or "b"`, `"a", "b" or "c"`.
fn alternatives(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("\"{}\"", visible(text))).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_values_are_read_as_text() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
        assert_eq!(test_text(&ValueTest::OneOf(list(&["container"]))), "is \"container\"");
        assert_eq!(test_text(&ValueTest::NoneOf(list(&["a", "b"]))), "is not \"a\" or \"b\"");
        assert_eq!(
            test_text(&ValueTest::StartsWith(list(&["a", "b", "c\u{1b}"]))),
            "begins with \"a\", \"b\" or \"c\\u{1b}\""
        );
        assert_eq!(test_text(&ValueTest::Present), "has a value");
        assert_eq!(alternatives(&[]), "nothing");
    }
}
