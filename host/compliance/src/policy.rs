//! What the policies of an object's groups say about an alert, and which of them wins.
//!
//! For each setting by itself: of the policies that are in force and hold for the object, the one
//! with the higher priority wins, then the one that stands first in the files; within one policy, what
//! is said of the alert by its name goes before what is said of a pattern with `*`, then the first
//! line. The rest is kept as what was overridden, in the order in which it would have won.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    compiled::Compiled,
    config::{Policy, Say, Setting},
    directory::{Certainty, Directory},
    groups::{GroupId, Groups},
    query::Resolution,
    why::{Step, Verdict, Why},
};

/// A policy among all policies.
#[derive(Debug)]
pub(crate) struct Ranked {
    /// Its position in `Config::policies`.
    position: usize,
    /// The groups it holds in; `None` for all objects.
    groups: Option<Vec<GroupId>>,
    /// Its says in the order in which they win.
    says: Vec<usize>,
}

/// By which of its groups a policy holds for an object.
#[derive(Clone, Copy, Debug)]
struct Through<'a> {
    /// The policy's rank; 0 is the strongest.
    rank: usize,
    /// `None`: it holds for all objects.
    group: Option<&'a str>,
    /// The object is in the group for certain.
    certain: bool,
}

/// What a policy says about, in the order in which decisions are printed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Enable,
    Allow,
    Criticality,
    AtLeast,
    Threshold(String),
    Recommendations,
    Receivers,
}

/// `policies` in the order in which they win.
pub(crate) fn ranked(policies: &[Policy], groups: &Groups) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = policies
        .iter()
        .enumerate()
        .map(|(position, policy)| {
            let ids = policy.groups.iter().filter_map(|name| GroupId::try_from(groups.position(name)?).ok());
            let mut says: Vec<usize> = (0..policy.says.len()).collect();
            says.sort_by_key(|&say| !policy.says[say].pattern.is_literal());
            Ranked { position, groups: (!policy.groups.is_empty()).then(|| ids.collect()), says }
        })
        .collect();
    ranked.sort_by_key(|one| Reverse(policies[one.position].priority));
    ranked
}

/// Whether some policy disables what may be a symptom.
pub(crate) fn disables_symptoms(policies: &[Policy]) -> bool {
    let may_be_symptom = |say: &Say| !say.pattern.is_literal() || say.pattern.as_str().contains('/');
    let mut says = policies.iter().flat_map(|policy| &policy.says);
    says.any(|say| say.setting == Setting::Enable(false) && may_be_symptom(say))
}

impl Compiled {
    /// What is decided about `alert` (a definition's name or `RULE/SYMPTOM`) on `object` at
    /// `clock_ns` of the host's clock, by the name of the alert alone.
    ///
    /// An alert of a definition counts as allowed if this allows its name, or if each of its active
    /// symptoms is allowed by its own name ([`Compiled::allows_symptom`]) and no policy that is as strong
    /// or stronger forbids the alert's name.
    pub fn resolve(&self, directory: &Directory, object: &str, alert: &str, clock_ns: u64) -> Resolution {
        let mut resolution = Resolution {
            object: object.to_owned(),
            alert: alert.to_owned(),
            enabled: true,
            why: Why { groups: directory.memberships(object), steps: Vec::new() },
            ..Resolution::default()
        };
        let mut said: BTreeMap<Subject, Vec<(&Say, Verdict)>> = BTreeMap::new();
        self.said(directory, object, alert, clock_ns, |policy, Through { rank, group, certain }, say| {
            if matches!(say.setting, Setting::Allow(_)) && resolution.allow_rank.is_none() {
                resolution.allow_rank = Some(rank);
            }
            let verdict = Verdict {
                policy: policy.name.clone(),
                group: group.map(str::to_owned),
                pattern: say.pattern.as_str().to_owned(),
                value: say.setting.value(),
                place: say.place.clone(),
            };
            let subject = match say.setting {
                Setting::Criticality(criticality) if !certain => {
                    resolution.at_least = resolution.at_least.max(Some(criticality));
                    Subject::AtLeast
                }
                _ => say.setting.subject(),
            };
            said.entry(subject).or_default().push((say, verdict));
            true
        });
        for (subject, said) in said {
            let mut said = said.into_iter();
            let Some((say, by)) = said.next() else { continue };
            if subject != Subject::AtLeast {
                resolution.decide(&say.setting);
            }
            let overrode = said.map(|(_, verdict)| verdict).collect();
            resolution.why.steps.push(Step { setting: subject.to_string(), value: by.value.clone(), by, overrode });
        }
        resolution
    }

    /// Whether policy allows `symptom` (`RULE/SYMPTOM`) on `object`, by its own name. As
    /// [`Compiled::resolve`], without the why.
    pub fn allows_symptom(&self, directory: &Directory, object: &str, symptom: &str, clock_ns: u64) -> bool {
        let mut allowed = false;
        self.said(directory, object, symptom, clock_ns, |_, _, say| match say.setting {
            Setting::Allow(allow) => {
                allowed = allow;
                false
            }
            _ => true,
        });
        allowed
    }

