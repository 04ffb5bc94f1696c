//! A view is the book at one moment: it answers as the book did then, whatever comes later. Lists come whole or in
//! pages.

use proptest::prelude::*;

use super::{
    properties::{OBJECTS, play, steps},
    *,
};
use crate::{BookView, query::ObjectFilter};

/// The answers to all questions.
fn answers(view: &BookView) -> Vec<Result<QueryAnswer, String>> {
    let every = AlertFilter { cancelled: true, allowed: true, ..AlertFilter::default() };
    let mut queries = vec![
        Query::Alerts(every.clone()),
        Query::Matches(every.clone()),
        Query::Pending(AlertFilter::default()),
        Query::Policies,
        Query::Silences,
        Query::Objects(ObjectFilter::default()),
        Query::Groups,
        Query::Badges { limit: 0 },
        Query::Findings,
    ];
    queries.extend(OBJECTS.map(|object| Query::Object(object.to_owned())));
    for group in ["production", "playground", "vms"] {
        queries.push(Query::Report { group: group.to_owned() });
    }
    for object in OBJECTS {
        for alert in ["docker", "busy", "above", "docker/run", "net/down"] {
            queries.push(Query::Why { object: object.to_owned(), alert: alert.to_owned() });
        }
    }
    let Ok(QueryAnswer::Alerts(alerts)) = view.answer(&Query::Alerts(every)) else { panic!("alerts") };
    queries.extend(alerts.iter().map(|alert| Query::Route(alert.id.clone())));
    queries.iter().map(|query| view.answer(query).map_err(|error| error.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_view_answers_as_the_book_did_when_it_was_made(steps in steps(true), at in 0..60_usize) {
        let at = at.min(steps.len() - 1);
        let mut views = Vec::new();
        play(&steps, true, |_, world| {
            // As a host does it: the changes are taken, then the view is made.
            world.book.take();
            views.push((world.book.view(), answers(&world.book.view())));
        });
        for (view, then) in &views {
            prop_assert_eq!(&answers(view), then);
        }
        // A book of which no view was made has the same answers.
        let alone = play(&steps[..=at], true, |_, _| ());
        // The first input is the clock.
        prop_assert_eq!(answers(&alone.book.view()), answers(&views[at + 1].0));
    }

    #[test]
    fn pages_are_the_list_in_parts(steps in steps(true), limit in 1..7_usize) {
        let view = play(&steps, false, |_, _| ()).book.view();
        let every = AlertFilter { cancelled: true, allowed: true, ..AlertFilter::default() };
        let whole = view.page(&Query::Alerts(every.clone())).unwrap();
        prop_assert_eq!(whole.next, None);
        let (mut parts, mut cursor) = (Vec::new(), None);
        loop {
            let page = view.page(&Query::Alerts(AlertFilter { limit, cursor, ..every.clone() })).unwrap();
            let QueryAnswer::Alerts(alerts) = page.answer else { panic!("alerts") };
            prop_assert!(alerts.len() == limit || page.next.is_none());
            parts.extend(alerts);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        prop_assert_eq!(QueryAnswer::Alerts(parts), whole.answer);
    }
}

#[test]
fn objects_have_pages_and_what_is_no_cursor_is_refused() {
    let mut world = World::new(house());
    (0..40).for_each(|number| world.raise(number + 1, &format!("vm{number:02}"), "disk/full"));
    let view = world.book.view();
    let (mut ids, mut cursor) = (Vec::new(), None);
    for page in 0..4 {
        let filter = ObjectFilter { object: Some("vm*".to_owned()), limit: 10, cursor, ..ObjectFilter::default() };
        let answer = view.page(&Query::Objects(filter)).unwrap();
        let QueryAnswer::Objects(lines) = answer.answer else { panic!("objects") };
        ids.extend(lines.into_iter().map(|line| line.object.id));
        assert_eq!(answer.next.is_some(), page < 3);
        cursor = answer.next;
    }
    assert_eq!(ids, (0..40).map(|number| format!("vm{number:02}")).collect::<Vec<_>>());
    for cursor in ["", "x", "open.critical.1", "open.bad.1.id", "shut.critical.1.id", "open.critical.-1.id"] {
        let filter = AlertFilter { cursor: Some(cursor.to_owned()), ..AlertFilter::default() };
        let refused = view.answer(&Query::Alerts(filter.clone()));
        assert!(matches!(refused, Err(RequestError::Invalid(_))), "{cursor:?}: {refused:?}");
        assert!(view.answer(&Query::Pending(filter)).is_err(), "it has no pages");
    }
}
