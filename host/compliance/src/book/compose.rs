//! What an alert says: of the definition, of the symptoms that make it, and of policy.

use lifesigns_model::{Criticality, Impact};

use super::{Book, judge::Case, page::Id};
use crate::{
    record::{Alert, EVIDENCE_LINES, EvidenceExcerpt, EvidenceLine, SymptomState},
    why::Decision,
};

/// How bad an alert is that neither says so nor has a symptom that does.
const UNSAID: (Criticality, Impact) = (Criticality::Warning, Impact::Risk);

impl EvidenceExcerpt {
    /// One more, later than those before. A line that shows two symptoms is shown once.
    pub(super) fn add(&mut self, evidence: EvidenceLine) {
        if self.last.last().or(self.first.last()) == Some(&evidence) {
            return;
        }
        if self.first.len() < EVIDENCE_LINES {
            return self.first.push(evidence);
        }
        while self.last.len() >= EVIDENCE_LINES {
            self.last.remove(0);
        }
        self.last.push(evidence);
    }
}

impl Book {
    /// Fills in what `alert` says now; `review` makes groups and why anew.
    pub(super) fn compose(&self, alert: &mut Alert, object: &Id, name: &Id, case: &Case, review: bool) {
        let definition = self.compiled.definition(name);
        let symptom = |(object, name): &(Id, Id)| self.pages.get(object)?.symptoms.get(name).map(|one| &**one);
        let worst = case.found.worst.clone().and_then(|(_, object, name)| symptom(&(object, name)));
        let mut symptoms: Vec<&SymptomState> = case.found.symptoms.iter().filter_map(symptom).collect();
        // The worst first; of equal ones in the order of the condition.
        symptoms.sort_by_key(|symptom| std::cmp::Reverse(symptom.criticality));

        let said = definition.and_then(|definition| definition.criticality);
        let auto = worst.map_or(UNSAID.0, |worst| worst.criticality);
        let criticality = case.ruling.criticality.or(said).unwrap_or(auto);
        alert.criticality = criticality.max(case.ruling.at_least.unwrap_or(criticality));
        alert.undecided.clone_from(&case.undecided);
        let said = definition.and_then(|definition| definition.impact);
        alert.impact = said.or(worst.map(|worst| worst.impact)).unwrap_or(UNSAID.1);
        let review = review || alert.allowed != case.allowed;
        alert.allowed = case.allowed;
        alert.title = match (definition, worst) {
            (Some(definition), _) => definition.title.clone(),
            (None, Some(worst)) => worst.title.clone(),
            (None, None) => name.to_string(),
        };
        alert.summary = worst.map_or_else(|| alert.title.clone(), |worst| worst.summary.clone());
        if let Some(failed) = &case.undecided {
            alert.summary = format!("undecided, so it counts as met: `{}` fails: {}", failed.expression, failed.reason);
        }
        alert.attributes = worst.map(|worst| worst.attributes.clone()).unwrap_or_default();
        alert.symptoms.clear();
        symptoms.iter().for_each(|symptom| push_new(&mut alert.symptoms, &symptom.name));

        let own = definition.map(|definition| &definition.recommendations).filter(|own| !own.is_empty());
        alert.recommendations = match case.ruling.recommendations.as_ref().or(own) {
            Some(recommendations) => recommendations.clone(),
            None => {
                let mut all = Vec::new();
                let said = symptoms.iter().map(|symptom| &symptom.recommendation).filter(|one| !one.is_empty());
                said.for_each(|one| push_new(&mut all, one));
                all
            }
        };
        alert.controls = definition.map(|definition| definition.controls.clone()).unwrap_or_default();
        symptoms.iter().flat_map(|symptom| &symptom.controls).for_each(|one| push_new(&mut alert.controls, one));
        if review {
            alert.groups = self.registry.groups_of(object).map(|group| group.name.clone()).collect();
            alert.uncertain_groups = self.registry.uncertain_groups(object).map(|group| group.name.clone()).collect();
            alert.why = self.resolution(object, name).why;
            if case.allowed && !case.ruling.allowed {
                alert.why.steps.extend(self.symptom_steps(&case.found.symptoms));
            }
        }
    }

    /// Why each of these symptoms is fine where it is.
    pub(super) fn symptom_steps(&self, symptoms: &[(Id, Id)]) -> Vec<Decision> {
        let steps = |(object, name): &(Id, Id)| {
            let allows = self.resolution(object, name).why.steps.into_iter().filter(|step| step.setting == "allow");
            allows.map(|step| Decision { setting: format!("allow {name}"), ..step }).collect::<Vec<_>>()
        };
        symptoms.iter().flat_map(steps).collect()
    }
}

fn push_new(all: &mut Vec<String>, one: &str) {
    if !all.iter().any(|known| known == one) {
        all.push(one.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_few_lines_are_kept_each_once() {
        let line = |line| EvidenceLine { time_ns: line, source: "log".into(), line, text: String::new() };
        let mut shown = EvidenceExcerpt::default();
        for number in [1, 1, 2, 3, 4, 4, 5, 6, 7, 7] {
            shown.add(line(number));
        }
        let numbers = |some: &[EvidenceLine]| some.iter().map(|one| one.line).collect::<Vec<_>>();
        assert_eq!((numbers(&shown.first), numbers(&shown.last)), (vec![1, 2, 3], vec![5, 6, 7]));
    }
}
