//! What people see, as files: `show/snapshots/NAME.txt`. `LIFESIGNS_BLESS=1 cargo test -p
//! lifesigns-cli` writes them again. The data is the report's sample, with its hostile finding.

use std::{fs, path::PathBuf};

use lifesigns::model::{Change, ChangeCount, DiffExample, LaneWork, RuleLane, ShadowDiff};
use lifesigns_api::{
    AlertCounts, AuditReport, AuditTrailRow, ChainBreak, CompilingRule, ConfigStatus, DeliveryState, DropStatus,
    EngineStatus, HostStatus, MemoryStatus, ReceiverStatus, RefusedRule, RuleDiff, RuleStatus, SourceState,
    SourceStatus, StoreState, StoreStatus, UndeliveredNotice, WatchStatus,
};
use lifesigns_compliance::{
    Alert, Badge, EndCause, Membership, Notice, NoticeKind, Silence, SymptomState, UndecidedExpression,
    config::{BadgeFormula, ConfigLocation, Grouping},
    query::{Badges, ComplianceReport, ObjectDetails},
};
use lifesigns_notifications::terminal::Colour;
use serde_json::json;

use super::super::{
    matcher,
    table::{View, paint},
};

const SECOND_NS: u64 = 1_000_000_000;

fn sample() -> ComplianceReport {
    serde_json::from_str(include_str!("../../../../report/tests/data/production.json")).unwrap()
}

fn view(width: Option<u16>) -> View {
    View { colour: Colour::Off, width, now_ns: sample().time_ns }
}

