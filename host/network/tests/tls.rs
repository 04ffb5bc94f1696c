//! Syslog over TLS: with certificates that `openssl` makes, with and without those of clients, and with new ones while
//! connections are open.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use common::{Sources, connect, free_port, line, syslog};
use lifesigns_intake::{SourceKind, SourceSettings, SyslogTls};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A folder with a CA `NAME-ca` and what it signs.
struct Authority(tempfile::TempDir);

impl Authority {
    /// `None` where there is no `openssl`.
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            let _ = writeln!(std::io::stderr(), "skipped: there is no `openssl`");
            return None;
        }
        let authority = Self(tempfile::tempdir().unwrap());
        for name in ["servers", "clients"] {
            let (key, pem) = (authority.path(name, "key"), authority.path(name, "pem"));
            let usage = "keyUsage=critical,keyCertSign";
            let request =
                ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
            openssl(
                Command::new("openssl")
                    .args(request)
                    .args(["-subj", "/CN=ca", "-addext", usage])
                    .arg("-keyout")
                    .arg(key)
                    .arg("-out")
                    .arg(pem),
            );
        }
        Some(authority)
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.0.path().join(format!("{name}.{kind}"))
    }

    /// Signs a certificate for `NAME`, which is written when it is whole.
    fn sign(&self, ca: &str, name: &str, common_name: &str) {
        let (key, request, extensions) = (self.path("new", "key"), self.path("new", "csr"), self.path("new", "ext"));
        std::fs::write(&extensions, "subjectAltName=IP:127.0.0.1\n").unwrap();
        let subject = format!("/CN={common_name}");
        let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", &subject];
        openssl(Command::new("openssl").args(new).arg("-keyout").arg(&key).arg("-out").arg(&request));
        let signed = self.path("new", "pem");
        openssl(
            Command::new("openssl")
                .args(["x509", "-req", "-days", "2", "-CAcreateserial"])
                .arg("-in")
                .arg(&request)
                .arg("-out")
                .arg(&signed)
                .arg("-CA")
                .arg(self.path(ca, "pem"))
                .arg("-CAkey")
                .arg(self.path(ca, "key"))
                .arg("-extfile")
                .arg(&extensions),
        );
        std::fs::rename(key, self.path(name, "key")).unwrap();
        std::fs::rename(signed, self.path(name, "pem")).unwrap();
    }

    fn source(&self, port: u16, client_ca: Option<PathBuf>) -> SourceSettings {
        let mut source = syslog("tls", &format!("tls://127.0.0.1:{port}"));
        if let SourceKind::Syslog(syslog) = &mut source.kind {
            let (certificate, key) = (self.path("server", "pem"), self.path("server", "key"));
            syslog.tls = Some(SyslogTls { certificate, key, client_ca });
        }
        source
    }

    /// Connects as a client with the certificate of this name, or with none.
    fn connect(&self, port: u16, client: Option<&str>) -> TlsStream {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("servers", "pem")).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let certificate = CertificateDer::from_pem_file(self.path(name, "pem")).unwrap();
                let key = PrivateKeyDer::from_pem_file(self.path(name, "key")).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
        };
        let connection = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
        StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", port)).unwrap())
    }
}

