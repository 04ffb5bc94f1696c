//! The reasons of a decision in one line, for a table cell.

use lifesigns_compliance::{PolicyStatement, Why};

/// Returns each decision with the policy that made it: `allow = true by policy playground (group playground,
/// lifesigns.toml:8:1)`; the groups if no policy decided anything.
pub fn why_in_a_line(why: &Why) -> String {
    if why.steps.is_empty() {
        return match why.groups.as_slice() {
            [] => "in no group; no policy applies".to_owned(),
            groups => {
                let names: Vec<_> = groups.iter().map(|it| format!("{} ({})", it.group, it.how)).collect();
                format!("no policy applies; in {}", names.join(", "))
            }
        };
    }
    let steps = why.steps.iter().map(|step| {
        let over = match step.overrode.len() {
            0 => String::new(),
            _ => {
                let lost: Vec<_> = step.overrode.iter().map(|it| format!("{} = {}", it.policy, it.value)).collect();
                format!(", over {}", lost.join(", "))
            }
        };
        format!("{} = {} by {}{over}", step.setting, step.value, statement_source(&step.by))
    });
    steps.collect::<Vec<_>>().join("; ")
}

/// Returns the source of a statement: `policy playground (group playground, lifesigns.toml:8:1)`.
pub fn statement_source(statement: &PolicyStatement) -> String {
    match &statement.group {
        Some(group) => format!("policy {} (group {group}, {})", statement.policy, statement.place),
        None => format!("policy {} (all objects, {})", statement.policy, statement.place),
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::{Decision, Membership, config::ConfigLocation};

    use super::*;

    fn statement(policy: &str, group: Option<&str>, value: &str, line: u32) -> PolicyStatement {
        PolicyStatement {
            policy: policy.into(),
            group: group.map(Into::into),
            pattern: "docker-*".into(),
            value: value.into(),
            place: ConfigLocation { file: "lifesigns.toml".into(), line, column: 1 },
        }
    }

    #[test]
    fn says_who_and_over_whom() {
        let step = Decision {
            setting: "allow".into(),
            value: "true".into(),
            by: statement("playground", Some("playground"), "true", 8),
            overrode: vec![statement("strict", None, "false", 20)],
        };
        assert_eq!(
            why_in_a_line(&Why { groups: vec![], steps: vec![step] }),
            "allow = true by policy playground (group playground, lifesigns.toml:8:1), over strict = false"
        );
    }

    #[test]
    fn says_that_nothing_was_said() {
        let membership =
            Membership { group: "linux".into(), place: ConfigLocation::default(), how: "listed as \"vm-*\"".into() };
        let why = Why { groups: vec![membership], steps: vec![] };
        assert_eq!(why_in_a_line(&why), "no policy applies; in linux (listed as \"vm-*\")");
        assert_eq!(why_in_a_line(&Why::default()), "in no group; no policy applies");
    }
}
