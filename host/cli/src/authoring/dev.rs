//! `lifesigns rule dev`: at every save, build, run the cases, and put the module where a host loads it from.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

use lifesigns_files::Replacement;

use super::test;
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

/// How often files are looked at. They are few, and on a disk of the author's own.
const LOOK: Duration = Duration::from_millis(200);
/// Files of a crate that are looked at.
const FILES: usize = 4096;

pub(super) fn run(rule: &Path, out: Option<&Path>) -> Outcome {
    if !rule.join("Cargo.toml").is_file() {
        return Err(Failure::Failed(format!("{}: there is no Cargo.toml in it", rule.display())));
    }
    let mut seen = BTreeMap::new();
    // It ends with Ctrl-C; nothing is left half done, because a module is renamed into its place.
    loop {
        let now = times(rule);
        if now != seen {
            step(rule, out, &changed(&seen, &now, rule));
            // What is saved while it builds differs from this, and is built next.
            seen = now;
        }
        thread::sleep(LOOK);
    }
}

fn step(rule: &Path, out: Option<&Path>, saved: &str) {
    let started = Instant::now();
    let said = match build(rule, out) {
        Ok(said) => said,
        Err(failure) => {
            terminal::line(&format!("{saved}{failure}"));
            return;
        }
    };
    terminal::line(&format!("{saved}{said}, after {:.1} s", started.elapsed().as_secs_f64()));
}

/// Builds, runs the cases and publishes. A module whose cases are not as expected is not published.
fn build(rule: &Path, out: Option<&Path>) -> Result<String, Failure> {
    let options = test::TestOptions { cases: &[], update: false, unit_tests: false, junit: None };
    let subject = test::cases_of(rule, &options)?;
    let Some(out) = out else { return Ok(format!("{} is as expected", subject.name)) };
    fs::create_dir_all(out).map_err(Failure::failed)?;
    let path = out.join(format!("{}.wasm", subject.name));
    let replacement = Replacement { is_durable: false, ..Replacement::default() };
    replacement.write(&path, &[&subject.bytes]).map_err(Failure::failed)?;
    Ok(format!("{} is in place", path.display()))
}

/// Returns when the files of a crate were changed; not those that building makes.
fn times(rule: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![rule.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if name != "target" && !name.to_string_lossy().starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| end == "rs" || end == "toml" || end == "case")
                && found.len() < FILES
            {
                found.extend(metadata.modified().ok().map(|time| (path, time)));
            }
        }
    }
    found
}

fn changed(before: &BTreeMap<PathBuf, SystemTime>, now: &BTreeMap<PathBuf, SystemTime>, rule: &Path) -> String {
    let Some((path, _)) = now.iter().find(|(path, time)| !before.is_empty() && before.get(*path) != Some(time)) else {
        return String::new();
    };
    format!("saved {}: ", path.strip_prefix(rule).unwrap_or(path).display())
}
