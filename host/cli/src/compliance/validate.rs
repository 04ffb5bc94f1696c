//! `lifesigns validate`: all that is wrong with a configuration.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_compliance::{
    Book, BookInput,
    query::{Query, QueryAnswer},
};
use lifesigns_settings::Settings;
use lifesigns_text::count_text;
use serde::Serialize;

use super::{args::TargetArgs, write::emit};
use crate::{
    exit::{Failure, Outcome},
    inventory,
    preflight::{self, LoadedRules, Problem},
    terminal,
};

/// What a sound configuration comes to.
#[derive(Serialize)]
struct ValidationSummary {
    files: Vec<PathBuf>,
    rules: usize,
    sources: usize,
    groups: usize,
    policies: usize,
    alerts: usize,
    receivers: usize,
    routes: usize,
    /// What keeps it from doing what is meant; a host starts all the same.
    warnings: Vec<Problem>,
}

pub(crate) fn run(place: &TargetArgs) -> Outcome {
    let path = place.config.clone().unwrap_or_else(|| "lifesigns.toml".into());
    let settings = load(&path)?;
    preflight::require_start(&path, &settings)?;
    let LoadedRules { rules, problems } = preflight::load(&settings)?;
    let mut warnings = preflight::problems(&settings);
    warnings.extend(problems);
    warnings.extend(doubts(&path, &settings));
    let sound = ValidationSummary {
        files: settings.files.clone(),
        rules,
        sources: settings.sources.len(),
        groups: settings.compliance.groups.len(),
        policies: settings.compliance.policies.len(),
        alerts: settings.compliance.definitions.len(),
        receivers: settings.receivers.len(),
        routes: settings.compliance.routes.len(),
        warnings,
    };
    for problem in &sound.warnings {
        terminal::warning(&problem.to_string());
    }
    emit(&sound, place, |_| {
        let counts = [
            (sound.rules, "rule"),
            (sound.sources, "source"),
            (sound.groups, "group"),
            (sound.policies, "policy|policies"),
            (sound.alerts, "alert definition"),
            (sound.receivers, "receiver"),
            (sound.routes, "route"),
        ];
        let parts = counts.map(|(number, what)| count_text(number as u64, what));
        format!("{} is valid: {}\n", path.display(), parts.join(", "))
    })
}

/// What of inventory and configuration cannot be meant so.
fn doubts(path: &Path, settings: &Settings) -> Vec<Problem> {
    let Ok(read) = inventory::read(&settings.inventories) else { return Vec::new() };
    let Ok(mut book) = Book::new(Arc::new(settings.compliance.clone())) else { return Vec::new() };
    let _ = book.apply(BookInput::Inventory(read.objects));
    let Ok(QueryAnswer::Findings(mut found)) = book.answer(&Query::Findings) else { return Vec::new() };
    // Members may come from the stream, which is not read here.
    found.retain(|one| !one.starts_with("group "));
    let name = path.display().to_string();
    found.into_iter().map(|what| Problem::new("configuration", name.as_str(), what, "")).collect()
}

/// Returns the variables of the environment that are text.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Returns the settings, or all mistakes in them: with source lines for a terminal, else a line each.
pub(crate) fn load(path: &Path) -> Result<Box<Settings>, Failure> {
    Settings::load(path, environment()).map(Box::new).map_err(|mistakes| terminal::diagnosed(path, &mistakes))
}
