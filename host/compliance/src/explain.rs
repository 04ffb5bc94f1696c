//! Resolutions and their reasons as people read them.

use std::fmt;

use lifesigns_model::NS_PER_S;
use lifesigns_text::{rfc3339, visible};

use crate::{
    query::{EvaluationState, PolicyOutcome, Resolution},
    why::{Decision, PolicyStatement, Why},
};

/// The widest a column gets; longer entries exceed it.
const COLUMN: usize = 48;

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}: {}", self.alert, self.object, self.headline())?;
        for line in self.details() {
            writeln!(f, "  {line}")?;
        }
        if let EvaluationState::NotMet { unmet } = &self.state {
            writeln!(f, "  not met")?;
            for line in unmet {
                writeln!(f, "    {}", flat(line, 0))?;
            }
        }
        groups(f, &self.why)?;
        writeln!(f, "  decided")?;
        steps(f, &self.why.steps)?;
        if !self.why.steps.iter().any(|step| step.setting == "allow" || step.setting.starts_with("allow ")) {
            writeln!(f, "    allow: no policy says anything")?;
        }
        if !self.undecided.is_empty() {
            writeln!(f, "  undecided")?;
        }
        for one in &self.undecided {
            writeln!(f, "    {}", flat(&one.to_string(), 0))?;
        }
        Ok(())
    }
}

impl Resolution {
    /// Returns the state of the alert, and what policy decides or would decide about it.
    fn headline(&self) -> String {
        let criticality = self.criticality.map(|criticality| format!(", {criticality}")).unwrap_or_default();
        let would = match self.outlook {
            PolicyOutcome::Allowed => "allowed".to_owned(),
            PolicyOutcome::Violation => format!("a violation{criticality}"),
            PolicyOutcome::Depends => format!("allowed or a violation{criticality}, by the symptoms that make it"),
            PolicyOutcome::NotEvaluated => "not evaluated".to_owned(),
        };
        match &self.state {
            EvaluationState::NotEvaluated { because } => format!("not evaluated: {}", flat(because, 0)),
            EvaluationState::Open { .. } if self.allowed => format!("allowed{criticality}"),
            EvaluationState::Open { .. } => format!("violation{criticality}"),
            EvaluationState::NotMet { .. } => format!("not met; it would be {would}"),
            EvaluationState::Waiting { until_ns, .. } => {
                format!("waiting until {}; it would be {would}", utc(*until_ns))
            }
            EvaluationState::CancelledByHand { .. } => format!("cancelled by hand; open again it would be {would}"),
            EvaluationState::NoRoom => format!("met, and there was no room for the alert; it would be {would}"),
            EvaluationState::Unasked => would,
        }
    }

    /// Returns one line for each detail of the state.
    fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.state {
            EvaluationState::Open { id, since_ns, ends_ns, silenced_by, inhibited_by, acknowledged, notified } => {
                lines.push(format!("open since {}, alert {id}", utc(*since_ns)));
                if let Some(ends_ns) = ends_ns {
                    lines.push(format!("no longer met: cancelled at {} if that stays so", utc(*ends_ns)));
                }
                if let Some(id) = silenced_by {
                    lines.push(format!("silenced by {id}"));
                }
                if let Some(id) = inhibited_by {
                    lines.push(format!("inhibited by the parent's alert {id}, which its receivers know"));
                }
                if let Some(who) = acknowledged {
                    lines.push(format!("acknowledged by {}", flat(who, 0)));
                }
                if !self.allowed {
                    let known = if notified.is_empty() { "no receiver".to_owned() } else { notified.join(", ") };
                    lines.push(format!("known to {known}"));
                }
            }
            EvaluationState::Waiting { since_ns, .. } => lines.push(format!("met since {}", utc(*since_ns))),
            EvaluationState::CancelledByHand { id } => {
                lines.push(format!("alert {id}; it opens again at a new raise, or when it has ceased and is met again"))
            }
            _ => {}
        }
        lines
    }
}

/// Formats a time by RFC 3339, to the second.
fn utc(time_ns: u64) -> String {
    rfc3339(time_ns - time_ns % NS_PER_S)
}

/// Formats the groups, and the decisions if there are any. Each line ends in a line end.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        groups(f, self)?;
        if self.steps.is_empty() {
            return Ok(());
        }
        writeln!(f, "  decided")?;
        steps(f, &self.steps)
    }
}

fn groups(f: &mut fmt::Formatter<'_>, why: &Why) -> fmt::Result {
    if why.groups.is_empty() {
        return writeln!(f, "  in no group");
    }
    let rows = why.groups.iter().map(|one| [one.group.clone(), one.how.clone(), one.place.to_string()]);
    writeln!(f, "  groups")?;
    table(f, &rows.collect::<Vec<_>>())
}

