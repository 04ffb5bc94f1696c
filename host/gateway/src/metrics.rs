//! The host's metrics, from its status: base units, and labels of what is configured or loaded only.

use lifesigns_api::{HostStatus, ReceiverStatus, RuleStatus, SourceState, StoreState, TokenInfo, TrafficStatus};
use lifesigns_compliance::query::GroupRow;

use crate::{
    counts::RequestCounts,
    exposition::{Exposition, seconds},
};

/// Returns the text that Prometheus reads.
pub(crate) fn text(status: &HostStatus, groups: &[GroupRow], tokens: &[TokenInfo], requests: RequestCounts) -> String {
    let mut out = Exposition::default();
    host(&mut out, status);
    compliance(&mut out, status, groups);
    sources(&mut out, status);
    rules(&mut out, status);
    store(&mut out, status);
    receivers(&mut out, status);
    api(&mut out, tokens, requests);
    out.finish()
}

fn host(out: &mut Exposition, status: &HostStatus) {
    out.gauges("build_info", "The version.", &["version"], [(vec![status.version.clone()], 1)]);
    out.gauge("start_time_seconds", "When the host started, since 1970.", seconds(status.started_ns));
    out.gauge("event_time_seconds", "Event time, as far as it has come everywhere.", seconds(status.event_time_ns));
    let engine = &status.engine;
    out.counter("lines_total", "Lines that were read.", engine.lines);
    out.counter("read_bytes_total", "Bytes that were read.", engine.bytes);
    out.counter("evaluations_total", "Events that rules evaluated, for each rule.", engine.events);
    out.counter("symptom_changes_total", "Raises and clears.", engine.signs);
    out.gauge("inflight_bytes", "Bytes between sources and shards.", engine.inflight_bytes);
    let kept = &engine.kept;
    out.gauge("kept_events", "Events that rules were given, kept to be searched.", kept.events);
    out.gauge("kept_events_bytes", "Memory that they take.", kept.bytes);
    let malformed = "Lines that are not of their format, read as plain text.";
    out.counter("malformed_lines_total", malformed, engine.malformed);
    let dropped = status.dropped.iter().map(|drop| (vec![drop.kind.clone()], drop.count));
    out.counters("dropped_total", "What was dropped at limits, by kind; `status` explains it.", &["kind"], dropped);
    out.gauge("expressions_undecided", "Expressions that cannot be decided on some objects.", status.undecided.len());
    out.gauge("config_loaded_seconds", "When the configuration was read.", seconds(status.config.loaded_ns));
    let failed = u8::from(!status.config.last_error.is_empty());
    out.gauge("config_reload_failed", "Whether a later configuration is not in force.", failed);
}

fn compliance(out: &mut Exposition, status: &HostStatus, groups: &[GroupRow]) {
    let known = status.objects.saturating_sub(status.discovered);
    let objects = [("inventory", known), ("discovered", status.discovered)];
    let objects = objects.map(|(origin, count)| (vec![origin.to_owned()], count));
    out.gauges("objects", "Known objects.", &["origin"], objects);
    let alerts = status.alerts;
    let open = [
        ("critical", alerts.critical),
        ("immediate", alerts.immediate),
        ("warning", alerts.warning),
        ("information", alerts.information),
    ];
    let open = open.map(|(criticality, count)| (vec![criticality.to_owned()], count));
    out.gauges("alerts_open", "Open violations.", &["criticality"], open);
    let states = [("acknowledged", alerts.acknowledged), ("silenced", alerts.silenced), ("allowed", alerts.allowed)];
    let states = states.map(|(state, count)| (vec![state.to_owned()], count));
    out.gauges("alerts_by_state", "Open alerts that are acknowledged, silenced or allowed.", &["state"], states);
    let scores = groups.iter().map(|group| (vec![group.name.clone()], group.badge.score));
    out.gauges("group_badge_score", "The badge, 0 to 100.", &["group"], scores);
    let members = groups.iter().map(|group| (vec![group.name.clone()], group.members));
    out.gauges("group_members", "Members of the group.", &["group"], members);
    let violated = groups.iter().map(|group| (vec![group.name.clone()], group.violated));
    out.gauges("group_violated_members", "Members with an open violation.", &["group"], violated);
}

