//! Rules outside of this workspace, as their authors have them: what is built, and which errors they get
//! when it is not.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use lifesigns_workbench::{BuiltModule, ModuleKind, RuleBuildError, build, inspect, rule_crates};

/// The rule of an author, who calls the package as Rust people often do.
const RULE: &str = r#"//! A rule.
use lifesigns_rule::{Alerts, Description, Event, Interest, Rule, Symptom};

struct MyRule;

impl Rule for MyRule {
    type Settings = ();

    fn new((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn describe(&self) -> Description {
        Description::new("my-rule", "1.0.0").symptom(Symptom::new("seen", "Seen")).interest(Interest::log())
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let nth: usize = event.message().parse().unwrap();
        alerts.raise("seen", ["a", "b"][nth]);
    }
}

lifesigns_rule::export!(MyRule);
"#;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// A project of its own. All of them build into one folder, so that the SDK compiles once.
fn project(home: &Path, name: &str, lib: &str, source: &str, dependencies: &str) -> PathBuf {
    let dir = home.join(name);
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[lib]\n{lib}\n\n\
         [dependencies]\n{dependencies}\n"
    );
    write("Cargo.toml", &manifest);
    write("src/lib.rs", source);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    write(".cargo/config.toml", &format!("[build]\ntarget-dir = {:?}\n", target.display().to_string()));
    dir
}

const CDYLIB: &str = "crate-type = [\"cdylib\"]";

fn my_rule(home: &Path) -> PathBuf {
    let sdk = workspace().join("rules/sdk");
    let dependencies = format!("lifesigns-rule = {{ path = {:?} }}", sdk.display().to_string());
    project(home, "My_rule", CDYLIB, RULE, &dependencies)
}

fn built(dir: PathBuf, out: &Path) -> BuiltModule {
    build(&[dir], out, &mut |_| ()).unwrap().remove(0)
}

fn refused(dir: PathBuf) -> String {
    let out = tempfile::tempdir().unwrap();
    let text = build(&[dir], out.path(), &mut |_| ()).unwrap_err().to_string();
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "nothing is written");
    text
}

#[test]
fn the_same_source_is_the_same_module_wherever_it_lies() {
    let [here, there, out] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let first = built(my_rule(here.path()), out.path());
    assert_eq!((first.name.as_str(), &first.path), ("my-rule", &out.path().join("my-rule.wasm")));
    let bytes = fs::read(&first.path).unwrap();
    assert_eq!(bytes.len(), first.bytes);
    let time = fs::metadata(&first.path).unwrap().modified().unwrap();

    // Elsewhere, and with flags that are about the machine.
    let second = built(my_rule(&there.path().join("deeper/down")), out.path());
    assert_eq!(first, second);
    assert_eq!(fs::metadata(&second.path).unwrap().modified().unwrap(), time, "it is not written again");

    let found = inspect(&bytes);
    assert_eq!((found.kind, &found.digest), (ModuleKind::Component, &first.digest));
    assert!(["settings", "describe", "evaluate"].iter().all(|name| found.exports.iter().any(|one| one == name)));
    assert!(found.imports.iter().all(|name| name.starts_with("lifesigns:rule/")), "{:?}", found.imports);
    assert_eq!(found.custom_sections, [""; 0]);

    let text = String::from_utf8_lossy(&bytes);
    // The places of panics are in it, under names that are the same everywhere.
    assert!(text.contains("/rustc/") && text.contains("src/lib.rs"));
    let home = env::home_dir().unwrap();
    for path in
        [here.path(), there.path(), workspace(), &home, &env::temp_dir(), Path::new(env!("CARGO_TARGET_TMPDIR"))]
    {
        let path = format!("{}/", path.display());
        assert!(!text.contains(&path), "{path} is in the module");
    }
    assert_eq!(inspect(&bytes[..bytes.len() / 2]).kind, ModuleKind::Truncated);
    assert_eq!(inspect(&bytes[..bytes.len() - 1]).kind, ModuleKind::Truncated);
}

#[test]
fn what_is_no_rule_is_refused_with_the_fix() {
    let home = tempfile::tempdir().unwrap();
    let text = refused(home.path().to_owned());
    assert!(text.ends_with("no Cargo.toml in it: give the folder of a rule's crate"), "{text}");
    let text = refused(home.path().join("nowhere"));
    assert!(text.contains("nowhere: "), "{text}");
    let text = refused(workspace().to_owned());
    assert!(text.contains("this is a workspace, not a crate"), "{text}");
    let text = refused(workspace().join("rules/sdk"));
    assert!(text.contains("`lifesigns-rule` makes no module") && text.contains("crate-type = [\"cdylib\""), "{text}");
    fs::write(home.path().join("Cargo.toml"), "[package]\nnam = 1").unwrap();
    let text = refused(home.path().to_owned());
    assert!(text.contains("cargo cannot read the crate"), "{text}");
}

#[test]
fn a_crate_that_does_not_compile_shows_what_cargo_says() {
    let home = tempfile::tempdir().unwrap();
    let text = refused(project(home.path(), "broken", CDYLIB, "fn f() -> u8 { missing }", ""));
    assert!(text.contains("error[E0425]") && text.contains("src/lib.rs:1:16"), "{text}");
}

#[test]
fn a_module_without_a_rule_and_one_with_foreign_imports_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let text = refused(project(home.path(), "empty", CDYLIB, "", ""));
    assert!(text.contains("`empty` is not a rule") && text.contains("lifesigns_rule::export!"), "{text}");
    // Something of the SDK is used, so the type of the component is linked; the rule is not exported.
    let sdk = format!("lifesigns-rule = {{ path = {:?} }}", workspace().join("rules/sdk").display().to_string());
    let unexported = RULE.replace("lifesigns_rule::export!(MyRule);", "pub fn f() -> impl Rule { MyRule }");
    let text = refused(project(home.path(), "forgotten", CDYLIB, &unexported, &sdk));
    assert!(text.contains("`forgotten` is not a rule: it exports no rule"), "{text}");
    let source = "unsafe extern \"C\" { safe fn now() -> u64; }\n\
                  #[unsafe(no_mangle)]\npub extern \"C\" fn f() -> u64 { now() }\n";
    let text = refused(project(home.path(), "clock", CDYLIB, source, ""));
    assert!(text.contains("it asks for what a rule cannot have: `env::now`"), "{text}");
}

#[test]
fn two_crates_of_one_name_are_refused_before_anything_is_built() {
    let home = tempfile::tempdir().unwrap();
    let one = project(&home.path().join("a"), "same-name", CDYLIB, "", "");
    let other = project(&home.path().join("b"), "same_name", CDYLIB, "", "");
    let error = build(&[one, other], home.path(), &mut |_| ()).unwrap_err();
    assert!(matches!(error, RuleBuildError::SameName { name } if name == "same-name"));
}

#[test]
fn rule_crates_are_those_that_make_a_module() {
    let rules = rule_crates(&workspace().join("rules")).unwrap();
    let names: Vec<_> = rules.iter().map(|dir| dir.file_name().unwrap().to_str().unwrap()).collect();
    assert!(names.contains(&"keyword") && !names.contains(&"sdk"), "{names:?}");
}
