//! Runs a case through the host's own engine, with a clock that the case moves.

use std::sync::Arc;

use parking_lot::Mutex;

use lifesigns::{
    Format,
    engine::{self, LoadedRule, ReplayInput, ReplayOptions, ReplayOutput, RuleSet},
    model::{Decoder, EventSource, Facts, InstantiateError, Limits, LogRecord, Module, RuleAlert, RuleAlertRef},
};
use lifesigns_text::{rfc3339, visible, write_json_string};

use super::case::{Case, Step, StepKind};
use crate::exit::Failure;

/// What came out of a case.
pub(super) struct CaseOutcome {
    /// For each step, what came out at it, as expectations are written.
    pub(super) found: Vec<Vec<String>>,
    /// Events that the rule was given.
    pub(super) seen: u64,
    pub(super) raises: usize,
    pub(super) clears: usize,
}

/// Runs a case with the rule in `module`.
pub(super) fn run(case: &Case, module: &Arc<dyn Module>) -> Result<CaseOutcome, Failure> {
    let mut found: Vec<Vec<String>> = vec![Vec::new(); case.steps.len()];
    let mut outcome = CaseOutcome { found: Vec::new(), seen: 0, raises: 0, clears: 0 };
    match LoadedRule::new("rule", Arc::clone(module), &case.settings_json, Limits::default()) {
        Ok(rule) => {
            let (alerts, report) = replay(case, rule)?;
            outcome.seen = report.events;
            for alert in &alerts {
                let step = step_of(case, alert);
                found[step].push(line(alert, &case.steps[step]));
                let count = if alert.change == lifesigns::model::Change::Raise {
                    &mut outcome.raises
                } else {
                    &mut outcome.clears
                };
                *count += 1;
            }
            if let Some((_, failures)) = report.failures.iter().next() {
                let last = found.len() - 1;
                found[last].push(format!("failed: {}", visible(&failures.last_error)));
            }
        }
        Err(InstantiateError::Settings(mistakes)) => {
            found[0].extend(mistakes.0.iter().map(|line| format!("refused: {line}")))
        }
        Err(error) => found[0].push(format!("refused: {error}")),
    }
    outcome.found = found;
    Ok(outcome)
}

fn replay(case: &Case, rule: LoadedRule) -> Result<(Vec<RuleAlert>, engine::ShardReport), Failure> {
    let rules = Arc::new(RuleSet::new(vec![Arc::new(rule)], &[]).map_err(Failure::failed)?);
    let source = Arc::new(EventSource {
        name: case.name.clone(),
        rank: 0,
        object: "object".into(),
        app: None,
        decoder: Arc::new(CaseDecoder { steps: case.steps.clone(), text: Format::Auto.decoder(0) }),
    });
    let mut chunk = Some(lines(&case.steps));
    let inputs = vec![ReplayInput { source, reader: Box::new(move |_: Vec<u8>| Ok(chunk.take())) }];
    // Each alert's bytes are its index in here.
    let kept: Mutex<Vec<RuleAlert>> = Mutex::default();
    let mut order = Vec::new();
    let render = |alert: &RuleAlertRef<'_>, out: &mut Vec<u8>| {
        let mut kept = kept.lock();
        out.extend_from_slice(&kept.len().to_le_bytes());
        kept.push(RuleAlert::from(alert));
    };
    let mut emit = |bytes: &[u8]| {
        order.extend(bytes.as_chunks().0.iter().map(|index| usize::from_le_bytes(*index)));
        Ok(())
    };
    let mut output = ReplayOutput { render: &render, emit: &mut emit, flush: &mut || Ok(()) };
    let options =
        ReplayOptions { until_ns: case.steps.last().map(|step| step.time_ns), ..ReplayOptions::with_threads(1) };
    let outcome = engine::replay(&options, &rules, inputs, &case.known, &mut output).map_err(Failure::failed)?;
    let kept = kept.into_inner();
    Ok((order.iter().map(|index| kept[*index].clone()).collect(), outcome.report))
}

/// Returns all steps as lines of a source: each begins with its number, by which it is decoded.
fn lines(steps: &[Step]) -> Vec<u8> {
    let mut out = String::new();
    for (number, step) in steps.iter().enumerate() {
        let text = match &step.kind {
            StepKind::Log { text, .. } => text.as_str(),
            // By this the engine knows that a line may carry facts.
            StepKind::Fact { .. } | StepKind::Metric { .. } => "\"properties\" \"metrics\"",
            StepKind::Load | StepKind::Pass => "",
        };
        out.push_str(&format!("{number} {text}\n"));
    }
    out.into_bytes()
}

/// The step at which an alert came out: that of its line, or for a reminder the first that is not before it.
fn step_of(case: &Case, alert: &RuleAlert) -> usize {
    let of_line = usize::try_from(alert.line).unwrap_or(usize::MAX).saturating_sub(1);
    if case.steps.get(of_line).is_some_and(|step| step.time_ns == alert.time_ns) {
        return of_line;
    }
    case.steps.iter().position(|step| step.time_ns >= alert.time_ns).unwrap_or(case.steps.len() - 1)
}

/// Returns an alert as an expectation is written.
fn line(alert: &RuleAlert, step: &Step) -> String {
    let mut out = Vec::new();
    // A reminder between two steps has a time of its own.
    if alert.time_ns != step.time_ns {
        out.extend_from_slice(rfc3339(alert.time_ns).as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(
        format!("{} {} {} ", alert.change.as_str(), alert.symptom, visible(&alert.object)).as_bytes(),
    );
    write_json_string(&alert.summary, &mut out);
    for (name, value) in &alert.attributes {
        out.extend_from_slice(format!(" {}=", visible(name)).as_bytes());
        write_json_string(value, &mut out);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Decodes the lines of a case: text as the host does, with the object and the time of the step.
struct CaseDecoder {
    steps: Vec<Step>,
    text: Arc<dyn Decoder>,
}

impl Decoder for CaseDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let (number, text) = line.split_once(' ').unwrap_or((line, ""));
        let Some(step) = number.parse().ok().and_then(|number: usize| self.steps.get(number)) else {
            return LogRecord::default();
        };
        let (mut record, object) = match &step.kind {
            StepKind::Log { object, .. } => (self.text.decode(text), Some(object)),
            StepKind::Fact { object, name, value } => {
                let properties = vec![(name.clone().into(), value.clone().map(Into::into))];
                let facts = Facts { properties, ..Facts::default() };
                (LogRecord { facts: Some(facts), ..LogRecord::default() }, Some(object))
            }
            StepKind::Metric { object, name, value } => {
                let facts = Facts { metrics: vec![(name.clone().into(), *value)], ..Facts::default() };
                (LogRecord { facts: Some(facts), ..LogRecord::default() }, Some(object))
            }
            StepKind::Load | StepKind::Pass => (LogRecord::default(), None),
        };
        record.time_ns = Some(step.time_ns);
        record.object = object.map(|object| object.clone().into());
        record
    }

    fn escapes(&self) -> bool {
        self.text.escapes()
    }

    fn facts(&self) -> bool {
        true
    }

    fn may_have_time(&self, _: &[u8]) -> bool {
        true
    }
}
