//! Going on after a restart, and forgetting objects.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Book, limits,
    page::{Id, Page},
    route,
};
use crate::{
    change::{BookSnapshot, RequestError},
    record::{AlertStatus, BadgeOf, BadgePoint, EndCause},
};

impl Book {
    /// Goes on from what a store kept, as if there had been no restart: no notice, no audit entry. It
    /// replaces all that the book knows but its configuration; see [`Book::review`].
    pub fn restore(&mut self, kept: BookSnapshot) {
        (self.event_ns, self.clock_ns) = (kept.event_ns, kept.clock_ns);
        (self.dirty, self.news) = Default::default();
        self.decided_by = kept.decided_by;
        self.rules.restore(kept.rules);
        self.board = Default::default();
        self.registry.restore(kept.objects);
        self.pages.clear();
        self.timers.clear();
        self.timers.set_host(kept.clock_ns);
        self.silences = kept.silences.into_iter().map(|silence| (silence.id.clone(), silence)).collect();
        self.next_hours = self.compiled.next_hours_change(self.clock_ns);
        let mut names = BTreeMap::new();
        let mut shared = |name: &str| Arc::clone(names.entry(name.to_owned()).or_insert_with(|| name.into()));
        for symptom in kept.symptoms {
            let (object, name) = (self.page(&symptom.object), shared(&symptom.name));
            self.page_mut(&object).symptoms.insert(name, symptom);
        }
        for pending in kept.pending {
            let (object, name) = (self.page(&pending.object), shared(&pending.definition));
            self.page_mut(&object).pending.insert(name, pending);
        }
        for alert in kept.alerts {
            let (object, name) = (self.page(&alert.object), shared(&alert.definition));
            let page = self.page_mut(&object);
            if page
                .alerts
                .get(&name)
                .is_none_or(|known| alert.status == AlertStatus::Open || known.status != AlertStatus::Open)
            {
                page.alerts.insert(name, alert);
            }
        }
        self.restore_undecided();
        self.restore_timers(kept.clock_ns);
        self.recount();
        for point in kept.badges {
            self.restore_badge(&point);
        }
        self.plan_repeats();
        self.plan_all_ages();
        self.settle_badges();
    }

    /// Goes on at `now_ns` of the host's clock. Of the sources that `says` does not name nobody knows
    /// what came while the host was away: for what was heard in them no time has passed.
    pub fn resume(&mut self, now_ns: u64, says: impl Fn(&str) -> bool) {
        let _ = self.apply(crate::change::BookInput::Clock(now_ns));
        self.timers.resume(now_ns, says);
    }

    fn page_mut(&mut self, object: &Id) -> &mut Page {
        self.pages.entry(Arc::clone(object)).or_default()
    }

    fn restore_badge(&mut self, point: &BadgePoint) {
        let (last, history) = match point.of {
            BadgeOf::Object => match self.pages.get_mut(&*point.name) {
                Some(page) => (&mut page.badge, &mut page.history),
                None => return,
            },
            BadgeOf::Group => match self.board.groups.get_mut(&*point.name) {
                Some(sum) => (&mut sum.badge, &mut sum.history),
                None => return,
            },
        };
        *last = Some(point.badge);
        if history.len() >= limits::BADGE_POINTS {
            history.pop_front();
        }
        history.push_back((point.time_ns, point.badge));
    }

    /// Open alerts that were told are told again when their time comes.
    pub(super) fn plan_repeats(&mut self) {
        self.repeats.clear();
        self.repeating = route::repeat(&self.compiled.config().routes);
        if !self.repeating {
            return;
        }
        for (object, page) in &self.pages {
            for (name, alert) in page.alerts.iter().filter(|(_, alert)| alert.status == AlertStatus::Open) {
                // The first look finds out when each receiver's time is.
                if let Some(told_ns) = alert.told.values().map(|known| known.last_ns).min() {
                    self.repeats.insert((told_ns, Arc::clone(object), Arc::clone(name)));
                }
            }
        }
    }

    /// Forgets an object with all about it; what is open on it is cancelled. One that an inventory names is
    /// not forgotten: it would be there again.
    pub(super) fn forget(&mut self, object: &str, why: &str, clock_ns: u64, who: &str) -> Result<(), RequestError> {
        let known = self.registry.object(object).ok_or_else(|| super::commands::unknown("object", object))?;
        if !known.discovered {
            let text = format!("object {object} is in the inventory: take it out of there, then it can be forgotten");
            return Err(RequestError::Useless(text));
        }
        let id: Id = object.into();
        self.by_host();
        let names: Vec<Id> = self.pages.get(&id).into_iter().flat_map(|page| page.alerts.keys()).cloned().collect();
        for name in names {
            self.cancel(&id, &name, EndCause::ObjectForgotten, self.stamp(), who);
        }
        self.count_out(&id);
        if let Some(page) = self.pages.remove(&id) {
            let key = |name: &Id| (Arc::clone(&id), Arc::clone(name));
            self.dirty.symptoms.extend(page.symptoms.keys().map(key));
            self.dirty.pending.extend(page.pending.keys().map(key));
            for (name, alert) in page.alerts {
                if self.dirty.alerts.remove(&key(&name)) {
                    self.news.alerts.push(alert);
                }
            }
        }
        self.timers.forget(&id);
        self.ages.retain(|(object, _), _| *object != id);
        let touched = self.registry.forget(object);
        self.news.forgotten.push(object.to_owned());
        let after = serde_json::json!({ "why": why });
        self.note(clock_ns, who, "object forgotten", object, serde_json::Value::Null, after);
        self.touched(touched, self.stamp(), who);
        Ok(())
    }
}
