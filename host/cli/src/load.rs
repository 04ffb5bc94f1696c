//! Rules from a folder, with what became of each.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns::{Cache, Load, Loader, Outcome, Sandbox, engine::Rule, shelf::Shelf};

use crate::{exit::Failure, say};

/// Opens the compile cache: the folder that was named, or the user's own. Without one it is slower.
pub(crate) fn cache(named: Option<&Path>) -> Result<Option<Cache>, Failure> {
    if let Some(folder) = named {
        return Cache::open(folder).map(Some).map_err(Failure::configuration);
    }
    let home = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(base) = home("XDG_CACHE_HOME").or_else(|| Some(home("HOME")?.join(".cache"))) else { return Ok(None) };
    match Cache::open(&base.join("lifesigns")) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) => {
            say::warning(&error.to_string());
            Ok(None)
        }
    }
}

/// A sandbox with that cache.
pub(crate) fn sandbox(named: Option<&Path>) -> Result<Sandbox, Failure> {
    Sandbox::new(cache(named)?).map_err(Failure::failed)
}

/// Loads a folder once.
pub(crate) fn once(folder: &Path, cache: Option<&Path>) -> Result<(Vec<Arc<Rule>>, Vec<Load>), Failure> {
    if !folder.is_dir() {
        return Err(Failure::Configuration(format!("the rules folder {} is not there", folder.display())));
    }
    let mut loader = Loader::new(sandbox(cache)?);
    let snapshot = Shelf::new(folder).scan();
    if let Some(note) = &snapshot.note {
        say::warning(note);
    }
    let loads = loader.apply(&snapshot);
    Ok((loader.rules(), loads))
}

/// The refusals among `loads`.
pub(crate) fn refusals(loads: &[Load]) -> impl Iterator<Item = (&Load, &str)> {
    loads.iter().filter_map(|load| match &load.outcome {
        Outcome::Refused { why, .. } => Some((load, why.as_str())),
        _ => None,
    })
}
