//! Finds the crates that are rules, with `cargo metadata`.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    command::cargo_command,
    toolchain::{Toolchain, last_lines},
};

/// Why a folder cannot be built as a rule.
#[derive(Debug, thiserror::Error)]
pub enum CrateError {
    /// The folder has no crate.
    #[error("{}: no Cargo.toml in it: give the folder of a rule's crate", dir.display())]
    NoManifest {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds a workspace and no crate of its own.
    #[error("{}: this is a workspace, not a crate: give the folder of one of its crates", dir.display())]
    Workspace {
        /// The folder.
        dir: PathBuf,
    },
    /// The crate makes no module.
    #[error(
        "{}: not a rule: the crate `{name}` makes no module; add this to its Cargo.toml:\n\n[lib]\ncrate-type = \
         [\"cdylib\", \"rlib\"]\n",
        dir.display()
    )]
    NoCdylib {
        /// The folder.
        dir: PathBuf,
        /// The package.
        name: String,
    },
    /// The folder cannot be read.
    #[error("{}: {cause}", dir.display())]
    Read {
        /// The folder.
        dir: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
    /// Cargo does not accept the manifest.
    #[error("{}: cargo cannot read the crate: {cause}", dir.display())]
    Metadata {
        /// The folder.
        dir: PathBuf,
        /// The output of cargo.
        cause: String,
    },
}

/// A crate that makes a module.
#[derive(Clone, Debug)]
pub(crate) struct RuleCrate {
    /// The package's name.
    pub(crate) name: String,
    /// The package's id, which `cargo build -p` and its messages understand.
    pub(crate) id: String,
    /// Its workspace.
    pub(crate) root: PathBuf,
    /// The workspace's target folder.
    pub(crate) target_dir: PathBuf,
    /// Folders outside of the workspace whose sources it uses, and their names in a module.
    pub(crate) remaps: Vec<(PathBuf, String)>,
}

#[derive(Clone, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    id: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Deserialize)]
struct Dependency {
    name: String,
    path: Option<PathBuf>,
}

#[derive(Clone, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Package {
    fn is_rule(&self) -> bool {
        self.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))
    }
}

/// Returns the folders directly below `dir` that hold a crate which makes a module, sorted by name.
/// Libraries such as the SDK, and folders without a crate, are ignored.
///
/// # Errors
/// When the folder cannot be read, or cargo does not accept a manifest in it.
pub fn rule_crates(dir: &Path) -> Result<Vec<PathBuf>, CrateError> {
    let read = |cause| CrateError::Read { dir: dir.to_owned(), cause };
    let mut dirs = Vec::new();
    for entry in dir.read_dir().map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.join("Cargo.toml").is_file() {
            dirs.push(path.canonicalize().map_err(read)?);
        }
    }
    dirs.sort();
    let mut workspaces = Workspaces::new(Toolchain::default());
    let mut rules = Vec::new();
    for dir in dirs {
        match workspaces.rule_crate(&dir) {
            Ok(_) => rules.push(dir),
            Err(CrateError::NoCdylib { .. } | CrateError::Workspace { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rules)
}

/// The workspaces that cargo was asked about: once each, however many crates they have.
pub(crate) struct Workspaces {
    toolchain: Toolchain,
    workspaces: Vec<Metadata>,
}

impl Workspaces {
    pub(crate) fn new(toolchain: Toolchain) -> Self {
        Self { toolchain, workspaces: Vec::new() }
    }

    /// Returns the rule's crate in `dir`.
    pub(crate) fn rule_crate(&mut self, given: &Path) -> Result<RuleCrate, CrateError> {
        // Cargo speaks in absolute paths; people read the one that they gave.
        let dir = given.canonicalize().map_err(|cause| CrateError::Read { dir: given.to_owned(), cause })?;
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(CrateError::NoManifest { dir: given.to_owned() });
        }
        if let Some(found) = self.workspaces.iter().find_map(|metadata| find(metadata, &manifest)) {
            return checked(found, given);
        }
        let metadata = self.ask(given, &manifest)?;
        let found = find(&metadata, &manifest);
        self.workspaces.push(metadata.clone());
        match found {
            Some(found) => checked(found, given),
            None => Err(CrateError::Workspace { dir: given.to_owned() }),
        }
    }

    fn ask(&self, dir: &Path, manifest: &Path) -> Result<Metadata, CrateError> {
        let failed = |cause: String| CrateError::Metadata { dir: dir.to_owned(), cause };
        let output = cargo_command(&self.toolchain.cargo)
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(manifest)
            .current_dir(dir)
            .output()
            .map_err(|error| failed(format!("`{}`: {error}", self.toolchain.cargo.to_string_lossy())))?;
        if !output.status.success() {
            return Err(failed(last_lines(&output.stderr)));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(format!("its metadata: {error}")))
    }
}

/// Returns the package's name of the crate in `folder`, and the folder of the SDK that it depends on, if that is one.
pub(crate) fn sdk_of(folder: &Path) -> Result<(String, Option<PathBuf>), CrateError> {
    let manifest = folder.join("Cargo.toml");
    let metadata = Workspaces::new(Toolchain::default()).ask(folder, &manifest)?;
    let Some((package, ..)) = find(&metadata, &manifest) else {
        return Err(CrateError::Workspace { dir: folder.to_owned() });
    };
    let sdk = package.dependencies.iter().find(|dependency| dependency.name == "lifesigns-rule");
    Ok((package.name.clone(), sdk.and_then(|sdk| sdk.path.clone())))
}

type FoundCrate = (Package, PathBuf, PathBuf);

fn find(metadata: &Metadata, manifest: &Path) -> Option<FoundCrate> {
    let package = metadata.packages.iter().find(|package| package.manifest_path == manifest)?;
    Some((package.clone(), metadata.workspace_root.clone(), metadata.target_directory.clone()))
}

fn checked((package, root, target_dir): FoundCrate, dir: &Path) -> Result<RuleCrate, CrateError> {
    if !package.is_rule() {
        return Err(CrateError::NoCdylib { dir: dir.to_owned(), name: package.name });
    }
    let outside = package.dependencies.into_iter().filter_map(|dependency| {
        let path = dependency.path.filter(|path| !path.starts_with(&root))?;
        Some((path, format!("/deps/{}", dependency.name)))
    });
    let remaps = outside.collect();
    Ok(RuleCrate { name: package.name, id: package.id, root, target_dir, remaps })
}
