//! One run of cargo: its flags, and its messages.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use serde::Deserialize;

use crate::{
    command::cargo_command,
    crates::RuleCrate,
    toolchain::{TARGET, Toolchain, ToolchainError},
};

/// The profile of rules where the workspace has none of its own. The same as in this workspace.
const PROFILE: [&str; 7] = [
    "inherits=\"release\"",
    "opt-level=\"s\"",
    "lto=true",
    "codegen-units=1",
    "debug=false",
    "strip=true",
    "panic=\"abort\"",
];
/// Flags of an outer build that are meant for the host's target, and would break the rules' build.
const MACHINE_FLAGS: [&str; 5] = ["target-cpu", "link-arg", "linker", "instrument-coverage", "profile-"];
/// The stack in a rule's memory, instead of the linker's 1 MiB. Deep recursion should still meet the end of the host's
/// stack first, which is reported as such.
const STACK_BYTES: usize = 512 << 10;
/// Most output that is kept, in bytes.
const DIAGNOSTICS_BYTES: usize = 1 << 20;

/// The result of a run.
pub(crate) struct CargoRun {
    /// Whether cargo succeeded.
    pub(crate) success: bool,
    /// Package ids and the files of their modules.
    pub(crate) modules: Vec<(String, PathBuf)>,
    /// Warnings and errors, as cargo shows them.
    pub(crate) diagnostics: String,
}

/// Builds crates of one workspace, each as a module and nothing else: a crate that is built as a library at the same
/// time keeps all of its functions through the optimization of the whole, and its module is a sixth larger. Cargo's
/// status lines (`Compiling …`) go to `progress`.
pub(crate) fn run(
    toolchain: &Toolchain,
    crates: &[RuleCrate],
    progress: &mut dyn FnMut(&str),
) -> Result<CargoRun, ToolchainError> {
    let root = &crates[0].root;
    // A folder of its own, so that it does not wait for the lock of an outer cargo.
    let target_dir = crates[0].target_dir.join("rules");
    let flags = flags(toolchain, crates, &target_dir)?.join("\u{1f}");
    let mut whole = CargoRun { success: true, modules: Vec::new(), diagnostics: String::new() };
    for one in crates {
        let mut command = cargo_command(&toolchain.cargo);
        command.current_dir(root).args(["rustc", "--lib", "--crate-type", "cdylib", "--target", TARGET]);
        command.args(["--profile", "rule", "--message-format=json-render-diagnostics"]);
        command.arg("--target-dir").arg(&target_dir).arg("-p").arg(&one.id);
        if !has_profile(root) {
            for setting in PROFILE {
                command.arg("--config").arg(format!("profile.rule.{setting}"));
            }
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", &flags).env_remove("RUSTFLAGS");
        let failed = |error: io::Error| ToolchainError::of_tool(&toolchain.cargo, "CARGO", error.to_string());
        let run = converse(command, progress).map_err(failed)?;
        whole.modules.extend(run.modules);
        // Warnings of what several of them use are said once.
        if !run.diagnostics.is_empty() && !whole.diagnostics.contains(&run.diagnostics) {
            whole.diagnostics.push_str(if whole.diagnostics.is_empty() { "" } else { "\n" });
            whole.diagnostics.push_str(&run.diagnostics);
        }
        if !run.success {
            whole.success = false;
            break;
        }
    }
    Ok(whole)
}

/// Returns the flags of rustc for all of them.
fn flags(toolchain: &Toolchain, crates: &[RuleCrate], target_dir: &Path) -> Result<Vec<String>, ToolchainError> {
    let root = &crates[0].root;
    let facts = toolchain.rustc_facts(root)?;
    let mut flags = outer_flags();
    flags.extend(["-C".into(), "target-feature=+simd128".into()]);
    flags.extend(["-C".into(), format!("link-arg=-zstack-size={STACK_BYTES}")]);
    if facts.has_remap_scope {
        // Diagnostics keep the real paths, which an editor can open.
        flags.push("--remap-path-scope=macro,debuginfo".into());
    }
    let std_sources = (facts.sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{}", facts.commit));
    let fixed = [(root.clone(), "/rules".to_owned()), (target_dir.to_owned(), "/target".to_owned()), std_sources];
    // Of two prefixes that match, rustc takes the later.
    for (from, to) in home_remaps().iter().chain(crates.iter().flat_map(|one| &one.remaps)).chain(&fixed) {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    }
    Ok(flags)
}

fn converse(mut command: Command, progress: &mut dyn FnMut(&str)) -> io::Result<CargoRun> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || stdout.map(read_modules).unwrap_or_default());
    let mut diagnostics = String::new();
    if let Some(stderr) = child.stderr.take() {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        while stderr.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            if is_status(&text) {
                progress(text.trim());
            } else if diagnostics.len() < DIAGNOSTICS_BYTES {
                diagnostics.push_str(&text);
            }
            line.clear();
        }
    }
    let modules = reader.join().unwrap_or_default();
    let status = child.wait()?;
    Ok(CargoRun { success: status.success(), modules, diagnostics: diagnostics.trim().to_owned() })
}

