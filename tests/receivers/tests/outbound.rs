//! Where connections may not go, they do not go, whatever a name says and whenever it says it.
#![allow(clippy::unwrap_used)]

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use lifesigns_compliance::NoticeKind;
use lifesigns_notifications::{
    EgressPolicy, OutboundConfig, ReceiverKind, Resolver,
    config::{Alertmanager, Email, ReceiverUrl, SmtpServer},
};
use lifesigns_receivers_test::{Answer, Rig, Script, Site, config, notice};

fn webhook(url: &str) -> ReceiverKind {
    ReceiverKind::Webhook(lifesigns_receivers_test::webhook(url))
}

fn alertmanager(url: &str) -> ReceiverKind {
    ReceiverKind::Alertmanager(Alertmanager {
        url: ReceiverUrl::new(url).unwrap(),
        headers: Vec::new(),
        keep_alive_ms: 60_000,
        timeout_ms: 10_000,
        ca: None,
    })
}

fn email(url: &str) -> ReceiverKind {
    ReceiverKind::Email(Email {
        server: SmtpServer::new(url, false).unwrap(),
        from: "signs@example.org".into(),
        to: vec!["ops@example.org".into()],
        user: None,
        password: None,
        timeout_ms: 10_000,
        ca: None,
    })
}

#[test]
fn this_machine_is_not_a_target_unless_told() {
    let site = Site::start(|_, _| Answer::status(200));
    let mail = Script::start(|_| None);
    let (http, smtp) = (site.address().port(), mail.port());
    let kinds = [
        webhook(&format!("http://127.0.0.1:{http}/")),
        webhook(&format!("http://localhost:{http}/")),
        webhook(&format!("http://[::ffff:127.0.0.1]:{http}/")),
        webhook(&format!("http://0.0.0.0:{http}/")),
        // As some libraries read addresses: one number, octal, hexadecimal.
        webhook(&format!("http://2130706433:{http}/")),
        webhook(&format!("http://0177.0.0.1:{http}/")),
        webhook(&format!("http://0x7f.1:{http}/")),
        webhook("http://169.254.169.254/latest/meta-data/"),
        alertmanager(&format!("http://127.0.0.1:{http}")),
        email(&format!("smtp://127.0.0.1:{smtp}")),
        email(&format!("smtp://localhost:{smtp}")),
    ];
    for kind in kinds {
        let rig = Rig::new(&config(kind.clone()), &EgressPolicy::new(OutboundConfig::default()));
        rig.tell(notice("a", NoticeKind::Opened));
        let why = rig.failed();
        assert!(why.contains("is refused: ") || why.contains("is not found"), "{kind:?}: {why}");
    }
    assert_eq!(site.connections(), 0);
    let listed = OutboundConfig { allow_private: false, allow: vec!["127.0.0.1".parse().unwrap()] };
    let rig = Rig::new(&config(webhook(&site.url("/"))), &EgressPolicy::new(listed));
    rig.tell(notice("a", NoticeKind::Opened));
    rig.delivered();
}

/// A name that is at one place first, and then at another; as DNS servers of attackers answer.
struct Rebinds {
    port: u16,
    asked: AtomicUsize,
}

impl Resolver for Rebinds {
    fn look_up(&self, _: &str, _: u16, _: Duration) -> io::Result<Vec<SocketAddr>> {
        let host = if self.asked.fetch_add(1, Ordering::SeqCst) == 0 { "127.0.0.1" } else { "127.0.0.2" };
        Ok(vec![SocketAddr::new(host.parse().unwrap(), self.port)])
    }
}

#[test]
fn a_name_that_moves_is_checked_where_it_is() {
    // Two servers on one port: one at the allowed address, one at the other.
    let (listener, secret) = (0..100)
        .find_map(|_| {
            let listener = TcpListener::bind(("127.0.0.1", 0)).ok()?;
            let port = listener.local_addr().ok()?.port();
            Some((listener, TcpListener::bind(("127.0.0.2", port)).ok()?))
        })
        .unwrap();
    let public = Site::on(listener, None, |_, _| Answer::status(200));
    let secret = Site::on(secret, None, |_, _| Answer::status(200));
    let names = Arc::new(Rebinds { port: public.address().port(), asked: AtomicUsize::new(0) });
    let outbound = OutboundConfig { allow_private: false, allow: vec!["127.0.0.1/32".parse().unwrap()] };
    let egress = EgressPolicy::with_resolver(outbound, Arc::clone(&names) as Arc<dyn Resolver>);
    let rig = Rig::new(&config(webhook("http://rebind.example/")), &egress);
    rig.tell(notice("a", NoticeKind::Opened));
    rig.delivered();
    assert_eq!(public.next().headers["host"], "rebind.example");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "asked once for one connection");
    rig.tell(notice("b", NoticeKind::Opened));
    let why = rig.failed();
    assert!(why.contains("127.0.0.2 is loopback"), "{why}");
    assert_eq!((public.connections(), secret.connections()), (1, 0));
}
