//! What `docs/receivers.md` says of messages is what is sent: its JSON, its template, its check of signatures.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use lifesigns_compliance::{Membership, Note, Notice, NoticeKind, Signature, config::ConfigLocation};
use lifesigns_notifications::{
    ReceiverKind,
    config::{BodyTemplate, ConfigValue, ReceiverUrl, Webhook},
};
use lifesigns_receivers_test::{Answer, Request, Rig, Site, config, local, notice};
use serde_json::Value;

/// The first block of code in this language.
fn block(language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/receivers.md");
    let text = fs::read_to_string(page).unwrap();
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A notice with all that one can have.
fn full() -> Notice {
    let mut notice = notice("a", NoticeKind::Opened);
    let by = Signature { who: "ada".into(), time_ns: 1 };
    let alert = &mut notice.alert;
    alert.acknowledged = Some(by.clone());
    alert.owner = Some("ada".into());
    alert.notes.push(Note { by, text: "asked the team".into() });
    std::sync::Arc::make_mut(&mut alert.why).groups.push(Membership {
        group: "production".into(),
        place: ConfigLocation { file: "lifesigns.toml".into(), line: 12, column: 1 },
        how: "properties.env == \"production\"".into(),
    });
    notice.bundle.insert("object".into(), "vm-7".into());
    notice
}

fn sent(template: Option<BodyTemplate>, secret: Option<ConfigValue>) -> Request {
    let site = Site::start(|_, _| Answer::status(200));
    let url = ReceiverUrl::new(site.url("/")).unwrap();
    let webhook = Webhook { url, headers: Vec::new(), secret, template, timeout_ms: 10_000, ca: None };
    let rig = Rig::new(&config(ReceiverKind::Webhook(webhook)), &local());
    rig.tell(full());
    rig.delivered();
    site.next()
}

/// All members by their paths, and what they are.
fn members(value: &Value, path: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                members(value, &format!("{path}.{name}"), all);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| members(value, &format!("{path}[]"), all)),
        Value::Null => drop(all.insert(format!("{path} null"))),
        Value::Bool(_) => drop(all.insert(format!("{path} flag"))),
        Value::Number(_) => drop(all.insert(format!("{path} number"))),
        Value::String(_) => drop(all.insert(format!("{path} text"))),
    }
}

#[test]
fn the_json_has_the_members_that_are_documented() {
    let of = |value: &Value| {
        let mut all = BTreeSet::new();
        members(value, "", &mut all);
        all
    };
    let documented = of(&serde_json::from_str(&block("json")).unwrap());
    assert_eq!(of(&sent(None, None).json()), documented);
}

#[test]
fn the_template_makes_what_it_looks_like() {
    let json = sent(Some(BodyTemplate::new(block("jinja")).unwrap()), None).json();
    assert_eq!(json["text"], "[critical] Docker on production VM on vm-7");
    assert_eq!(json["lines"][0], "a container was created <b>here</b>");
}

#[test]
fn the_check_of_signatures_believes_the_host_and_nobody_else() {
    if !Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success()) {
        return lifesigns_receivers_test::Unavailable::Missing("python3".into(), "python3").skip();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, "open sesame\n").unwrap();
    let request = sent(None, Some(ConfigValue::File(file)));
    let body = folder.path().join("body");
    fs::write(&body, &request.body).unwrap();
    let program = format!(
        "{}\nimport sys\nstamp, signature, path, secret = sys.argv[1:]\n\
         headers = {{'X-Lifesigns-Timestamp': stamp, 'X-Lifesigns-Signature': signature}}\n\
         sys.exit(0 if genuine(headers, open(path, 'rb').read(), secret.encode()) else 3)\n",
        block("python")
    );
    let checks = |stamp: &str, secret: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", &program, stamp, &request.headers["x-lifesigns-signature"]]);
        python.arg(&body).arg(secret).status().unwrap().code()
    };
    let stamp = &request.headers["x-lifesigns-timestamp"];
    assert_eq!(checks(stamp, "open sesame"), Some(0));
    assert_eq!(checks(stamp, "hunter2"), Some(3));
    assert_eq!(checks("1763880003", "open sesame"), Some(3));
}
