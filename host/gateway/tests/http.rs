//! The API as HTTP: paths, methods, statuses and bodies, and that the client speaks the same.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, parts};
use lifesigns_api::{
    ActOutcome, AlertHistoryQuery, ApiError, AuditMark, AuditTrailQuery, BadgeHistoryQuery, EventQuery, FieldPattern,
    NoticeSelection, OutboxFilter, Problem, Service,
};
use lifesigns_compliance::{
    BadgeOwner, CommandAction, Matcher,
    query::{AlertFilter, AlertStateFilter, ObjectFilter, Query, QueryAnswer},
};
use lifesigns_gateway::HostClient;

#[test]
fn statuses_say_what_is_wrong() {
    let place = Place::new();
    let _gateway = place.serve();
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(70_000));
    let cases: [(&str, &str, &str, u16, &str); 15] = [
        ("GET", "/api/v1/status", "", 200, "\"pid\":7"),
        ("GET", "/api/v1/alerts/7?", "", 200, "findings"),
        ("GET", "/api/v1/alerts/unknown", "", 404, "there is no alert"),
        ("GET", "/api/v1/alerts/several", "", 409, "several"),
        ("GET", "/api/v1/alerts/panic", "", 500, "its log says more"),
        ("GET", "/api/v1/audit", "", 503, "AuditTrailQuery"),
        ("GET", "/api/v1/alerts?grup=x", "", 400, "\\\"grup\\\""),
        ("GET", "/api/v1/alerts?limit=x", "", 400, "parameters"),
        ("GET", "/api/v1/alerts/%ff", "", 400, "path"),
        ("GET", "/api/v1/no", "", 404, "/api/v1/no"),
        ("GET", "/", "", 404, "/api/v1/"),
        ("DELETE", "/api/v1/alerts", "", 405, "DELETE"),
        ("POST", "/api/v1/alerts/7/cancel", "no JSON", 400, "does not understand"),
        ("POST", "/api/v1/alerts/7/cancel", "{\"why\":\"x\",\"sudo\":true}", 400, "sudo"),
        ("POST", "/api/v1/alerts/7/notes", &long, 413, "at most 65536 bytes"),
    ];
    for (method, path, body, expected, text) in cases {
        let answer = place.curl(method, path, &[], body);
        let (status, said) = parts(&answer);
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(said.contains(text), "{method} {path}: {answer}");
        if status >= 400 {
            assert!(answer.contains("content-type: application/problem+json\r\n"), "{answer}");
            let problem: Problem = serde_json::from_str(said).unwrap();
            assert_eq!(problem.status, expected);
            assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "{said}");
        } else {
            assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
        }
    }
}

#[test]
fn acts_have_paths_and_methods() {
    let place = Place::new();
    let _gateway = place.serve();
    let cases: [(&str, &str, &str, u16, &str); 11] = [
        (
            "POST",
            "/alerts/7/acknowledge",
            "{\"owner\":\"bob\"}",
            200,
            "Acknowledge { alerts: [\\\"7\\\"], owner: Some(",
        ),
        ("POST", "/alerts/7/acknowledge", "{}", 200, "owner: None"),
        ("POST", "/alerts/7/unacknowledge", "", 200, "Unacknowledge"),
        ("POST", "/alerts/7/cancel", "{\"why\":\"w\"}", 200, "Cancel"),
        ("POST", "/alerts/7/notes", "{\"text\":\"w\"}", 200, "Note"),
        ("DELETE", "/objects/vm-7?why=gone", "", 200, "Forget { object: \\\"vm-7\\\", why: \\\"gone\\\" }"),
        ("DELETE", "/objects/vm-7/symptoms/a%2Fb?why=gone", "", 200, "symptom: \\\"a/b\\\""),
        ("POST", "/silences", "{\"matchers\":[],\"until_ns\":1,\"why\":\"w\"}", 201, "Silence"),
        ("PATCH", "/silences/9", "{\"until_ns\":1}", 200, "Edit"),
        ("DELETE", "/silences/9", "", 200, "Expire"),
        ("POST", "/outbox/resend", "{\"ids\":[1]}", 200, "NoticeSelection"),
    ];
    for (method, path, body, expected, text) in cases {
        let answer = place.curl(method, &format!("/api/v1{path}"), &[], body);
        let (status, said) = parts(&answer);
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(said.starts_with("{\"done\":") && said.contains(text), "{method} {path}: {answer}");
    }
}