    /// Whether policy lets `symptom` (`RULE/SYMPTOM`) count on `object`. One that is disabled there is no
    /// alert of its own, and no definition sees it.
    pub fn enables_symptom(&self, directory: &Directory, object: &str, symptom: &str, clock_ns: u64) -> bool {
        let mut enabled = true;
        if self.disables {
            self.said(directory, object, symptom, clock_ns, |_, _, say| match say.setting {
                Setting::Enable(enable) => {
                    enabled = enable;
                    false
                }
                _ => true,
            });
        }
        enabled
    }

    /// Policies that name `group`, in the order in which they win. Those that hold for all objects are
    /// not among them.
    pub fn policies_in(&self, group: &str) -> Vec<&Policy> {
        let policies = self.policies.iter().filter_map(|one| self.config().policies.get(one.position));
        policies.filter(|policy| policy.groups.iter().any(|name| name == group)).collect()
    }

    /// When, after `clock_ns`, the set of policies in force changes next; `None` for never.
    pub fn next_hours_change(&self, clock_ns: u64) -> Option<u64> {
        self.changes.next(&self.config().policies, clock_ns)
    }

    /// Gives `each` what is said about the alert on the object, the winner of each setting first, until
    /// it answers `false`.
    fn said<'a>(
        &'a self,
        directory: &Directory,
        object: &str,
        alert: &str,
        clock_ns: u64,
        mut each: impl FnMut(&'a Policy, Through<'a>, &'a Say) -> bool,
    ) {
        let config = self.config();
        for (rank, ranked) in self.policies.iter().enumerate() {
            let policy = &config.policies[ranked.position];
            let through = match &ranked.groups {
                None => Through { rank, group: None, certain: true },
                Some(groups) => {
                    let has = |is: Certainty| groups.iter().find(|&&group| directory.membership(object, group) == is);
                    let Some(&group) = has(Certainty::Yes).or_else(|| has(Certainty::Maybe)) else { continue };
                    let certain = directory.membership(object, group) == Certainty::Yes;
                    Through { rank, group: Some(config.groups[group as usize].name.as_str()), certain }
                }
            };
            if !policy.in_force(clock_ns) {
                continue;
            }
            let says = ranked.says.iter().map(|&say| &policy.says[say]);
            let counts = |say: &&Say| through.certain || say.setting.counts_if_uncertain();
            for say in says.filter(|say| say.pattern.matches(alert)).filter(counts) {
                if !each(policy, through, say) {
                    return;
                }
            }
        }
    }
}

impl Resolution {
    fn decide(&mut self, setting: &Setting) {
        match setting {
            Setting::Allow(allow) => self.allowed = *allow,
            Setting::Enable(enable) => self.enabled = *enable,
            Setting::Criticality(criticality) => self.criticality = Some(*criticality),
            Setting::Threshold(name, value) => drop(self.thresholds.insert(name.clone(), *value)),
            Setting::Recommendations(texts) => self.recommendations = Some(texts.clone()),
            Setting::Receivers(names) => self.receivers = Some(names.clone()),
        }
    }
}

impl Setting {
    /// Whether a policy says this also where it cannot be decided whether the object is in its group:
    /// what makes it stricter. What excuses, quietens or moves a threshold needs a member for certain.
    fn counts_if_uncertain(&self) -> bool {
        match self {
            Self::Allow(allow) => !allow,
            Self::Enable(enable) => *enable,
            Self::Criticality(_) | Self::Recommendations(_) => true,
            Self::Threshold(..) | Self::Receivers(_) => false,
        }
    }

    fn subject(&self) -> Subject {
        match self {
            Self::Allow(_) => Subject::Allow,
            Self::Enable(_) => Subject::Enable,
            Self::Criticality(_) => Subject::Criticality,
            Self::Threshold(name, _) => Subject::Threshold(name.clone()),
            Self::Recommendations(_) => Subject::Recommendations,
            Self::Receivers(_) => Subject::Receivers,
        }
    }

    pub(crate) fn value(&self) -> String {
        match self {
            Self::Allow(value) | Self::Enable(value) => value.to_string(),
            Self::Criticality(criticality) => criticality.to_string(),
            Self::Threshold(_, value) => value.to_string(),
            Self::Recommendations(texts) if texts.is_empty() => "none".to_owned(),
            Self::Recommendations(texts) => texts.join("; "),
            Self::Receivers(names) if names.is_empty() => "nobody".to_owned(),
            Self::Receivers(names) => names.join(", "),
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enable => f.write_str("enable"),
            Self::Allow => f.write_str("allow"),
            Self::Criticality => f.write_str("criticality"),
            Self::AtLeast => f.write_str("criticality at least"),
            Self::Threshold(name) => write!(f, "threshold {name}"),
            Self::Recommendations => f.write_str("recommendations"),
            Self::Receivers => f.write_str("receivers"),
        }
    }
}

mod list;
#[cfg(test)]
mod tests;
