//! The host on a clock of the test's own: rules that are removed, a clock that was ahead once, metrics
//! that are not reported again, and a receiver that is down for hours.

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use lifesigns::{
    Format, RecorderConfig, RecordingHost,
    compliance::{
        Alert, AlertStatus, ComplianceConfig, EndCause,
        config::{AlertCondition, AlertDefinition, Route, Scope},
    },
    model::{Chunk, Clock as _, EventSource, ManualClock, ObjectFacts, SystemClock},
    notifications::{DeliveryError, Message, Receiver},
};
use lifesigns_e2e::{
    binary,
    embedded::{Home, alerts, until, until_some},
};

const S: u64 = 1_000_000_000;
const YEAR_NS: u64 = 365 * 24 * 3600 * S;

/// A home with the rule `kw`, and the clock.
struct Place {
    home: Home,
    clock: Arc<ManualClock>,
    source: Arc<EventSource>,
}

impl Place {
    /// `hold`: what the rule's settings say of it.
    fn new(now_ns: u64, hold: &str) -> Self {
        let home = Home::with_rules(&[]);
        fs::create_dir(home.path("rules/modules")).expect("the modules' folder");
        fs::copy(lifesigns_artifacts::rule("keyword"), home.path("rules/modules/keyword.wasm")).expect("the module");
        let rule =
            format!("module = 'modules/keyword.wasm'\n[settings]\ncontains = ['BOOM']\nsymptom = 'boom'\n{hold}");
        fs::write(home.path("rules/kw.toml"), rule).expect("the rule");
        let source = lifesigns::source("log", "vm1", Format::Auto);
        Self { home, clock: Arc::new(ManualClock::new(now_ns)), source }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    fn host(&self, config: ComplianceConfig) -> RecordingHost {
        let config = RecorderConfig { compliance: Arc::new(config), ..RecorderConfig::default() };
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        self.home.builder(config).clock(clock).start_recording(self.home.store()).expect("the host starts")
    }

    fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// Lets time pass until what the rule said has ended, which takes the grace. When the host notices that
    /// the rule is gone is not known, so the clock goes on until it has.
    fn until_removed(&self, host: &RecordingHost) {
        let begun_ns = self.now_ns();
        let over = until_alert(host, "cancelled", |alert| {
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
        host.submit(Chunk { source, bytes, arrived_ns, cursor: None, ack: None }).expect("it is taken");
    }
}

/// Waits until the only alert is like that.
fn until_alert(host: &RecordingHost, what: &str, is_so: impl Fn(&Alert) -> bool) -> Alert {
    until_some(what, || match &alerts(host)[..] {
        [alert] => Some(alert.clone()).filter(&is_so),
        _ => None,
    })
}

#[test]
fn what_a_rule_that_was_removed_said_ends_after_its_grace_by_the_clock() {
    let place = Place::new(YEAR_NS * 56, "");
    let host = place.host(ComplianceConfig::default());
    place.say(&host, "BOOM");
    until_alert(&host, "open", |alert| alert.status == AlertStatus::Open);
    fs::rename(place.path("rules/kw.toml"), place.path("kw.toml")).expect("it is taken away");
    until("it is removed", || host.rules().rules().iter().all(|rule| rule.name() != "kw"));
    // The clock has stood still, and so has the grace.
    assert_eq!(alerts(&host)[0].status, AlertStatus::Open);
    place.until_removed(&host);
    host.stop();
    // One that went while no host ran goes the same way.
    fs::rename(place.path("kw.toml"), place.path("rules/kw.toml")).expect("it is there again");
    let host = place.host(ComplianceConfig::default());
    place.say(&host, "BOOM again");
    until_alert(&host, "reopened", |alert| alert.status == AlertStatus::Open);
    host.stop();
    fs::remove_file(place.path("rules/kw.toml")).expect("it goes");
    let host = place.host(ComplianceConfig::default());
    assert_eq!(alerts(&host)[0].status, AlertStatus::Open);
    place.until_removed(&host);
    host.stop();
}

#[test]
fn a_clock_that_was_a_year_ahead_is_followed_back() {
    let now_ns = SystemClock.now_ns();
    let place = Place::new(now_ns + YEAR_NS, "hold = '5m'");
    let host = place.host(ComplianceConfig::default());
    place.say(&host, "BOOM");
    let open = until_alert(&host, "open", |alert| alert.status == AlertStatus::Open);
    assert_eq!(open.opened_ns, now_ns + YEAR_NS);
    host.stop();
    // It is said before anybody starts the host.
    fs::write(place.path("lifesigns.toml"), "rules = 'rules'\nstore = 'lifesigns.db'\n[[source]]\nfile = 'a.log'\n")
        .expect("the configuration");
    let mut doctor = Command::new(binary::lifesigns());
    let said = doctor.arg("doctor").arg("--config").arg(place.path("lifesigns.toml")).output().expect("it runs");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("in the future"), "{said}");

    place.clock.set(now_ns);
    let host = place.host(ComplianceConfig::default());
    until_alert(&host, "of now", |alert| alert.status == AlertStatus::Open && alert.opened_ns <= now_ns);
    // Its hold goes by the clock as it is now.
    place.clock.advance(301 * S);
    let over = until_alert(&host, "cancelled", |alert| alert.status == AlertStatus::Cancelled);
    assert_eq!(over.cause, Some(EndCause::Hold));
    assert!(over.cancelled_ns.expect("its end") <= now_ns + 301 * S);
    host.stop();
}

#[test]
fn a_metric_that_is_not_reported_again_ends_its_alert_and_an_inventory_opens_one_without_a_line() {
    let load = AlertDefinition::new("load", AlertCondition::Fact("metrics.load > 4.0".to_owned(), Scope::Own));
    let config = ComplianceConfig { definitions: vec![load], metrics_age_ms: 3_600_000, ..ComplianceConfig::default() };
    let now_ns = YEAR_NS * 56;
    let place = Place::new(now_ns, "");
    let host = place.host(config);
    let facts = |metrics| ObjectFacts { object: "vm1".into(), metrics, ..ObjectFacts::default() };
    host.inventory(vec![facts(vec![("load".to_owned(), 9.0)])]).expect("it is taken");
    let open = until_alert(&host, "open", |alert| alert.status == AlertStatus::Open);
    assert_eq!(open.opened_ns, now_ns, "of now, and not of 1970");
    place.clock.advance(S);
    place.say(&host, r#"{"object":"vm1","metrics":{"load":1.0}}"#);
    until_alert(&host, "the stream says otherwise", |alert| alert.status == AlertStatus::Cancelled);
    place.clock.advance(10 * S);
    host.inventory(vec![facts(Vec::new())]).expect("it is taken");
    place.say(&host, r#"{"object":"vm1","metrics":{"load":8.0}}"#);
    until_alert(&host, "open again", |alert| alert.status == AlertStatus::Open);
    place.clock.advance(3_600 * S);
    let over = until_alert(&host, "too old", |alert| alert.status == AlertStatus::Cancelled);
    assert_eq!((over.cause, over.cancelled_ns), (Some(EndCause::MetricExpired), Some(now_ns + 3_611 * S)));
    host.stop();
}

/// A receiver that is down.
struct Down;

impl Receiver for Down {
    fn deliver(&mut self, _: &Message) -> Result<(), DeliveryError> {
        Err(DeliveryError::retryable("no route to host"))
    }
}

#[test]
fn a_receiver_that_is_down_for_hours_is_given_up_by_the_clock() {
    let place = Place::new(YEAR_NS * 56, "");
    let routes = vec![Route { receivers: vec!["pager".into()], ..Route::default() }];
    let config = ComplianceConfig { routes, ..ComplianceConfig::default() };
    let config = RecorderConfig { compliance: Arc::new(config), ..RecorderConfig::default() };
    let clock: Arc<ManualClock> = Arc::clone(&place.clock);
    let builder = place.home.builder(config).clock(clock).receiver("pager", || Down);
    let host = builder.start_recording(place.home.store()).expect("the host starts");
    place.say(&host, "BOOM");
    let receiver = || host.recorder().status().receivers.remove(0);
    until("it is tried", || receiver().last_error.contains("no route"));
    let begun_ns = place.now_ns();
    // A hundred tries, at most five minutes apart.
    until("it is given up", || {
        place.clock.advance(300 * S);
        receiver().dead == 1
    });
    let hours = (place.now_ns() - begun_ns) / (3600 * S);
    assert!(hours >= 3, "given up after {hours} h");
    host.stop();
}
