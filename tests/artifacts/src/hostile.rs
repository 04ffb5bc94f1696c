//! The corpus of hostile guests: a small text file each, in `hostile/GROUP`, which is made a component of the
//! contract here.

use std::{fs, path::Path};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a sound guest has. A guest that has an export of its own does without the one here.
const PRELUDE: [(&str, &str); 5] = [
    ("(export \"memory\")", "(memory (export \"memory\") 2)"),
    (
        "(export \"cabi_realloc\")",
        "(global $heap (mut i32) (i32.const 65536))
         (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (local $at i32)
           (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
           (global.set $heap (i32.add (local.get $at) (local.get 3)))
           (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
             (then (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))))
           local.get $at)",
    ),
    // No settings: what is at 2048 is nothing.
    ("(export \"settings\")", "(func (export \"settings\") (result i32) i32.const 2048)"),
    ("(export \"describe\")", "(func (export \"describe\") (param i32 i32) (result i32) i32.const 1024)"),
    (
        "(export \"evaluate\")",
        "(func (export \"evaluate\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 2048)",
    ),
];

/// A description at 1024: one symptom, and an interest in lines with `poison`. Before the guest's own data, which may
/// change it. An answer without alerts is at 2048.
const DATA: &str = r#"
    (data (i32.const 16) "hostile")
    (data (i32.const 24) "1.0.0")
    (data (i32.const 32) "seen")
    (data (i32.const 40) "poison")
    (data (i32.const 64) "\20\00\00\00\04\00\00\00\20\00\00\00\04\00\00\00\01\00")
    (data (i32.const 128) "\01\00\00\00\a0\00\00\00\01\00\00\00")
    (data (i32.const 160) "\28\00\00\00\06\00\00\00")
    (data (i32.const 1028) "\10\00\00\00\07\00\00\00\18\00\00\00\05\00\00\00\40\00\00\00\01\00\00\00\80\00\00\00\01\00\00\00")
"#;

/// What has to become of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostileOutcome {
    /// It is refused when it is loaded, for a reason that has this in it.
    Refused(String),
    /// It is loaded, and fails on each event, for a reason that has this in it.
    Fails(String),
    /// It breaks no limit of one call, and is bounded over time.
    Bounded,
}

/// A guest of the corpus.
#[derive(Clone, Debug)]
pub struct HostileGuest {
    /// What it does wrong, in a word: the folder.
    pub group: String,
    /// Its name: the file, without its ending.
    pub name: String,
    /// What it does, as a sentence.
    pub what: String,
    /// What has to become of it.
    pub outcome: HostileOutcome,
    /// The module.
    pub module: Vec<u8>,
}

/// Returns the corpus, by group and name.
///
/// # Panics
/// When a file has no head, or its text is not sound.
pub fn hostile_guests() -> Vec<HostileGuest> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let (mut guests, mut unsound) = (Vec::new(), Vec::new());
    for group in entries(&folder) {
        for name in entries(&folder.join(&group)) {
            let path = folder.join(&group).join(&name);
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            match guest(&group, name.trim_end_matches(".wat"), &text) {
                Ok(guest) => guests.push(guest),
                Err(why) => unsound.push(format!("{group}/{name}: {why}")),
            }
        }
    }
    assert!(unsound.is_empty(), "{}", unsound.join("\n"));
    guests
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn guest(group: &str, name: &str, text: &str) -> Result<HostileGuest, String> {
    let mut lines = text.lines().map(|line| line.trim_start_matches(";; "));
    let what = lines.next().unwrap_or_default().to_owned();
    let outcome = match lines.next().unwrap_or_default().split_once(':') {
        Some(("refused", why)) => HostileOutcome::Refused(why.trim().to_owned()),
        Some(("fails", why)) => HostileOutcome::Fails(why.trim().to_owned()),
        Some(("bounded", _)) => HostileOutcome::Bounded,
        _ => return Err("its second line says what becomes of it: refused, fails or bounded".to_owned()),
    };
    let text = expanded(text);
    let whole = text
        .lines()
        .find(|line| !line.starts_with(";;"))
        .is_some_and(|line| line.trim_start().starts_with("(component") || line.trim_start().starts_with("(module"));
    let module = if whole { parsed(&text) } else { component(&text) }?;
    Ok(HostileGuest { group: group.to_owned(), name: name.to_owned(), what, outcome, module })
}

/// Replaces each line `@repeat N: TEXT` by N times the text, in which `#` is the number.
fn expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match line.trim_start().strip_prefix("@repeat ").and_then(|rest| rest.split_once(": ")) {
            None => out.push_str(line),
            Some((count, text)) => {
                let count: usize = count.parse().unwrap_or_else(|_| panic!("`{line}` repeats how often?"));
                for number in 0..count {
                    out.push_str(&text.replace('#', &number.to_string()));
                    out.push(' ');
                }
            }
        }
        out.push('\n');
    }
    out
}

fn parsed(text: &str) -> Result<Vec<u8>, String> {
    // Without the text around it, which may be long.
    wat::parse_str(text).map_err(|error| error.to_string().lines().take(2).collect::<Vec<_>>().join(" "))
}

/// Makes a component of a core module's fields.
fn component(fields: &str) -> Result<Vec<u8>, String> {
    let is_import = |line: &&str| line.trim_start().starts_with("(import");
    let imports: Vec<&str> = fields.lines().filter(is_import).collect();
    let rest: Vec<&str> = fields.lines().filter(|line| !is_import(line)).collect();
    let prelude = PRELUDE.iter().filter(|(export, _)| !fields.contains(export)).map(|(_, text)| *text);
    let prelude: Vec<&str> = prelude.collect();
    let text = format!("(module {}\n{}\n{DATA}\n{})", imports.join("\n"), prelude.join("\n"), rest.join("\n"));
    let mut module = parsed(&text)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(crate::root().join("wit")).map_err(|error| format!("wit: {error:#}"))?;
    // What migrates says so at 1084: its state is of version 1, and it takes over version 0.
    let world = if fields.contains("(export \"migrate\")") { "declared-rule" } else { "rule" };
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| format!("wit: {error:#}"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| error.to_string())?;
    let encoder = ComponentEncoder::default().module(&module);
    encoder.and_then(|mut encoder| encoder.encode()).map_err(|error| format!("{error:#}"))
}
