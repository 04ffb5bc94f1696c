//! What `run` reads when it starts, looked at without starting: what it would refuse, and what keeps a
//! sound configuration from doing what is meant.

mod places;
mod problem;
mod receivers;
mod rules;
mod sources;

use std::path::Path;

use lifesigns_intake::inventory;
use lifesigns_settings::Settings;
use lifesigns_text::count_text;

pub(crate) use self::{
    problem::Problem,
    rules::{LoadedRules, folder, load},
};
use crate::{
    exit::{Failure, Outcome},
    server::{identity, require_token},
};

/// A host without a source has nothing to do.
///
/// # Errors
/// When there is none.
pub(crate) fn require_source(path: &Path, settings: &Settings) -> Outcome {
    if !settings.sources.is_empty() || settings.server.is_some() {
        return Ok(());
    }
    Err(Failure::Configuration(format!(
        "{}: there is no [[source]]; name at least one, such as `file = \"/var/log/syslog\"`",
        path.display()
    )))
}

/// Everything for which `run` would not start, beside the rules; a line each.
pub(crate) fn refusals(path: &Path, settings: &Settings) -> Vec<String> {
    let mut refusals: Vec<String> =
        require_source(path, settings).err().into_iter().map(|failure| failure.to_string()).collect();
    let mut objects = Vec::new();
    for loaded in settings.inventories.iter().map(inventory::load) {
        match loaded {
            Ok(more) => objects.extend(more),
            Err(mistakes) => refusals.extend(mistakes.to_string().lines().map(str::to_owned)),
        }
    }
    refusals.extend(inventory::name_conflict(&objects).map(|what| format!("the inventory: {what}")));
    refusals.extend(receivers::refusals(settings));
    refusals.extend(places::refusals(settings));
    refusals.extend(require_token(settings).err().map(|why| why.to_string()));
    refusals.extend(settings.server.as_ref().and_then(|server| identity(server).err()).map(|why| why.to_string()));
    refusals
}

/// Fails where `run` would, with everything that is wrong.
///
/// # Errors
/// See [`refusals`].
pub(crate) fn require_start(path: &Path, settings: &Settings) -> Outcome {
    let refusals = refusals(path, settings);
    if refusals.is_empty() {
        return Ok(());
    }
    let count = count_text(refusals.len() as u64, "mistake");
    Err(Failure::Configuration(format!("{count} in what {} names:\n{}", path.display(), refusals.join("\n"))))
}

/// What is wrong with sources and receivers. The rules are looked at by [`folder`] or by [`load`].
pub(crate) fn problems(settings: &Settings) -> Vec<Problem> {
    let mut problems = sources::problems(&settings.sources);
    problems.extend(receivers::problems(settings));
    let fix = "leave it out, or correct it";
    problems.extend(settings.warnings.iter().map(|warning| Problem::new("agent", "groups", warning, fix)));
    problems
}
