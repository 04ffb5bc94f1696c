//! House rules for Rust files: short files, a head that says what for, short functions, `unsafe`
//! where it is allowed and with its reason.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{blank, functions, read, sources};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;

/// Where `unsafe` may stand: machine code from the compiler and from the cache, the prefilter's vector instructions,
/// and the memory of rules, which the canonical ABI reaches into.
const UNSAFE: [&str; 5] = [
    "host/sandbox/src/cache.rs",
    "host/sandbox/src/module.rs",
    "host/engine/src/prefilter/filter.rs",
    "rules/sdk/src/memory.rs",
    "rules/sdk/src/rt.rs",
];

/// Fails with all that was found, so that one run shows everything.
#[track_caller]
fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let lengths = sources().into_iter().map(|path| (read(&path).lines().count(), path));
    let long: Vec<_> =
        lengths.filter(|(lines, _)| *lines > FILE_LINES).map(|(n, path)| format!("{path}: {n}")).collect();
    none(&long, "a file has at most 400 lines: split it by ideas, not by size");
}

#[test]
fn every_file_says_what_it_is_for() {
    let heads = sources().into_iter().filter(|path| !read(path).starts_with("//! "));
    none(&heads.collect::<Vec<_>>(), "a file begins with `//!` and says in one to three lines what it is for");
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let mut long = Vec::new();
    for path in sources() {
        for function in functions(&blank(&read(&path))) {
            if function.lines > FUNCTION_LINES {
                long.push(format!("{path}:{}: {} has {} lines", function.line, function.name, function.lines));
            }
        }
    }
    none(&long, "a function has at most 70 lines: push `if`s up and `for`s down");
}

#[test]
fn unsafe_stands_only_where_it_is_allowed_and_says_why() {
    let mut found = Vec::new();
    for path in sources() {
        let source = read(&path);
        let lines: Vec<&str> = source.lines().collect();
        for (at, code) in blank(&source).lines().enumerate() {
            let word = code.split(|it: char| !it.is_alphanumeric() && it != '_').any(|word| word == "unsafe");
            let allowed = UNSAFE.contains(&path.as_str());
            let above = &lines[at.saturating_sub(5)..at];
            let reason = above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            if word && !(allowed && reason) {
                found.push(format!("{path}:{}", at + 1));
            }
        }
    }
    none(&found, &format!("`unsafe` belongs to {UNSAFE:?}, each with `// SAFETY:` just above it"));
}
