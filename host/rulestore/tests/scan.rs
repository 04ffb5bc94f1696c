//! What a rules folder gives, file by file.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, sync::Arc};

use lifesigns_rulestore::{Grants, RuleStore, Snapshot};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn scan(&self) -> Snapshot {
        RuleStore::new(self.0.path()).scan()
    }
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.rules.iter().map(|rule| &*rule.key.name).collect()
}

fn refusals(snapshot: &Snapshot, dir: &Path) -> Vec<String> {
    let relative = |text: String| text.replace(&format!("{}/", dir.display()), "");
    snapshot.refusals.iter().map(|refusal| relative(refusal.to_string())).collect()
}

#[test]
fn manifests_and_lone_modules_are_rules() {
    let folder = Folder::new(&[
        ("keyword.wasm", "module k"),
        ("b.toml", "module = \"keyword.wasm\"\n[settings]\ncontains = [\"x\"]\n"),
        ("a.toml", "module = \"./keyword.wasm\"\nenabled = false\ngrants = []\n"),
        ("sub/other.wasm", "module o"),
        ("c.toml", "module = \"sub/other.wasm\""),
        ("lone.wasm", "module l"),
        ("own.toml", ""),
        ("own.wasm", "module w"),
    ]);
    let snapshot = folder.scan();
    assert_eq!(names(&snapshot), ["a", "b", "c", "lone", "own"]);
    assert_eq!(snapshot.refusals, []);
    let [a, b, lone] = ["a", "b", "lone"].map(|name| snapshot.rule(name).unwrap());
    assert!(Arc::ptr_eq(&a.module, &b.module));
    assert!(!a.enabled && b.enabled && lone.enabled);
    assert_eq!(a.grants, Grants { state: false, log: false });
    assert_eq!(b.settings_json, r#"{"contains":["x"]}"#);
    assert_eq!((lone.settings_json.as_str(), &lone.manifest), ("{}", &None));
    // printf 'module l' | sha256sum
    assert_eq!(lone.module.digest, "sha256:97f3fd7dcb41a717459ab51636ae4864a64af2534508b19b08a8a07742b1315f");
    let mut folders = snapshot.module_folders();
    folders.sort();
    assert_eq!(folders, [folder.0.path().to_owned(), folder.path("sub")]);
}

#[test]
fn other_files_are_passed_over() {
    let folder = Folder::new(&[
        ("README.md", ""),
        ("a.wasm.part", "half"),
        ("a.toml~", "x"),
        ("a.toml.tmp", "x"),
        (".hidden.toml", "x"),
        (".#a.toml", "x"),
        ("#a.toml#", "x"),
        ("folder.toml/x", "x"),
        ("sub/nested.toml", "broken"),
    ]);
    assert_eq!(folder.scan(), Snapshot::default());
}

#[test]
fn every_refusal_names_the_place_and_the_fix() {
    let folder = Folder::new(&[
        ("gone.toml", "module = \"nothing.wasm\""),
        ("typo.toml", "module = \"k.wasm\"\nenable = true\nsettings = 3"),
        ("latin.toml", ""),
        ("My Rule.wasm", "m"),
        ("both.toml", "module = \"k.wasm\""),
        ("both.wasm", "unused"),
        ("k.wasm", "m"),
    ]);
    fs::write(folder.path("latin.toml"), b"# ok\nx = \"\xe9\"").unwrap();
    let snapshot = folder.scan();
    assert_eq!(names(&snapshot), ["both"]);
    assert_eq!(
        refusals(&snapshot, folder.0.path()),
        [
            "My Rule.wasm: `My Rule` cannot be a rule's name: lower-case letters, digits, `.`, `_` and `-`, a letter or \
             digit first: rename the file, for example to `my-rule`",
            "both.wasm: both.toml is the rule `both`, and no manifest uses this file: write `module = \"both.wasm\"` into \
             both.toml, or rename or remove this file",
            "gone.toml: its module `nothing.wasm`: there is no such file",
            "latin.toml:2:6: this is not UTF-8 text from here on; save the file as UTF-8",
            "typo.toml:2:1: a manifest has no key `enable`; did you mean `enabled`?\n\
             typo.toml:3:12: `settings` is a table, not a whole number; begin it with a line [settings]",
        ]
    );
}

#[test]
fn a_broken_manifest_does_not_turn_its_module_into_a_rule() {
    let folder = Folder::new(&[("a.toml", "module = \"k.wasm"), ("k.wasm", "m"), ("b.toml", "modul = \"j.wasm\"")]);
    folder.write("j.wasm", "m");
    let snapshot = folder.scan();
    assert_eq!(names(&snapshot), [""; 0]);
    assert_eq!(snapshot.refusals.len(), 2);
}

#[test]
fn a_missing_folder_is_empty_and_says_so() {
    let snapshot = RuleStore::new("/nowhere/rules").scan();
    assert!(snapshot.rules.is_empty() && !snapshot.unreadable);
    assert!(snapshot.note.unwrap().starts_with("/nowhere/rules: there is no such folder yet"));
}

#[test]
fn a_folder_that_is_a_file_keeps_its_rules() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(RuleStore::new(file.path()).scan().unreadable);
}

