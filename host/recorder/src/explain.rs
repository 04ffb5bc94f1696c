//! Explains alerts and failures of rules by running the rules again, and lines by holding rules against them.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_api::{
    AlertExplanation, ApiError, CallVerdict, ExplainedCall, LineExplanation, LineQuestion, RuleSight, RuleStatus,
};
use lifesigns_compliance::{
    Alert, AlertStatus, BookView,
    query::{Query, QueryAnswer},
};
use lifesigns_engine::{LoadedRule, interest_matches, run_again};
use lifesigns_model::{Limits, Module, RuleCall, RuleKey, RuleLane, TapEvent, limits};
use lifesigns_record::{CallFilter, RecordReader, settings_digest};
use lifesigns_text::{rfc3339, visible_word};

use crate::{history, rule_modules::RuleModules, rule_status, shared::RecorderShared};

/// Fields and properties of a line that is asked about.
const PAIRS: usize = 1024;
/// Relatives of an object that are looked at for a symptom, and those of them that are shown.
const RELATIVES: usize = 1000;
const RELATIVES_SHOWN: usize = 3;

/// Explains an alert.
pub(crate) fn alert(
    view: &BookView,
    rules: &dyn RuleModules,
    reader: &dyn RecordReader,
    id: &str,
) -> Result<AlertExplanation, ApiError> {
    let QueryAnswer::Alert(alert) = view.answer(&Query::Alert(id.to_owned()))? else {
        return Err(ApiError::Internal("another answer than was asked for".to_owned()));
    };
    let mut explained = AlertExplanation {
        alert: alert.id.clone(),
        definition: alert.definition.to_string(),
        object: alert.object.to_string(),
        opened_ns: alert.opened_ns,
        ..AlertExplanation::default()
    };
    if alert.symptoms.is_empty() {
        explained.not_kept.push("no symptom makes it now: facts alone do, or it is over".to_owned());
    }
    for name in alert.symptoms.iter() {
        let calls = raises(view, reader, &alert, name)?;
        if calls.is_empty() {
            explained.not_kept.push(format!(
                "{name}: what the rule was given is not kept: it raised more than {} symptoms in that second, or a host \
                 before 0.1.0 took the line",
                limits::CALLS_PER_S
            ));
        }
        explained.calls.extend(calls.iter().map(|call| explain(rules, call)));
    }
    Ok(explained)
}

/// Returns the calls that raised a symptom of an alert: where it is active, on its object, else on its parent and
/// children, whose symptoms count too. Of an alert that waits to be cancelled it has ceased: then where it was.
fn raises(view: &BookView, reader: &dyn RecordReader, alert: &Alert, name: &str) -> Result<Vec<RuleCall>, ApiError> {
    let Some((rule, symptom)) = name.split_once('/') else { return Ok(Vec::new()) };
    let last_on = |object: &str| -> Result<Option<RuleCall>, ApiError> {
        let (object, rule, symptom) = (object.to_owned(), rule.to_owned(), symptom.to_owned());
        let calls = reader.calls(&CallFilter::Raise { object, rule, symptom }).map_err(history::unreadable)?;
        let is_of_it = |call: &RuleCall| call.events.last().is_none_or(|event| event.time_ns <= alert.last_ns);
        Ok(calls.into_iter().next().filter(is_of_it))
    };
    let Ok(QueryAnswer::Object(details)) = view.answer(&Query::Object(alert.object.to_string())) else {
        // It was forgotten, and with it its family.
        return Ok(last_on(&alert.object)?.into_iter().collect());
    };
    if details.line.symptoms.iter().any(|known| known == name) || alert.status == AlertStatus::Cancelled {
        return Ok(last_on(&alert.object)?.into_iter().collect());
    }
    let parent = details.line.object.parent.as_deref().map(str::to_owned);
    let (mut calls, mut ceased) = (Vec::new(), Vec::new());
    for relative in parent.into_iter().chain(details.children).take(RELATIVES) {
        let Some(call) = last_on(&relative)? else { continue };
        let Ok(QueryAnswer::Object(of_it)) = view.answer(&Query::Object(relative)) else { continue };
        if of_it.line.symptoms.iter().any(|known| known == name) {
            calls.push(call);
        } else if ceased.len() < RELATIVES_SHOWN {
            ceased.push(call);
        }
        if calls.len() == RELATIVES_SHOWN {
            break;
        }
    }
    if calls.is_empty() {
        calls.extend(last_on(&alert.object)?);
    }
    Ok(if calls.is_empty() { ceased } else { calls })
}

/// Explains the events that were set aside because a rule or its shadow failed on them, the latest first.
pub(crate) fn failures(
    rules: &dyn RuleModules,
    reader: &dyn RecordReader,
    rule: &str,
) -> Result<Vec<ExplainedCall>, ApiError> {
    let calls = reader.calls(&CallFilter::Failures { rule: rule.to_owned() }).map_err(history::unreadable)?;
    if calls.is_empty() && rules.rule(&RuleKey::live(rule)).is_none() {
        let why = format!("no rule {} runs, and none of this name failed", visible_word(rule));
        return Err(ApiError::Unknown(why));
    }
    Ok(calls.iter().map(|call| explain(rules, call)).collect())
}

