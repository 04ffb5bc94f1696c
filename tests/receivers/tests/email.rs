//! Letters to a real mail server, in the clear, over STARTTLS and over TLS; and to one that misbehaves.
#![allow(clippy::unwrap_used)]

use std::{fs, time::Duration};

use lifesigns_compliance::NoticeKind;
use lifesigns_notifications::{
    ReceiverKind,
    config::{ConfigValue, Email, SmtpServer},
};
use lifesigns_receivers_test::{
    Identity, MailProcess, MailWay, Rig, Script, Unavailable, config, grouped, local, notice,
};

fn email(url: &str, starttls: bool) -> Email {
    Email {
        server: SmtpServer::new(url, starttls).unwrap(),
        from: "Life signs <signs@example.org>".into(),
        to: vec!["ops@example.org".into(), "Sécurité <security@example.org>".into()],
        user: None,
        password: None,
        timeout_ms: 10_000,
        ca: None,
    }
}

fn rig(email: Email) -> Rig {
    Rig::new(&config(ReceiverKind::Email(email)), &local())
}

fn server(way: MailWay) -> Option<(MailProcess, Identity)> {
    let start = || -> Result<_, Unavailable> {
        let identity = Identity::new()?;
        Ok((MailProcess::start(way, &identity)?, identity))
    };
    start().inspect_err(Unavailable::skip).ok()
}

#[test]
fn a_mail_is_accepted_by_a_real_server() {
    let Some((server, _identity)) = server(MailWay::Plain) else { return };
    let rig = rig(email(&format!("smtp://127.0.0.1:{}", server.port()), false));
    rig.tell_all([grouped("a", NoticeKind::Opened, 200), grouped("b", NoticeKind::Resolved, 200)]);
    let letter = server.next();
    rig.delivered();
    rig.delivered();
    assert_eq!((letter.from.as_str(), letter.tls), ("signs@example.org", false));
    assert_eq!(letter.to, ["ops@example.org", "security@example.org"]);
    for part in ["Subject: [critical] 2 alerts, 1 of them open", "Message-ID: <", "multipart/alternative", "&lt;b&gt;"]
    {
        assert!(letter.data.contains(part), "{part}\n{}", letter.data);
    }
}

#[test]
fn letters_go_over_tls_with_a_password_from_a_file() {
    for (way, starttls) in [(MailWay::StartTls, true), (MailWay::Wrapped, false)] {
        let Some((server, identity)) = server(way) else { return };
        let scheme = if starttls { "smtp" } else { "smtps" };
        let url = format!("{scheme}://localhost:{}", server.port());
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        fs::write(&password, "open sesame\n").unwrap();
        let with = Email {
            user: Some(ConfigValue::Plain("signs".into())),
            password: Some(ConfigValue::File(password.clone())),
            ca: Some(identity.certificate()),
            ..email(&url, starttls)
        };
        let friend = rig(with.clone());
        friend.tell(notice("a", NoticeKind::Opened));
        let letter = server.next();
        friend.delivered();
        assert_eq!((letter.tls, letter.user.as_deref()), (true, Some("signs")));
        // No certificate outside the file is trusted.
        let stranger = rig(Email { ca: None, ..with.clone() });
        stranger.tell(notice("a", NoticeKind::Opened));
        let why = stranger.failed();
        assert!(why.contains("certificate"), "{way:?}: {why}");
        drop(stranger);
        // A wrong password may be corrected, and is not repeated.
        fs::write(&password, "hunter2").unwrap();
        let wrong = rig(with);
        wrong.tell(notice("a", NoticeKind::Opened));
        let why = wrong.failed();
        assert!(why.contains("the log-in is refused (535)") && !why.contains("hunter2"), "{why}");
        fs::write(&password, "open sesame").unwrap();
        assert_eq!(server.next().user.as_deref(), Some("signs"));
    }
}

#[test]
fn without_tls_nothing_is_said_to_one_that_was_to_have_it() {
    let server = Script::start(|_| None);
    let rig = rig(email(&format!("smtp://127.0.0.1:{}", server.port()), true));
    rig.tell(notice("a", NoticeKind::Opened));
    let why = rig.failed();
    assert!(why.contains("STARTTLS"), "{why}");
    let heard = server.hears("EHLO");
    assert!(!heard.iter().any(|line| line.starts_with("MAIL")), "{heard:?}");
}

#[test]
fn who_has_a_letter_does_not_get_it_again_when_another_is_served_later() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let server = Script::start(move |line| {
        let late =
            line.starts_with("RCPT TO:<security") && tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        late.then(|| "451 come back\r\n".to_owned())
    });
    let rig = rig(email(&format!("smtp://127.0.0.1:{}", server.port()), false));
    rig.tell(notice("a", NoticeKind::Opened));
    let why = rig.failed();
    assert!(why.starts_with("security@example.org: ") && why.contains("451"), "{why}");
    let first = server.hears("QUIT");
    assert!(first.contains(&"a letter".to_owned()));
    rig.delivered();
    let second = server.hears("QUIT");
    assert!(!second.iter().any(|line| line.starts_with("RCPT TO:<ops")), "{second:?}");
    assert!(second.iter().any(|line| line.starts_with("RCPT TO:<security")), "{second:?}");
}

#[test]
fn a_recipient_that_is_refused_keeps_nobody_from_it_and_is_told() {
    let server =
        Script::start(|line| line.starts_with("RCPT TO:<ops").then(|| "550 no such user\x1b[2J here\r\n".to_owned()));
    let rig = rig(email(&format!("smtp://127.0.0.1:{}", server.port()), false));
    rig.tell(notice("a", NoticeKind::Opened));
    let why = rig.dead();
    assert!(why.starts_with("ops@example.org: ") && why.contains("no such user") && !why.contains('\x1b'), "{why}");
    assert!(server.hears("QUIT").contains(&"a letter".to_owned()));
}

#[test]
fn a_server_that_fails_is_tried_again_and_one_that_refuses_is_not() {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let server = Script::start(move |line| {
        if line != "a letter" {
            return None;
        }
        match number.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Some("452 no room\r\n".into()),
            1 => None,
            _ => Some("554 spam\r\n".into()),
        }
    });
    let rig = rig(email(&format!("smtp://127.0.0.1:{}", server.port()), false));
    rig.tell(notice("a", NoticeKind::Opened));
    assert!(rig.failed().contains("no room"));
    rig.delivered();
    rig.tell(notice("b", NoticeKind::Opened));
    assert!(rig.dead().contains("spam"));
}

#[test]
fn a_server_that_is_silent_or_babbles_is_left() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("smtp://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let quiet = rig(Email { timeout_ms: 300, ..email(&url, false) });
    let since = std::time::Instant::now();
    quiet.tell(notice("a", NoticeKind::Opened));
    quiet.failed();
    assert!(since.elapsed() < Duration::from_secs(10));
    let server = Script::start(|line| line.is_empty().then(|| "220-more\r\n".repeat(1_000_000)));
    let babble = rig(email(&format!("smtp://127.0.0.1:{}", server.port()), false));
    babble.tell(notice("a", NoticeKind::Opened));
    let why = babble.failed();
    assert!(why.contains("too large") || why.contains("reset") || why.contains("Broken"), "{why}");
}