fn openssl(command: &mut Command) {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Sends, and closes the connection as the protocol wants it.
fn send(mut stream: TlsStream, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

#[test]
fn lines_come_by_tls_and_what_is_no_tls_harms_no_other() {
    let Some(authority) = Authority::new() else { return };
    authority.sign("servers", "server", "server");
    let port = free_port();
    let sources = Sources::start(&[authority.source(port, None)]);
    // One that says nothing, and one that does not speak TLS.
    let _silent = connect(port, b"");
    connect(port, b"<13>app[1]: in the clear\n");
    send(authority.connect(port, None), "<13>app[1]: a\n13 <13>app[1]: b\n").unwrap();
    send(authority.connect(port, None), "13 <13>app[1]: c13 <13>app[1]: d").unwrap();
    let mut lines = sources.lines(4);
    lines.sort();
    let expected = ["13 <13>app[1]: b", "a", "c", "d"].map(|text| line("127.0.0.1", text));
    assert_eq!(lines, expected);
    let traffic = sources.traffic("tls", |traffic| traffic.refused == 1);
    assert!(traffic.problem.starts_with("TLS with 127.0.0.1 failed: "), "{}", traffic.problem);
    sources.supervisor.end().unwrap();
}

#[test]
fn clients_need_a_certificate_where_a_ca_is_named() {
    let Some(authority) = Authority::new() else { return };
    authority.sign("servers", "server", "server");
    authority.sign("clients", "client", "client");
    authority.sign("servers", "stranger", "stranger");
    let port = free_port();
    let sources = Sources::start(&[authority.source(port, Some(authority.path("clients", "pem")))]);
    for (refused, client) in [(1, None), (2, Some("stranger"))] {
        // The client learns it when it reads.
        let mut stream = authority.connect(port, client);
        let _ = stream.write_all(b"<13>app[1]: refused\n");
        assert!(stream.read(&mut [0]).is_err());
        sources.traffic("tls", |traffic| traffic.refused == refused);
    }
    send(authority.connect(port, Some("client")), "<13>app[1]: accepted\n").unwrap();
    assert_eq!(sources.lines(1), [line("127.0.0.1", "accepted")]);
    sources.supervisor.end().unwrap();
}

#[test]
fn a_new_certificate_is_used_for_new_connections() {
    let Some(authority) = Authority::new() else { return };
    authority.sign("servers", "server", "first");
    let port = free_port();
    let sources = Sources::start(&[authority.source(port, None)]);
    let mut open = authority.connect(port, None);
    open.write_all(b"<13>app[1]: one\n").unwrap();
    sources.lines(1);
    let first = certificate(&authority.path("server", "pem"));
    assert_eq!(open.conn.peer_certificates().unwrap()[0], first);
    // Half of a change: the key does not fit, and the first one stays in use.
    std::fs::write(authority.path("server", "pem"), "nonsense").unwrap();
    let mut between = authority.connect(port, None);
    between.write_all(b"<13>app[1]: two\n").unwrap();
    sources.lines(1);
    assert_eq!(between.conn.peer_certificates().unwrap()[0], first);
    assert!(sources.traffic("tls", |_| true).problem.contains("the certificate has changed and cannot be used"));
    authority.sign("servers", "server", "second");
    let mut new = authority.connect(port, None);
    new.write_all(b"<13>app[1]: three\n").unwrap();
    open.write_all(b"<13>app[1]: four\n").unwrap();
    sources.lines(2);
    let second = certificate(&authority.path("server", "pem"));
    assert!(first != second);
    assert_eq!(new.conn.peer_certificates().unwrap()[0], second);
    sources.supervisor.end().unwrap();
}

#[test]
fn files_that_do_not_fit_are_named() {
    let Some(authority) = Authority::new() else { return };
    authority.sign("servers", "server", "server");
    authority.sign("servers", "other", "other");
    let check = |change: &dyn Fn(&mut SyslogTls)| {
        let mut source = authority.source(free_port(), None);
        let SourceKind::Syslog(syslog) = &mut source.kind else { unreachable!() };
        change(syslog.tls.as_mut().unwrap());
        lifesigns_network::check(syslog)
    };
    check(&|_| {}).unwrap();
    let what = |change: &dyn Fn(&mut SyslogTls)| check(change).unwrap_err().what;
    assert!(what(&|tls| tls.key = authority.path("other", "key")).contains(" and key "));
    assert!(what(&|tls| tls.key = authority.path("none", "key")).contains("none.key cannot be read: "));
    assert!(what(&|tls| tls.key = authority.path("server", "pem")).contains("server.pem holds no private key"));
    assert!(what(&|tls| tls.certificate = authority.path("server", "key")).contains("server.key holds no certificate"));
    assert!(what(&|tls| tls.client_ca = Some(authority.path("none", "pem"))).contains("none.pem cannot be read: "));
}
