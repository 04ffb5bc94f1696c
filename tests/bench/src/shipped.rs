//! The binary as it is shipped, and rules folders for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::Program;

/// Builds the program that is shipped, and returns where it is. `LIFESIGNS_BENCH_BINARY` names another one.
///
/// # Panics
/// When it does not build.
pub fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("LIFESIGNS_BENCH_BINARY") {
        return PathBuf::from(binary);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this crate is `tests/bench`");
    let mut build = lifesigns_artifacts::cargo();
    build.current_dir(root).args(["build", "--locked", "--profile", "dist", "-p", "lifesigns-cli"]);
    assert!(build.status().is_ok_and(|status| status.success()), "the binary does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    target.join("dist/lifesigns")
}

/// Makes a rules folder with one `keyword` rule for each word, `k00000` and on.
///
/// # Panics
/// When it cannot be written.
pub fn rules_folder(folder: &Path, words: &[String]) {
    fs::create_dir_all(folder.join("modules")).expect("the rules folder");
    fs::copy(lifesigns_artifacts::rule("keyword"), folder.join("modules/keyword.wasm")).expect("the module");
    for (number, word) in words.iter().enumerate() {
        // A JSON string is a TOML string too.
        let word = serde_json::Value::from(word.as_str());
        let text = format!("module = \"modules/keyword.wasm\"\n[settings]\ncontains = [{word}]\n");
        fs::write(folder.join(format!("k{number:05}.toml")), text).expect("a manifest");
    }
}

/// Returns a replay with one thread and these rules, whose modules are compiled once into `cache`.
pub fn replay(binary: &Path, rules: &Path, cache: &Path) -> Program {
    let command = [binary.as_os_str(), "replay".as_ref(), "--threads".as_ref(), "1".as_ref(), "--rules".as_ref()];
    let rest = [rules.as_os_str(), "--cache".as_ref(), cache.as_os_str()];
    Program::new(command.into_iter().chain(rest))
}