/// Compares with the file, or writes it.
fn shown(name: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/compliance/show/snapshots").join(name);
    let text = paint(page, Colour::Off);
    assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{name} would drive a terminal: {text:?}");
    if std::env::var_os("LIFESIGNS_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(text, expected, "{name}; LIFESIGNS_BLESS=1 writes it");
}

/// Every state that an alert can be in.
fn alerts() -> Vec<Alert> {
    let report = sample();
    let mut silenced = report.findings[0].clone();
    silenced.acknowledged = None;
    silenced.silenced_by = Some("9c01".into());
    let mut inhibited = report.findings[1].clone();
    inhibited.inhibited_by = Some("4be1c0a97d3f2e10".into());
    [report.findings, report.exceptions, report.resolved, vec![silenced, inhibited]].concat()
}

#[test]
fn lists_of_alerts() {
    shown("alerts.txt", &super::alerts(&alerts(), &view(None)));
    shown("alerts-100.txt", &super::alerts(&alerts(), &view(Some(100))));
    shown("alerts-none.txt", &super::alerts::<Alert>(&[], &view(None)));
}

#[test]
fn one_alert() {
    let report = sample();
    shown("alert.txt", &super::alert(&report.findings[0], &[], &view(Some(100))));
    shown("alert-hostile.txt", &super::alert(&report.findings[1], &[], &view(Some(100))));
    let mut cancelled = report.resolved[0].clone();
    cancelled.cause = Some(EndCause::Hold);
    shown("alert-cancelled.txt", &super::alert(&cancelled, &[], &view(None)));
}

#[test]
fn colours_are_whole_on_every_line() {
    let coloured = paint(&super::alerts(&alerts(), &view(Some(80))), Colour::On);
    assert!(coloured.contains("\x1b[1;31mcritical\x1b[0m"), "{coloured:?}");
    for line in coloured.lines() {
        let (on, off) = (line.matches("\x1b[").count(), line.matches("\x1b[0m").count());
        assert_eq!(on, off * 2, "{line:?}");
    }
}

#[test]
fn objects_and_groups() {
    let report = sample();
    shown("objects.txt", &super::objects(&report.group.objects, &view(None)));
    shown("group.txt", &super::group(&report.group, &view(Some(100))));
    shown("groups.txt", &super::groups(std::slice::from_ref(&report.group.line), &view(None)));
    let badges = Badges {
        formula: BadgeFormula::Worst,
        groups: vec![report.group.line.clone()],
        objects: report.group.objects.clone(),
        left_out: 1_000_000,
    };
    shown("badges.txt", &super::badges(&badges, &view(None)));
    shown("badge-group.txt", &super::group_badge(&report.group, &view(None)));
}

#[test]
fn one_object() {
    let report = sample();
    let place = ConfigLocation { file: "lifesigns.toml".into(), line: 12, column: 1 };
    let why = vec![Membership { group: "production".into(), place, how: "listed as \"vm-*\"".into() }];
    let page = ObjectDetails {
        line: report.group.objects[1].clone(),
        children: vec!["web-1".into(), "web-2".into()],
        why: lifesigns_compliance::Why { groups: why, steps: vec![] },
        symptoms: vec![SymptomState {
            object: "vm-prod-02".into(),
            name: "docker-keyword/container-created".into(),
            title: "A container was created".into(),
            criticality: lifesigns::model::Criticality::Warning,
            impact: lifesigns::model::Impact::Risk,
            recommendation: "".into(),
            controls: vec![].into(),
            hold_ms: 0,
            active: true,
            since_ns: report.time_ns - 3600 * SECOND_NS,
            last_ns: report.time_ns,
            count: 14,
            summary: "container \"web-1\" was created".into(),
            attributes: vec![].into(),
            module: "sha256:00".into(),
            shown: report.findings[0].shown.clone(),
            recent: vec![],
            ended_by: None,
            heard_ns: 0,
        }],
        pending: Vec::new(),
        alerts: report.findings[..1].to_vec(),
        history: report.group.history.clone(),
        undecided: vec![UndecidedExpression {
            of: "group `hot`, `when`".into(),
            place: ConfigLocation { file: "lifesigns.toml".into(), line: 20, column: 1 },
            expression: "properties.cores > 4".into(),
            objects: 1,
            example: "vm-prod-02".into(),
            reason: "the property \"cores\" = \"many\" is no number".into(),
        }],
    };
    shown("object.txt", &super::object(&page, &view(Some(100))));
    shown("badge-object.txt", &super::object_badge(&page, &view(None)));
}

#[test]
fn silences() {
    let now_ns = sample().time_ns;
    let silence = |id: &str, from_ns, until_ns| Silence {
        id: id.into(),
        matchers: vec![matcher::parse("object=vm-lab-*").unwrap(), matcher::parse("alert!=x").unwrap()],
        from_ns,
        until_ns,
        who: "alice".into(),
        why: "lab \x1b[2Jrebuild".into(),
    };
    let all = [
        silence("9c01aaaaaaaaaaaa", now_ns - 60 * SECOND_NS, now_ns + 7200 * SECOND_NS),
        silence("9c02aaaaaaaaaaaa", now_ns + 60 * SECOND_NS, now_ns + 7200 * SECOND_NS),
        silence("9c03aaaaaaaaaaaa", 0, now_ns),
    ];
    shown("silences.txt", &super::silences(&all, &view(None)));
}

#[test]
fn the_outbox() {
    let now_ns = sample().time_ns;
    let rows = [
        undelivered(1, DeliveryState::Until(0), ""),
        undelivered(22, DeliveryState::Until(now_ns + 30 * SECOND_NS), "503 Service Unavailable"),
        undelivered(333, DeliveryState::Dead, "404 \x1b]0;gone"),
    ];
    shown("outbox.txt", &super::outbox(&rows, false, &view(None)));
    shown("outbox-none-dead.txt", &super::outbox(&[], true, &view(None)));
    shown("outbox-none.txt", &super::outbox(&[], false, &view(None)));
}

fn undelivered(id: u64, waiting: DeliveryState, error: &str) -> UndeliveredNotice {
    UndeliveredNotice {
        id,
        waiting,
        attempts: 3,
        last_error: error.into(),
        notice: Notice {
            key: "k".into(),
            receiver: "hotline".into(),
            bundle: Default::default(),
            grouping: Grouping::default(),
            happened: NoticeKind::Opened,
            time_ns: sample().time_ns - 90 * SECOND_NS,
            alert: sample().findings[0].clone(),
        },
    }
}

#[test]
fn the_audit_log() {
    let row = |number, what: &str, before, after| AuditTrailRow {
        number,
        hash: "00".into(),
        audit: lifesigns_compliance::AuditedChange {
            time_ns: sample().time_ns,
            who: "alice (by root)".into(),
            what: what.into(),
            subject: "4be1c0a97d3f2e10".into(),
            before,
            after,
        },
    };
    let rows = [
        row(7, "alert opened", json!(null), json!({"status": "open"})),
        row(8, "alert acknowledged", json!({"owner": null}), json!({"owner": "alice"})),
    ];
    shown("audit.txt", &super::audit(&rows, &view(None)));
    let report = AuditReport { entries: 1200, first: 3, last: 1202, hash: "ab12".into(), broken: None };
    shown("verified.txt", &super::verified(&report));
    let broken = Some(ChainBreak { number: 41, what: "its hash does not fit".into() });
    shown("verified-not.txt", &super::verified(&AuditReport { broken, ..report }));
}

fn rules() -> Vec<RuleStatus> {
    vec![
        RuleStatus { name: "docker".into(), module: "docker-keyword 0.1.0".into(), ..RuleStatus::default() },
        RuleStatus { name: "churn".into(), failed: 3, last_error: "it trapped".into(), ..RuleStatus::default() },
        RuleStatus {
            name: "slow".into(),
            missed: 1200,
            over_budget: 3,
            events: 77,
            cpu_us_per_s: 31_200,
            signs: 5,
            signs_per_1000_s: 1250,
            state_bytes: 1_048_576,
            log_lines_left_out: 9,
            last_error: "slow: 174 ms of CPU in 0.1 s".into(),
            ..RuleStatus::default()
        },
    ]
}

fn status() -> HostStatus {
    let now_ns = sample().time_ns;
    HostStatus {
        version: "1.2.3".into(),
        pid: 4711,
        started_ns: now_ns - 90_000 * SECOND_NS,
        now_ns,
        event_time_ns: now_ns - 2 * SECOND_NS,
        rules: rules(),
        refused: vec![RefusedRule {
            name: "broken".into(),
            why: "no such import".into(),
            digest: format!("sha256:{}", "ab12".repeat(16)),
            ..RefusedRule::default()
        }],
        compiling: vec![CompilingRule {
            name: "slow".into(),
            since_ns: now_ns - 3 * SECOND_NS,
            old_version_runs: true,
            ..CompilingRule::default()
        }],
        rules_memory: MemoryStatus { used_bytes: 1_234_567, code_bytes: 234_567, ceiling_bytes: 512 << 20 },
        sources: vec![SourceStatus {
            name: "docker.log".into(),
            cursor: "byte 1024".into(),
            lines: 12345,
            lag_bytes: Some(0),
            last_ns: Some(now_ns),
            state: SourceState::Reading,
            unread_bytes: 120,
            gaps: 1,
            notes: vec!["app.log is gone: 120 bytes from byte 4 on were not read".into()],
            ..SourceStatus::default()
        }],
        engine: EngineStatus { lines: 12345, ..EngineStatus::default() },
        objects: 40,
        discovered: 2,
        alerts: AlertCounts { critical: 1, warning: 2, allowed: 3, ..AlertCounts::default() },
        store: StoreStatus {
            path: "/var/lib/lifesigns/lifesigns.db".into(),
            size_bytes: 1_234_567,
            committed_ns: Some(now_ns - SECOND_NS),
            commits: 99,
            ..StoreStatus::default()
        },
        receivers: vec![ReceiverStatus {
            name: "hotline".into(),
            kind: "webhook".into(),
            oldest_ns: None,
            pending: 1,
            dead: 2,
            anchored_entry: Some(4711),
            anchored_ns: Some(now_ns - 3600 * SECOND_NS),
            down_since_ns: None,
            last_ok_ns: None,
            last_error: "503".into(),
        }],
        config: ConfigStatus { files: vec!["lifesigns.toml".into()], loaded_ns: now_ns, last_error: String::new() },
        ..HostStatus::default()
    }
}

#[test]
fn a_hosts_status() {
    shown("status.txt", &super::status(&status(), &view(None)));
    let mut full = status();
    full.store.state = StoreState::Full;
    full.store.text = "No space left on device: make room, it goes on by itself".into();
    full.dropped = vec![DropStatus {
        kind: "object-names".into(),
        count: 12_345,
        text: "raises were dropped, because their object has no name".into(),
        ..DropStatus::default()
    }];
    full.undecided = vec![UndecidedExpression {
        of: "group `hot`, `when`".into(),
        place: ConfigLocation { file: "lifesigns.toml".into(), line: 20, column: 1 },
        expression: "properties.cores > 4".into(),
        objects: 2,
        example: "vm-1".into(),
        reason: "the property \"cores\" = \"\x1b[2Jmany\" is no number".into(),
    }];
    full.watch = WatchStatus {
        watched_folders: 2,
        polled_folders: 1,
        missed: 0,
        problem: "the system gives no further inotify watch".into(),
        fix: "raise fs.inotify.max_user_watches with sysctl".into(),
    };
    full.config.last_error = "lifesigns.toml:3:1: unknown key `rulez`".into();
    shown("status-full.txt", &super::status(&full, &view(None)));
    shown("status-empty.txt", &super::status(&HostStatus::default(), &view(None)));
}

/// Two versions of a rule, with a line that would clear the screen.
fn rule_diff() -> RuleDiff {
    let example = |lane, change, summary: &str| DiffExample {
        lane,
        time_ns: 1_795_424_400_000_000_000,
        object: "vm-7".into(),
        symptom: "keyword".into(),
        change,
        summary: summary.into(),
        source: "auth.log".into(),
        line: 88_123,
        text: "Invalid user \x1b[2J from 192.0.2.7".into(),
    };
    let diff = ShadowDiff {
        since_ns: sample().time_ns - 7200 * SECOND_NS,
        both: ChangeCount { raises: 1_234, clears: 2 },
        reworded: 3,
        only_live: ChangeCount { raises: 0, clears: 1 },
        only_shadow: ChangeCount { raises: 1, clears: 0 },
        not_compared: 4,
        live: LaneWork { events: 8_120, cpu_ns: 15_428_000, ..LaneWork::default() },
        shadow: LaneWork { events: 8_344, cpu_ns: 18_357_000, failed: 1, missed: 2, over_budget: 0 },
        examples: vec![
            example(RuleLane::Live, Change::Clear, ""),
            example(RuleLane::Shadow, Change::Raise, "10 times within 2m"),
        ],
    };
    let live = version_of_a_rule(RuleLane::Live, "3f2a", "");
    RuleDiff { live, shadow: version_of_a_rule(RuleLane::Shadow, "b81c", "it trapped: unreachable"), diff }
}

fn version_of_a_rule(lane: RuleLane, digest: &str, last_error: &str) -> RuleStatus {
    RuleStatus {
        name: "ssh-failures".into(),
        lane,
        module: "keyword 0.1.0".into(),
        digest: format!("sha256:{}", digest.repeat(16)),
        state_bytes: 65_536,
        last_error: last_error.into(),
        ..RuleStatus::default()
    }
}

#[test]
fn a_rule_and_its_shadow() {
    shown("rule-diff.txt", &super::rule_diff(&rule_diff(), &view(None)));
    let mut same = rule_diff();
    same.diff = ShadowDiff { since_ns: same.diff.since_ns, both: same.diff.both, ..ShadowDiff::default() };
    shown("rule-diff-same.txt", &super::rule_diff(&same, &view(Some(100))));
    let mut status = status();
    status.rules = vec![rule_diff().live, rule_diff().shadow];
    status.refused[0].lane = RuleLane::Shadow;
    shown("status-shadow.txt", &super::status(&status, &view(None)));
}

#[test]
fn a_badge_is_coloured_by_its_score() {
    for (score, style) in [(100, "32"), (99, "33"), (75, "33"), (74, "38;5;208"), (25, "38;5;208"), (24, "1;31")] {
        let badge = Badge { score, worst: score, share: score, violations: 0, allowed: 0 };
        let painted = paint(&super::super::table::score(badge.score), Colour::On);
        assert_eq!(painted, format!("\x1b[{style}m● {score}\x1b[0m"));
    }
}
