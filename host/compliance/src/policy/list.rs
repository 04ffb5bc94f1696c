//! All policies as they are evaluated: in which order, when, and what each says.

use crate::{
    compiled::Compiled,
    query::{PolicyLine, SayLine},
};

impl Compiled {
    /// All policies, those that win first; `clock_ns` is the host's clock, which says whether a policy
    /// is in force.
    pub fn policy_lines(&self, clock_ns: u64) -> Vec<PolicyLine> {
        let line = |ranked: &super::Ranked| {
            let policy = self.config().policies.get(ranked.position)?;
            let says = ranked.says.iter().filter_map(|&say| policy.says.get(say)).map(|say| SayLine {
                pattern: say.pattern.as_str().to_owned(),
                setting: say.setting.subject().to_string(),
                value: say.setting.value(),
                place: say.place.clone(),
            });
            Some(PolicyLine {
                name: policy.name.clone(),
                place: policy.place.clone(),
                groups: policy.groups.clone(),
                priority: policy.priority,
                hours: policy.hours.iter().map(ToString::to_string).collect(),
                zone: policy.zone.name().to_owned(),
                in_force: policy.in_force(clock_ns),
                says: says.collect(),
            })
        };
        self.policies.iter().filter_map(line).collect()
    }
}
