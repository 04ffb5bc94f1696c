//! The why as people read it.

use std::fmt;

use lifesigns_text::visible;

use crate::{
    query::Resolution,
    why::{Step, Verdict, Why},
};

/// The longest that a column is made for the sake of one long entry.
const COLUMN: usize = 48;

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: ", self.alert, self.object)?;
        match (self.enabled, self.allowed) {
            (false, _) => f.write_str("not evaluated")?,
            (true, true) => f.write_str("allowed")?,
            (true, false) => f.write_str("violation")?,
        }
        if let Some(criticality) = self.criticality {
            write!(f, ", {criticality}")?;
        }
        writeln!(f)?;
        groups(f, &self.why)?;
        writeln!(f, "  decided")?;
        steps(f, &self.why.steps)?;
        if !self.why.steps.iter().any(|step| step.setting == "allow") {
            writeln!(f, "    allow: no policy allows it")?;
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

/// The groups, and what was decided if anything was. Each line ends in a line end.
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

fn steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    let mut rows = Vec::new();
    for step in steps {
        rows.push(row(format!("{} = {}", step.setting, step.value), &step.by));
        rows.extend(step.overrode.iter().map(|lost| row(format!("  over {}", lost.value), lost)));
    }
    table(f, &rows)
}

fn row(what: String, by: &Verdict) -> [String; 3] {
    let group = by.group.iter().map(|group| format!(" (group {group})"));
    [what, std::iter::once(format!("policy {}", by.policy)).chain(group).collect(), by.place.to_string()]
}

fn table(f: &mut fmt::Formatter<'_>, rows: &[[String; 3]]) -> fmt::Result {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.filter(|&width| width <= COLUMN).max().unwrap_or_default()
    };
    let (first, second) = (width(0), width(1));
    for [a, b, c] in rows {
        writeln!(f, "    {}   {}   {}", flat(a, first), flat(b, second), flat(c, 0))?;
    }
    Ok(())
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
    use crate::{config::Place, why::Membership};

    fn place(file: &str, line: u32) -> Place {
        Place { file: file.into(), line, column: 1 }
    }

    fn member(group: &str, how: &str, line: u32) -> Membership {
        Membership { group: group.into(), place: place("lifesigns.toml", line), how: how.into() }
    }

    #[test]
    fn a_violation_is_printed_with_its_why() {
        let verdict = |policy: &str, group: Option<&str>, value: &str, at: Place| Verdict {
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
            why: Why {
                groups: vec![
                    member("production", "properties.env\n== \"production\"", 12),
                    member("linux", "listed as \"vm-*\"", 5),
                ],
                steps: vec![Step {
                    setting: "criticality".into(),
                    value: "critical".into(),
                    by: verdict("production-strict", Some("production"), "critical", place("conf.d/prod.toml", 8)),
                    overrode: vec![verdict("default", None, "immediate", place("lifesigns.toml", 40))],
                }],
            },
            ..Resolution::default()
        };
        let expected = r#"docker-on-production on vm-prod-02: violation, critical
  groups
    production   properties.env == "production"   lifesigns.toml:12:1
    linux        listed as "vm-*"                 lifesigns.toml:5:1
  decided
    criticality = critical   policy production-strict (group production)   conf.d/prod.toml:8:1
      over immediate         policy default                                lifesigns.toml:40:1
    allow: no policy allows it
"#;
        assert_eq!(resolution.to_string(), expected);
        let why = expected.lines().skip(1).take(6).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(resolution.why.to_string(), why);
    }

    #[test]
    fn what_is_in_no_group_says_so() {
        assert_eq!(Why::default().to_string(), "  in no group\n");
        let resolution = Resolution { object: "o".into(), alert: "a".into(), ..Resolution::default() };
        assert!(resolution.to_string().starts_with("a on o: not evaluated\n  in no group\n  decided\n    allow: no"));
    }
}
