//! Explanations: calls of rules that were run again, and rules held against a line.

use lifesigns::model::{InterestCheck, InterestMatch, TapEvent};
use lifesigns_api::{AlertExplanation, CallVerdict, ExplainedCall, LineExplanation, RuleSight};
use lifesigns_text::{count_text, rfc3339, visible};

use super::{super::table::Style, cells::digest, rules::tap_event};

/// Returns why an alert is there.
pub(crate) fn alert_explanation(explained: &AlertExplanation) -> String {
    let AlertExplanation { alert, definition, object, opened_ns, calls, not_kept } = explained;
    let mut page = format!(
        "alert {} {} on {}, opened {}\n",
        visible(alert),
        visible(definition),
        visible(object),
        rfc3339(*opened_ns)
    );
    calls.iter().for_each(|call| page.push_str(&explained_call(call, object)));
    not_kept.iter().for_each(|why| page.push_str(&format!("{}\n", visible(why))));
    page
}

/// Returns why a rule failed on its last events.
pub(crate) fn failures(rule: &str, calls: &[ExplainedCall]) -> String {
    if calls.is_empty() {
        return format!("no event on which {} failed is kept\n", visible(rule));
    }
    calls.iter().map(|call| explained_call(call, &call.object)).collect()
}

/// Returns a call; its object, if that is another than the one that is explained.
fn explained_call(call: &ExplainedCall, about: &str) -> String {
    let name = match call.symptom.as_str() {
        symptom if !symptom.is_empty() && call.object != about => {
            format!("{}/{symptom} on {}", call.lane.label(&call.rule), call.object)
        }
        "" => format!("{} failed on {}", call.lane.label(&call.rule), call.object),
        symptom => format!("{}/{symptom}", call.lane.label(&call.rule)),
    };
    let verdict = match call.verdict {
        CallVerdict::Reproduced => Style::Green.on("reproduced"),
        CallVerdict::Differs => Style::Red.on("differs"),
        CallVerdict::NotRun => Style::Yellow.on("not run again"),
    };
    let mut page = format!("{}: {verdict}\n", visible(&name));
    call.reasons.iter().for_each(|why| page.push_str(&row("", why)));
    let hex = |text: &str| digest(text).unwrap_or_default().to_owned();
    let module = if call.module.is_empty() { String::new() } else { format!("{} ", call.module) };
    page.push_str(&row("module", &format!("{module}({})", hex(&call.digest))));
    page.push_str(&row("settings", &format!("{} ({})", call.settings, hex(&call.settings_digest))));
    page.push_str(&row("line", &format!("{}:{}", call.source, call.line)));
    for interest in call.interests.iter().filter(|interest| interest.matched != Some(false)) {
        let may = if interest.matched.is_none() { "maybe let in by" } else { "let in by" };
        page.push_str(&row(may, &format!("interest {}", interest.number)));
        page.push_str(&checks(interest));
    }
    let state = if call.state.is_empty() { "none of the object".to_owned() } else { call.state.join(", ") };
    if !call.given.is_empty() {
        page.push_str(&row("state", &state));
    }
    if let Some((last, before)) = call.given.split_last() {
        before.iter().for_each(|event| page.push_str(&given("before it", event)));
        page.push_str(&given("given", last));
    }
    if call.verdict == CallVerdict::Differs {
        let now = TapEvent { answers: call.answers.clone(), error: call.error.clone(), ..TapEvent::default() };
        // The event is the same: only what came of it is shown.
        let lines = tap_event(&now);
        let what: Vec<&str> = lines.lines().skip(1).map(str::trim).collect();
        page.push_str(&row("now", if what.is_empty() { "it says nothing" } else { "" }));
        what.iter().for_each(|line| page.push_str(&row("", line)));
    }
    if !call.live.is_empty() {
        page.push_str(&row("live", &call.live));
    }
    page
}

fn row(name: &str, text: &str) -> String {
    let shown = visible(text);
    format!("  {name:<10}  {shown}\n").replace(" \n", "\n")
}

fn given(name: &str, event: &TapEvent) -> String {
    let text = tap_event(event);
    let mut lines = text.lines();
    let first = format!("  {name:<10}  {}\n", lines.next().unwrap_or_default());
    lines.fold(first, |page, line| format!("{page}              {}\n", line.trim_start()))
}

fn checks(interest: &InterestMatch) -> String {
    interest.checks.iter().map(check_line).collect()
}

fn check_line(check: &InterestCheck) -> String {
    let passed = match check.passed {
        Some(true) => Style::Green.on("yes"),
        Some(false) => Style::Red.on("no "),
        None => Style::Yellow.on("?  "),
    };
    let found = match (&check.found, check.passed) {
        (Some(found), Some(true)) => format!(": {found:?}"),
        (Some(found), _) => format!(": it is {found:?}"),
        (None, None) => ": not kept".to_owned(),
        (None, Some(_)) => String::new(),
    };
    format!("      {passed}  {}\n", visible(&format!("{}{found}", check.what)))
}

/// Returns which rules would be given a line, and why.
pub(crate) fn line_explanation(explained: &LineExplanation) -> String {
    let mut page = String::new();
    if !explained.object.is_empty() {
        let known = if explained.known { "" } else { ", of which nothing is known" };
        page.push_str(&format!("about {}{known}\n", visible(&explained.object)));
    }
    explained.rules.iter().for_each(|rule| page.push_str(&sight(rule)));
    let seeing = explained.rules.iter().filter(|rule| rule.sees).count() as u64;
    page.push_str(&format!("{seeing} of {} would see it\n", count_text(explained.rules.len() as u64, "rule")));
    page
}

fn sight(rule: &RuleSight) -> String {
    let verdict = if rule.sees { Style::Green.on("would see it") } else { "would not see it".to_owned() };
    let state = if rule.state.is_empty() { String::new() } else { format!(": {}", visible(&rule.state)) };
    let mut page = format!("{}  {verdict}{state}\n", visible(&rule.lane.label(&rule.rule)));
    for interest in &rule.interests {
        let says = if interest.matched == Some(true) { "lets it in" } else { "does not let it in" };
        page.push_str(&format!("  interest {} {says}\n{}", interest.number, checks(interest)));
    }
    page
}