#[test]
fn every_question_of_the_client_arrives_as_it_was_asked() {
    let place = Place::new();
    let _gateway = place.serve();
    let client = HostClient::connect(&place.path).unwrap();
    let filter = AlertFilter {
        object: Some("vm 7/ä&b=*".into()),
        states: vec![AlertStateFilter::Open, AlertStateFilter::Silenced],
        limit: 3,
        ..AlertFilter::default()
    };
    let name = || "a/b ä?#%".to_owned();
    let matcher = Matcher { name: "object".into(), pattern: "vm-*".into(), negated: true };
    let questions = [
        Query::Alerts(filter.clone()),
        Query::Alerts(AlertFilter::default()),
        Query::Alert(name()),
        Query::Matches(filter.clone()),
        Query::Pending(filter),
        Query::Route(name()),
        Query::Policies,
        Query::Silences,
        Query::Silence(name()),
        Query::Preview(vec![matcher]),
        Query::Objects(ObjectFilter { kind: Some("vm".into()), discovered: true, ..ObjectFilter::default() }),
        Query::Object(name()),
        Query::Groups,
        Query::Group(name()),
        Query::Badges { limit: 0 },
        Query::Badges { limit: 5 },
        Query::Why { object: name(), alert: "docker/present".into() },
        Query::Findings,
        Query::Report { group: name() },
    ];
    for question in questions {
        assert_eq!(client.query(&question).unwrap(), QueryAnswer::Findings(vec![format!("{question:?}")]));
    }
    assert!(matches!(client.query(&Query::Alert(String::new())), Err(ApiError::Invalid(_))));
    assert_eq!(client.status().unwrap().pid, 7);
    let named = ApiError::Unavailable(format!("{:?}", "a/b"));
    assert_eq!(client.rule_diff("a/b").unwrap_err(), named);
}

#[test]
fn what_the_store_is_asked_arrives_as_it_was_asked() {
    let place = Place::new();
    let _gateway = place.serve();
    let client = HostClient::connect(&place.path).unwrap();
    let told = |which: &dyn std::fmt::Debug| ApiError::Unavailable(format!("{which:?}"));
    let alerts =
        AlertHistoryQuery { object: Some("a b".into()), until_ns: Some(u64::MAX), ..AlertHistoryQuery::default() };
    assert_eq!(client.past_alerts(&alerts).unwrap_err(), told(&alerts));
    for of in [BadgeOwner::Object, BadgeOwner::Group] {
        let badges = BadgeHistoryQuery { of, name: "a/b".into(), since_ns: 5, limit: 7 };
        assert_eq!(client.past_badges(&badges).unwrap_err(), told(&badges));
    }
    let field = FieldPattern { name: "app".into(), pattern: "docker*".into() };
    let events = EventQuery { text: Some("a \"b\" ä".into()), fields: vec![field], ..EventQuery::default() };
    assert_eq!(client.find_events(&events).unwrap_err(), told(&events));
    assert_eq!(client.validate_config("a = 1").unwrap()[0].message, "a = 1");
    let audit = AuditTrailQuery { who: Some("alice (by root)".into()), since_ns: 3, ..AuditTrailQuery::default() };
    assert_eq!(client.audit(&audit).unwrap_err(), told(&audit));
    let outbox = OutboxFilter { configured: vec!["a".into(), "b".into()], dead: true, ..OutboxFilter::default() };
    assert_eq!(client.outbox(&outbox).unwrap_err(), told(&outbox));
    assert_eq!(client.verify_audit(None).unwrap().entries, 0);
    let known = AuditMark { number: 5, hash: "00ff".into() };
    assert_eq!(client.verify_audit(Some(&known)).unwrap().entries, 5);
    assert_eq!(parts(&place.curl("GET", "/api/v1/audit/verify?number=5", &[], "")).0, 400);
    let which = NoticeSelection { ids: vec![1, 2], receiver: None };
    assert!(client.resend(&which).unwrap().ends_with(&format!("{which:?}")));
    assert!(client.drop_dead(&which).unwrap().ends_with(&format!("{which:?}")));
}

#[test]
fn every_act_of_the_client_arrives_as_it_was_meant() {
    let place = Place::new();
    let _gateway = place.serve();
    let client = HostClient::connect(&place.path).unwrap();
    let alerts = || vec!["7".to_owned(), "8".to_owned()];
    let why = || "a reason: ä&=?".to_owned();
    let matchers = || vec![Matcher { name: "object".into(), pattern: "vm-*".into(), negated: false }];
    let acts = [
        CommandAction::Acknowledge { alerts: alerts(), owner: Some("alice".into()) },
        CommandAction::Unacknowledge { alerts: alerts() },
        CommandAction::Cancel { alerts: alerts(), why: why() },
        CommandAction::Note { alert: "7".into(), text: why() },
        CommandAction::Silence { matchers: matchers(), from_ns: None, until_ns: 9, why: why() },
        CommandAction::Edit {
            silence: "9".into(),
            matchers: Some(matchers()),
            from_ns: None,
            until_ns: Some(1),
            why: None,
        },
        CommandAction::Expire { silence: "9".into() },
        CommandAction::ClearSymptom { object: "vm/7".into(), symptom: "a/b".into(), why: why() },
        CommandAction::Forget { object: "vm/7".into(), why: why() },
    ];
    for act in acts {
        let ActOutcome::Done(done) = client.act(act.clone()).unwrap() else { panic!("{act:?}") };
        assert!(done.ends_with(&format!("{act:?}")), "{done}");
    }
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let place = Place::new();
    let _gateway = place.serve();
    let one = "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let wrong = "GET /api/v1/no HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let said = place.said(format!("{one}{wrong}{one}").as_bytes());
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 2, "{said}");
    assert_eq!(said.matches("HTTP/1.1 404").count(), 1, "{said}");
}
