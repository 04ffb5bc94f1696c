//! The host inside an asynchronous program, rules that come with the program, and hosts that share a sandbox.

use std::{
    future::Future,
    pin::pin,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use lifesigns::{
    EmbeddedRule, EmbeddedRuleError, EngineClosed, HostBuilder, HostError, LoadOutcome, RecordingHost, RuleLoad,
    Sandbox, TrySubmitError, record::MemoryStore, unblock,
};
use lifesigns_e2e::embedded::{Home, alerts};

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future without a runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// A host without a folder, with a rule of the program's own.
fn embedded(sandbox: &Sandbox) -> HostBuilder {
    let module = std::fs::read(lifesigns_artifacts::rule("docker-keyword")).expect("it is built");
    HostBuilder::without_folder(sandbox.clone())
        .rule(EmbeddedRule::wasm("docker", module))
        .start_wait(Duration::from_secs(600))
}

fn start(sandbox: &Sandbox) -> RecordingHost {
    let record = Box::new(MemoryStore::default().open());
    embedded(sandbox).start_recording_with(record).expect("it starts")
}

fn line(name: &str) -> lifesigns::model::Chunk {
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    lifesigns::lines(&source, format!("DEBU[0007] Calling POST /v1.41/containers/create?name={name}\n"))
}

#[test]
fn lines_are_awaited_until_they_are_committed_and_alerts_come_as_a_stream() {
    let host = Arc::new(start(&Sandbox::new(None).expect("this machine runs it")));
    let mut stream = host.recorder().alerts().into_async();
    block_on(async {
        let receipt = host.submit_async(line("web")).await.expect("it is open");
        receipt.await.expect("it is committed");
        assert_eq!(alerts(&host).len(), 1);
        assert_eq!(stream.next().await.expect("an alert").object, "vm-7");
        let stopping = Arc::clone(&host);
        let totals = unblock(move || stopping.stop()).await.expect("it stops");
        assert_eq!(totals.report.alerts, 1);
        assert!(stream.next().await.is_none(), "the stream ends with the host");
        assert_eq!(host.submit_async(line("late")).await.err(), Some(EngineClosed));
        assert!(unblock::<()>(|| panic!("on purpose")).await.is_err());
    });
    assert_eq!(host.submit(line("late")), Err(EngineClosed));
    assert!(matches!(host.try_submit(line("late")), Err(TrySubmitError::Closed(_))));
    assert_eq!(host.stop().report.alerts, 1, "once more");
}

#[test]
fn hosts_share_a_sandbox_and_a_host_without_a_record_stops_too() {
    let sandbox = Sandbox::new(None).expect("this machine runs it");
    let (first, second) = (start(&sandbox), start(&sandbox));
    first.submit(line("web")).expect("it is open");
    first.wait_committed();
    assert_eq!((alerts(&first).len(), alerts(&second).len()), (1, 0));
    let third = embedded(&sandbox).start(Arc::new(|_: &_| ())).expect("it starts");
    third.submit(line("web")).expect("it is open");
    assert_eq!(third.stop().report.alerts, 1);
    assert_eq!(third.submit(line("late")), Err(EngineClosed));
}

#[test]
fn a_rule_of_the_folder_does_not_take_the_name_of_an_embedded_one() {
    let home = Home::with_rules(&["docker-keyword"]);
    let module = std::fs::read(lifesigns_artifacts::rule("docker-keyword")).expect("it is built");
    let loads = Arc::<Mutex<Vec<RuleLoad>>>::default();
    let into = Arc::clone(&loads);
    let sandbox = Sandbox::new(None).expect("this machine runs it");
    let builder = || HostBuilder::new(sandbox.clone(), home.rules()).start_wait(Duration::from_secs(600));
    let rule = || EmbeddedRule::wasm("docker-keyword", module.clone());
    let host = builder()
        .rule(rule())
        .on_load(move |loads| into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(loads))
        .start(Arc::new(|_: &_| ()))
        .expect("it starts");
    assert_eq!(host.rules().rules().len(), 1);
    let loads = loads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_refused = |load: &RuleLoad| matches!(&load.outcome, LoadOutcome::Refused { why, .. } if why.contains("has a rule of this name"));
    assert!(loads.iter().any(is_refused), "{loads:?}");
    host.stop();
    let twice = builder().rule(rule()).rule(rule()).start(Arc::new(|_: &_| ()));
    assert!(matches!(twice, Err(HostError::Rule(EmbeddedRuleError::Twice(name))) if name == "docker-keyword"));
    let unnamed = builder().rule(EmbeddedRule::wasm("No Name", module.clone())).start(Arc::new(|_: &_| ()));
    assert!(matches!(unnamed, Err(HostError::Rule(EmbeddedRuleError::Name { .. }))));
}

#[test]
fn the_asynchronous_example_does_what_it_says() {
    let home = Home::with_rules(&["docker-keyword"]);
    let mut example = Command::new(lifesigns_artifacts::binary("lifesigns-embed-async-example"));
    let output = example.args([home.rules(), home.path("")]).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    assert!(printed.contains("2 lines are on the disk\n"), "{printed}");
    // Lines that are committed together are one change of the alert, which names the latest container.
    let names = |word: &str| printed.contains(&format!("left: vm-7: Container {word} was created on vm-7\n"));
    assert!(names("web") || names("db"), "{printed}");
    assert!(!printed.contains("right:"), "{printed}");
}
