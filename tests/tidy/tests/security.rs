//! What `docs/security.md` says is backed by tests that exist.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{committed, read};

const DOCUMENT: &str = "docs/security.md";

#[test]
fn every_claim_names_a_test_that_exists() {
    let files = committed();
    let (mut claims, mut wrong) = (0, Vec::new());
    for line in read(DOCUMENT).lines().take_while(|line| !line.contains("corpus: written")) {
        if !line.starts_with("| ") || line.contains("shown by |") {
            continue;
        }
        claims += 1;
        let cell = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        match names.as_slice() {
            [file, test] if files.iter().any(|known| known == file) => {
                let text = read(file);
                let is_test = text.match_indices(&format!("fn {test}(")).next().is_some_and(|(at, _)| {
                    let before: Vec<&str> = text[..at].lines().rev().take(3).collect();
                    before.iter().any(|line| line.trim() == "#[test]")
                });
                if !is_test {
                    wrong.push(format!("{file} has no test `{test}`: {line}"));
                }
            }
            _ => wrong.push(format!("this names no file and test: {line}")),
        }
    }
    assert!(claims >= 25, "{claims}");
    assert!(wrong.is_empty(), "{DOCUMENT}:\n  {}", wrong.join("\n  "));
}
