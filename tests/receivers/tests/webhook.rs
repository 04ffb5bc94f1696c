//! A webhook against a server that takes, fails, throttles, hangs, breaks off, sends away and babbles.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit, Mac};
use lifesigns_compliance::NoticeKind;
use lifesigns_notifications::{
    ReceiverKind,
    config::{BodyTemplate, ConfigValue, Webhook},
};
use lifesigns_receivers_test::{Answer, Identity, Rig, Site, config, grouped, local, notice, webhook};
use sha2::Sha256;

fn rig(webhook: Webhook) -> Rig {
    Rig::new(&config(ReceiverKind::Webhook(webhook)), &local())
}

fn takes() -> Site {
    Site::start(|_, _| Answer::status(200))
}

#[test]
fn a_message_is_signed_json_with_headers_from_files() {
    let site = takes();
    let folder = tempfile::tempdir().unwrap();
    let (token, secret) = (folder.path().join("token"), folder.path().join("secret"));
    fs::write(&token, "Bearer xyzzy\n").unwrap();
    fs::write(&secret, "open sesame\n").unwrap();
    let rig = rig(Webhook {
        headers: vec![
            ("Authorization".into(), ConfigValue::File(token)),
            ("X-Team".into(), ConfigValue::Plain("ops".into())),
        ],
        secret: Some(ConfigValue::File(secret.clone())),
        ..webhook(&site.url("/hook?a=b"))
    });
    rig.tell(notice("a", NoticeKind::Opened));
    let request = site.next();
    rig.delivered();
    assert_eq!(request.target, "POST /hook?a=b");
    let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(header("authorization"), "Bearer xyzzy");
    assert_eq!(header("x-team"), "ops");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("idempotency-key"), "key-a-Opened");
    assert!(header("user-agent").starts_with("lifesigns/"));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"open sesame").unwrap();
    mac.update(format!("{}.{}", header("x-lifesigns-timestamp"), request.body).as_bytes());
    let digits = hex::encode(mac.finalize().into_bytes());
    assert_eq!(header("x-lifesigns-signature"), format!("sha256={digits}"));
    let json = request.json();
    assert_eq!((json["version"].as_u64(), json["receiver"].as_str()), (Some(1), Some("r")));
    let alert = &json["alerts"][0];
    assert_eq!((alert["happened"].as_str(), alert["object"].as_str()), (Some("opened"), Some("vm-7")));
    // A secret that was rotated is used without a reload; one that is gone is waited for.
    fs::remove_file(&secret).unwrap();
    rig.tell(notice("b", NoticeKind::Opened));
    assert!(rig.failed().contains("secret: No such file"));
    fs::write(&secret, "other").unwrap();
    assert_ne!(site.next().headers["x-lifesigns-signature"], "");
}

#[test]
fn a_bundle_is_one_message() {
    let site = takes();
    let rig = rig(webhook(&site.url("/")));
    let opened = ["a", "b", "c"].map(|name| grouped(name, NoticeKind::Opened, 300));
    rig.tell_all(opened.into_iter().chain([grouped("b", NoticeKind::Resolved, 300)]));
    let json = site.next().json();
    assert_eq!(json["bundle"]["object"], "vm-7");
    let sent: Vec<_> = json["alerts"].as_array().unwrap().iter().map(|one| (&one["id"], &one["happened"])).collect();
    assert_eq!(sent.len(), 3);
    assert_eq!((sent[2].0.as_str(), sent[2].1.as_str()), (Some("b"), Some("resolved")));
    for _ in 0..4 {
        rig.delivered();
    }
    assert_eq!(site.connections(), 1);
}

#[test]
fn a_template_makes_the_body_and_no_log_breaks_out_of_it() {
    let site = takes();
    let template = r#"{"text": {{ alerts[0].summary }}, "what": {{ alerts[0].title ~ ": " ~ alerts[0].object }}, "n": {{ alerts | length }}}"#;
    let rig = rig(Webhook { template: Some(BodyTemplate::new(template).unwrap()), ..webhook(&site.url("/")) });
    let mut hostile = notice("a", NoticeKind::Opened);
    hostile.alert.summary = "\", \"admin\": true, \"x\": \"\n\u{1b}</script>".into();
    rig.tell(hostile);
    let json = site.next().json();
    rig.delivered();
    assert_eq!(json["text"], "\", \"admin\": true, \"x\": \"\n\u{1b}</script>");
    assert_eq!((json["what"].as_str(), json["n"].as_u64()), (Some("Docker on production VM: vm-7"), Some(1)));
    assert!(json.get("admin").is_none());
}

#[test]
fn a_template_that_fails_is_told_and_sends_nothing() {
    let site = takes();
    for (template, why) in [
        ("{{ alerts[0].nonsense }}", "undefined"),
        ("{{ alert.title }}", "undefined"),
        ("{\"a\": }", "does not render JSON"),
        ("{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}", "fuel"),
    ] {
        let rig = rig(Webhook { template: Some(BodyTemplate::new(template).unwrap()), ..webhook(&site.url("/")) });
        rig.tell(notice("a", NoticeKind::Opened));
        let dead = rig.dead();
        assert!(dead.contains(why), "{template}: {dead}");
    }
    assert_eq!(site.connections(), 0);
}

