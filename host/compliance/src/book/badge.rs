//! Badges: of an object over its alerts, of a group over its members. A change of one alert costs
//! the object's alerts and the object's groups, however many members those have.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use lifesigns_model::Criticality;

use super::{
    Book, limits,
    page::{Id, Page},
};
use crate::{
    config::BadgeFormula,
    record::{Alert, AlertStatus, Badge, BadgeOf, BadgePoint},
};

/// What counts of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Open violations, by criticality.
    violations: [u32; 4],
    /// Open alerts that are allowed.
    allowed: u32,
    /// Alerts that are known, open or not.
    known: u32,
}

impl Tally {
    /// `exists`: whether what an alert is named after is still there; one that is over counts only then.
    fn of(page: &Page, exists: impl Fn(&str) -> bool) -> Self {
        let counts = |(name, alert): &(&Id, &Arc<Alert>)| alert.status == AlertStatus::Open || exists(name);
        let mut tally = Self { known: page.alerts.iter().filter(counts).count() as u32, ..Self::default() };
        for alert in page.alerts.values().filter(|alert| alert.status == AlertStatus::Open) {
            match alert.allowed {
                true => tally.allowed += 1,
                false => tally.violations[alert.criticality as usize] += 1,
            }
        }
        tally
    }

    fn worst(&self) -> Option<Criticality> {
        const ALL: [Criticality; 4] =
            [Criticality::Critical, Criticality::Immediate, Criticality::Warning, Criticality::Information];
        ALL.into_iter().find(|one| self.violations[*one as usize] > 0)
    }

    fn violated(&self) -> u32 {
        self.violations.iter().sum()
    }

    fn badge(&self, formula: BadgeFormula) -> Badge {
        let violated = self.violated();
        badge(formula, self.worst(), share(violated.into(), self.known.into()), violated, self.allowed)
    }
}

/// 100 − violated / total × 100, rounded down.
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

/// What counts of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    /// Members by their worst open violation.
    worst: [u32; 4],
    violations: u64,
    allowed: u64,
    /// Members, violated or not.
    total: usize,
    pub(super) badge: Option<Badge>,
    pub(super) history: VecDeque<(u64, Badge)>,
}

impl Sum {
    /// Members with an open violation.
    pub(super) fn violated(&self) -> u32 {
        self.worst.iter().sum()
    }

    fn count(&mut self, tally: &Tally, by: impl Fn(u64, u64) -> u64) {
        if let Some(worst) = tally.worst() {
            let slot = &mut self.worst[worst as usize];
            *slot = by(u64::from(*slot), 1) as u32;
        }
        self.violations = by(self.violations, tally.violated().into());
        self.allowed = by(self.allowed, tally.allowed.into());
    }

    fn badge(&self, formula: BadgeFormula) -> Badge {
        let tally = Tally { violations: self.worst, ..Tally::default() };
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let share = share(self.violated().into(), self.total as u64);
        badge(formula, tally.worst(), share, small(self.violations), small(self.allowed))
    }
}

/// Groups, and whose badge has to be made anew.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) groups: BTreeMap<Id, Sum>,
    pub(super) objects_due: BTreeSet<Id>,
    groups_due: BTreeSet<Id>,
    /// Members came or went.
    pub(super) members_moved: bool,
}

impl Board {
    fn count(&mut self, group: &Id, tally: &Tally, by: impl Fn(u64, u64) -> u64) {
        if let Some(sum) = self.groups.get_mut(group) {
            sum.count(tally, by);
            self.groups_due.insert(Arc::clone(group));
        }
    }
}

/// Remembers a badge if it is another than the last, or none was made yet, and says from when on. The first of an object
/// that is as good as can be is no news.
fn note(last: &mut Option<Badge>, history: &mut VecDeque<(u64, Badge)>, time_ns: u64, badge: Badge) -> Option<u64> {
    if *last == Some(badge) {
        return None;
    }
    *last = Some(badge);
    // Events of several objects need not come in the order of their times.
    let time_ns = history.back().map_or(time_ns, |(before_ns, _)| time_ns.max(*before_ns));
    while history.len() >= limits::BADGE_POINTS {
        history.pop_front();
    }
    history.push_back((time_ns, badge));
    Some(time_ns)
}

