//! What cannot be compiled now is tried again when it should be, and never because of itself.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use lifesigns_model::{Limits, WakeSignal};
use lifesigns_rulestore::{Grants, ModuleBytes};
use lifesigns_sandbox::{CompileLimits, Compiler, MemoryBudget};

use super::*;

const LONG: Option<Duration> = Some(Duration::from_secs(120));

/// Fails because of the host, as soon as a module may go on.
#[derive(Default)]
struct Failing {
    tries: Mutex<BTreeMap<Vec<u8>, usize>>,
    open: Mutex<HashSet<Vec<u8>>>,
    changed: Condvar,
}

impl Failing {
    fn tries(&self, module: &str) -> usize {
        self.tries.lock().unwrap().get(module.as_bytes()).copied().unwrap_or_default()
    }

    /// Whether tries of this module may end.
    fn set_open(&self, module: &str, is_open: bool) {
        let mut open = self.open.lock().unwrap();
        if is_open {
            open.insert(module.into())
        } else {
            open.remove(module.as_bytes())
        };
        self.changed.notify_all();
    }
}

impl Compiler for Failing {
    fn compile(&self, module: &[u8], _: &WakeSignal) -> Result<Vec<u8>, AdmitError> {
        *self.tries.lock().unwrap().entry(module.to_owned()).or_default() += 1;
        let open = self.open.lock().unwrap();
        drop(self.changed.wait_while(open, |open| !open.contains(module)).unwrap());
        Err(AdmitError::Unavailable("no process can be started".into()))
    }

    fn limits(&self) -> CompileLimits {
        CompileLimits::default()
    }
}

struct LoaderFixture {
    compiler: Arc<Failing>,
    loader: Loader,
    woken: Arc<AtomicUsize>,
    snapshot: Snapshot,
}

impl LoaderFixture {
    /// Rules whose modules are their names.
    fn of(names: &[&str]) -> Self {
        let compiler = Arc::new(Failing::default());
        let sandbox = Sandbox::with(None, Arc::<Failing>::clone(&compiler), MemoryBudget::default()).unwrap();
        let (loader, woken) = (Loader::with(sandbox, 2), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&woken);
        loader.on_compiled(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let rule = |name: &&str| {
            Arc::new(RuleSpec {
                key: (*name).into(),
                manifest: None,
                module_path: format!("{name}.wasm").into(),
                settings_json: "{}".into(),
                limits: Limits::default(),
                grants: Grants::default(),
                discards_state: false,
                enabled: true,
                paused: false,
                module: Arc::new(ModuleBytes::new(name.as_bytes().to_vec())),
            })
        };
        let snapshot = Snapshot { rules: names.iter().map(rule).collect(), ..Snapshot::default() };
        Self { compiler, loader, woken, snapshot }
    }

    /// What became of each rule: `true` is refused, `false` is being compiled; and whether that is said
    /// again.
    fn look(&mut self, again: Again, patience: Option<Duration>) -> Vec<(bool, bool)> {
        let loads =
            self.loader.apply_within(&self.snapshot, &TrafficSample::default(), again, (patience, &WakeSignal::new()));
        let outcome = |load: &RuleLoad| match load.outcome {
            LoadOutcome::Refused { again, .. } => (true, again),
            LoadOutcome::Compiling { again, .. } => (false, again),
            ref other => panic!("{other:?}"),
        };
        loads.iter().map(outcome).collect()
    }

    fn wait_until_woken(&self, times: usize) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.woken.load(Ordering::SeqCst) < times {
            assert!(Instant::now() < deadline, "nothing wakes");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(self.woken.load(Ordering::SeqCst), times);
    }
}

const REFUSED: (bool, bool) = (true, false);
const STILL_REFUSED: (bool, bool) = (true, true);
const COMPILING: (bool, bool) = (false, false);
const STILL_COMPILING: (bool, bool) = (false, true);

#[test]
fn what_was_done_in_time_wakes_nothing_and_is_tried_again_only_when_the_folder_changes() {
    let mut fixture = LoaderFixture::of(&["a"]);
    fixture.compiler.set_open("a", true);
    assert_eq!(fixture.look(Again::Try, LONG), [REFUSED]);
    assert_eq!((fixture.compiler.tries("a"), fixture.woken.load(Ordering::SeqCst)), (1, 0));
    assert_eq!(fixture.look(Again::Leave, LONG), [STILL_REFUSED]);
    assert_eq!(fixture.compiler.tries("a"), 1);
    assert_eq!(fixture.look(Again::Try, LONG), [STILL_REFUSED]);
    assert_eq!((fixture.compiler.tries("a"), fixture.woken.load(Ordering::SeqCst)), (2, 0));
}

#[test]
fn two_that_are_late_do_not_keep_each_other_going() {
    let mut fixture = LoaderFixture::of(&["a", "b"]);
    assert_eq!(fixture.look(Again::Try, Some(Duration::ZERO)), [COMPILING, COMPILING]);
    fixture.compiler.set_open("a", true);
    fixture.wait_until_woken(1);
    assert_eq!(fixture.look(Again::Leave, Some(Duration::ZERO)), [REFUSED, STILL_COMPILING]);
    fixture.compiler.set_open("b", true);
    fixture.wait_until_woken(2);
    assert_eq!(fixture.look(Again::Leave, LONG), [STILL_REFUSED, REFUSED]);
    assert_eq!(fixture.look(Again::Leave, LONG), [STILL_REFUSED, STILL_REFUSED]);
    assert_eq!((fixture.compiler.tries("a"), fixture.compiler.tries("b")), (1, 1));
    assert_eq!(fixture.woken.load(Ordering::SeqCst), 2);
}

#[test]
fn another_try_that_takes_longer_is_said_only_if_something_else_comes_of_it() {
    let mut fixture = LoaderFixture::of(&["a"]);
    fixture.compiler.set_open("a", true);
    assert_eq!(fixture.look(Again::Try, LONG), [REFUSED]);
    fixture.compiler.set_open("a", false);
    assert_eq!(fixture.look(Again::Try, Some(Duration::ZERO)), [STILL_COMPILING]);
    assert_eq!(fixture.look(Again::Leave, Some(Duration::ZERO)), [STILL_COMPILING]);
    fixture.compiler.set_open("a", true);
    fixture.wait_until_woken(1);
    assert_eq!(fixture.look(Again::Leave, LONG), [STILL_REFUSED]);
    assert_eq!(fixture.compiler.tries("a"), 2);
}