#[test]
fn what_fails_is_tried_again_with_the_same_key_and_body() {
    let site = Site::start(|number, _| match number {
        0 => Answer::status(500),
        1 => Answer::Break,
        2 => Answer::status(408),
        3 => Answer::status(503),
        _ => Answer::status(204),
    });
    let rig = rig(webhook(&site.url("/")));
    rig.tell(notice("a", NoticeKind::Opened));
    let why: Vec<_> = (0..4).map(|_| rig.failed()).collect();
    rig.delivered();
    assert!(why[0].starts_with("500") && why[2].starts_with("408") && why[3].starts_with("503"), "{why:?}");
    let all: Vec<_> = (0..5).map(|_| site.next()).collect();
    for request in &all {
        assert_eq!((&request.body, &request.headers["idempotency-key"]), (&all[0].body, &"key-a-Opened".to_owned()));
    }
    let status = rig.status();
    assert_eq!((status.delivered, status.failed, status.dead, status.down_since_ns), (1, 4, 0, None));
    assert!(status.last_success_ns.is_some() && status.last_error.is_some());
}

#[test]
fn who_throttles_is_left_alone() {
    let site = Site::start(|number, _| match number {
        0 => Answer::Say(429, vec![("Retry-After", "1".into())], String::new()),
        _ => Answer::status(200),
    });
    let rig = rig(webhook(&site.url("/")));
    rig.tell(notice("a", NoticeKind::Opened));
    assert!(rig.failed().starts_with("429"));
    let since = Instant::now();
    rig.tell(notice("b", NoticeKind::Opened));
    rig.delivered();
    assert!(since.elapsed() >= Duration::from_millis(900), "{:?}", since.elapsed());
    rig.delivered();
}

#[test]
fn who_hangs_is_given_up_in_time_and_tried_again() {
    let site = Site::start(|number, _| if number == 0 { Answer::Hang } else { Answer::status(200) });
    let rig = rig(Webhook { timeout_ms: 300, ..webhook(&site.url("/")) });
    rig.tell(notice("a", NoticeKind::Opened));
    let since = Instant::now();
    let why = rig.failed();
    assert!(why.contains("timed out") && since.elapsed() < Duration::from_secs(4), "{why} {:?}", since.elapsed());
    rig.delivered();
}

#[test]
fn who_refuses_is_believed_and_cannot_drive_a_terminal() {
    let site = Site::start(|_, _| Answer::Say(400, vec![], format!("\u{1b}[2J\r\n{}", "no ".repeat(100_000))));
    let rig = rig(webhook(&site.url("/")));
    rig.tell(notice("a", NoticeKind::Opened));
    let why = rig.dead();
    assert!(why.starts_with("400 Bad Request \\u{1b}[2J no no"), "{why}");
    assert!(why.chars().count() <= 301 && !why.contains('\u{1b}'), "{why}");
}

#[test]
fn an_answer_without_an_end_is_not_waited_for() {
    let site = Site::start(|number, _| if number == 0 { Answer::Endless(500) } else { Answer::Endless(200) });
    let rig = rig(webhook(&site.url("/")));
    rig.tell(notice("a", NoticeKind::Opened));
    let since = Instant::now();
    assert!(rig.failed().starts_with("500 Internal Server Error no...no..."));
    rig.delivered();
    assert!(since.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = takes();
    for status in [301, 302, 307, 308] {
        let there = other.url("/");
        let site = Site::start(move |_, _| Answer::Say(status, vec![("Location", there.clone())], String::new()));
        let rig = rig(webhook(&site.url("/")));
        rig.tell(notice("a", NoticeKind::Opened));
        let why = rig.dead();
        assert!(why.contains("redirects are not followed"), "{why}");
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn what_a_server_repeats_of_secrets_is_not_told() {
    let site = Site::start(|_, request| {
        Answer::Say(403, vec![], format!("{} {} is wrong", request.headers["authorization"], request.target))
    });
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "Bearer xyzzy-plugh").unwrap();
    let rig = rig(Webhook {
        headers: vec![("Authorization".into(), ConfigValue::File(token))],
        ..webhook(&site.url("/services/T0/FROTZ"))
    });
    rig.tell(notice("a", NoticeKind::Opened));
    let why = rig.dead();
    assert!(why.contains("[hidden]") && !why.contains("plugh") && !why.contains("FROTZ"), "{why}");
    let status = format!("{:?}", rig.status());
    assert!(!status.contains("plugh") && !status.contains("FROTZ"), "{status}");
}

#[test]
fn a_certificate_is_believed_only_if_it_is_named() {
    let identity = match Identity::new() {
        Ok(identity) => identity,
        Err(why) => return why.skip(),
    };
    let site = Site::https(&identity, |_, _| Answer::status(200));
    let stranger = rig(webhook(&site.url("/")));
    stranger.tell(notice("a", NoticeKind::Opened));
    let why = stranger.failed();
    assert!(why.contains("certificate"), "{why}");
    let friend = rig(Webhook { ca: Some(identity.certificate()), ..webhook(&site.url("/")) });
    friend.tell(notice("a", NoticeKind::Opened));
    friend.delivered();
    assert_eq!(site.next().target, "POST /");
    // The name counts too: the certificate is for `localhost` and 127.0.0.1.
    let other = format!("https://127.0.0.2:{}/", site.address().port());
    let wrong = rig(Webhook { ca: Some(identity.certificate()), ..webhook(&other) });
    wrong.tell(notice("a", NoticeKind::Opened));
    wrong.failed();
}
