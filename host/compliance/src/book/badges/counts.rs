//! What badges count: the alerts of an object, the members of a group.

use lifesigns_model::Criticality;

use crate::{
    book::ids::Id,
    config::BadgeFormula,
    record::{Alert, AlertStatus, Badge},
};

/// The alerts of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AlertCounts {
    /// Open violations, by criticality.
    violations: [u32; 4],
    /// Open alerts that are allowed.
    allowed: u32,
    /// Alerts that are known, open or not.
    known: u32,
}

impl AlertCounts {
    /// Counts alerts. `exists`: whether the definition or symptom of this name is still there; a cancelled alert
    /// counts only then.
    pub(crate) fn of<'a>(alerts: impl Iterator<Item = (&'a Id, &'a Alert)>, exists: impl Fn(&str) -> bool) -> Self {
        let mut counts = Self::default();
        for (name, alert) in alerts {
            if alert.status == AlertStatus::Cancelled {
                counts.known += u32::from(exists(name));
                continue;
            }
            counts.known += 1;
            if alert.allowed {
                counts.allowed += 1;
            } else {
                counts.violations[alert.criticality as usize] += 1;
            }
        }
        counts
    }

    /// Returns the criticality of the worst violation.
    fn worst(&self) -> Option<Criticality> {
        worst(&self.violations)
    }

    fn violated(&self) -> u32 {
        self.violations.iter().sum()
    }

    /// Returns the object's badge.
    pub(crate) fn badge(&self, formula: BadgeFormula) -> Badge {
        let violated = self.violated();
        let share = share(violated.into(), self.known.into());
        badge(formula, self.worst(), share, violated, self.allowed)
    }
}

/// The members of one group.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupCounts {
    /// Members by their worst open violation.
    worst: [u32; 4],
    violations: u64,
    allowed: u64,
    /// Members, violated or not.
    total: usize,
}

impl GroupCounts {
    /// Returns how many members have an open violation.
    pub(crate) fn violated(&self) -> u32 {
        self.worst.iter().sum()
    }

    /// Counts a member.
    pub(crate) fn add(&mut self, member: &AlertCounts) {
        if let Some(worst) = member.worst() {
            self.worst[worst as usize] += 1;
        }
        self.violations += u64::from(member.violated());
        self.allowed += u64::from(member.allowed);
    }

    /// Counts a member no longer.
    pub(crate) fn remove(&mut self, member: &AlertCounts) {
        if let Some(worst) = member.worst() {
            self.worst[worst as usize] = self.worst[worst as usize].saturating_sub(1);
        }
        self.violations = self.violations.saturating_sub(member.violated().into());
        self.allowed = self.allowed.saturating_sub(member.allowed.into());
    }

    /// Counts the alerts of no member; the number of members stays.
    pub(crate) fn reset(&mut self) {
        *self = Self { total: self.total, ..Self::default() };
    }

    /// Sets the number of members. Returns whether it changed.
    pub(crate) fn set_total(&mut self, total: usize) -> bool {
        std::mem::replace(&mut self.total, total) != total
    }

    /// Returns the group's badge.
    pub(crate) fn badge(&self, formula: BadgeFormula) -> Badge {
        let share = share(self.violated().into(), self.total as u64);
        badge(formula, worst(&self.worst), share, saturated(self.violations), saturated(self.allowed))
    }
}

fn worst(counts: &[u32; 4]) -> Option<Criticality> {
    const ALL: [Criticality; 4] =
        [Criticality::Critical, Criticality::Immediate, Criticality::Warning, Criticality::Information];
    ALL.into_iter().find(|one| counts[*one as usize] > 0)
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Returns 100 − violated / total × 100, rounded down.
fn share(violated: u64, total: u64) -> u8 {
    match total {
        0 => 100,
        total => (total.saturating_sub(violated) * 100 / total) as u8,
    }
}

fn badge(formula: BadgeFormula, worst: Option<Criticality>, share: u8, violations: u32, allowed: u32) -> Badge {
    let worst = match worst {
        None | Some(Criticality::Information) => 100,
        Some(Criticality::Warning) => 75,
        Some(Criticality::Immediate) => 25,
        Some(Criticality::Critical) => 0,
    };
    let score = match formula {
        BadgeFormula::Worst => worst,
        BadgeFormula::Share => share,
    };
    Badge { score, worst, share, violations, allowed }
}
