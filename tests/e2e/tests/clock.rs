//! The host on a clock of the test's own: rules that are removed, a clock that was ahead once, and
//! metrics that are not reported again.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns::{
    Builder, Format, RecordingHost, Sandbox, Setup,
    compliance::{
        Alert, AlertStatus, ComplianceConfig, EndCause,
        config::{AlertCondition, AlertDefinition, Scope},
        query::{AlertFilter, Query, QueryAnswer},
    },
    model::{Chunk, EventSource, ManualClock, ObjectFacts},
};
use lifesigns_e2e::binary;

const PATIENCE: Duration = Duration::from_secs(120);
const S: u64 = 1_000_000_000;
const YEAR_NS: u64 = 365 * 24 * 3600 * S;

/// A folder with the rule `kw`, a store, and the clock.
struct Home {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    source: Arc<EventSource>,
}

impl Home {
    /// `hold`: what the rule's settings say of it.
    fn new(now_ns: u64, hold: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("rules/modules")).expect("the rules folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), folder.path().join("rules/modules/keyword.wasm"))
            .expect("the module");
        let rule =
            format!("module = 'modules/keyword.wasm'\n[settings]\ncontains = ['BOOM']\nsymptom = 'boom'\n{hold}");
        fs::write(folder.path().join("rules/kw.toml"), rule).expect("the rule");
        let source = lifesigns::source("log", "vm1", Format::Auto);
        Self { folder, clock: Arc::new(ManualClock::new(now_ns)), source }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn host(&self, config: ComplianceConfig) -> RecordingHost {
        let setup = Setup { compliance: Arc::new(config), ..Setup::default() };
        let builder = Builder::new(Sandbox::new(None).expect("this machine runs it"), self.path("rules")).setup(setup);
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        builder.start_wait(PATIENCE).clock(clock).start_recording(self.path("lifesigns.db")).expect("the host starts")
    }

    fn now_ns(&self) -> u64 {
        lifesigns::model::Clock::now_ns(&*self.clock)
    }

    /// Lets time pass until what the rule said has ended, which takes the grace. When the host notices that
    /// the rule is gone is not known, so the clock goes on until it has.
    fn until_removed(&self, host: &RecordingHost) {
        let begun_ns = self.now_ns();
        let over = until(host, "cancelled", |alert| {
            let is_over = alert.status == AlertStatus::Cancelled;
            if !is_over {
                self.clock.advance(S);
            }
            is_over
        });
        assert_eq!(over.cause, Some(EndCause::RuleRemoved));
        assert!(self.now_ns() - begun_ns >= 30 * S, "the grace is not over");
    }

    /// A line that arrives now.
    fn say(&self, host: &RecordingHost, line: &str) {
        let (source, bytes) = (Arc::clone(&self.source), format!("{line}\n").into_bytes());
        let arrived_ns = Some(self.now_ns());
        assert!(host.submit(Chunk { source, bytes, arrived_ns, cursor: None, ack: None }), "it is taken");
    }
}

fn alerts(host: &RecordingHost) -> Vec<Alert> {
    let all = AlertFilter { cancelled: true, allowed: true, ..AlertFilter::default() };
    match host.recorder().ask(&Query::Alerts(all)) {
        Ok(QueryAnswer::Alerts(alerts)) => alerts,
        other => panic!("alerts were asked for: {other:?}"),
    }
}

/// Waits until the only alert is like that.
fn until(host: &RecordingHost, what: &str, is_so: impl Fn(&Alert) -> bool) -> Alert {
    let begun = Instant::now();
    loop {
        let all = alerts(host);
        if let [alert] = &all[..]
            && is_so(alert)
        {
            return alert.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}; {all:#?}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_a_rule_that_was_removed_said_ends_after_its_grace_by_the_clock() {
    let home = Home::new(YEAR_NS * 56, "");
    let host = home.host(ComplianceConfig::default());
    home.say(&host, "BOOM");
    until(&host, "open", |alert| alert.status == AlertStatus::Open);
    fs::rename(home.path("rules/kw.toml"), home.path("kw.toml")).expect("it is taken away");
    let begun = Instant::now();
    while host.rules().rules().iter().any(|rule| rule.name == "kw") {
        assert!(begun.elapsed() < PATIENCE, "it is not removed");
        thread::sleep(Duration::from_millis(20));
    }
    // The clock has stood still, and so has the grace.
    assert_eq!(alerts(&host)[0].status, AlertStatus::Open);
    home.until_removed(&host);
    host.stop();
    // One that went while no host ran goes the same way.
    fs::rename(home.path("kw.toml"), home.path("rules/kw.toml")).expect("it is there again");
    let host = home.host(ComplianceConfig::default());
    home.say(&host, "BOOM again");
    until(&host, "reopened", |alert| alert.status == AlertStatus::Open);
    host.stop();
    fs::remove_file(home.path("rules/kw.toml")).expect("it goes");
    let host = home.host(ComplianceConfig::default());
    assert_eq!(alerts(&host)[0].status, AlertStatus::Open);
    home.until_removed(&host);
    host.stop();
}

#[test]
fn a_clock_that_was_a_year_ahead_is_followed_back() {
    let now_ns = lifesigns::now_ns();
    let home = Home::new(now_ns + YEAR_NS, "hold = '5m'");
    let host = home.host(ComplianceConfig::default());
    home.say(&host, "BOOM");
    let open = until(&host, "open", |alert| alert.status == AlertStatus::Open);
    assert_eq!(open.opened_ns, now_ns + YEAR_NS);
    host.stop();
    // It is said before anybody starts the host.
    fs::write(home.path("lifesigns.toml"), "rules = 'rules'\nstore = 'lifesigns.db'\n[[source]]\nfile = 'a.log'\n")
        .expect("the configuration");
    let mut doctor = Command::new(binary::lifesigns());
    let said = doctor.arg("doctor").arg("--config").arg(home.path("lifesigns.toml")).output().expect("it runs");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("in the future"), "{said}");

    home.clock.set(now_ns);
    let host = home.host(ComplianceConfig::default());
    until(&host, "of now", |alert| alert.status == AlertStatus::Open && alert.opened_ns <= now_ns);
    // Its hold goes by the clock as it is now.
    home.clock.advance(301 * S);
    let over = until(&host, "cancelled", |alert| alert.status == AlertStatus::Cancelled);
    assert_eq!(over.cause, Some(EndCause::Hold));
    assert!(over.cancelled_ns.expect("its end") <= now_ns + 301 * S);
    host.stop();
}

#[test]
fn a_metric_that_is_not_reported_again_ends_its_alert_and_an_inventory_opens_one_without_a_line() {
    let load = AlertDefinition::new("load", AlertCondition::Fact("metrics.load > 4.0".to_owned(), Scope::Own));
    let config = ComplianceConfig { definitions: vec![load], metrics_age_ms: 3_600_000, ..ComplianceConfig::default() };
    let now_ns = YEAR_NS * 56;
    let home = Home::new(now_ns, "");
    let host = home.host(config);
    let facts = |metrics| ObjectFacts { object: "vm1".into(), metrics, ..ObjectFacts::default() };
    host.inventory(vec![facts(vec![("load".to_owned(), 9.0)])]).expect("it is taken");
    let open = until(&host, "open", |alert| alert.status == AlertStatus::Open);
    assert_eq!(open.opened_ns, now_ns, "of now, and not of 1970");
    home.clock.advance(S);
    home.say(&host, r#"{"object":"vm1","metrics":{"load":1.0}}"#);
    until(&host, "the stream says otherwise", |alert| alert.status == AlertStatus::Cancelled);
    home.clock.advance(10 * S);
    host.inventory(vec![facts(Vec::new())]).expect("it is taken");
    home.say(&host, r#"{"object":"vm1","metrics":{"load":8.0}}"#);
    until(&host, "open again", |alert| alert.status == AlertStatus::Open);
    home.clock.advance(3_600 * S);
    let over = until(&host, "too old", |alert| alert.status == AlertStatus::Cancelled);
    assert_eq!((over.cause, over.cancelled_ns), (Some(EndCause::MetricExpired), Some(now_ns + 3_611 * S)));
    host.stop();
}