/// Runs a call again, with the module that it was made of; and with the one that runs now, if that is another.
fn explain(rules: &dyn RuleModules, call: &RuleCall) -> ExplainedCall {
    let running = rules.rule(&RuleKey { name: call.rule.as_str().into(), lane: call.lane });
    let limits = running.as_ref().map_or_else(Limits::default, |rule| rule.limits.clone());
    let mut explained = ExplainedCall {
        rule: call.rule.clone(),
        lane: call.lane,
        symptom: call.symptom.clone(),
        object: call.object.clone(),
        source: call.source.clone(),
        line: call.line,
        digest: call.module.clone(),
        settings_digest: settings_digest(&call.settings),
        settings: call.settings.clone(),
        state: call.state.iter().map(|value| value.key.clone()).collect(),
        given: call.events.clone(),
        ..ExplainedCall::default()
    };
    let module = rules.module(&call.rule, &call.module).map_err(|error| error.to_string());
    let again = module.and_then(|module| run_again(call, module, limits.clone()));
    match again {
        Ok(rerun) => {
            explained.verdict = match rerun.differences.is_empty() {
                true => CallVerdict::Reproduced,
                false => CallVerdict::Differs,
            };
            (explained.module, explained.reasons) = (rerun.module, rerun.differences);
            (explained.answers, explained.error) = (rerun.answers, rerun.error);
            explained.interests = rerun.interests;
        }
        Err(why) => explained.reasons.push(why),
    }
    if let Some(rule) = running.filter(|rule| rule.module.digest() != call.module || rule.settings != call.settings) {
        let call = RuleCall { settings: rule.settings.clone(), ..call.clone() };
        let again = run_again(&call, Arc::clone(&rule.module), limits);
        explained.live = match again {
            Ok(rerun) if !rerun.error.is_empty() => format!("{} fails: {}", rerun.module, rerun.error),
            Ok(rerun) if rerun.differences.is_empty() => format!("{} answers the same", rerun.module),
            Ok(rerun) => format!("{}: {}", rerun.module, rerun.differences.join("; ")),
            Err(why) => format!("not run: {why}"),
        };
    }
    explained
}

impl RuleModules for RecorderShared {
    fn rule(&self, key: &RuleKey) -> Option<Arc<LoadedRule>> {
        self.engine.rules().rule(key).cloned()
    }

    fn module(&self, rule: &str, digest: &str) -> Result<Arc<dyn Module>, ApiError> {
        let rules = self.engine.rules();
        if let Some(running) = rules.rules().iter().find(|running| running.module.digest() == digest) {
            return Ok(Arc::clone(&running.module));
        }
        self.overview.control()?.module(rule, digest)
    }

    fn sights(&self, event: &TapEvent) -> Vec<RuleSight> {
        let report = self.engine.totals().report;
        let rules = self.engine.rules();
        let mut sights = Vec::new();
        for status in rule_status::all(self, &report) {
            let Some(rule) = rules.rule(&RuleKey { name: status.name.as_str().into(), lane: status.lane }) else {
                continue;
            };
            let interests = interest_matches(&rule.description, event, true);
            let state = paused(&status);
            let sees = state.is_empty() && interests.iter().any(|interest| interest.matched == Some(true));
            sights.push(RuleSight { rule: status.name, lane: status.lane, sees, state, interests });
        }
        sights.extend(not_running(self));
        sights
    }
}

/// Holds all rules against a line.
pub(crate) fn line(
    view: &BookView,
    rules: &dyn RuleModules,
    question: &LineQuestion,
) -> Result<LineExplanation, ApiError> {
    let largest = question.message.len().max(question.object.len());
    if largest > limits::LINE_BYTES || question.fields.len().max(question.properties.len()) > PAIRS {
        let why = format!("a line has at most {} bytes and {PAIRS} fields", limits::LINE_BYTES);
        return Err(ApiError::Invalid(why));
    }
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    let mut explained = LineExplanation { object: question.object.clone(), ..LineExplanation::default() };
    if let Ok(QueryAnswer::Object(page)) = view.answer(&Query::Object(question.object.clone())) {
        let object = &page.line.object;
        explained.object = object.id.to_string();
        explained.known = true;
        let value = |(name, fact): (&String, &lifesigns_compliance::Fact<Option<String>>)| {
            Some((name.clone(), fact.value.clone()?))
        };
        properties.extend(object.properties.iter().filter_map(value));
    }
    properties.extend(question.properties.iter().cloned());
    explained.properties = properties.into_iter().collect();
    let event = TapEvent {
        kind: "log".to_owned(),
        object: explained.object.clone(),
        app: question.app.clone(),
        message: Some(question.message.clone()),
        fields: question.fields.clone(),
        properties: explained.properties.clone(),
        ..TapEvent::default()
    };
    explained.rules = rules.sights(&event);
    explained
        .rules
        .sort_by(|one, other| (&one.rule, one.lane, &one.state).cmp(&(&other.rule, other.lane, &other.state)));
    Ok(explained)
}

/// Says why a rule that is loaded is given nothing now; empty if it is not so.
fn paused(status: &RuleStatus) -> String {
    match status.paused_until_ns {
        _ if status.paused => "in quarantine until it is released".to_owned(),
        Some(until_ns) => format!("paused until {}: {}", rfc3339(until_ns), status.last_error),
        None => String::new(),
    }
}

/// Returns the rules that lie in the rules folder and do not run.
fn not_running(shared: &RecorderShared) -> Vec<RuleSight> {
    let sight = |rule: &str, lane: RuleLane, state: String| RuleSight {
        rule: rule.to_owned(),
        lane,
        state,
        ..RuleSight::default()
    };
    let overview = shared.overview.get();
    let disabled =
        overview.disabled.iter().map(|one| sight(&one.name, one.lane, "disabled in its manifest".to_owned()));
    let refused = overview.refused.iter().map(|one| sight(&one.name, one.lane, format!("refused: {}", one.why)));
    let compiling = overview.compiling.iter().map(|one| sight(&one.name, one.lane, "is being compiled".to_owned()));
    disabled.chain(refused).chain(compiling).collect()
}