#[test]
fn too_big_a_module_is_refused_without_reading_it() {
    let folder = Folder::new(&[]);
    let file = fs::File::create(folder.path("big.wasm")).unwrap();
    file.set_len(lifesigns_model::limits::MODULE_BYTES + 1).unwrap();
    let snapshot = folder.scan();
    assert!(snapshot.refusal("big").unwrap().why.contains("at most 16777216 are allowed"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_to_files_only() {
    use std::os::unix::fs::symlink;
    let folder =
        Folder::new(&[("v/keyword-1.2.wasm", "m"), ("keyword-2.wasm", "m"), ("a.toml", "module = \"current.wasm\"")]);
    symlink("keyword-2.wasm", folder.path("current.wasm")).unwrap();
    symlink("v/keyword-1.2.wasm", folder.path("linked.wasm")).unwrap();
    symlink("nothing", folder.path("dangling.wasm")).unwrap();
    symlink("/dev/zero", folder.path("zero.wasm")).unwrap();
    let snapshot = folder.scan();
    // keyword-2.wasm is a's module, though a calls it by the link's name.
    assert_eq!(names(&snapshot), ["a", "linked"]);
    assert_eq!(
        refusals(&snapshot, folder.0.path()),
        ["dangling.wasm: a link to nothing", "zero.wasm: not a regular file: put a file, or a link to one, here"]
    );
}

#[test]
fn a_rescan_sees_each_change_and_shares_the_rest() {
    let folder = Folder::new(&[
        ("k.wasm", "module 1"),
        ("a.toml", "module = \"k.wasm\"\n[settings]\nn = 1"),
        ("b.toml", "module = \"k.wasm\""),
    ]);
    let mut store = RuleStore::new(folder.0.path());
    let first = store.scan();
    let again = store.scan();
    assert!(first.rules.iter().zip(&again.rules).all(|(a, b)| Arc::ptr_eq(a, b)));

    // The same length, within the same tick of the clock.
    folder.write("a.toml", "module = \"k.wasm\"\n[settings]\nn = 2");
    let second = store.scan();
    assert_eq!(second.rule("a").unwrap().settings_json, r#"{"n":2}"#);
    assert!(Arc::ptr_eq(first.rule("b").unwrap(), second.rule("b").unwrap()));

    folder.write("k.wasm", "module 2");
    let third = store.scan();
    assert_ne!(third.rule("b").unwrap().module, second.rule("b").unwrap().module);

    // A break refuses the rule and still knows whose the module is.
    folder.write("a.toml", "");
    fs::remove_file(folder.path("b.toml")).unwrap();
    folder.write("a.toml", "oops");
    let fourth = store.scan();
    assert_eq!((names(&fourth), fourth.refusals.len()), (vec![], 1));
    fs::remove_file(folder.path("a.toml")).unwrap();
    assert_eq!(names(&store.scan()), ["k"]);
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_folder_is_read_unless_it_is_allowed() {
    use std::os::unix::fs::symlink;
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("rules")).unwrap();
    fs::create_dir_all(at("modules")).unwrap();
    fs::write(at("shadow"), "root:*:20000:0:99999:7:::\n").unwrap();
    fs::write(at("modules/k.wasm"), "module").unwrap();
    fs::write(at("modules/m.toml"), "module = \"../modules/k.wasm\"").unwrap();
    fs::write(at("rules/absolute.toml"), format!("module = \"{}\"", at("shadow").display())).unwrap();
    fs::write(at("rules/above.toml"), "module = \"../modules/k.wasm\"").unwrap();
    symlink(at("shadow"), at("rules/link.wasm")).unwrap();
    symlink(at("shadow"), at("rules/manifest.toml")).unwrap();
    symlink("../modules", at("rules/sub")).unwrap();
    fs::write(at("rules/through.toml"), "module = \"sub/k.wasm\"").unwrap();
    symlink("../modules/m.toml", at("rules/linked.toml")).unwrap();
    let snapshot = RuleStore::new(at("rules")).scan();
    assert_eq!(names(&snapshot), Vec::<&str>::new());
    assert_eq!(snapshot.refusals.len(), 6);
    for refusal in &snapshot.refusals {
        assert!(refusal.why.contains("outside the rules folder"), "{refusal}");
        assert!(refusal.why.contains("`module-folders`") && !refusal.why.contains("root"), "{refusal}");
    }
    let allowed = RuleStore::new(at("rules")).allow(vec![at("modules")]).scan();
    assert_eq!(names(&allowed), ["above", "linked", "through"]);
    assert_eq!(allowed.refusals.len(), 3);
}

/// As Kubernetes lays out a ConfigMap: links to a link to a folder that is exchanged whole.
#[cfg(unix)]
#[test]
fn links_within_the_folder_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("..2026_01/a.toml", "module = \"k.wasm\""), ("..2026_01/k.wasm", "1")]);
    fs::create_dir(folder.path("..2026_02")).unwrap();
    folder.write("..2026_02/a.toml", "module = \"k.wasm\"\n[settings]\nn = 1");
    folder.write("..2026_02/k.wasm", "2");
    symlink("..2026_01", folder.path("..data")).unwrap();
    symlink("..data/a.toml", folder.path("a.toml")).unwrap();
    symlink("..data/k.wasm", folder.path("k.wasm")).unwrap();
    let mut store = RuleStore::new(folder.0.path());
    let first = store.scan();
    assert_eq!((names(&first), first.refusals.len()), (vec!["a"], 0));
    symlink("..2026_02", folder.path("..next")).unwrap();
    fs::rename(folder.path("..next"), folder.path("..data")).unwrap();
    let second = store.scan();
    assert_eq!(second.rule("a").unwrap().settings_json, r#"{"n":1}"#);
    assert_ne!(second.rule("a").unwrap().module, first.rule("a").unwrap().module);
    // An absolute link within the folder is one within the folder.
    symlink(folder.path("k.wasm"), folder.path("z.wasm")).unwrap();
    assert_eq!(store.scan().refusals, []);
}

#[test]
fn a_manifest_is_bounded() {
    let long = format!("[settings]\na = \"{}\"\n", "x".repeat(1 << 20));
    let folder = Folder::new(&[("a.wasm", "m"), ("a.toml", &long)]);
    let snapshot = folder.scan();
    assert!(snapshot.refusal("a").unwrap().why.contains("at most 1048576 are allowed"), "{snapshot:?}");
}

#[test]
fn a_shadow_is_a_rule_of_the_same_name_in_another_lane() {
    let folder = Folder::new(&[
        ("a.toml", "shadow = \"new.wasm\"\ngrants = [\"state\"]\n[settings]\nn = 1\n"),
        ("a.wasm", "old"),
        ("new.wasm", "new"),
        ("b.toml", "module = \"a.wasm\"\nshadow = \"a.wasm\"\n[shadow-settings]\nn = 2\n"),
        ("c.toml", "module = \"a.wasm\"\nshadow = \"gone.wasm\""),
        ("d.toml", "module = \"a.wasm\"\nshadow = \"kept.wasm\"\nshado = 3"),
        ("kept.wasm", "kept"),
    ]);
    let mut store = RuleStore::new(folder.0.path());
    let snapshot = store.scan();
    assert_eq!(names(&snapshot), ["a", "a", "b", "b", "c"], "and no module is a rule of its own");
    let (a, shadow) = (snapshot.rule("a").unwrap(), snapshot.shadow("a").unwrap());
    assert!(!a.key.is_shadow() && shadow.key.is_shadow() && a.module != shadow.module);
    assert_eq!((&a.settings_json, a.grants), (&shadow.settings_json, shadow.grants));
    let (b, shadow) = (snapshot.rule("b").unwrap(), snapshot.shadow("b").unwrap());
    assert_eq!((b.settings_json.as_str(), shadow.settings_json.as_str()), ("{}", r#"{"n":2}"#));
    assert!(b.module == shadow.module && !b.runs_like(shadow));
    assert!(snapshot.shadow("c").is_none() && snapshot.refusal("c").is_none(), "only its shadow is refused");
    let refused = refusals(&snapshot, folder.0.path());
    assert_eq!(refused[0], "c.toml: its shadow `gone.wasm`: there is no such file");
    assert!(refused[1].contains("did you mean `shadow`?"), "{refused:?}");
    assert_eq!(refused.len(), 2);

    folder.write("new.wasm", "newer");
    let next = store.scan();
    assert!(Arc::ptr_eq(next.rule("a").unwrap(), snapshot.rule("a").unwrap()), "the live version is the same");
    assert!(!next.shadow("a").unwrap().runs_like(snapshot.shadow("a").unwrap()));
}