fn sources(out: &mut Exposition, status: &HostStatus) {
    let labels = &["source"];
    let all = || status.sources.iter();
    let lines = all().map(|source| (vec![source.name.clone()], source.lines));
    out.counters("source_lines_total", "Lines that were read and committed.", labels, lines);
    let lag = all().filter_map(|source| Some((vec![source.name.clone()], source.lag_bytes?)));
    out.gauges("source_lag_bytes", "Bytes that are there and not committed.", labels, lag);
    let last = all().filter_map(|source| Some((vec![source.name.clone()], seconds(source.last_ns?))));
    out.gauges("source_last_event_seconds", "Event time of the last line.", labels, last);
    let gaps = all().map(|source| (vec![source.name.clone()], source.gaps));
    out.counters("source_gaps_total", "How often something was not read, or may not have been.", labels, gaps);
    let unread = all().map(|source| (vec![source.name.clone()], source.unread_bytes));
    out.counters("source_unread_bytes_total", "Bytes that are known not to have been read.", labels, unread);
    losses(out, status);
    let is_up = |state| matches!(state, SourceState::Starting | SourceState::Reading | SourceState::Ended);
    let up = all().map(|source| (vec![source.name.clone()], u8::from(is_up(source.state))));
    out.gauges("source_up", "Whether the source is read.", labels, up);
}

/// Writes what was lost of what came to sources that listen, a counter for each kind.
fn losses(out: &mut Exposition, status: &HostStatus) {
    for (at, kind) in TrafficStatus::default().all_losses().into_iter().enumerate() {
        let mut series = Vec::new();
        for source in &status.sources {
            if let Some(traffic) = &source.traffic {
                series.push((vec![source.name.clone()], traffic.all_losses()[at].count));
            }
        }
        let (name, help) = (format!("source_{}_total", kind.kind), format!("How many {}.", kind.text));
        out.counters(&name, &help, &["source"], series);
    }
}

/// Returns the lane of a rule as a label.
fn lane(rule: &RuleStatus) -> String {
    rule.lane.as_str().to_owned()
}

fn rules(out: &mut Exposition, status: &HostStatus) {
    let labels = &["rule", "lane"];
    let all = || status.rules.iter().map(|rule| (vec![rule.name.clone(), lane(rule)], rule));
    let each = |of: fn(&RuleStatus) -> u64| all().map(move |(labels, rule)| (labels, of(rule)));
    out.counters("rule_events_total", "Events that the rule was shown.", labels, each(|rule| rule.events));
    let cpu = all().map(|(labels, rule)| (labels, seconds(rule.cpu_ns)));
    out.counters("rule_cpu_seconds_total", "CPU that the rule used.", labels, cpu);
    out.counters("rule_symptom_changes_total", "Its raises and clears.", labels, each(|rule| rule.signs));
    out.counters("rule_failed_events_total", "Events on which it failed.", labels, each(|rule| rule.failed));
    let missed = each(|rule| rule.missed);
    out.counters("rule_missed_events_total", "Events that it missed while it was paused.", labels, missed);
    out.counters("rule_over_budget_total", "How often it was over its budget.", labels, each(|rule| rule.over_budget));
    out.gauges("rule_state_bytes", "State that is stored for it.", labels, each(|rule| rule.state_bytes));
    let calls = &status.engine.calls;
    let buckets: Vec<(f64, u64)> =
        calls.buckets.iter().map(|bucket| (seconds(bucket.up_to_ns), bucket.count)).collect();
    let help = "CPU of one call of a rule, of all rules.";
    out.histogram("rule_call_seconds", help, &buckets, seconds(calls.sum_ns), calls.count);
    out.gauge("rules_refused", "Rules that do not run, or only in their old version.", status.refused.len());
    out.gauge("rules_compiling", "Rules that are being compiled.", status.compiling.len());
    out.gauge("rules_memory_bytes", "Memory of all rules.", status.rules_memory.used_bytes);
    out.gauge("rules_memory_limit_bytes", "What it may be.", status.rules_memory.ceiling_bytes);
}

