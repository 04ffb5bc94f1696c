//! From rule crates to `NAME.wasm`: one cargo call a workspace, then a component each.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use lifesigns_files::Replacement;

use crate::{
    cargo::{self, CargoRun},
    component,
    crates::{CrateError, RuleCrate, Workspaces},
    inspect::digest,
    toolchain::{Toolchain, ToolchainError},
};

/// A module that was built, and written to its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltModule {
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
pub enum RuleBuildError {
    /// A folder is not a rule's crate.
    #[error(transparent)]
    Crate(#[from] CrateError),
    /// The toolchain lacks something.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The crates do not compile.
    #[error("the rules do not compile:\n\n{diagnostics}")]
    Compile {
        /// The output of cargo.
        diagnostics: String,
    },
    /// Cargo succeeded, but made no module for a crate.
    #[error("cargo made no module for `{name}`; its output:\n\n{diagnostics}")]
    NoModule {
        /// The package.
        name: String,
        /// The output of cargo.
        diagnostics: String,
    },
    /// A crate compiles, but is not a rule.
    #[error("`{name}` is not a rule: {why}")]
    NotARule {
        /// The package.
        name: String,
        /// The reason, and the fix.
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
        /// The error of the system.
        cause: io::Error,
    },
}

/// Builds rule crates into `OUT/NAME.wasm`, in the order of `crates`, and reports its steps through
/// `progress`. An unchanged output is not written again. Either all are built or none is written.
///
/// # Errors
/// When a folder is not a rule's crate, does not compile, or imports an interface that rules cannot have.
pub fn build(
    crates: &[PathBuf],
    out: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<BuiltModule>, RuleBuildError> {
    let toolchain = Toolchain::default();
    let mut workspaces = Workspaces::new(toolchain.clone());
    let crates = crates.iter().map(|dir| workspaces.rule_crate(dir)).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<String> = crates.iter().map(|one| kebab(&one.name)).collect();
    names.sort();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(RuleBuildError::SameName { name: pair[0].clone() });
    }
    let mut modules = Vec::with_capacity(crates.len());
    for group in groups(&crates) {
        toolchain.ensure_target(&group[0].root, progress)?;
        modules.extend(build_group(&toolchain, &group, progress)?);
    }
    fs::create_dir_all(out).map_err(|cause| RuleBuildError::File { path: out.to_owned(), cause })?;
    let mut built = Vec::with_capacity(crates.len());
    for one in &crates {
        let Some((_, bytes)) = modules.iter().find(|(id, _)| *id == one.id) else { continue };
        let name = kebab(&one.name);
        let path = out.join(format!("{name}.wasm"));
        publish(&path, bytes).map_err(|cause| RuleBuildError::File { path: path.clone(), cause })?;
        built.push(BuiltModule { name, path, digest: digest(bytes), bytes: bytes.len() });
    }
    Ok(built)
}

/// Returns a package's name as a rule's name: `Docker_Keyword` is `docker-keyword`.
pub fn kebab(name: &str) -> String {
    name.replace('_', "-").to_ascii_lowercase()
}

/// Groups the crates by workspace, in the order of each workspace's first crate.
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
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<(String, Vec<u8>)>, RuleBuildError> {
    let CargoRun { success, modules, diagnostics } = cargo::run(toolchain, group, progress)?;
    if !success {
        return Err(RuleBuildError::Compile { diagnostics });
    }
    if !diagnostics.is_empty() {
        progress(&diagnostics);
    }
    let mut built = Vec::with_capacity(group.len());
    for one in group {
        let Some((_, path)) = modules.iter().find(|(id, _)| *id == one.id) else {
            return Err(RuleBuildError::NoModule { name: one.name.clone(), diagnostics });
        };
        let core = fs::read(path).map_err(|cause| RuleBuildError::File { path: path.clone(), cause })?;
        let component = component::componentize(&core)
            .map_err(|why| RuleBuildError::NotARule { name: one.name.clone(), why: why.to_string() })?;
        built.push((one.id.clone(), component));
    }
    Ok(built)
}

/// Writes `path` whole or not at all. A file that has this content already keeps its timestamp.
fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    Replacement { is_durable: false, ..Replacement::default() }.write(path, &[bytes])
}
