//! The explanation of an alert as text, one line per decision.

use lifesigns_compliance::{PolicyStatement, Why};

/// Returns why the object is in its groups, then each decision with the policy that made it and those that
/// it overrides.
pub(crate) fn lines(why: &Why) -> Vec<String> {
    let member = why.groups.iter().map(|one| format!("in group {}: {} ({})", one.group, one.how, one.place));
    let decided = why.steps.iter().map(|step| {
        let mut line = format!("{} = {}: {}", step.setting, step.value, verdict(&step.by));
        for lost in &step.overrode {
            line.push_str(&format!("; over {} = {}: {}", step.setting, lost.value, verdict(lost)));
        }
        line
    });
    member.chain(decided).collect()
}

fn verdict(verdict: &PolicyStatement) -> String {
    let group = verdict.group.as_ref().map(|group| format!(" of group {group}")).unwrap_or_default();
    format!("policy {}{group} for {:?} ({})", verdict.policy, verdict.pattern, verdict.place)
}
