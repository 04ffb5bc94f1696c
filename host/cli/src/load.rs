//! Rules from a folder, with what became of each.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns::{
    Cache, ChildProcess, CompileLimits, LoadOutcome, Loader, MemoryBudget, RuleLoad, Sandbox, engine::LoadedRule,
    model::limits, rulestore::RuleStore,
};
use lifesigns_settings::CompileSettings;

use crate::{exit::Failure, terminal};

/// Entries of the compile cache.
const CACHE_ENTRIES: usize = 10_000;

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
            terminal::warning(&error.to_string());
            Ok(None)
        }
    }
}

/// Returns a sandbox with that cache, which compiles in child processes of this program.
pub(crate) fn sandbox(
    cache: Option<Cache>,
    compile: &CompileSettings,
    rules_memory_bytes: u64,
) -> Result<Sandbox, Failure> {
    let cache = cache.map(|cache| cache.bounded(compile.cache_bytes, CACHE_ENTRIES));
    let limits = CompileLimits {
        memory_bytes: compile.memory_bytes,
        cpu_s: compile.cpu_ms.div_ceil(1000),
        code_bytes: compile.code_bytes,
        ..CompileLimits::default()
    };
    let compiler = ChildProcess::new(this_program().map_err(Failure::failed)?, limits).map_err(Failure::Failed)?;
    let memory = MemoryBudget::new(usize::try_from(rules_memory_bytes).unwrap_or(usize::MAX));
    Sandbox::with(cache, Arc::new(compiler), memory).map_err(Failure::failed)
}

/// Returns the same for commands that have no configuration.
pub(crate) fn plain_sandbox(cache: Option<Cache>) -> Result<Sandbox, Failure> {
    let sandbox = sandbox(cache, &CompileSettings::default(), limits::RULES_MEMORY_BYTES as u64)?;
    // What they run is compared with what it did before, and elsewhere.
    sandbox.count_instructions();
    Ok(sandbox)
}

/// This very program, even if its file has been replaced since it was started.
fn this_program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// Refuses what is no folder to load rules from.
pub(crate) fn rules_folder(folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    if folder.is_dir() {
        Ok(())
    } else if folder.exists() {
        Err(Failure::Configuration(format!("{shown} is a file: name the folder that the rules are in")))
    } else {
        Err(Failure::Configuration(format!("the rules folder {shown} is not there")))
    }
}

/// Loads a folder once.
pub(crate) fn once(
    folder: &Path,
    cache: Option<&Path>,
    module_folders: &[PathBuf],
) -> Result<(Vec<Arc<LoadedRule>>, Vec<RuleLoad>), Failure> {
    rules_folder(folder)?;
    let mut loader = Loader::new(plain_sandbox(self::cache(cache)?)?);
    let snapshot = RuleStore::new(folder).allow(module_folders.to_vec()).scan();
    if let Some(note) = &snapshot.note {
        terminal::warning(note);
    }
    let loads = loader.apply(&snapshot);
    Ok((loader.rules(), loads))
}

/// Returns the rules among `loads` that are refused, with the reason.
pub(crate) fn refusals(loads: &[RuleLoad]) -> impl Iterator<Item = (&RuleLoad, &str)> {
    loads.iter().filter_map(|load| match &load.outcome {
        LoadOutcome::Refused { why, .. } => Some((load, why.as_str())),
        _ => None,
    })
}

/// Returns the reasons of refusals as indented lines; a manifest may have several mistakes.
pub(crate) fn indented(reasons: &[&str]) -> String {
    format!("  {}", reasons.join("\n").replace('\n', "\n  "))
}
