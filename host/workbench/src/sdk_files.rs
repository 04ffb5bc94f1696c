//! The SDK's own files and the contract, for rules that are made outside of this project.

macro_rules! files {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../", $folder, $path)))),*]
    };
}

/// The sources of the SDK, by their paths in its crate.
pub(crate) const SDK: &[(&str, &str)] = files!("rules/sdk/":
    "src/alerts.rs",
    "src/bindings.rs",
    "src/columns.rs",
    "src/decimal.rs",
    "src/describe.rs",
    "src/duration.rs",
    "src/event.rs",
    "src/glue.rs",
    "src/host.rs",
    "src/json.rs",
    "src/lib.rs",
    "src/memory.rs",
    "src/native.rs",
    "src/rt.rs",
    "src/rule.rs",
    "src/settings/declared.rs",
    "src/settings/kebab.rs",
    "src/settings/mod.rs",
    "src/settings/nearest.rs",
    "src/settings/reader.rs",
    "src/settings/spec.rs",
    "src/settings/types.rs",
    "src/state.rs",
    "src/testing/check.rs",
    "src/testing/digest.rs",
    "src/testing/interests.rs",
    "src/testing/memory.rs",
    "src/testing/mod.rs",
    "src/testing/windows.rs",
    "src/text.rs",
    "src/threshold.rs",
);

/// The contract.
pub(crate) const WIT: &[(&str, &str)] = files!("": "wit/guest.wit", "wit/host.wit", "wit/types.wit");

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn walk(folder: &Path, found: &mut BTreeSet<String>, root: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found, root);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_sdk_is_there() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/sdk");
        let mut found = BTreeSet::new();
        walk(&sdk.join("src"), &mut found, &sdk);
        let listed: BTreeSet<String> = SDK.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(listed, found);
        let manifest = fs::read_to_string(sdk.join("Cargo.toml")).unwrap();
        assert!(manifest.trim_end().ends_with("[dependencies]"), "what it depends on would not come along");
    }
}