fn steps(f: &mut fmt::Formatter<'_>, steps: &[Decision]) -> fmt::Result {
    let mut rows = Vec::new();
    for step in steps {
        rows.push(row(format!("{} = {}", step.setting, step.value), &step.by));
        rows.extend(step.overrode.iter().map(|lost| row(format!("  over {}", lost.value), lost)));
    }
    table(f, &rows)
}

fn row(what: String, by: &PolicyStatement) -> [String; 3] {
    let group = by.group.iter().map(|group| format!(" (group {group})"));
    [what, std::iter::once(format!("policy {}", by.policy)).chain(group).collect(), by.place.to_string()]
}

fn table(f: &mut fmt::Formatter<'_>, rows: &[[String; 3]]) -> fmt::Result {
    let (first, second) = (column_width(rows, 0), column_width(rows, 1));
    for [a, b, c] in rows {
        writeln!(f, "    {}   {}   {}", flat(a, first), flat(b, second), flat(c, 0))?;
    }
    Ok(())
}

/// Returns the width of a column; longer texts than most do not count.
fn column_width(rows: &[[String; 3]], column: usize) -> usize {
    let widths = rows.iter().map(|row| row[column].chars().count());
    widths.filter(|&width| width <= COLUMN).max().unwrap_or_default()
}

/// Returns `text` in one line, safe to show, filled up to `width`. An expression may be written over
/// several lines.
fn flat(text: &str, width: usize) -> String {
    let flat = visible(&text.replace(['\n', '\r', '\t'], " "));
    format!("{flat:width$}")
}

#[cfg(test)]
mod tests {
    use lifesigns_model::Criticality;

    use super::*;
    use crate::{config::ConfigLocation, why::Membership};

    fn place(file: &str, line: u32) -> ConfigLocation {
        ConfigLocation { file: file.into(), line, column: 1 }
    }

    fn member(group: &str, how: &str, line: u32) -> Membership {
        Membership { group: group.into(), place: place("lifesigns.toml", line), how: how.into() }
    }

    #[test]
    fn a_violation_is_printed_with_its_why() {
        let verdict = |policy: &str, group: Option<&str>, value: &str, at: ConfigLocation| PolicyStatement {
            policy: policy.into(),
            group: group.map(str::to_owned),
            pattern: "docker-*".into(),
            value: value.into(),
            place: at,
        };
        let resolution = Resolution {
            object: "vm-prod-02".into(),
            alert: "docker-on-production".into(),
            enabled: true,
            criticality: Some(Criticality::Critical),
            state: EvaluationState::Open {
                id: "34340b68939ea367".into(),
                since_ns: 1_795_424_400_000_000_000,
                ends_ns: Some(1_795_424_460_000_000_000),
                silenced_by: Some("3edc6590".into()),
                inhibited_by: None,
                acknowledged: None,
                notified: vec!["hotline".into()],
            },
            why: Why {
                groups: vec![
                    member("production", "properties.env\n== \"production\"", 12),
                    member("linux", "listed as \"vm-*\"", 5),
                ],
                steps: vec![Decision {
                    setting: "criticality".into(),
                    value: "critical".into(),
                    by: verdict("production-strict", Some("production"), "critical", place("conf.d/prod.toml", 8)),
                    overrode: vec![verdict("default", None, "immediate", place("lifesigns.toml", 40))],
                }],
            },
            ..Resolution::default()
        };
        let expected = r#"docker-on-production on vm-prod-02: violation, critical
  open since 2026-11-23T09:00:00Z, alert 34340b68939ea367
  no longer met: cancelled at 2026-11-23T09:01:00Z if that stays so
  silenced by 3edc6590
  known to hotline
  groups
    production   properties.env == "production"   lifesigns.toml:12:1
    linux        listed as "vm-*"                 lifesigns.toml:5:1
  decided
    criticality = critical   policy production-strict (group production)   conf.d/prod.toml:8:1
      over immediate         policy default                                lifesigns.toml:40:1
    allow: no policy says anything
"#;
        assert_eq!(resolution.to_string(), expected);
        let why = expected.lines().skip(5).take(6).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(resolution.why.to_string(), why);
    }

    #[test]
    fn what_is_in_no_group_says_so() {
        assert_eq!(Why::default().to_string(), "  in no group\n");
        let state = EvaluationState::NotMet { unmet: vec!["symptom t/a is not active".into()] };
        let resolution = Resolution { object: "o".into(), alert: "a".into(), state, ..Resolution::default() };
        let expected = "a on o: not met; it would be a violation\n  not met\n    symptom t/a is not active\n  in no \
                        group\n  decided\n    allow: no policy says anything\n";
        assert_eq!(resolution.to_string(), expected);
    }
}
