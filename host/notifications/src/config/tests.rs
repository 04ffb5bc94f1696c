//! The parts of a receiver refuse values that are not valid.
#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;

#[test]
fn a_secret_is_read_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "hunter2\r\n").unwrap();
    let file = ConfigValue::File(path.clone());
    assert_eq!(file.read().unwrap(), "hunter2");
    for kept in [file.clone(), ConfigValue::Plain("hunter2".into())] {
        assert!(!format!("{kept} {kept:?}").contains("hunter2"));
    }
    fs::write(&path, b"hunter2\xff").unwrap();
    let why = file.read().unwrap_err();
    assert!(why.ends_with("is not UTF-8") && !why.contains("hunter2"), "{why}");
    fs::write(&path, "\n").unwrap();
    assert!(file.read().unwrap_err().ends_with("is empty"));
    fs::write(&path, vec![b'x'; 70_000]).unwrap();
    assert!(file.read().unwrap_err().contains("longer than"));
    let missing = ConfigValue::Env("LIFESIGNS_TEST_NOT_SET".into());
    assert_eq!(missing.read().unwrap_err(), "environment variable LIFESIGNS_TEST_NOT_SET is not set");
}

#[test]
fn a_url_is_checked_and_shown_without_what_may_be_a_password() {
    for (text, shown) in [
        ("https://hooks.example/services/T0/SECRET", "https://hooks.example"),
        ("http://[::1]:9093?token=SECRET", "http://[::1]:9093"),
        ("http://a_b.example:80", "http://a_b.example:80"),
    ] {
        let url = ReceiverUrl::new(text).unwrap();
        assert_eq!((url.to_string().as_str(), url.read().unwrap().as_str()), (shown, text));
        assert!(!format!("{url:?}").contains("SECRET"));
    }
    for text in [
        "",
        "ftp://a",
        "http://",
        "http:///x",
        "http://user:SECRET@a/",
        "http://a:0/",
        "http://a:99999/",
        "http://a b/",
        "http://a/\r\nX: SECRET",
        "http://[::1/",
        "http://[::1]x/",
        "http://[SECRET]/",
        "http://a:SECRET",
    ] {
        let why = ReceiverUrl::new(text).unwrap_err();
        assert!(!why.contains("SECRET"), "{why}");
    }
    let kept = ReceiverUrl::from_value(ConfigValue::Plain("nonsense".into()));
    assert!(!kept.read().unwrap_err().contains("nonsense"));
}

#[test]
fn a_server_knows_its_port() {
    for (url, starttls, expected) in [
        ("smtp://mail.example", false, Some("smtp://mail.example:25")),
        ("smtp://mail.example", true, Some("smtp://mail.example:587")),
        ("smtps://mail.example/", false, Some("smtps://mail.example:465")),
        ("smtp://[::1]:2525", false, Some("smtp://[::1]:2525")),
        ("smtps://mail.example", true, None),
        ("http://mail.example", false, None),
        ("smtp://u:p@mail.example", true, None),
        ("smtp://mail.example:x", true, None),
        ("mail.example", true, None),
    ] {
        let server = SmtpServer::new(url, starttls).ok();
        assert_eq!(server.map(|server| server.to_string()).as_deref(), expected, "{url}");
    }
}

#[test]
fn networks_count_bits() {
    for (network, address, expected) in [
        ("10.0.0.0/8", "10.255.1.2", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.6", false),
        ("192.0.2.0/25", "192.0.2.127", true),
        ("192.0.2.0/25", "192.0.2.128", false),
        ("0.0.0.0/0", "203.0.113.1", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false),
        ("::1", "::1", true),
    ] {
        let parsed: Network = network.parse().unwrap();
        assert_eq!(parsed.contains(address.parse().unwrap()), expected, "{network} {address}");
    }
    for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0/8", "x", "::ffff:10.0.0.1"] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}

#[test]
fn a_template_is_checked_when_it_is_made() {
    assert!(BodyTemplate::new("{{ a }}").is_ok());
    assert!(BodyTemplate::new("{{ a ").unwrap_err().contains("body:1"), "{:?}", BodyTemplate::new("{{ a "));
    assert!(BodyTemplate::new("x".repeat(70_000)).is_err());
}

#[test]
fn mistakes_that_only_the_whole_shows() {
    let email = Email {
        server: SmtpServer::new("smtp://mail.example", false).unwrap(),
        from: "not-an-address".into(),
        to: vec![],
        user: Some(ConfigValue::Plain("u".into())),
        password: None,
        timeout_ms: 0,
        ca: None,
    };
    let retry = Retry { attempts: 0, first_ms: 2, max_ms: 1 };
    let config = ReceiverConfig { name: String::new(), kind: ReceiverKind::Email(email), retry, anchor_ms: None };
    assert_eq!(config.validate().len(), 8, "{:?}", config.validate());
    let webhook = Webhook {
        url: ReceiverUrl::new("http://a.example").unwrap(),
        headers: vec![
            ("X-Good".into(), ConfigValue::Env("TOKEN".into())),
            ("Authorization".into(), ConfigValue::Plain("Bearer hunter2".into())),
            ("X-Api-Key".into(), ConfigValue::Env("KEY".into())),
            ("Host".into(), ConfigValue::Plain("b.example".into())),
            ("Not a name".into(), ConfigValue::Plain("x".into())),
            ("X-Split".into(), ConfigValue::Plain("a\r\nb: c".into())),
        ],
        secret: None,
        template: None,
        timeout_ms: TIMEOUT_MS,
        ca: None,
    };
    let config = ReceiverConfig {
        name: "w".into(),
        kind: ReceiverKind::Webhook(webhook),
        retry: Retry::default(),
        anchor_ms: None,
    };
    let errors = config.validate();
    assert_eq!(errors.len(), 4, "{errors:?}");
    let refused = errors.iter().find(|error| error.what.contains("authorization")).unwrap().what.clone();
    assert!(refused.contains("env") && !refused.contains("hunter2"), "{refused}");
}