/// Cargo's status lines begin with a verb that ends in column 12.
fn is_status(line: &str) -> bool {
    let verb = line.trim_start_matches(' ');
    let indent = line.len() - verb.len();
    let len = verb.bytes().take_while(u8::is_ascii_alphabetic).count();
    len > 0 && indent + len == 12 && verb.as_bytes()[0].is_ascii_uppercase() && verb.as_bytes().get(len) == Some(&b' ')
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

fn read_modules(stdout: impl Read) -> Vec<(String, PathBuf)> {
    let mut modules = Vec::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        // Build scripts may print anything in between.
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        let is_module = message.target.is_some_and(|target| target.crate_types.iter().any(|kind| kind == "cdylib"));
        if message.reason != "compiler-artifact" || !is_module {
            continue;
        }
        if let Some(file) = message.filenames.into_iter().find(|file| file.extension().is_some_and(|end| end == "wasm"))
        {
            modules.push((message.package_id, file));
        }
    }
    modules
}

fn has_profile(root: &Path) -> bool {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "[profile.rule]")
}

/// Returns the flags of the caller's environment, without those for the host's target.
fn outer_flags() -> Vec<String> {
    let encoded = env::var("CARGO_ENCODED_RUSTFLAGS").ok();
    let plain = env::var("RUSTFLAGS").ok();
    portable_flags(&match (encoded, plain) {
        (Some(encoded), _) => encoded.split('\u{1f}').map(str::to_owned).collect::<Vec<_>>(),
        (None, Some(plain)) => plain.split_ascii_whitespace().map(str::to_owned).collect(),
        (None, None) => Vec::new(),
    })
}

fn portable_flags(flags: &[String]) -> Vec<String> {
    let is_machine = |flag: &str| MACHINE_FLAGS.iter().any(|machine| flag.starts_with(machine));
    let mut kept = Vec::new();
    let mut rest = flags.iter().filter(|flag| !flag.is_empty());
    while let Some(flag) = rest.next() {
        match flag.as_str() {
            "-C" | "--codegen" => match rest.next() {
                Some(value) if !is_machine(value) => kept.extend([flag.clone(), value.clone()]),
                _ => {}
            },
            short if short.strip_prefix("-C").or(short.strip_prefix("--codegen=")).is_some_and(is_machine) => {}
            _ => kept.push(flag.clone()),
        }
    }
    kept
}

/// Maps the machine's paths, which must not get into a module.
fn home_remaps() -> Vec<(PathBuf, String)> {
    let mut remaps = Vec::new();
    let home = env::home_dir();
    if let Some(home) = &home {
        remaps.push((home.clone(), "/home".to_owned()));
    }
    let cargo_home = match env::var_os("CARGO_HOME") {
        Some(dir) => Some(PathBuf::from(dir)),
        None => home.map(|home| home.join(".cargo")),
    };
    remaps.extend(cargo_home.map(|dir| (dir, "/cargo".to_owned())));
    remaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_told_from_diagnostics() {
        assert!(is_status("   Compiling serde v1.0.2\n"));
        assert!(is_status("    Finished `rule` profile\n"));
        assert!(is_status("    Blocking waiting for file lock on build directory\n"));
        for line in ["error[E0425]: cannot find\n", "  --> rules/x/src/lib.rs:3:5\n", "   |\n", "", "warning: unused\n"]
        {
            assert!(!is_status(line), "{line}");
        }
    }

    #[test]
    fn flags_about_this_machine_stay_behind() {
        let flags = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let outer = flags(
            "-C target-cpu=native -D warnings -Clink-arg=-fuse-ld=mold -C debuginfo=0 --cfg=x -Cinstrument-coverage",
        );
        assert_eq!(portable_flags(&outer), flags("-D warnings -C debuginfo=0 --cfg=x"));
    }

    #[test]
    fn modules_are_found_among_other_messages() {
        let text = concat!(
            "not json\n",
            r#"{"reason":"compiler-artifact","package_id":"a","target":{"crate_types":["rlib"]},"filenames":["/a.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"b","target":{"crate_types":["cdylib","rlib"]},"#,
            r#""filenames":["/b.wasm","/b.rlib"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        assert_eq!(read_modules(text.as_bytes()), [("b".to_owned(), PathBuf::from("/b.wasm"))]);
    }
}
