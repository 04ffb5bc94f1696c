//! Builds the answer to `status`.

use std::collections::BTreeMap;

use lifesigns_api::{
    AlertCounts, CallBucket, CallTimesStatus, CompilingRule, ConfigStatus, DropStatus, EngineStatus, HostStatus,
    MemoryStatus, RefusedRule, SourceState, SourceStatus, StoreStatus, WatchStatus,
};
use lifesigns_compliance::BookView;
use lifesigns_engine::{CALL_BUCKETS_NS, CallTimes};
use lifesigns_model::{Criticality, DropKind, Drops, SourceOffset};

use crate::{event_search, rule_status, shared::RecorderShared};

pub(crate) fn status(shared: &RecorderShared) -> HostStatus {
    let totals = shared.engine.totals();
    let health = shared.health.get().clone();
    let view = shared.view();
    let (objects, discovered, alerts) = counts(&view);
    let dropped = dropped(shared);
    let undecided = view.undecided();
    let overview = overview(shared);
    let (sources, watch) = sources(shared, &health.offsets);
    HostStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        started_ns: shared.started_ns,
        now_ns: shared.clock.now_ns(),
        event_time_ns: view.event_ns(),
        rules: rule_status::all(shared, &totals.report),
        refused: overview.0,
        compiling: overview.1,
        rules_memory: overview.2,
        disabled: shared.overview.get().disabled.clone(),
        sources,
        watch,
        engine: EngineStatus {
            lines: totals.scan_counts.lines,
            bytes: totals.scan_counts.bytes,
            events: totals.report.events,
            signs: totals.report.alerts,
            inflight_bytes: shared.engine.inflight_bytes() as u64,
            malformed: totals.scan_counts.malformed,
            calls: calls(&totals.report.calls),
            kept: event_search::kept(shared),
        },
        objects,
        discovered,
        alerts,
        store: StoreStatus {
            path: shared.record.location().to_owned(),
            size_bytes: shared.record.size_bytes(),
            state: health.store,
            text: health.text,
            committed_ns: health.committed_ns,
            commits: health.commits,
        },
        recorder: shared.pulse.status(),
        receivers: shared.receivers.lock().clone(),
        config: ConfigStatus {
            files: health.config_files,
            loaded_ns: health.config_ns,
            last_error: health.config_error,
        },
        dropped: drops(&dropped),
        undecided,
    }
}

/// Returns the calls of rules, each bucket with those before it.
fn calls(times: &CallTimes) -> CallTimesStatus {
    let mut count = 0;
    let mut buckets = Vec::new();
    for (up_to_ns, more) in CALL_BUCKETS_NS.iter().zip(&times.counts) {
        count += more;
        buckets.push(CallBucket { up_to_ns: *up_to_ns, count });
    }
    CallTimesStatus { buckets, count: times.counts.iter().sum(), sum_ns: times.sum_ns }
}

/// Returns the number of objects, of discovered objects, and of open alerts.
fn counts(view: &BookView) -> (u64, u64, AlertCounts) {
    let (registry, mut alerts) = (view.registry(), AlertCounts::default());
    for alert in view.open_alerts() {
        alerts.acknowledged += u64::from(alert.acknowledged.is_some());
        alerts.silenced += u64::from(alert.silenced_by.is_some());
        *match (alert.allowed, alert.criticality) {
            (true, _) => &mut alerts.allowed,
            (_, Criticality::Critical) => &mut alerts.critical,
            (_, Criticality::Immediate) => &mut alerts.immediate,
            (_, Criticality::Warning) => &mut alerts.warning,
            (_, Criticality::Information) => &mut alerts.information,
        } += 1;
    }
    (registry.objects().len() as u64, registry.objects().discovered() as u64, alerts)
}

/// Returns refused rules, rules that are being compiled, and the memory of all rules.
fn overview(shared: &RecorderShared) -> (Vec<RefusedRule>, Vec<CompilingRule>, MemoryStatus) {
    let overview = shared.overview.get();
    let memory = overview.memory.as_ref().map(|memory| memory()).unwrap_or_default();
    (overview.refused.clone(), overview.compiling.clone(), memory)
}

fn sources(shared: &RecorderShared, offsets: &BTreeMap<String, SourceOffset>) -> (Vec<SourceStatus>, WatchStatus) {
    let describe = shared.describe.lock().clone();
    if let Some(describe) = describe {
        return describe(offsets);
    }
    // Of an embedder's sources only this is known.
    (offsets.values().map(source_status).collect(), WatchStatus::default())
}

fn source_status(offset: &SourceOffset) -> SourceStatus {
    SourceStatus {
        name: offset.source.clone(),
        lines: offset.lines,
        last_ns: offset.time_ns,
        state: SourceState::Reading,
        ..SourceStatus::default()
    }
}

/// Returns what was dropped at limits anywhere in the host since it started.
pub(crate) fn dropped(shared: &RecorderShared) -> Drops {
    let totals = shared.engine.totals();
    let mut drops = totals.report.drops();
    drops.add(DropKind::LinesCut, totals.scan_counts.cut);
    drops.merge(shared.view().dropped().clone());
    drops
}

fn drops(dropped: &Drops) -> Vec<DropStatus> {
    dropped.iter().map(|(kind, count)| drop_status(kind, count, dropped)).collect()
}

fn drop_status(kind: DropKind, count: u64, dropped: &Drops) -> DropStatus {
    DropStatus {
        kind: kind.key().to_owned(),
        count,
        text: kind.text(count),
        advice: kind.advice().to_owned(),
        example: dropped.example(kind).unwrap_or_default().to_owned(),
    }
}
