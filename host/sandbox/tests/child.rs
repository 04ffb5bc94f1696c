//! The compiler's process as its parent sees it: what it dies of, and what it does not do, is no fault
//! of the module unless it can be. The child is a script here.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns_model::WakeSignal;
use lifesigns_sandbox::{AdmitError, Cache, ChildProcess, CompileLimits, Compiler, MemoryBudget, Sandbox};

/// A module that looks like a rule, with `bytes` bytes that mean nothing.
fn module(bytes: usize) -> Vec<u8> {
    let text = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (export "describe" (func $f))
        (export "evaluate" (func $f)))"#;
    let mut module = wat::parse_str(text).unwrap();
    if bytes > 0 {
        // A custom section without a name.
        module.extend([0, 0x80 | ((bytes + 1) & 0x7f) as u8, 0x80 | ((bytes + 1) >> 7 & 0x7f) as u8]);
        module.extend([((bytes + 1) >> 14) as u8, 0]);
        module.resize(module.len() + bytes, 0);
    }
    module
}

/// A child that does this.
fn script(folder: &Path, does: &str) -> PathBuf {
    let path = folder.join("compiler");
    fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn child(folder: &Path, does: &str, limits: CompileLimits) -> ChildProcess {
    ChildProcess::new(script(folder, does), limits).unwrap()
}

/// What comes of a child that does this, and whether the disk remembers a refusal.
fn refused(does: &str) -> (AdmitError, bool) {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let compiler = Arc::new(child(folder.path(), does, CompileLimits::default()));
    let sandbox = Sandbox::with(Some(Cache::open(&cache).unwrap()), compiler, MemoryBudget::default()).unwrap();
    let error = sandbox.load(&module(0), "sha256:00").err().unwrap();
    let is_kept =
        fs::read_dir(&cache).unwrap().any(|entry| entry.unwrap().path().to_string_lossy().ends_with("-refused"));
    (error, is_kept)
}

#[test]
fn a_signal_from_outside_is_no_fault_of_the_module() {
    for signal in ["HUP", "INT", "QUIT", "KILL", "USR1", "ALRM", "TERM", "PIPE"] {
        let (error, is_kept) = refused(&format!("kill -{signal} $$"));
        assert!(matches!(error, AdmitError::Unavailable(_)) && error.is_transient(), "{signal}: {error}");
        assert!(!is_kept, "{signal} is remembered");
    }
    for does in ["exit 1", "exit 2", "exit 3", "exit 4", "exit 126", "exit 127"] {
        let (error, is_kept) = refused(does);
        assert!(matches!(error, AdmitError::Unavailable(_)) && !is_kept, "{does}: {error}");
    }
}

#[test]
fn what_a_module_can_do_to_its_compiler_is_remembered() {
    for signal in ["ABRT", "SEGV", "BUS", "ILL", "FPE", "TRAP", "SYS", "XCPU", "XFSZ"] {
        let (error, is_kept) = refused(&format!("kill -{signal} $$"));
        assert!(matches!(error, AdmitError::TooCostly(_)) && is_kept, "{signal}: {error}");
    }
    let (error, is_kept) = refused("echo it panicked >&2; exit 101");
    assert!(error.to_string().contains("it panicked") && is_kept, "{error}");
}

#[test]
fn the_child_is_in_a_group_of_its_own_and_a_stop_hides_what_it_died_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("group");
    let does =
        format!("read all < /proc/$$/stat; echo $$ $all > {0}.tmp; mv {0}.tmp {0}; exec sleep 600", file.display());
    let compiler = child(folder.path(), &does, CompileLimits::default());
    let stop = WakeSignal::new();
    let seen = stop.clone();
    let compiling = thread::spawn(move || compiler.compile(&module(0), &seen));
    let deadline = Instant::now() + Duration::from_secs(60);
    let said = loop {
        if let Ok(said) = fs::read_to_string(&file) {
            break said;
        }
        assert!(Instant::now() < deadline, "the child does not begin");
        thread::sleep(Duration::from_millis(10));
    };
    // `$$`, then `PID (NAME) STATE PARENT GROUP`.
    let words: Vec<&str> = said.split_whitespace().collect();
    assert_eq!(words[0], words[5], "its group is its own: {said}");
    stop.stop();
    let error = compiling.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("the host is ending"), "{error}");
}

#[test]
fn a_child_that_takes_nothing_or_does_not_end_keeps_no_thread() {
    // More than a pipe holds.
    let big = module(1 << 20);
    // It does not read; it closes all and lives on.
    for does in ["exec sleep 600", "exec sleep 600 <&- >&- 2>&-", "exec sleep 600 >&- 2>&-"] {
        let folder = tempfile::tempdir().unwrap();
        let limits = CompileLimits { wall_s: 1, ..CompileLimits::default() };
        let error = child(folder.path(), does, limits).compile(&big, &WakeSignal::new()).unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("not done after 1 s"), "{does}: {error}");
        let (patient, stopped) = (child(folder.path(), does, CompileLimits::default()), WakeSignal::new());
        stopped.stop();
        let error = patient.compile(&big, &stopped).unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("the host is ending"), "{does}: {error}");
    }
}

#[test]
fn a_module_that_no_pipe_holds_arrives_whole() {
    let big = module(1 << 20);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    // The answer comes before the module is read, and is longer than a pipe holds as well.
    let does = format!("printf c; head -c 300000 /dev/zero; cat > {}", copy.display());
    let code = child(folder.path(), &does, CompileLimits::default()).compile(&big, &WakeSignal::new()).unwrap();
    assert_eq!((code.len(), fs::read(&copy).unwrap() == big), (300_000, true));
}
