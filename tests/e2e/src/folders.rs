//! What tests put into the folders of hosts: rules, configurations, certificates, logged lines.

use std::{fs, net::TcpListener, ops::Range, os::unix::net::UnixDatagram, path::Path, process::Command};

use crate::modules;

/// Returns the built module of the rule `keyword`.
///
/// # Panics
/// When it does not build.
pub fn keyword() -> Vec<u8> {
    modules::read(lifesigns_artifacts::rule("keyword"))
}

/// Returns a folder with the rule `keyword`, which looks for `contains`, and the rest of a configuration: the rule's
/// alerts go into `out.ndjson`.
///
/// # Panics
/// When it cannot be made.
pub fn keyword_folder(contains: &str, config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules");
    fs::create_dir_all(rules.join("modules")).expect("a folder");
    fs::write(rules.join("modules/keyword.wasm"), keyword()).expect("the module");
    let manifest = format!("module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"{contains}\"]\n");
    fs::write(rules.join("any.toml"), manifest).expect("the manifest");
    let config = format!("rules = 'rules'\ncache = 'cache'\n[output]\nfile = 'out.ndjson'\n{config}\n");
    fs::write(folder.path().join("lifesigns.toml"), config).expect("the configuration");
    folder
}

/// Makes a certificate for 127.0.0.1 that is its own authority, as `NAME.pem` with `NAME.key`; `None` where there is no
/// `openssl`.
///
/// # Panics
/// When `openssl` fails.
pub fn certificate(folder: &Path, name: &str) -> Option<()> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=lifesigns", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(folder.join(format!("{name}.key")))
        .arg("-out")
        .arg(folder.join(format!("{name}.pem")))
        .output()
        .ok()?;
    assert!(made.status.success(), "{made:?}");
    Some(())
}

/// Returns a port of the loopback that was free a moment ago.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Logs numbered lines with `KWMARK-`, as a program does, at the socket of a syslog daemon.
///
/// # Panics
/// When the daemon does not take them.
pub fn log_numbers(socket: &Path, numbers: Range<u32>) {
    let program = UnixDatagram::unbound().expect("a socket");
    for number in numbers {
        let line = format!("<30>Nov 28 09:00:00 app[7]: KWMARK-{number:05}");
        program.send_to(line.as_bytes(), socket).expect("a line is taken");
    }
}
