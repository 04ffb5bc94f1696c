//! Files in a rules folder that are not what they seem: whatever lies there, a rule that runs is one whole
//! file as it was written, and everything else is refused or passed over.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lifesigns::{LoadOutcome, Loader, Sandbox};
use lifesigns_artifacts::{HostileOutcome, hostile_guests};
use lifesigns_e2e::modules;
use lifesigns_rulestore::{ModuleBytes, RuleStore};

/// A small module that is admitted.
fn small() -> Vec<u8> {
    let guests = hostile_guests();
    let sound = guests.into_iter().find(|guest| guest.outcome == HostileOutcome::Bounded);
    sound.expect("one that runs").module
}

fn loader() -> Loader {
    Loader::new(Sandbox::new(None).expect("a sandbox"))
}

/// Loads a folder in which only `wanted` may come to run, and returns how often each outcome was.
fn load(loader: &mut Loader, store: &mut RuleStore, wanted: &str) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for load in loader.apply(&store.scan()) {
        let word = match load.outcome {
            LoadOutcome::Loaded | LoadOutcome::Unchanged | LoadOutcome::Restored => {
                assert_eq!(load.digest, wanted, "{}: a part of a file runs", load.key);
                "runs"
            }
            LoadOutcome::Refused { why, .. } => {
                assert!(!why.is_empty());
                "refused"
            }
            LoadOutcome::Removed => "removed",
            LoadOutcome::Compiling { .. } => "compiling",
        };
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[test]
fn a_truncated_file_is_refused_at_a_thousand_offsets() {
    let whole = modules::read(lifesigns_artifacts::rule("keyword"));
    let sandbox = Sandbox::new(None).expect("a sandbox");
    for number in 0..1000 {
        let length = whole.len() * number / 1000;
        let part = ModuleBytes::new(whole[..length].to_vec());
        assert!(sandbox.load(&part.bytes, &part.digest).is_err(), "{length} of {} bytes are a rule", whole.len());
    }
}

#[test]
fn ten_thousand_flipped_bits_are_refused_or_are_another_whole_module() {
    let whole = small();
    let sandbox = Sandbox::new(None).expect("a sandbox");
    let original = ModuleBytes::new(whole.clone()).digest;
    let (bits, mut refused) = (whole.len() * 8, 0);
    let step = (bits / 10_000).max(1);
    let mut tried = 0;
    for bit in (0..bits).step_by(step) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let module = ModuleBytes::new(bytes);
        assert_ne!(module.digest, original);
        tried += 1;
        match sandbox.load(&module.bytes, &module.digest) {
            Err(_) => refused += 1,
            // A bit of a text or a number: another sound module, under its own digest.
            Ok(admitted) => assert_eq!(lifesigns_model::Module::digest(&*admitted), module.digest),
        }
    }
    assert!(tried >= 10_000 && refused * 3 > tried, "{refused} of {tried} refused");
}

#[test]
fn what_is_no_file_of_a_module_is_refused_or_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("the rules folder");
    let at = |name: &str| rules.join(name);
    let module = ModuleBytes::new(small());
    fs::write(at("sound.wasm"), &module.bytes).expect("a module");
    fs::create_dir(at("folder.wasm")).expect("a folder with a module's name");
    fs::create_dir(at("folder.toml")).expect("a folder with a manifest's name");
    let fifo = Command::new("mkfifo").arg(at("fifo.wasm")).status().expect("mkfifo");
    assert!(fifo.success());
    symlink(at("fifo.wasm"), at("to-fifo.wasm")).expect("a link");
    symlink(at("nowhere"), at("dangling.wasm")).expect("a link");
    symlink(at("circle.wasm"), at("circle.wasm")).expect("a link");
    symlink("/dev/zero", at("endless.wasm")).expect("a link");
    fs::write(folder.path().join("outside.wasm"), &module.bytes).expect("a module outside");
    symlink(folder.path().join("outside.wasm"), at("outside.wasm")).expect("a link");
    // Machine code of this very host, as the cache has it, under a module's name.
    fs::write(at("machine-code.wasm"), b"\x7fELF\x02\x01\x01\x00wasmtime").expect("it is written");
    fs::write(at("core.wasm"), b"\0asm\x01\0\0\0").expect("it is written");
    fs::write(at("text.wasm"), "(module)").expect("it is written");
    fs::write(at("empty.wasm"), "").expect("it is written");
    fs::write(at(".hidden.wasm"), &module.bytes).expect("it is written");
    fs::write(at("upper.WASM"), &module.bytes).expect("it is written");
    let (mut loader, mut store) = (loader(), RuleStore::new(&rules));
    let counts = load(&mut loader, &mut store, &module.digest);
    assert_eq!(counts.get("runs"), Some(&1), "{counts:?}");
    assert_eq!(counts.get("refused"), Some(&10), "{counts:?}");
    assert_eq!(loader.rules().len(), 1);
}

/// Machine code that a cache of this machine has is no module, even byte for byte.
#[test]
fn machine_code_in_disguise_is_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rules, cache) = (folder.path().join("rules"), folder.path().join("cache"));
    fs::create_dir(&rules).expect("the rules folder");
    let opened = lifesigns::Cache::open(&cache).expect("a cache");
    let sandbox = Sandbox::new(Some(opened)).expect("a sandbox");
    let module = ModuleBytes::new(small());
    sandbox.load(&module.bytes, &module.digest).expect("it is admitted");
    let entries = fs::read_dir(&cache).expect("the cache").flatten().map(|entry| entry.path());
    let code = entries.filter(|path| path.file_name().is_some_and(|name| name != "key"));
    let code: Vec<_> = code.collect();
    assert!(!code.is_empty());
    for (number, path) in code.iter().enumerate() {
        let bytes = fs::read(path).expect("an entry");
        fs::write(rules.join(format!("entry-{number}.wasm")), &bytes).expect("it is written");
        // The machine code itself is behind what the cache puts before it.
        let start = bytes.windows(4).position(|four| four == b"\x7fELF").unwrap_or(0);
        fs::write(rules.join(format!("code-{number}.wasm")), &bytes[start..]).expect("it is written");
    }
    let mut loader = Loader::new(sandbox);
    let counts = load(&mut loader, &mut RuleStore::new(&rules), "none");
    assert_eq!(counts.get("refused"), Some(&(2 * code.len())), "{counts:?}");
}

#[test]
fn a_file_that_changes_while_it_is_read_never_runs_in_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("moving.wasm");
    let module = ModuleBytes::new(small());
    fs::write(&path, &module.bytes).expect("a module");
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, to, bytes) = (Arc::clone(&stop), path.clone(), module.bytes.clone());
    let writer = std::thread::spawn(move || {
        let mut length = 0;
        while !writing.load(Ordering::SeqCst) {
            length = (length + 97) % bytes.len();
            rewrite(&to, &bytes, length);
        }
        fs::write(&to, &bytes).expect("the whole module");
    });
    let (mut loader, mut store) = (loader(), RuleStore::new(folder.path()));
    for _ in 0..300 {
        load(&mut loader, &mut store, &module.digest);
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().expect("it does not panic");
    let counts = load(&mut loader, &mut store, &module.digest);
    assert_eq!(counts.get("runs"), Some(&1), "{counts:?}");
}

/// Writes a part, as a slow copy has it for a while, or another head over the same file.
fn rewrite(path: &Path, bytes: &[u8], length: usize) {
    fs::write(path, &bytes[..length]).expect("a part");
    let mut other = bytes.to_vec();
    other.truncate(length.max(8));
    other[4] ^= 0x10;
    fs::write(path, &other).expect("another part");
}
