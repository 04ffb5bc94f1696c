//! The receiver for vRealize Operations against a stand-in of its suite API.
#![allow(clippy::unwrap_used)]

use std::fs;

use lifesigns_compliance::NoticeKind;
use lifesigns_notifications::{
    ReceiverKind,
    config::{ConfigValue, ReceiverUrl, Vrops},
};
use lifesigns_receivers_test::{Answer, Request, Rig, Site, config, local, notice};
use serde_json::{Value, json};

/// Answers as the suite API does. Tokens are `T0`, `T1` and so on, and each is good for `uses` requests.
fn suite_api(resources: Value, uses: usize) -> Site {
    let state = std::sync::Mutex::new((0usize, 0usize));
    Site::start(move |_, request: &Request| {
        let say = |status: u16, body: Value| Answer::Say(status, vec![], body.to_string());
        let mut state = state.lock().unwrap();
        if request.target == "POST /suite-api/api/auth/token/acquire" {
            let login = request.json();
            if login["password"] != "open sesame" {
                return say(401, json!({ "message": format!("{} is wrong", login["password"]) }));
            }
            *state = (state.0 + 1, 0);
            return say(200, json!({ "token": format!("T{}", state.0), "validity": 1, "roles": [] }));
        }
        state.1 += 1;
        let token = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
        if token != format!("vRealizeOpsToken T{}", state.0) || state.1 > uses {
            return say(401, json!({ "message": "token" }));
        }
        if request.target.starts_with("GET /suite-api/api/resources?") {
            return say(200, json!({ "pageInfo": {}, "resourceList": resources }));
        }
        say(200, json!(null))
    })
}

fn resource(id: &str, name: &str) -> Value {
    json!({ "identifier": id, "resourceKey": { "name": name, "adapterKindKey": "VMWARE", "resourceKindKey": "VirtualMachine" } })
}

struct Login {
    folder: tempfile::TempDir,
}

impl Login {
    fn new(password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("password"), password).unwrap();
        Self { folder }
    }

    fn vrops(&self, site: &Site) -> Vrops {
        Vrops {
            url: ReceiverUrl::new(site.url("/")).unwrap(),
            user: ConfigValue::Plain("lifesigns".into()),
            password: ConfigValue::File(self.folder.path().join("password")),
            auth_source: Some("LOCAL".into()),
            resource_kind: Some("VirtualMachine".into()),
            resource: None,
            timeout_ms: 10_000,
            ca: None,
        }
    }
}

fn rig(vrops: Vrops) -> Rig {
    Rig::new(&config(ReceiverKind::Vrops(vrops)), &local())
}

#[test]
fn an_alert_is_an_event_on_the_resource_of_its_name_and_ends_with_the_same_message() {
    let site = suite_api(json!([resource("id-70", "vm-70"), resource("id-7", "VM-7")]), 100);
    let login = Login::new("open sesame\n");
    let rig = rig(login.vrops(&site));
    rig.tell(notice("a", NoticeKind::Opened));
    rig.delivered();
    let acquired = site.next();
    assert_eq!(acquired.target, "POST /suite-api/api/auth/token/acquire");
    assert_eq!(acquired.json(), json!({ "username": "lifesigns", "password": "open sesame", "authSource": "LOCAL" }));
    let asked = site.next();
    assert_eq!(asked.target, "GET /suite-api/api/resources?name=vm-7&pageSize=1000&resourceKind=VirtualMachine");
    assert_eq!(asked.headers["accept"], "application/json");
    let opened = site.next();
    assert_eq!(opened.target, "POST /suite-api/api/events");
    let event = opened.json();
    let text = "Docker on production VM (docker-on-production, lifesigns alert a)";
    assert_eq!((&event["resourceId"], &event["message"]), (&json!("id-7"), &json!(text)));
    assert_eq!((&event["eventType"], &event["severity"]), (&json!("NOTIFICATION"), &json!("CRITICAL")));
    assert_eq!((&event["managedExternally"], &event["cancelTimeUTC"]), (&json!(true), &json!(0)));
    assert_eq!(event["startTimeUTC"], 946_684_800_000u64, "the API takes no earlier time");
    rig.tell(notice("a", NoticeKind::Resolved));
    rig.delivered();
    // The token and the resource are known.
    let over = site.next().json();
    assert_eq!((&over["resourceId"], &over["message"]), (&event["resourceId"], &event["message"]));
    assert!(over["cancelTimeUTC"].as_u64() > over["startTimeUTC"].as_u64(), "{over}");
}

#[test]
fn a_token_that_has_ended_is_renewed() {
    let site = suite_api(json!([resource("id-7", "vm-7")]), 2);
    let login = Login::new("open sesame");
    let rig = rig(login.vrops(&site));
    for name in ["a", "b"] {
        rig.tell(notice(name, NoticeKind::Opened));
        rig.delivered();
    }
    let targets: Vec<String> = (0..6).map(|_| site.next().target).collect();
    let acquired = targets.iter().filter(|target| target.contains("/token/acquire")).count();
    let posted = targets.iter().filter(|target| target.contains("/events")).count();
    assert_eq!((acquired, posted), (2, 3), "{targets:?}");
}

#[test]
fn a_wrong_password_is_tried_again_and_never_repeated() {
    let site = suite_api(json!([]), 100);
    let login = Login::new("plugh-xyzzy");
    let rig = rig(login.vrops(&site));
    rig.tell(notice("a", NoticeKind::Opened));
    let why = rig.failed();
    assert!(why.starts_with("no token: 401") && !why.contains("plugh"), "{why}");
    fs::write(login.folder.path().join("password"), "open sesame").unwrap();
    assert!(rig.dead().contains("there is no resource named vm-7"));
}

#[test]
fn objects_without_a_resource_have_one_if_it_is_named_and_two_of_a_name_are_refused() {
    let login = Login::new("open sesame");
    let none = suite_api(json!([resource("id-70", "vm-70")]), 100);
    let named = rig(Vrops { resource: Some("fallback".into()), ..login.vrops(&none) });
    named.tell(notice("a", NoticeKind::Opened));
    named.delivered();
    assert_eq!((none.next().target.len() > 1, none.next().target.len() > 1), (true, true));
    assert_eq!(none.next().json()["resourceId"], "fallback");
    let two = suite_api(json!([resource("id-1", "vm-7"), resource("id-2", "vm-7")]), 100);
    let rig = rig(login.vrops(&two));
    rig.tell(notice("a", NoticeKind::Opened));
    assert!(rig.dead().contains("several resources are named vm-7"));
}
