//! A module that is made to hurt its compiler is refused within its limits, is remembered, and
//! keeps no other rule waiting. Memory of all rules together has a ceiling.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use lifesigns::{
    AdmitError, Cache, ChildProcess, CompileLimits, Compiler, HostBuilder, InProcess, LoadOutcome, Loader,
    MemoryBudget, Sandbox,
};
use lifesigns_e2e::{binary, bombs, modules};
use lifesigns_engine::LoadedRule;
use lifesigns_model::{Limits, Module, WakeSignal};
use lifesigns_rulestore::{ModuleBytes, RuleStore};

const PATIENCE: Duration = Duration::from_secs(120);

/// Refused by the limits of a child, and by nothing before it. Compiling it would take minutes.
fn costly() -> Vec<u8> {
    bombs::crossings(2000, 5800)
}

fn child(program: &Path, limits: CompileLimits) -> Arc<dyn Compiler> {
    Arc::new(ChildProcess::new(program, limits).expect("this machine runs it"))
}

fn sandbox(cache: Option<&Path>, compiler: Arc<dyn Compiler>) -> Sandbox {
    let cache = cache.map(|cache| Cache::open(cache).expect("a sound cache"));
    Sandbox::with(cache, compiler, MemoryBudget::default()).expect("a sandbox")
}

fn refused(compiler: &dyn Compiler, bytes: &[u8]) -> AdmitError {
    compiler.compile(bytes, &WakeSignal::new()).expect_err("a bomb")
}

#[test]
fn what_no_rule_needs_is_refused_before_anything_is_compiled() {
    let in_process = InProcess::new(CompileLimits::default()).expect("this machine runs it");
    // The child would fail in another way: there is no such program.
    let child = child(Path::new("/nowhere/lifesigns"), CompileLimits::default());
    for (what, bytes) in [
        ("instances within", bombs::nested(2)),
        ("components nested", bombs::nested(24)),
        ("elements of tables", bombs::elements(100_000)),
        ("functions", bombs::functions(100_000)),
        ("crossings", bombs::crossings(2000, 20_000)),
        ("crossings", bombs::loops(1000, 5000)),
        ("locals in one function", bombs::loops(1, 20_000)),
    ] {
        for compiler in [&in_process as &dyn Compiler, &*child] {
            let error = refused(compiler, &bytes);
            assert!(matches!(error, AdmitError::TooComplex { .. } | AdmitError::World(_)), "{what}: {error}");
            assert!(error.to_string().contains(what) || what.contains("nested") || what.contains("within"), "{error}");
        }
    }
    // What it exports and imports as well.
    let lonely = wat::parse_str("(component)").expect("a component");
    assert!(refused(&*child, &lonely).to_string().contains("no export `describe`"));
    let wasi = wat::parse_str(r#"(component (import "wasi:cli/environment@0.2.6" (instance)))"#).expect("a component");
    assert!(matches!(refused(&*child, &wasi), AdmitError::Import { .. }));
}

#[test]
fn every_rule_of_the_house_is_compiled_within_a_fraction_of_the_limits() {
    let default = CompileLimits::default();
    let limits =
        CompileLimits { memory_bytes: default.memory_bytes / 2, code_bytes: default.code_bytes / 8, ..default };
    let compiler = child(binary::lifesigns(), limits);
    for name in ["keyword", "docker-keyword", "docker-on-production", "container-churn", "untrusted-registry"] {
        let bytes = modules::read(lifesigns_artifacts::rule(name));
        let sandbox = sandbox(None, Arc::clone(&compiler));
        let module = sandbox.load(&bytes, &ModuleBytes::new(bytes.clone()).digest);
        let module = module.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(sandbox.memory().code_bytes() > 0, "its code is charged");
        drop(module);
        assert_eq!(sandbox.memory().used_bytes(), 0, "and given back");
    }
}

#[test]
fn time_memory_and_code_are_limited() {
    let default = CompileLimits::default();
    for (limits, bytes, with) in [
        (
            CompileLimits { cpu_s: 1, memory_bytes: 4 << 30, ..default },
            costly(),
            "takes more than 1 s of processor time",
        ),
        (CompileLimits { memory_bytes: 64 << 20, cpu_s: 600, ..default }, costly(), "bytes of memory"),
        (
            CompileLimits { code_bytes: 4096, ..default },
            modules::read(lifesigns_artifacts::rule("keyword")),
            "machine code, and at most 4096 are allowed",
        ),
    ] {
        let error = refused(&*child(binary::lifesigns(), limits), &bytes);
        assert!(matches!(error, AdmitError::TooCostly(_)), "{error}");
        assert!(error.to_string().contains(with), "{error}");
    }
}

#[test]
fn a_refusal_is_remembered_by_digest_also_on_the_disk_and_other_limits_try_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let limits = CompileLimits { cpu_s: 1, ..CompileLimits::default() };
    let module = ModuleBytes::new(costly());
    let first = sandbox(Some(&cache), child(binary::lifesigns(), limits)).load(&module.bytes, &module.digest);
    let first = first.err().expect("a bomb");
    assert!(matches!(first, AdmitError::TooCostly(_)), "{first}");
    // Another host, later: nothing is started, because there is no such program.
    let nowhere = Path::new("/nowhere/lifesigns");
    let again = sandbox(Some(&cache), child(nowhere, limits)).load(&module.bytes, &module.digest);
    assert_eq!(again.err(), Some(first));
    let more = CompileLimits { cpu_s: 2, ..limits };
    let tried = sandbox(Some(&cache), child(nowhere, more)).load(&module.bytes, &module.digest).err();
    assert!(matches!(tried, Some(AdmitError::Unavailable(_))), "{tried:?}");
    // What was no fault of the module is not remembered.
    let sound = ModuleBytes::new(modules::read(lifesigns_artifacts::rule("keyword")));
    assert!(sandbox(Some(&cache), child(nowhere, limits)).load(&sound.bytes, &sound.digest).is_err());
    let loaded = sandbox(Some(&cache), child(binary::lifesigns(), limits)).load(&sound.bytes, &sound.digest);
    loaded.map(|_| ()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_stop_ends_a_compilation() {
    let compiler = child(binary::lifesigns(), CompileLimits { cpu_s: 600, ..CompileLimits::default() });
    let (stop, bytes) = (WakeSignal::new(), bombs::crossings(2000, 5800));
    let stopper = stop.clone();
    let compiling = thread::spawn(move || compiler.compile(&bytes, &stopper));
    thread::sleep(Duration::from_millis(200));
    stop.stop();
    let error = compiling.join().expect("it does not panic").expect_err("it was stopped");
    assert!(matches!(error, AdmitError::Unavailable(_)), "{error}");
}

#[test]
fn other_rules_load_while_a_bomb_is_compiled() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("the rules folder");
    fs::write(rules.join("bomb.wasm"), costly()).expect("the bomb");
    let limits = CompileLimits { cpu_s: 600, memory_bytes: 2 << 30, ..CompileLimits::default() };
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = Arc::clone(&said);
    let host = HostBuilder::new(sandbox(None, child(binary::lifesigns(), limits)), &rules)
        .start_wait(Duration::ZERO)
        .on_load(move |loads| {
            let mut said = sink.lock().expect("no thread panicked");
            said.extend(loads.iter().map(|load| format!("{load:?}")));
        })
        .start(Arc::new(|_: &_| ()))
        .expect("the host starts at once");
    fs::copy(lifesigns_artifacts::rule("keyword"), rules.join("keyword.wasm")).expect("the module");
    fs::write(rules.join("good.toml"), "module = 'keyword.wasm'\n[settings]\ncontains = ['x']\n").expect("a manifest");
    let deadline = Instant::now() + PATIENCE;
    while host.rules().rules().iter().all(|rule| rule.name() != "good") {
        assert!(Instant::now() < deadline, "it does not load: {:?}", said.lock());
        thread::sleep(Duration::from_millis(20));
    }
    let all = said.lock().expect("no thread panicked").join("\n");
    assert!(all.contains("bomb") && all.contains("Compiling") && !all.contains("Refused"), "{all}");
    // Compiling it to the end would take minutes.
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        host.stop();
        let _ = sender.send(());
    });
    ended.recv_timeout(PATIENCE).expect("a compilation keeps a host from ending");
}

