//! The corpus of hostile guests: each is refused when it is loaded, or stopped on its own events, or bounded;
//! the host goes on, and the rule beside it loses nothing.

use std::{
    fmt::Write as _,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use lifesigns::Sandbox;
use lifesigns_artifacts::{HostileGuest, HostileOutcome, hostile_guests};
use lifesigns_e2e::{modules, run::Input};
use lifesigns_engine::{Engine, EngineConfig, LoadedRule, RuleAlertSink, RuleFailures, RuleSet};
use lifesigns_model::{Chunk, InitialState, Limits, Module, RuleKey, StateChange};
use lifesigns_rulestore::ModuleBytes;

/// Lines for the rule beside it; each third one is also for the guest.
const LINES: usize = 60;
/// Where the table is.
const DOCUMENT: &str = "docs/security.md";
const BEGIN: &str = "<!-- corpus: written by `LIFESIGNS_BLESS=1 cargo test -p lifesigns-e2e --test corpus` -->\n";
const END: &str = "<!-- end of the corpus -->\n";

fn limits() -> Limits {
    Limits { deadline_ms: 300, memory_bytes: 4 << 20, cpu_ms_per_s: 100_000, ..Limits::default() }
}

/// What became of a guest.
enum Became {
    Refused(String),
    Ran(RuleFailures),
}

fn admitted(sandbox: &Sandbox, guest: &HostileGuest) -> Result<Arc<LoadedRule>, String> {
    let bytes = ModuleBytes::new(guest.module.clone());
    let module = sandbox.load(&bytes.bytes, &bytes.digest).map_err(|error| error.to_string())?;
    let module: Arc<dyn Module> = module;
    LoadedRule::new("hostile", module, "{}", limits()).map(Arc::new).map_err(|error| error.to_string())
}

/// Runs a guest beside another rule, live. That one must have every event, and all input must be taken.
fn run(sandbox: &Sandbox, guest: &HostileGuest, beside: &Arc<LoadedRule>) -> Became {
    let rule = match admitted(sandbox, guest) {
        Ok(rule) => rule,
        Err(why) => return Became::Refused(why),
    };
    let name = format!("{}/{}", guest.group, guest.name);
    let rules = Arc::new(RuleSet::new(vec![rule, Arc::clone(beside)], &[]).expect("few literals"));
    let (seen, taken) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let count = Arc::clone(&seen);
    let sink: RuleAlertSink = Arc::new(move |alert| {
        count.fetch_add(usize::from(alert.rule == "beside"), Ordering::SeqCst);
    });
    let config =
        EngineConfig { scanners: 1, shards: 1, pin: false, rules_cpu_ms_per_s: 100_000, ..EngineConfig::default() };
    let engine = Engine::start(&config, rules, held(guest), sink).expect("threads");
    let source = Input::new("a.log", "vm-1", "").source(0);
    for number in 0..LINES {
        let word = if number % 3 == 0 { "poison" } else { "fine" };
        let (source, count) = (Arc::clone(&source), Arc::clone(&taken));
        let ack: lifesigns_model::AckCallback = Box::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let bytes = format!("healthy keyword, {word} {number}\n").into_bytes();
        let chunk = Chunk { source, bytes, arrived_ns: None, cursor: None, ack: Some(ack) };
        engine.submit(chunk).unwrap_or_else(|_| panic!("{name}: the engine is closed"));
    }
    assert!(!engine.is_broken(), "{name}: a thread of the host has ended");
    let report = engine.stop().report;
    assert_eq!(seen.load(Ordering::SeqCst), LINES, "{name}: the rule beside it loses nothing");
    assert_eq!(taken.load(Ordering::SeqCst), LINES, "{name}: everything is acknowledged");
    let beside = report.failures.get(&RuleKey::live("beside")).cloned().unwrap_or_default();
    assert_eq!((beside.failed, beside.missed), (0, 0), "{name}: {beside:?}");
    Became::Ran(report.failures.get(&RuleKey::live("hostile")).cloned().unwrap_or_default())
}

/// What there is from before the start: for a guest that takes over state, some of the version before its own.
fn held(guest: &HostileGuest) -> InitialState {
    if guest.group != "migrate" {
        return InitialState::default();
    }
    let state = |number| StateChange {
        rule: "hostile".into(),
        object: format!("vm-{number}"),
        key: "key".to_owned(),
        version: 0,
        // As the engine writes a value that does not expire.
        entry: Some(vec![1, 1, 0, 0, 0, b'x']),
    };
    InitialState { states: (0..3).map(state).collect(), ..InitialState::default() }
}

/// Checks what became of a guest, and says it in a line of the table.
fn judge(guest: &HostileGuest, became: &Became) -> Result<String, String> {
    let name = format!("{}/{}", guest.group, guest.name);
    let third = LINES as u64 / 3;
    match (&guest.outcome, became) {
        (HostileOutcome::Refused(with), Became::Refused(why)) if why.contains(with) => {
            if why.len() > 4096 || why.contains('\x1b') {
                return Err(format!("{name}: a reason of {} bytes, or not a plain one", why.len()));
            }
            Ok(format!("refused: {}", shortened(why)))
        }
        (HostileOutcome::Fails(with), Became::Ran(failures)) if failures.last_error.contains(with) => {
            // Two are free, from the third on it is paused: it is stopped long before it has cost each event a deadline.
            let stopped = failures.failed >= 1 && failures.failed <= 8 && failures.failed + failures.missed <= third;
            if !stopped {
                return Err(format!("{name}: {failures:?}"));
            }
            // Without the line on which it failed last.
            let why = failures.last_error.split_once("; on ").map_or(&*failures.last_error, |(why, _)| why);
            Ok(format!("fails, is paused: {}", shortened(why)))
        }
        (HostileOutcome::Bounded, Became::Ran(failures)) if failures.failed + failures.missed <= third => {
            // Whether it once missed a deadline depends on how busy the machine is.
            Ok("runs, bounded".to_owned())
        }
        (wanted, Became::Refused(why)) => Err(format!("{name}: wanted {wanted:?}, was refused: {why}")),
        (wanted, Became::Ran(failures)) => Err(format!("{name}: wanted {wanted:?}, ran: {failures:?}")),
    }
}

/// Returns the beginning of a reason, without figures that differ between machines and runs.
fn shortened(why: &str) -> String {
    let line = why.lines().next().unwrap_or_default();
    let line: String = line.chars().map(|it| if it == '|' { '/' } else { it }).take(110).collect();
    let mut text = String::new();
    for word in line.split(' ') {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let _ = write!(text, "{}{}", if text.is_empty() { "" } else { " " }, if digits > 4 { "…" } else { word });
    }
    text
}

#[test]
fn hostile_guests_cost_the_others_nothing() {
    let guests = hostile_guests();
    assert!(guests.len() >= 60, "{}", guests.len());
    let sandbox = Sandbox::new(None).expect("a sandbox");
    let beside = modules::open("beside", &modules::rule("keyword"), r#"{"contains":["healthy keyword"]}"#);
    let (mut table, mut wrong) = (String::from("| guest | it | what becomes of it |\n|---|---|---|\n"), Vec::new());
    for guest in &guests {
        match judge(guest, &run(&sandbox, guest, &beside)) {
            Ok(line) => {
                let what = guest.what.trim_start_matches("It ").trim_end_matches('.');
                let _ = writeln!(table, "| `{}/{}` | {what} | {line} |", guest.group, guest.name);
            }
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), guests.len(), wrong.join("\n"));
    documented(&table);
}

/// The table in the document is the one of this run.
fn documented(table: &str) {
    let path = lifesigns_artifacts::root().join(DOCUMENT);
    let text = fs::read_to_string(&path).expect("the document");
    let (head, rest) = text.split_once(BEGIN).expect("the document has a place for the table");
    let (present, tail) = rest.split_once(END).expect("and its end");
    if present == table {
        return;
    }
    assert!(std::env::var_os("LIFESIGNS_BLESS").is_some(), "{DOCUMENT} has another table than this:\n{table}");
    fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).expect("the document is written");
}
