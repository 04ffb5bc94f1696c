//! Property tests of notices: a model that only reads notices is compared with the book.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::{
    properties::{play, steps},
    *,
};
use crate::{Notice, NoticeKind, WithheldNotice};

/// The criticality that a receiver knows, by receiver, object and definition.
#[derive(Default)]
struct Known(BTreeMap<(String, String, String), Criticality>);

impl Known {
    fn hear(&mut self, notice: &Notice) {
        let alert = &notice.alert;
        let key = (notice.receiver.clone(), alert.object.to_string(), alert.definition.to_string());
        match notice.happened {
            NoticeKind::Resolved => drop(self.0.remove(&key)),
            _ => drop(self.0.insert(key, alert.criticality)),
        }
    }

    fn of(&self, receiver: &str, alert: &Alert) -> Option<Criticality> {
        self.0.get(&(receiver.to_owned(), alert.object.to_string(), alert.definition.to_string())).copied()
    }
}

/// Whether one of those above is known to the receiver, is as bad, and all between stand for each other.
fn stood_for(world: &World, known: &Known, receiver: &str, alert: &Alert) -> bool {
    let alerts = world.known();
    let mut at = alert.clone();
    for _ in 0..10 {
        let Some(parent) = world.book.registry().object(&at.object).and_then(|object| object.parent.clone()) else {
            return false;
        };
        let above = alerts.iter().find(|one| one.object == parent && one.definition == alert.definition);
        let Some(above) = above.filter(|one| one.is_violation() && one.silenced_by.is_none()) else { return false };
        if above.criticality < at.criticality {
            return false;
        }
        if known.of(receiver, above) == Some(above.criticality) {
            return true;
        }
        at = above.clone();
    }
    false
}

/// The receivers that the configurations of the properties route an alert to.
fn routed(alert: &Alert, number: usize) -> Vec<&'static str> {
    let production = alert.groups.iter().any(|group| group == "production");
    if number == 2 && production && alert.definition.starts_with("net/") {
        return vec!["network"];
    }
    if production { vec!["desk", "pager"] } else { vec!["desk"] }
}

fn check(world: &World, known: &Known, number: usize) -> Result<(), TestCaseError> {
    let alerts = world.known();
    for alert in alerts.iter().filter(|alert| alert.is_violation() && alert.silenced_by.is_none()) {
        for receiver in routed(alert, number) {
            let knows = known.of(receiver, alert) == Some(alert.criticality);
            let stands = world.book.config().inhibit_by_parent && stood_for(world, known, receiver, alert);
            prop_assert!(knows || stands, "{receiver} knows nothing of {}", line(alert));
        }
    }
    for (receiver, object, definition) in known.0.keys() {
        let alert = alerts.iter().find(|one| one.object == *object && one.definition == *definition);
        let is_routed = |alert: &&Alert| alert.is_violation() && routed(alert, number).contains(&&**receiver);
        prop_assert!(alert.filter(is_routed).is_some(), "{receiver} takes {definition} on {object} to be open");
    }
    Ok(())
}

/// The number of the configuration that is in force.
fn number(world: &World) -> usize {
    let config = world.book.config();
    let strict = config.policies.iter().any(|policy| policy.name == "strict");
    if strict { 2 } else { 0 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_receiver_knows_what_is_open_and_nothing_else(steps in steps(true)) {
        let mut known = Known::default();
        let mut failed = Ok(());
        play(&steps, true, |_, world| {
            world.book.take().notices.iter().for_each(|notice| known.hear(notice));
            if failed.is_ok() {
                failed = check(world, &known, number(world));
            }
        });
        failed?;
    }

    #[test]
    fn also_when_notices_are_late_and_looked_at_again_before_they_go(
        steps in steps(true),
        rounds in proptest::collection::vec(0..4_usize, 60..70),
    ) {
        let mut known = Known::default();
        let mut waiting: VecDeque<Notice> = VecDeque::new();
        let deliver = |world: &mut World, known: &mut Known, waiting: &mut VecDeque<Notice>, many: usize| {
            for _ in 0..many {
                let Some(notice) = waiting.pop_front() else { return };
                match world.book.view().withholds(&notice) {
                    true => world.apply(BookInput::Withheld(WithheldNotice::of(&notice))),
                    false => known.hear(&notice),
                }
                waiting.extend(world.book.take().notices);
            }
        };
        let mut world = play(&steps, true, |at, world| {
            waiting.extend(world.book.take().notices);
            deliver(world, &mut known, &mut waiting, rounds.get(at).copied().unwrap_or(1));
        });
        deliver(&mut world, &mut known, &mut waiting, usize::MAX);
        check(&world, &known, number(&world))?;
    }
}
