//! The cargo and rustc that build the rules; makes sure that they have the wasm target.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The target of rules.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Why the wasm target is missing.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// A tool of the toolchain does not run.
    #[error("`{tool}` does not run ({cause}): install Rust from https://rustup.rs, or set {variable} to it")]
    Tool {
        /// The tool as it was called.
        tool: String,
        /// The environment variable that names another one.
        variable: &'static str,
        /// The error of the system, or the output of the tool.
        cause: String,
    },
    /// There is no rustup that could add the target.
    #[error(
        "the Rust target {TARGET} is missing in {}, and there is no rustup to add it: install it the way that Rust \
         was installed (Debian: `apt install libstd-rust-dev-wasm32`, Fedora: `dnf install \
         rust-std-static-{TARGET}`), or install Rust from https://rustup.rs",
        libdir.display()
    )]
    NoRustup {
        /// Where the target was looked for.
        libdir: PathBuf,
    },
    /// rustup could not add it.
    #[error(
        "`rustup target add {TARGET}` failed: {cause}\nIt needs the network once; run it by hand when there is one."
    )]
    Add {
        /// The output of rustup.
        cause: String,
    },
    /// rustup added it, but to another toolchain than cargo's.
    #[error(
        "rustup added the target {TARGET}, but `{rustc}` does not see it in {}: that rustc is not rustup's. Put \
         rustup's folder (usually ~/.cargo/bin) first in PATH, or install the target for that rustc",
        libdir.display()
    )]
    OtherToolchain {
        /// The compiler that cargo uses.
        rustc: String,
        /// Where it looks for the target.
        libdir: PathBuf,
    },
}

impl ToolchainError {
    /// Returns that a tool failed, which `variable` may name.
    pub(crate) fn of_tool(tool: &OsString, variable: &'static str, cause: String) -> Self {
        Self::Tool { tool: tool.to_string_lossy().into_owned(), variable, cause }
    }
}

/// The commands of the tools.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// `CARGO`, or `cargo`.
    pub cargo: OsString,
    /// `RUSTC`, or `rustc`.
    pub rustc: OsString,
    /// `rustup`.
    pub rustup: OsString,
}

/// What a compiler says of itself.
pub(crate) struct RustcFacts {
    /// The folder that it is installed in.
    pub(crate) sysroot: PathBuf,
    /// The commit that it was built from.
    pub(crate) commit: String,
    /// It knows `--remap-path-scope`.
    pub(crate) has_remap_scope: bool,
}

impl Default for Toolchain {
    fn default() -> Self {
        let or = |variable, tool: &str| env::var_os(variable).unwrap_or_else(|| tool.into());
        Self { cargo: or("CARGO", "cargo"), rustc: or("RUSTC", "rustc"), rustup: "rustup".into() }
    }
}

/// Makes sure that the toolchain which cargo uses in `dir` has the wasm target, and reports through
/// `progress` when it adds it. Cheap when the target is there.
///
/// # Errors
/// When it is missing and cannot be added.
pub fn ensure_target(dir: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), ToolchainError> {
    Toolchain::default().ensure_target(dir, progress)
}

impl Toolchain {
    /// See [`ensure_target`].
    ///
    /// # Errors
    /// When the target is missing and cannot be added.
    pub fn ensure_target(&self, dir: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), ToolchainError> {
        // The folder of the target's std is the truth, however it was installed. rustup is asked only
        // when it is missing.
        let libdir = self.target_libdir(dir)?;
        if has_std(&libdir) {
            return Ok(());
        }
        let list = match run(&self.rustup, &["target", "list", "--installed"], dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ToolchainError::NoRustup { libdir });
            }
            Err(error) => return Err(ToolchainError::Add { cause: error.to_string() }),
            Ok(output) => output,
        };
        let listed = String::from_utf8_lossy(&list.stdout).lines().any(|line| line.trim() == TARGET);
        if !listed {
            progress(&format!("adding the Rust target {TARGET} (rustup target add {TARGET})"));
            let output = run(&self.rustup, &["target", "add", TARGET], dir)
                .map_err(|error| ToolchainError::Add { cause: error.to_string() })?;
            if !output.status.success() {
                return Err(ToolchainError::Add { cause: last_lines(&output.stderr) });
            }
        }
        if has_std(&libdir) {
            return Ok(());
        }
        Err(ToolchainError::OtherToolchain { rustc: self.rustc.to_string_lossy().into_owned(), libdir })
    }

    /// Asks the compiler what remapping paths needs.
    pub(crate) fn rustc_facts(&self, dir: &Path) -> Result<RustcFacts, ToolchainError> {
        let sysroot = self.rustc(&["--print", "sysroot"], dir)?;
        let version = self.rustc(&["-vV"], dir)?;
        let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
        let release = version.lines().find_map(|line| line.strip_prefix("release: 1.")).unwrap_or_default();
        let minor = release.split('.').next().and_then(|minor| minor.parse::<u32>().ok());
        Ok(RustcFacts {
            sysroot: PathBuf::from(sysroot.trim_end()),
            commit: commit.to_owned(),
            has_remap_scope: minor.is_some_and(|minor| minor >= 95),
        })
    }

    fn target_libdir(&self, dir: &Path) -> Result<PathBuf, ToolchainError> {
        let libdir = self.rustc(&["--print", "target-libdir", "--target", TARGET], dir)?;
        Ok(PathBuf::from(libdir.trim_end()))
    }

    fn rustc(&self, arguments: &[&str], dir: &Path) -> Result<String, ToolchainError> {
        let failed = |cause: String| ToolchainError::of_tool(&self.rustc, "RUSTC", cause);
        let output = run(&self.rustc, arguments, dir).map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(last_lines(&output.stderr)));
        }
        String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8".into()))
    }
}

