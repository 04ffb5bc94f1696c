//! The public API of the library `lifesigns` is what `host/lifesigns/api` has, and all its types can be named.
//! `LIFESIGNS_BLESS=1` writes the folder.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, env, fs, sync::LazyLock};

use lifesigns_tidy::{PublicApi, difference, public_api, root};

static API: LazyLock<PublicApi> = LazyLock::new(|| public_api("lifesigns"));

#[test]
fn the_public_api_is_the_one_that_is_written_down() {
    let folder = root().join("host/lifesigns/api");
    let api = &API.modules;
    if env::var_os("LIFESIGNS_BLESS").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in api {
            fs::write(folder.join(format!("{name}.txt")), text).unwrap();
        }
    }
    let mut written = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        written.insert(name, fs::read_to_string(&path).unwrap());
    }
    let names = written.keys().chain(api.keys().filter(|name| !written.contains_key(*name)));
    let text = |of: &BTreeMap<String, String>, name: &str| of.get(name).cloned().unwrap_or_default();
    let differs: String = names.map(|name| difference(&text(&written, name), &text(api, name))).collect();
    assert!(
        differs.is_empty(),
        "the public API of `lifesigns` has changed. If that is meant, say it in CHANGELOG.md and run\n\
         LIFESIGNS_BLESS=1 cargo test -p lifesigns-tidy --test public_api\n\n{differs}"
    );
}

#[test]
fn every_type_of_a_public_signature_can_be_named() {
    let unreachable = &API.unreachable;
    assert!(unreachable.is_empty(), "re-export these from host/lifesigns/src/lib.rs:\n  {}", unreachable.join("\n  "));
}