fn store(out: &mut Exposition, status: &HostStatus) {
    let store = &status.store;
    out.gauge("store_size_bytes", "The store with its write-ahead log.", store.size_bytes);
    out.counter("store_commits_total", "Commits since the start.", store.commits);
    let age_ns = store.committed_ns.map_or(0, |committed_ns| status.now_ns.saturating_sub(committed_ns));
    out.gauge(
        "store_last_commit_age_seconds",
        "The age of the last commit; nothing new is nothing to commit.",
        seconds(age_ns),
    );
    out.gauge("store_up", "Whether the store takes commits.", u8::from(store.state == StoreState::Ok));
    let turns = &status.recorder;
    out.summary(
        "checkpoint_seconds",
        "Time from the cut of a checkpoint to its release.",
        seconds(turns.total_ns),
        turns.turns,
    );
    out.gauge("checkpoint_running_seconds", "Time that the present one has taken so far.", seconds(turns.running_ns));
}

fn receivers(out: &mut Exposition, status: &HostStatus) {
    let labels = &["receiver", "kind"];
    let all = || status.receivers.iter().map(|one| (vec![one.name.clone(), one.kind.clone()], one));
    out.gauges("outbox_pending", "Notices that wait.", labels, all().map(|(labels, one)| (labels, one.pending)));
    out.gauges("outbox_dead", "Notices that were given up.", labels, all().map(|(labels, one)| (labels, one.dead)));
    let age = |one: &ReceiverStatus| one.oldest_ns.map_or(0, |made_ns| status.now_ns.saturating_sub(made_ns));
    let ages = all().map(|(labels, one)| (labels, seconds(age(one))));
    out.gauges("outbox_oldest_seconds", "How long the oldest notice has waited; 0 if none waits.", labels, ages);
    let down = |since_ns: Option<u64>| since_ns.map_or(0, |since_ns| status.now_ns.saturating_sub(since_ns));
    let down = all().map(|(labels, one)| (labels, seconds(down(one.down_since_ns))));
    out.gauges("receiver_down_seconds", "How long deliveries have failed; 0 while they succeed.", labels, down);
    let last = all().filter_map(|(labels, one)| Some((labels, seconds(one.last_ok_ns?))));
    out.gauges("receiver_last_success_seconds", "When a delivery last succeeded.", labels, last);
}

fn api(out: &mut Exposition, tokens: &[TokenInfo], requests: RequestCounts) {
    let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(requests.by_class);
    let classes = classes.map(|(class, count)| (vec![class.to_owned()], count));
    out.counters("http_requests_total", "Requests by class of their status.", &["status"], classes);
    out.counter("http_unauthorized_total", "Requests without a valid token.", requests.unauthorized);
    let expiries = tokens.iter().filter_map(|token| Some((vec![token.name.clone()], seconds(token.expires_ns?))));
    out.gauges("token_expiry_seconds", "When the token expires, since 1970.", &["token"], expiries);
}

#[cfg(test)]
mod tests {
    use lifesigns_api::SourceStatus;

    use super::*;

    #[test]
    fn every_loss_of_a_source_has_a_counter() {
        let traffic = TrafficStatus {
            dropped: 1,
            refused: 2,
            rejected: 3,
            cut: 4,
            malformed: 5,
            turned_away: 6,
            ..TrafficStatus::default()
        };
        let source = |name: &str, traffic| SourceStatus { name: name.to_owned(), traffic, ..SourceStatus::default() };
        let sources = vec![source("udp", Some(traffic)), source("file", None)];
        let status = HostStatus { sources, ..HostStatus::default() };
        let text = text(&status, &[], &[], RequestCounts::default());
        let all = [
            ("dropped", 1),
            ("refused_connections", 2),
            ("rejected", 3),
            ("cut_lines", 4),
            ("malformed", 5),
            ("turned_away_requests", 6),
        ];
        for (kind, count) in all {
            let name = format!("lifesigns_source_{kind}_total");
            assert!(
                text.contains(&format!("# TYPE {name} counter\n{name}{{source=\"udp\"}} {count}\n")),
                "{kind}: {text}"
            );
            assert!(text.contains(&format!("# HELP {name} How many ")), "{kind}: {text}");
            assert!(!text.contains(&format!("{name}{{source=\"file\"}}")), "{kind}: it is no listener");
        }
        assert_eq!(status.sources[0].traffic.iter().flat_map(TrafficStatus::losses).count(), all.len());
    }
}
