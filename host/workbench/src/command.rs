//! Cargo as a person calls it, also where another cargo called this program.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::Command,
};

/// Variables that cargo sets for the one program that it runs or compiles.
const OF_PACKAGE: [&str; 6] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_RUSTC_CURRENT_DIR",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
];
/// How further ones begin.
const OF_PACKAGE_BEGIN: [&str; 3] = ["CARGO_BIN_EXE_", "CARGO_MANIFEST_", "CARGO_PKG_"];

/// Returns the command `cargo`, without the variables that an outer cargo set for this program: build scripts read
/// some of them, and would run again in every change between the two, with everything that depends on them.
pub fn cargo_command(cargo: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(cargo);
    for name in env::vars_os().map(|(name, _)| name).filter(|name| is_of_package(name)) {
        command.env_remove(name);
    }
    command
}

/// Returns the cargo that runs this program, or else the one in the path, as [`cargo_command`] does.
pub fn outer_cargo() -> Command {
    cargo_command(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn is_of_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    OF_PACKAGE.contains(&&*name) || OF_PACKAGE_BEGIN.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_outer_cargo_says_of_its_package_goes_no_further() {
        let names = |names: &[&str]| names.iter().filter(|name| is_of_package(OsStr::new(name))).count();
        let of_package =
            ["CARGO_PKG_NAME", "CARGO_PKG_VERSION_PRE", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "OUT_DIR"];
        assert_eq!(names(&of_package), of_package.len());
        let of_builds =
            ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "CARGO_NET_OFFLINE", "CARGO", "RUSTFLAGS"];
        assert_eq!(names(&of_builds), 0);
        // This test is run by a cargo.
        let command = cargo_command("cargo");
        let is_removed = |name: &str| command.get_envs().any(|(key, value)| key == name && value.is_none());
        assert_eq!(is_removed("CARGO_PKG_NAME"), env::var_os("CARGO_PKG_NAME").is_some());
    }
}
