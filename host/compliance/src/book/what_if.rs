//! What another configuration would change: decided on a copy of the record, of which nothing is kept.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{Book, review::mark};
use crate::{
    change::{BookInput, BookSnapshot, PendingTransition},
    config::{ComplianceConfig, ConfigError},
    query::{BadgeChange, ConfigEffect, CriticalityChange},
    record::{Alert, AlertStatus, Badge, BadgeOf},
};

impl Book {
    /// What `config` would change in a record if it came into force at `now_ns` of the host's clock. The
    /// error is all that is wrong with it.
    pub fn what_if(
        config: Arc<ComplianceConfig>,
        kept: BookSnapshot,
        now_ns: u64,
    ) -> Result<ConfigEffect, Vec<ConfigError>> {
        let mut book = Self::new(config)?;
        let alerts: HashMap<String, Arc<Alert>> =
            kept.alerts.iter().map(|alert| (alert.id.clone(), Arc::clone(alert))).collect();
        let pending = kept.pending.clone();
        let mut badges: BTreeMap<(BadgeOf, String), Badge> = BTreeMap::new();
        badges.extend(kept.badges.iter().map(|point| ((point.of, point.name.clone()), point.badge)));
        let same = kept.decided_by == mark(book.config());
        book.restore(kept);
        // Hours pass and silences end whatever the configuration says; what that changes is not the
        // configuration's doing, but it is what holds when it comes into force.
        let _ = book.apply(BookInput::Clock(now_ns));
        book.review();
        let mut effect = ConfigEffect { time_ns: now_ns, same, ..ConfigEffect::default() };
        book.compare_alerts(&alerts, &mut effect);
        effect.waiting = book.begun(&pending);
        effect.badges = book.compare_badges(&badges);
        let mut notices: BTreeMap<String, usize> = BTreeMap::new();
        for notice in book.take().notices {
            *notices.entry(notice.receiver).or_default() += 1;
        }
        effect.notices = notices.into_iter().collect();
        Ok(effect)
    }

    fn compare_alerts(&self, before: &HashMap<String, Arc<Alert>>, effect: &mut ConfigEffect) {
        for alert in self.pages.values().flat_map(super::Page::alerts) {
            let was = before.get(&alert.id).filter(|was| was.status == AlertStatus::Open);
            let is_open = alert.status == AlertStatus::Open;
            match was {
                None if alert.is_violation() => effect.opened.push(alert.clone()),
                None if is_open => effect.allowed.push(alert.clone()),
                Some(_) if !is_open => effect.cancelled.push(alert.clone()),
                Some(was) if alert.allowed && !was.allowed => effect.allowed.push(alert.clone()),
                Some(was) if !alert.allowed && was.allowed => effect.forbidden.push(alert.clone()),
                Some(was) if alert.is_violation() && was.criticality != alert.criticality => {
                    effect.changed.push(CriticalityChange { before: was.criticality, alert: alert.clone() });
                }
                _ => {}
            }
        }
        for list in [&mut effect.opened, &mut effect.cancelled, &mut effect.allowed, &mut effect.forbidden] {
            list.sort_by(super::answer::worst_first);
        }
        effect.changed.sort_by(|one, other| super::answer::worst_first(&one.alert, &other.alert));
    }

    /// What waits now and did not before.
    fn begun(&self, before: &[PendingTransition]) -> Vec<PendingTransition> {
        let all = self.pages.values().flat_map(|page| page.pending.values());
        let known = |pending: &PendingTransition| {
            before.iter().any(|was| {
                (&was.object, &was.definition, was.opening) == (&pending.object, &pending.definition, pending.opening)
            })
        };
        all.filter(|pending| !known(pending)).cloned().collect()
    }

    fn compare_badges(&self, before: &BTreeMap<(BadgeOf, String), Badge>) -> Vec<BadgeChange> {
        let mut after: BTreeMap<(BadgeOf, String), Badge> = BTreeMap::new();
        for (name, sum) in &self.board.groups {
            after.extend(sum.badge.map(|badge| ((BadgeOf::Group, name.to_string()), badge)));
        }
        for (object, page) in &self.pages {
            after.extend(page.badge.map(|badge| ((BadgeOf::Object, object.to_string()), badge)));
        }
        let groups = self.compiled.config().groups.iter().map(|group| group.name.as_str());
        let groups: std::collections::BTreeSet<&str> = groups.collect();
        let gone = |of: BadgeOf, name: &str| of == BadgeOf::Group && !groups.contains(name);
        let mut keys: Vec<&(BadgeOf, String)> = before.keys().chain(after.keys()).collect();
        keys.sort_by_key(|(of, name)| (*of == BadgeOf::Object, name.clone()));
        keys.dedup();
        let change = |key: &(BadgeOf, String)| {
            let (was, is) = (before.get(key).copied(), after.get(key).copied());
            let changed = match (was, is) {
                (None, None) => false,
                (Some(_), None) => gone(key.0, &key.1),
                (None, Some(is)) => key.0 == BadgeOf::Group || is.score < 100,
                (Some(was), Some(is)) => was != is,
            };
            changed.then(|| BadgeChange { of: key.0, name: key.1.clone(), before: was, after: is })
        };
        keys.into_iter().filter_map(change).collect()
    }
}