/// The badge of what has no alerts.
pub(super) fn spotless(formula: BadgeFormula) -> Badge {
    Tally::default().badge(formula)
}

impl Book {
    /// Makes the badges of everything that changed since the last time.
    pub(super) fn settle_badges(&mut self) {
        let (formula, time_ns) = (self.compiled.config().badge, self.at_ns);
        for object in std::mem::take(&mut self.board.objects_due) {
            self.count_object(&object, formula, time_ns);
        }
        if std::mem::take(&mut self.board.members_moved) {
            for (name, sum) in &mut self.board.groups {
                let total = self.registry.members(name).map_or(0, |members| members.len());
                if sum.total != total || sum.badge.is_none() {
                    sum.total = total;
                    self.board.groups_due.insert(Arc::clone(name));
                }
            }
        }
        for name in std::mem::take(&mut self.board.groups_due) {
            let Some(sum) = self.board.groups.get_mut(&name) else { continue };
            let badge = sum.badge(formula);
            if let Some(time_ns) = note(&mut sum.badge, &mut sum.history, time_ns, badge) {
                self.news.badges.push(BadgePoint { of: BadgeOf::Group, name: name.to_string(), time_ns, badge });
            }
        }
    }

    fn count_object(&mut self, object: &Id, formula: BadgeFormula, time_ns: u64) {
        let Some(page) = self.pages.get_mut(object) else { return };
        let (compiled, index, rules) = (&self.compiled, &self.index, &self.rules);
        let exists = |name: &str| match name.split_once('/') {
            None => compiled.definition(name).is_some(),
            Some((rule, _)) => !rules.is_gone(rule) && !index.find(name).mentioned,
        };
        let tally = Tally::of(page, exists);
        let groups: Vec<Id> = self.registry.groups_of(object).map(|group| group.name.as_str().into()).collect();
        if tally != page.tally || groups != page.groups {
            let before = std::mem::replace(&mut page.groups, groups);
            let old = std::mem::replace(&mut page.tally, tally);
            before.iter().for_each(|group| self.board.count(group, &old, u64::saturating_sub));
            page.groups.iter().for_each(|group| self.board.count(group, &tally, u64::saturating_add));
        }
        let badge = tally.badge(formula);
        let news = page.badge.is_some() || badge != spotless(formula);
        if news && let Some(time_ns) = note(&mut page.badge, &mut page.history, time_ns, badge) {
            self.news.badges.push(BadgePoint { of: BadgeOf::Object, name: object.to_string(), time_ns, badge });
        }
    }

    /// The groups no longer count an object.
    pub(super) fn count_out(&mut self, object: &Id) {
        let Some(page) = self.pages.get_mut(object) else { return };
        let (groups, tally) = (std::mem::take(&mut page.groups), std::mem::take(&mut page.tally));
        groups.iter().for_each(|group| self.board.count(group, &tally, u64::saturating_sub));
        self.board.members_moved = true;
    }

    /// The groups are others, or counted in another way: counts everything anew.
    pub(super) fn recount(&mut self) {
        let mut before = std::mem::take(&mut self.board.groups);
        for group in &self.compiled.config().groups {
            let name: Id = group.name.as_str().into();
            let mut sum = before.remove(&name).unwrap_or_default();
            (sum.worst, sum.violations, sum.allowed) = ([0; 4], 0, 0);
            self.board.groups.insert(name, sum);
        }
        for (object, page) in &mut self.pages {
            page.groups.clear();
            page.tally = Tally::default();
            self.board.objects_due.insert(Arc::clone(object));
        }
        self.board.members_moved = true;
        let names = self.board.groups.keys().cloned();
        self.board.groups_due.extend(names);
    }

    /// The badge of an object.
    pub(super) fn badge_of(&self, object: &str) -> Badge {
        let formula = self.compiled.config().badge;
        self.pages.get(object).map_or_else(|| spotless(formula), |page| page.tally.badge(formula))
    }
}
