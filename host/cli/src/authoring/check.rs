//! `lifesigns rule check`: would a host load it, and what would make it slow or of no use?

use std::{path::Path, sync::Arc};

use lifesigns::{
    engine::LoadedRule,
    model::{Description, EventKind, InstantiateError, Limits, Module},
};
use lifesigns_text::{count_text, visible};
use lifesigns_workbench::inspect;

use super::rule_under_test::{self, RuleUnderTest};
use crate::{
    declared_settings,
    exit::{Failure, Outcome},
    terminal,
};

/// A literal that is shorter costs more the more rules there are.
const LITERAL_BYTES: usize = 7;

pub(super) fn run(rule: &Path, set: &[String]) -> Outcome {
    let settings = rule_under_test::settings(set)?;
    let subject = RuleUnderTest::open(rule)?;
    subject.announce();
    let seen = inspect(&subject.bytes);
    terminal::out(&format!(
        "imports   {}",
        if seen.imports.is_empty() { "nothing".into() } else { visible(&seen.imports.join(", ")) }
    ));
    let declared = subject.module.declared_settings(&Limits::default()).map_err(Failure::failed)?;
    declared_settings::show(&declared);
    let module: Arc<dyn Module> = Arc::clone(&subject.module) as Arc<dyn Module>;
    match LoadedRule::new(subject.name.as_str(), module, &settings, Limits::default()) {
        Ok(rule) => {
            if let Some(state) = declared_settings::state_text(&rule.description) {
                terminal::out(&format!("state     {state}"));
            }
            let remarks = remarks(&rule.description, !declared.is_empty());
            remarks.iter().for_each(|remark| terminal::warning(remark));
            let said = if remarks.is_empty() {
                "nothing to remark".to_owned()
            } else {
                count_text(remarks.len() as u64, "remark")
            };
            terminal::out(&format!("{} {}: a host loads it; {said}", subject.name, visible(&rule.description.version)));
            Ok(())
        }
        Err(error @ InstantiateError::Settings(_)) if set.is_empty() => {
            Err(Failure::Failed(format!("without settings, {error}\n(give some with --set NAME=VALUE)")))
        }
        Err(error) => Err(Failure::failed(error)),
    }
}

/// Returns what a host accepts and people would regret.
fn remarks(description: &Description, declares_settings: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    if description.symptoms.is_empty() {
        remarks.push("it declares no symptom, so it can never raise one".to_owned());
    }
    for symptom in &description.symptoms {
        let id = &symptom.id;
        if symptom.title.trim().is_empty() {
            remarks.push(format!("the symptom `{id}` has no title: it is what people see first"));
        }
        if symptom.recommendation.trim().is_empty() {
            remarks.push(format!("the symptom `{id}` has no recommendation: say what a person should do"));
        }
    }
    for interest in description.interests.iter().filter(|interest| interest.kinds.has(EventKind::Log)) {
        if interest.contains.is_empty() {
            remarks.push("an interest in log records has no literal: the host decodes every line for it".to_owned());
        }
        for short in interest.contains.iter().filter(|literal| literal.len() < LITERAL_BYTES) {
            remarks.push(format!(
                "the literal \"{}\" is short: from {LITERAL_BYTES} bytes on its cost does not depend on other rules",
                visible(short)
            ));
        }
    }
    if !declares_settings {
        remarks.push(
            "it declares no settings; if it has some, `lifesigns_rule::settings!` lets `rule inspect` show them"
                .to_owned(),
        );
    }
    remarks
}