fn has_std(libdir: &Path) -> bool {
    let Ok(entries) = libdir.read_dir() else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn run(tool: &OsString, arguments: &[&str], dir: &Path) -> io::Result<Output> {
    Command::new(tool).args(arguments).current_dir(dir).output()
}

/// Returns the last lines of a tool's output, which hold the reason.
pub(crate) fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// Returns a toolchain of two shell scripts.
    fn fake(dir: &Path, rustup: Option<&str>) -> Toolchain {
        let script = |name: &str, body: &str| {
            let path = dir.join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path.into_os_string()
        };
        let rustc = script("rustc", &format!("echo {}/lib", dir.display()));
        let rustup = match rustup {
            Some(body) => script("rustup", body),
            None => dir.join("no-rustup").into_os_string(),
        };
        Toolchain { cargo: "cargo".into(), rustc, rustup }
    }

    fn install(dir: &Path) -> String {
        let lib = dir.join("lib");
        format!("mkdir -p {0} && touch {0}/libstd-1.rlib", lib.display())
    }

    fn ensure(toolchain: &Toolchain, dir: &Path) -> (Result<(), ToolchainError>, Vec<String>) {
        let mut said = Vec::new();
        // A script that was just written can still be open for writing in a forked sibling test.
        for _ in 0..50 {
            match toolchain.ensure_target(dir, &mut |line| said.push(line.to_owned())) {
                Err(error) if error.to_string().contains("Text file busy") => std::thread::yield_now(),
                result => return (result, said),
            }
        }
        panic!("the scripts stay busy");
    }

    #[test]
    fn an_installed_target_needs_no_rustup() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = fake(dir.path(), None);
        fs::create_dir(dir.path().join("lib")).unwrap();
        fs::write(dir.path().join("lib/libstd-0.rlib"), "").unwrap();
        let (result, said) = ensure(&toolchain, dir.path());
        result.unwrap();
        assert!(said.is_empty());
    }

    #[test]
    fn a_missing_target_is_added_and_said() {
        let dir = tempfile::tempdir().unwrap();
        let rustup = format!("[ \"$2\" = list ] || {{ {}; }}", install(dir.path()));
        let (result, said) = ensure(&fake(dir.path(), Some(&rustup)), dir.path());
        result.unwrap();
        assert_eq!(said, [format!("adding the Rust target {TARGET} (rustup target add {TARGET})")]);
    }

    #[test]
    fn each_failure_tells_its_fix() {
        let dir = tempfile::tempdir().unwrap();
        let (result, _) = ensure(&fake(dir.path(), None), dir.path());
        assert!(result.unwrap_err().to_string().contains("there is no rustup to add it"));

        let offline = "[ \"$2\" = list ] || { echo 'error: could not download' >&2; exit 1; }";
        let (result, _) = ensure(&fake(dir.path(), Some(offline)), dir.path());
        let text = result.unwrap_err().to_string();
        assert!(text.contains("could not download") && text.contains("needs the network once"), "{text}");

        let (result, _) = ensure(&fake(dir.path(), Some("true")), dir.path());
        assert!(result.unwrap_err().to_string().contains("that rustc is not rustup's"));

        let none = Toolchain { rustc: dir.path().join("none").into_os_string(), ..fake(dir.path(), None) };
        let (result, _) = ensure(&none, dir.path());
        assert!(result.unwrap_err().to_string().contains("https://rustup.rs"));
    }
}
