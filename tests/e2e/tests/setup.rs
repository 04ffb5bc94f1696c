//! A host from the text of a configuration, as a program that embeds it has it.

use std::{sync::mpsc, time::Duration};

use lifesigns::{
    Setup, SetupError,
    compliance::NoticeKind,
    notifications::{DeliveryError, Message, Receiver},
};
use lifesigns_e2e::embedded::{Home, alerts};

const LIMIT: Duration = Duration::from_secs(60);

struct Pager(mpsc::Sender<(NoticeKind, String)>);

impl Receiver for Pager {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        for notice in &message.notices {
            let _ = self.0.send((notice.happened, notice.alert.object.to_string()));
        }
        Ok(())
    }
}

#[test]
fn policies_routes_and_inventory_of_a_text_are_in_force() {
    let home = Home::with_rules(&["docker-keyword"]);
    let inventory = home.path("inventory.toml");
    std::fs::write(&inventory, "[[object]]\nid = \"vm-1\"\nproperties = { env = \"playground\" }\n").expect("a file");
    let text = format!(
        r#"
        inventory = "{}"
        [compile]
        start-wait = "10m"
        [[group]]
        name = "playground"
        when = 'properties.env == "playground"'
        [[policy]]
        name = "fine"
        groups = ["playground"]
        allow = ["docker-keyword/*"]
        [[route]]
        receivers = ["pager"]
        "#,
        inventory.display()
    );
    let setup = Setup::from_toml_with(&text, &["pager"]).expect("it is sound");
    let (sender, notices) = mpsc::channel();
    let builder = home.builder(Default::default()).setup(&setup).receiver("pager", move || Pager(sender.clone()));
    let host = builder.start_recording(home.store()).expect("the host starts");
    for object in ["vm-1", "vm-2"] {
        let source = lifesigns::source("our program", object, lifesigns::Format::Auto);
        let line = "DEBU[0007] Calling POST /v1.41/containers/create?name=web\n";
        host.submit(lifesigns::lines(&source, line)).expect("it is open");
    }
    host.wait_committed();
    let violations: Vec<_> =
        alerts(&host).iter().map(|alert| (alert.object.to_string(), alert.is_violation())).collect();
    assert!(
        violations.contains(&("vm-1".into(), false)) && violations.contains(&("vm-2".into(), true)),
        "{violations:?}"
    );
    assert_eq!(notices.recv_timeout(LIMIT).expect("the pager is notified"), (NoticeKind::Opened, "vm-2".to_owned()));
    host.stop();
}

#[test]
fn all_mistakes_are_told_with_their_lines() {
    let text = "[[group]]\nnam = \"a\"\n[[route]]\nreceivers = [\"pager\"]\n[engine]\nshards = 0\n";
    let error = Setup::from_toml(text).expect_err("it has mistakes");
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    for place in ["setup.toml:2:1: ", "setup.toml:4:14: ", "setup.toml:6:10: "] {
        assert!(lines.iter().any(|line| line.starts_with(place)), "{place} in {lines:#?}");
    }
    assert!(matches!(error, SetupError::Mistakes(_)));
    let error = Setup::from_toml("inventory = \"nowhere.toml\"\n").expect_err("there is none");
    assert!(error.to_string().contains("nowhere.toml"), "{error}");
}