#[test]
fn all_rules_together_have_a_ceiling() {
    let bytes = modules::read(lifesigns_artifacts::guest("hostile"));
    let module = ModuleBytes::new(bytes);
    let compiler = Arc::new(InProcess::new(CompileLimits::default()).expect("this machine runs it"));
    let sandbox = Sandbox::with(None, compiler, MemoryBudget::new(64 << 20)).expect("a sandbox");
    let module = sandbox.load(&module.bytes, &module.digest).expect("the guest is admitted");
    let open = || module.instantiate(r#"{"do":"keeps-memory"}"#, &Limits { deadline_ms: 10_000, ..Limits::default() });
    let (one, two) = (open().expect("there is room"), open().expect("there is room for two"));
    let used = sandbox.memory().used_bytes();
    assert!((48 << 20..64 << 20).contains(&used), "{used}");
    let why = open().expect_err("there is no room for three").to_string();
    assert!(why.contains("may have 67108864") && why.contains("`rules-memory`"), "{why}");
    drop(one);
    open().expect("there is room again");
    drop(two);
    assert_eq!(sandbox.memory().used_bytes(), sandbox.memory().code_bytes());
    let rule: Arc<dyn Module> = module;
    LoadedRule::new("small", rule, "{}", Limits { deadline_ms: 10_000, ..Limits::default() }).expect("a small one");
}

#[test]
fn a_rule_that_found_no_room_is_refused_aloud_and_comes_when_there_is_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::copy(lifesigns_artifacts::guest("hostile"), at.join("hostile.wasm")).expect("the module");
    let manifest = "module = 'hostile.wasm'\n[settings]\ndo = 'keeps-memory'\n[limits]\ndeadline-ms = 10000\n";
    let small = "module = 'hostile.wasm'\n[limits]\ndeadline-ms = 10000\n";
    fs::write(at.join("big.toml"), manifest).expect("a manifest");
    fs::write(at.join("small.toml"), small).expect("a manifest");
    let compiler = Arc::new(InProcess::new(CompileLimits::default()).expect("this machine runs it"));
    let sandbox = Sandbox::with(None, compiler, MemoryBudget::new(16 << 20)).expect("a sandbox");
    let mut loader = Loader::new(sandbox);
    let mut store = RuleStore::new(at);
    let loads = loader.apply(&store.scan());
    let outcome = |name: &str| &loads.iter().find(|load| &*load.key.name == name).expect("it is said").outcome;
    let LoadOutcome::Refused { why, again: false, .. } = outcome("big") else { panic!("{loads:?}") };
    assert!(why.contains("`rules-memory`"), "{why}");
    assert_eq!(outcome("small"), &LoadOutcome::Loaded);
}
