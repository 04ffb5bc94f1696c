//! A rule and its shadow, as they stand in one rule set.

use std::sync::Arc;

use lifesigns_model::SymptomDefinition;

use crate::LoadedRule;

/// A rule and its shadow.
pub(crate) struct ShadowPair {
    /// The live version's place in the set.
    pub(crate) live: u32,
    /// The shadow's place in the set.
    pub(crate) shadow: u32,
    /// What the live version is: another one makes it another comparison.
    pub(crate) live_version: Arc<str>,
    /// For each symptom of the shadow, the number of the live version's symptom of that id, or one beyond.
    pub(crate) shadow_symptoms: Arc<[u32]>,
}

/// Returns the pairs among rules that are sorted by key: a shadow stands behind its live version.
pub(crate) fn pairs(rules: &[Arc<LoadedRule>]) -> Vec<ShadowPair> {
    let with_next = rules.iter().zip(rules.iter().skip(1)).enumerate();
    with_next
        .filter(|(_, (live, shadow))| live.key.name == shadow.key.name)
        .map(|(number, (live, shadow))| ShadowPair {
            live: number as u32,
            shadow: number as u32 + 1,
            live_version: format!("{} {}", live.module.digest(), live.settings).into(),
            shadow_symptoms: shadow_symptoms(live, shadow),
        })
        .collect()
}

fn shadow_symptoms(live: &LoadedRule, shadow: &LoadedRule) -> Arc<[u32]> {
    let of_live = &live.description.symptoms;
    shadow
        .description
        .symptoms
        .iter()
        .map(|symptom| symptom.id.as_str())
        .enumerate()
        .map(|(at, id)| symptom_number(of_live, at, id))
        .collect()
}

/// Returns the number of a shadow's symptom among those of the live version, or one after them.
fn symptom_number(of_live: &[SymptomDefinition], at: usize, id: &str) -> u32 {
    of_live.iter().position(|symptom| symptom.id == id).unwrap_or(of_live.len() + at) as u32
}
