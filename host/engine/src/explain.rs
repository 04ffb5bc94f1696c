//! Explains what a rule is given and answers: its interests held against an event, and a call that was kept run again.

use std::sync::Arc;

use lifesigns_model::{
    Description, EventBatch, EventKind, EventRow, InstanceError, Interest, InterestCheck, InterestCondition,
    InterestMatch, Limits, Module, RuleAlertBatch, RuleCall, RuleKey, RuleState, Subject, TapAnswer, TapEvent,
    ValueTest, limits,
};

use crate::{LoadedRule, literal::LiteralKey, rule_runner, state::StateLedger, tap};

/// Values of a list that are shown.
const VALUES: usize = 8;

/// What came of a call that was run again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rerun {
    /// The module's name and version.
    pub module: String,
    /// What the rule answered now.
    pub answers: Vec<TapAnswer>,
    /// Why it gave no answer now; empty if it did.
    pub error: String,
    /// In what that differs from the call; empty if it is the same.
    pub differences: Vec<String>,
    /// The rule's interests, held against the event.
    pub interests: Vec<InterestMatch>,
}

/// Runs a call again, with `module` in a fresh instance and with nothing but what was kept of it.
///
/// # Errors
/// Why that cannot be done: what was left out of the call, or what the module says of it.
pub fn run_again(call: &RuleCall, module: Arc<dyn Module>, limits: Limits) -> Result<Rerun, String> {
    if !call.left_out.is_empty() {
        return Err(call.left_out.clone());
    }
    let Some((last, earlier)) = call.events.split_last() else { return Err("no event was kept with it".to_owned()) };
    let key = RuleKey { name: call.rule.as_str().into(), lane: call.lane };
    let rule = LoadedRule::new(key, module, &call.settings, limits).map_err(|error| error.to_string())?;
    let description = &rule.description;
    if description.state_version != call.state_version && !call.state.is_empty() {
        let (kept, own) = (call.state_version, description.state_version);
        return Err(format!("the state that was kept is of version {kept}, and this module's is {own}"));
    }
    let mut state = Box::new(StateLedger::new(limits::RULES_STATE_BYTES, false).memory(&rule.key, call.state_version));
    state.limit(&rule.limits);
    if !state.put(0, &call.state) {
        return Err("the state that was kept cannot be read".to_owned());
    }
    let mut rerun = Rerun {
        module: format!("{} {}", description.name, description.version),
        interests: interest_matches(description, last, false),
        ..Rerun::default()
    };
    let mut state: Box<dyn RuleState> = state;
    for event in earlier {
        let (before, outcome) = evaluate(&rule, &call.object, event, state, &mut RuleAlertBatch::default());
        state = before;
        if let Err(error) = outcome {
            rerun.differences.push(format!("on an earlier event of the same batch: {error}"));
        }
    }
    let mut answer = RuleAlertBatch::default();
    match evaluate(&rule, &call.object, last, state, &mut answer).1 {
        Ok(()) => rerun.answers = tap::answers(description, &answer, 0, usize::MAX),
        Err(error) => rerun.error = error.to_string(),
    }
    if_only_one(&mut rerun.interests);
    compare(last, &mut rerun);
    Ok(rerun)
}

/// The event was let in: if only one interest can have done that, it was this one.
fn if_only_one(interests: &mut [InterestMatch]) {
    let mut possible = interests.iter_mut().filter(|interest| interest.matched != Some(false));
    if let (Some(one), None) = (possible.next(), possible.next()) {
        one.matched = Some(true);
    }
}

/// Shows one event to a fresh instance. The state is that of a rule that has just answered, or failed, and gone on.
fn evaluate(
    rule: &LoadedRule,
    object: &str,
    event: &TapEvent,
    mut state: Box<dyn RuleState>,
    answer: &mut RuleAlertBatch,
) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
    let mut instance = match rule_runner::open(rule) {
        Ok(instance) => instance,
        Err(error) => return (state, Err(error)),
    };
    let reminds = rule.description.wants_kind(EventKind::Reminder);
    state.begin(&[EventRow { object: 0, time_ns: event.time_ns }], reminds);
    let (mut state, outcome) = instance.evaluate(&batch(&rule.description, object, event), state, answer);
    match &outcome {
        Ok(()) => drop(state.commit()),
        Err(_) => state.rollback(),
    }
    (state, outcome)
}

fn batch(description: &Description, object: &str, event: &TapEvent) -> EventBatch {
    let mut batch = EventBatch::default();
    batch.begin(event.time_ns, kind(event));
    batch.text(Some(object));
    batch.text(event.app.as_deref());
    batch.text(event.message.as_deref());
    let wants = &description.wants;
    wants.fields.iter().for_each(|name| _ = batch.text(value(&event.fields, name)));
    wants.properties.iter().for_each(|name| _ = batch.text(value(&event.properties, name)));
    for name in &wants.metrics {
        batch.number(event.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value));
    }
    batch
}

