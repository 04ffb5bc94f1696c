//! From rule crates to `NAME.wasm`: one cargo call a workspace, then a component each.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
};

use crate::{
    cargo::{self, Run},
    component,
    crates::{CrateError, Known, RuleCrate},
    inspect::digest,
    toolchain::{Toolchain, ToolchainError},
};

/// A module that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The package's name in kebab-case.
    pub name: String,
    /// `OUT/NAME.wasm`.
    pub path: PathBuf,
    /// `sha256:…` of the file.
    pub digest: String,
    /// The file's size.
    pub bytes: usize,
}

/// Why rules were not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A folder is not a rule's crate.
    #[error(transparent)]
    Crate(#[from] CrateError),
    /// The toolchain lacks something.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The crates do not compile.
    #[error("the rules do not compile:\n\n{diagnostics}")]
    Compile {
        /// What cargo said.
        diagnostics: String,
    },
    /// Cargo was content, but made no module for a crate.
    #[error("cargo made no module for `{name}`; what it said:\n\n{diagnostics}")]
    NoModule {
        /// The package.
        name: String,
        /// What cargo said.
        diagnostics: String,
    },
    /// A crate compiles and is not a rule.
    #[error("`{name}` is not a rule: {why}")]
    NotARule {
        /// The package.
        name: String,
        /// What is wrong, and the fix.
        why: String,
    },
    /// Two crates would write the same file.
    #[error("two crates are called `{name}`: rename one, or build them into different folders")]
    SameName {
        /// The name of both.
        name: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Builds rule crates into `OUT/NAME.wasm`, in the order of `crates`, and tells its steps through
/// `say`. An output that is what it was before is not written again. Either all are built or none
/// is written.
///
/// # Errors
/// When a folder is not a rule's crate, does not compile, or asks for something that a rule cannot
/// have.
pub fn build(crates: &[PathBuf], out: &Path, say: &mut dyn FnMut(&str)) -> Result<Vec<Built>, BuildError> {
    let toolchain = Toolchain::default();
    let mut known = Known::new(toolchain.clone());
    let crates = crates.iter().map(|dir| known.rule_crate(dir)).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<String> = crates.iter().map(|one| kebab(&one.name)).collect();
    names.sort();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(BuildError::SameName { name: pair[0].clone() });
    }
    let mut modules = Vec::with_capacity(crates.len());
    for group in groups(&crates) {
        toolchain.ensure_target(&group[0].root, say)?;
        modules.extend(build_group(&toolchain, &group, say)?);
    }
    fs::create_dir_all(out).map_err(|cause| BuildError::File { path: out.to_owned(), cause })?;
    crates
        .iter()
        .filter_map(|one| modules.iter().find(|(id, _)| *id == one.id).map(|(_, bytes)| (kebab(&one.name), bytes)))
        .map(|(name, bytes)| {
            let path = out.join(format!("{name}.wasm"));
            publish(&path, bytes).map_err(|cause| BuildError::File { path: path.clone(), cause })?;
            Ok(Built { name, path, digest: digest(bytes), bytes: bytes.len() })
        })
        .collect()
}

/// A package's name as a rule's: `Docker_Keyword` is `docker-keyword`.
pub fn kebab(name: &str) -> String {
    name.replace('_', "-").to_ascii_lowercase()
}

/// The crates of each workspace, in the order of their first.
fn groups(crates: &[RuleCrate]) -> Vec<Vec<RuleCrate>> {
    let mut groups: Vec<Vec<RuleCrate>> = Vec::new();
    for one in crates {
        match groups.iter_mut().find(|group| group[0].root == one.root) {
            Some(group) => group.push(one.clone()),
            None => groups.push(vec![one.clone()]),
        }
    }
    groups
}

fn build_group(
    toolchain: &Toolchain,
    group: &[RuleCrate],
    say: &mut dyn FnMut(&str),
) -> Result<Vec<(String, Vec<u8>)>, BuildError> {
    let Run { success, modules, diagnostics } = cargo::run(toolchain, group, say)?;
    if !success {
        return Err(BuildError::Compile { diagnostics });
    }
    if !diagnostics.is_empty() {
        say(&diagnostics);
    }
    let mut built = Vec::with_capacity(group.len());
    for one in group {
        let Some((_, path)) = modules.iter().find(|(id, _)| *id == one.id) else {
            return Err(BuildError::NoModule { name: one.name.clone(), diagnostics });
        };
        let core = fs::read(path).map_err(|cause| BuildError::File { path: path.clone(), cause })?;
        let component = component::componentize(&core)
            .map_err(|why| BuildError::NotARule { name: one.name.clone(), why: why.to_string() })?;
        built.push((one.id.clone(), component));
    }
    Ok(built)
}

/// Writes `path` whole or not at all. A file that already says this keeps its time.
fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!(".{name}.{}.tmp", process::id()));
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
