//! Builds the status of rules, and the comparison of one with its shadow.

use std::collections::BTreeMap;

use lifesigns_api::{ApiError, RuleDiff, RuleStatus, RuleSymptom, TapQuery};
use lifesigns_engine::{LoadedRule, RuleUsageTotals, ShardReport};
use lifesigns_model::{RuleKey, TapPage};

use crate::shared::RecorderShared;

/// Returns the status of each rule that runs, by name and lane.
pub(crate) fn all(shared: &RecorderShared, report: &ShardReport) -> Vec<RuleStatus> {
    let uses = shared.engine.rule_usage();
    let now_ns = shared.clock.now_ns();
    shared.engine.rules().rules().iter().map(|rule| status(rule, report, &uses, now_ns)).collect()
}

fn status(
    rule: &LoadedRule,
    report: &ShardReport,
    uses: &BTreeMap<RuleKey, RuleUsageTotals>,
    now_ns: u64,
) -> RuleStatus {
    let failed = report.failures.get(&rule.key).cloned().unwrap_or_default();
    let used = uses.get(&rule.key).copied().unwrap_or_default();
    let (began_ns, until_ns) = failed.pause_ns;
    let is_paused = until_ns > now_ns && began_ns > rule.released_ns();
    RuleStatus {
        name: rule.name().to_owned(),
        lane: rule.key.lane,
        module: format!("{} {}", rule.description.name, rule.description.version),
        digest: rule.module.digest().to_owned(),
        failed: failed.failed,
        missed: failed.missed,
        over_budget: failed.over_budget,
        paused: rule.is_paused(),
        paused_until_ns: is_paused.then_some(until_ns),
        events: used.total.events,
        cpu_us_per_s: (used.cpu_ms_per_s * 1000.0) as u64,
        cpu_ns: used.total.cpu_ns,
        signs: used.total.alerts,
        signs_per_1000_s: (used.alerts_per_s * 1000.0) as u64,
        state_bytes: used.state_bytes,
        log_lines_left_out: used.total.log_lines_left_out,
        calls_left_out: used.total.calls_left_out,
        last_error: failed.last_error,
    }
}

/// Returns the symptoms that live rules can raise, by name.
pub(crate) fn symptoms(shared: &RecorderShared) -> Vec<RuleSymptom> {
    let rules = shared.engine.rules();
    let mut all = Vec::new();
    for rule in rules.rules().iter().filter(|rule| !rule.key.is_shadow()) {
        all.extend(rule.description.symptoms.iter().map(|symptom| RuleSymptom {
            name: format!("{}/{}", rule.name(), symptom.id),
            title: symptom.title.clone(),
            criticality: symptom.criticality,
            impact: symptom.impact,
            recommendation: symptom.recommendation.clone(),
            controls: symptom.controls.clone(),
            hold_ms: symptom.hold_ms,
        }));
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// Compares a rule with its shadow.
pub(crate) fn diff(shared: &RecorderShared, name: &str) -> Result<RuleDiff, ApiError> {
    let rules = shared.engine.rules();
    let report = shared.engine.totals().report;
    let (live, shadow) = (RuleKey::live(name), RuleKey::shadow(name));
    let (Some(live), Some(shadow)) = (rules.rule(&live), rules.rule(&shadow)) else {
        let missing = if rules.rule(&live).is_none() { live } else { shadow };
        return Err(missing_version(shared, &missing));
    };
    let Some(diff) = rules.shadow_diff(name, &report) else {
        return Err(ApiError::Internal(format!("rule {name} and its shadow are not compared")));
    };
    let (uses, now_ns) = (shared.engine.rule_usage(), shared.clock.now_ns());
    let of = |rule| status(rule, &report, &uses, now_ns);
    Ok(RuleDiff { live: of(live), shadow: of(shadow), diff })
}

/// Returns what a rule was given and answered.
pub(crate) fn tap(shared: &RecorderShared, name: &str, query: &TapQuery) -> Result<TapPage, ApiError> {
    let key = RuleKey { name: name.into(), lane: query.lane };
    match shared.engine.rules().rule(&key) {
        Some(rule) => Ok(rule.tap(query.from, shared.clock.now_ns())),
        None => Err(missing_version(shared, &key)),
    }
}

/// Says why there is nothing to compare.
fn missing_version(shared: &RecorderShared, missing: &RuleKey) -> ApiError {
    let overview = shared.overview.get();
    let refused = overview.refused.iter().find(|one| *one.name == *missing.name && one.lane == missing.lane);
    if let Some(refused) = refused {
        return ApiError::Conflict(format!("{missing} does not run, because it was refused: {}", refused.why));
    }
    if overview.compiling.iter().any(|one| *one.name == *missing.name && one.lane == missing.lane) {
        return ApiError::Conflict(format!("{missing} is being compiled: ask again in a moment"));
    }
    let name = &missing.name;
    if missing.is_shadow() {
        let advice = format!("write `shadow = \"NEW.wasm\"` into {name}.toml in the rules folder");
        return ApiError::Conflict(format!("rule {name} has no shadow to compare it with: {advice}"));
    }
    ApiError::Unknown(format!("no rule {name} runs; `lifesigns status` lists those that do"))
}