fn kind(event: &TapEvent) -> EventKind {
    match event.kind.as_str() {
        "fact" => EventKind::Fact,
        "reminder" => EventKind::Reminder,
        _ => EventKind::Log,
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Notes in what a call that was run again differs from what was kept.
fn compare(kept: &TapEvent, rerun: &mut Rerun) {
    if kept.error != rerun.error {
        let said = |error: &str| if error.is_empty() { "it answered".to_owned() } else { error.to_owned() };
        rerun.differences.push(format!("then: {}; now: {}", said(&kept.error), said(&rerun.error)));
    }
    if !kept.error.is_empty() {
        return;
    }
    let missing = kept.answers.iter().filter(|answer| !rerun.answers.contains(answer)).map(|one| ("then", one));
    let new = rerun.answers.iter().filter(|answer| !kept.answers.contains(answer)).map(|one| ("now", one));
    let mut differences: Vec<String> =
        missing.chain(new).map(|(when, one)| format!("only {when}: {}", said(one))).collect();
    if differences.is_empty() && kept.answers != rerun.answers {
        differences.push("the same answers in another order, or another number of them".to_owned());
    }
    rerun.differences.extend(differences);
}

fn said(answer: &TapAnswer) -> String {
    let pairs: Vec<String> = answer.attributes.iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
    format!("{} {} {:?}{}", answer.change.as_str(), answer.symptom, answer.summary, pairs.concat())
}

/// Holds the interests of a rule against an event. `is_whole`: all fields and properties that there are stand in
/// `event`; otherwise those that the rule does not read are not known.
pub fn interest_matches(description: &Description, event: &TapEvent, is_whole: bool) -> Vec<InterestMatch> {
    let known = |subject: &Subject| {
        let (pairs, wanted, name) = match subject {
            Subject::Field(name) => (&event.fields, &description.wants.fields, name),
            Subject::Property(name) => (&event.properties, &description.wants.properties, name),
        };
        let found = value(pairs, name);
        (found, is_whole || found.is_some() || wanted.contains(name))
    };
    let interests = description.interests.iter().enumerate();
    let matched = |(at, interest): (usize, &Interest)| {
        let mut checks = vec![of_kind(interest, event)];
        if !interest.contains.is_empty() {
            checks.push(of_message(interest, event));
        }
        checks.extend(interest.conditions.iter().map(|condition| of_condition(condition, known(&condition.subject))));
        let matched = if checks.iter().any(|check| check.passed == Some(false)) {
            Some(false)
        } else {
            checks.iter().all(|check| check.passed == Some(true)).then_some(true)
        };
        InterestMatch { number: at + 1, matched, checks }
    };
    interests.map(matched).collect()
}

fn of_kind(interest: &Interest, event: &TapEvent) -> InterestCheck {
    let words =
        [(EventKind::Log, "log records"), (EventKind::Fact, "changes of facts"), (EventKind::Reminder, "reminders")];
    let kinds: Vec<&str> = words.iter().filter(|(kind, _)| interest.kinds.has(*kind)).map(|(_, word)| *word).collect();
    let passed = interest.kinds.has(kind(event));
    InterestCheck { what: format!("it is for {}", kinds.join(", ")), passed: Some(passed), found: None }
}

fn of_message(interest: &Interest, event: &TapEvent) -> InterestCheck {
    let case = if interest.ignore_case { ", in any case" } else { "" };
    let message = event.message.as_deref();
    let is_in = |text: &&String| {
        let literal = LiteralKey { text: (*text).clone(), ignore_case: interest.ignore_case };
        message.is_some_and(|message| literal.is_in(message))
    };
    // Literals are about log records; an interest in other kinds has none that matter.
    let found = interest.contains.iter().find(is_in).cloned();
    InterestCheck {
        what: format!("the message contains {}{case}", any_of(&interest.contains)),
        passed: Some(found.is_some()),
        found,
    }
}

fn of_condition(condition: &InterestCondition, (found, is_known): (Option<&str>, bool)) -> InterestCheck {
    let (what, name) = match &condition.subject {
        Subject::Field(name) => ("the field", name),
        Subject::Property(name) => ("the property", name),
    };
    let test = match &condition.test {
        ValueTest::Present => "is there".to_owned(),
        ValueTest::Absent => "is not there".to_owned(),
        ValueTest::OneOf(list) => format!("is {}", any_of(list)),
        ValueTest::NoneOf(list) => format!("is not {}", any_of(list)),
        ValueTest::StartsWith(list) => format!("begins with {}", any_of(list)),
        ValueTest::Contains(list) => format!("contains {}", any_of(list)),
    };
    InterestCheck {
        what: format!("{what} {name:?} {test}"),
        passed: is_known.then(|| condition.test.passes(found)),
        found: found.map(str::to_owned),
    }
}

/// Returns `"a", "b" or "c"`, of a long list the first.
fn any_of(list: &[String]) -> String {
    let mut shown: Vec<String> = list.iter().take(VALUES).map(|text| format!("{text:?}")).collect();
    if list.len() > VALUES {
        shown.push(format!("one of {} more", list.len() - VALUES));
    }
    match shown.split_last() {
        None => "nothing".to_owned(),
        Some((one, [])) => one.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
