//! What an alert says: taken from the definition, from the symptoms that make it, and from policy.

use std::sync::Arc;

use lifesigns_model::{Criticality, Impact};

use crate::{
    book::{
        evaluation::{context::Context, outcome::Evaluation},
        ids::Id,
    },
    config::AlertDefinition,
    record::{Alert, SymptomState},
    why::Decision,
};

/// The criticality and impact of an alert whose definition names none and that no symptom makes.
const DEFAULT_CRITICALITY: Criticality = Criticality::Warning;
const DEFAULT_IMPACT: Impact = Impact::Risk;

impl Context<'_> {
    /// Fills in what `alert` says now. `review`: groups and why are made again; without it only if the alert
    /// becomes allowed or is no longer.
    pub(crate) fn render(self, alert: &mut Alert, object: &Id, name: &Id, evaluation: &Evaluation, review: bool) {
        let definition = self.compiled.definition(name);
        let worst = evaluation.matched.worst.as_ref();
        let worst = worst.and_then(|(_, object, name)| self.objects.symptom(object, name));
        let matched = evaluation.matched.first.iter();
        let mut symptoms: Vec<&SymptomState> =
            matched.filter_map(|(object, name)| self.objects.symptom(object, name)).collect();
        // The worst first; of equal ones in the order of the condition.
        symptoms.sort_by_key(|symptom| std::cmp::Reverse(symptom.criticality));

        let review = review || alert.allowed != evaluation.allowed;
        alert.allowed = evaluation.allowed;
        alert.undecided.clone_from(&evaluation.undecided);
        render_severity(alert, definition, worst, evaluation);
        render_text(alert, name, definition, worst, evaluation);
        let mut names = Vec::with_capacity(symptoms.len());
        symptoms.iter().for_each(|symptom| push_new(&mut names, &symptom.name));
        alert.symptoms = names.into();
        alert.recommendations = recommendations(definition, &symptoms, evaluation).into();
        let mut controls = definition.map(|definition| definition.controls.clone()).unwrap_or_default();
        symptoms.iter().flat_map(|symptom| &symptom.controls).for_each(|one| push_new(&mut controls, one));
        alert.controls = controls.into();
        if review {
            self.render_policy(alert, object, name, evaluation);
        }
    }

    fn render_policy(self, alert: &mut Alert, object: &Id, name: &Id, evaluation: &Evaluation) {
        alert.groups = self.registry.groups().of(object).map(|group| group.name.clone()).collect();
        alert.uncertain_groups = self.registry.groups().uncertain(object).map(|group| group.name.clone()).collect();
        let mut why = self.resolution(object, name).why;
        if evaluation.allowed && !evaluation.decision.allowed {
            why.steps.extend(self.symptom_steps(&evaluation.matched.first));
        }
        alert.why = Arc::new(why);
    }

    /// Returns why each of these symptoms is allowed where it is.
    pub(crate) fn symptom_steps(self, symptoms: &[(Id, Id)]) -> Vec<Decision> {
        let mut all = Vec::new();
        for (object, name) in symptoms {
            let steps = self.resolution(object, name).why.steps.into_iter();
            let allowing = steps.filter(|step| step.setting == "allow");
            all.extend(allowing.map(|step| Decision { setting: format!("allow {name}"), ..step }));
        }
        all
    }
}

fn render_severity(
    alert: &mut Alert,
    definition: Option<&AlertDefinition>,
    worst: Option<&SymptomState>,
    evaluation: &Evaluation,
) {
    let own = definition.and_then(|definition| definition.criticality);
    let auto = worst.map_or(DEFAULT_CRITICALITY, |worst| worst.criticality);
    let criticality = evaluation.decision.criticality.or(own).unwrap_or(auto);
    alert.criticality = criticality.max(evaluation.decision.at_least.unwrap_or(criticality));
    let own = definition.and_then(|definition| definition.impact);
    alert.impact = own.or(worst.map(|worst| worst.impact)).unwrap_or(DEFAULT_IMPACT);
}

fn render_text(
    alert: &mut Alert,
    name: &Id,
    definition: Option<&AlertDefinition>,
    worst: Option<&SymptomState>,
    evaluation: &Evaluation,
) {
    alert.title = match (definition, worst) {
        (Some(definition), _) => definition.title.as_str().into(),
        (None, Some(worst)) => worst.title.clone(),
        (None, None) => name.into(),
    };
    alert.summary = worst.map_or_else(|| alert.title.clone(), |worst| worst.summary.clone());
    if let Some(failed) = &evaluation.undecided {
        let (expression, reason) = (&failed.expression, &failed.reason);
        alert.summary = format!("undecided, so it counts as met: `{expression}` fails: {reason}").into();
    }
    alert.attributes = worst.map(|worst| worst.attributes.clone()).unwrap_or_default();
}

/// Returns the recommendations of policy, else of the definition, else of the symptoms.
fn recommendations(
    definition: Option<&AlertDefinition>,
    symptoms: &[&SymptomState],
    evaluation: &Evaluation,
) -> Vec<String> {
    let own = definition.map(|definition| &definition.recommendations).filter(|own| !own.is_empty());
    if let Some(recommendations) = evaluation.decision.recommendations.as_ref().or(own) {
        return recommendations.clone();
    }
    let mut all = Vec::new();
    for symptom in symptoms {
        if !symptom.recommendation.is_empty() {
            push_new(&mut all, &symptom.recommendation);
        }
    }
    all
}

fn push_new(all: &mut Vec<String>, one: &str) {
    if !all.iter().any(|known| known == one) {
        all.push(one.to_owned());
    }
}
