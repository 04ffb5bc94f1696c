//! systemd's own programs: entries with binary fields go into a journal file, and are uploaded with a token, twice.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{binary::lifesigns, folders::keyword_folder, host::Running};
use serde_json::Value;

const ENTRIES: u64 = 20_000;

/// Where `.ci/run` unpacks them; says that the test is skipped where they are not.
fn unpacked() -> Option<PathBuf> {
    let root = artifacts::root().join("target/senders/journal");
    let mut probe = program(&root, "systemd-journal-upload");
    if probe.arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(root);
    }
    let text = "skipped: there is no systemd-journal-upload in target/senders; `.ci/run` unpacks it on Debian\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

fn program(root: &Path, name: &str) -> Command {
    let mut command = Command::new(root.join("lib/systemd").join(name));
    command.env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu"));
    command
}

/// Entries as `journalctl -o export` writes them, some with a message of two lines.
fn export() -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 1..=ENTRIES {
        let (time, id) = (1_782_907_140_000_000 + number, "6c7c6013a26343b29e964691ff25d04c");
        let head = format!(
            "__CURSOR=s={id};i={number:x};b={id};m={number};t={time:x};x=1\n__REALTIME_TIMESTAMP={time}\n\
             __MONOTONIC_TIMESTAMP={number}\n_BOOT_ID={id}\n_MACHINE_ID={id}\nPRIORITY=6\n_HOSTNAME=web-7\n"
        );
        bytes.extend(head.as_bytes());
        let message = format!("a keyword\nnumber {number}");
        if number % 10 == 0 {
            bytes.extend(b"MESSAGE\n");
            bytes.extend((message.len() as u64).to_le_bytes());
            bytes.extend(message.as_bytes());
            bytes.extend(b"\n\n");
        } else {
            bytes.extend(format!("MESSAGE={}\n\n", message.replace('\n', " ")).as_bytes());
        }
    }
    bytes
}

fn source(status: &Value) -> &Value {
    &status["sources"][0]
}

#[track_caller]
fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn uploads_are_taken_and_what_comes_again_counts_once() {
    let Some(root) = unpacked() else { return };
    let place = tempfile::tempdir().unwrap();
    let (exported, journal) = (place.path().join("in.export"), place.path().join("in.journal"));
    fs::write(&exported, export()).unwrap();
    done(&program(&root, "systemd-journal-remote").arg("-o").arg(&journal).arg(&exported).output().unwrap());
    let folder = keyword_folder("a keyword", "[server]\nlisten = '127.0.0.1:0'\n[[source]]\nhttp = ['journal']");
    let mut add = Command::new(lifesigns());
    let add =
        add.args(["token", "add", "web-7", "--role", "ingest", "--config"]).arg(folder.path().join("lifesigns.toml"));
    let token = add.output().unwrap();
    done(&token);
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let mut host = Running::start(folder);
    host.until("a source that takes uploads", |status| source(status)["state"] == "reading");
    let port = host.port();
    let upload = |password: &str| {
        let mut upload = program(&root, "systemd-journal-upload");
        let upload = upload.arg(format!("--url=http://any:{password}@127.0.0.1:{port}")).arg("--follow=no");
        upload.arg(format!("--file={}", journal.display())).output().unwrap()
    };
    done(&upload(&token));
    let status = host.until("all entries", |status| source(status)["lines"] == ENTRIES);
    let traffic = &source(&status)["traffic"];
    let expected = (&Value::from(ENTRIES), &Value::from(0), &Value::from(0));
    assert_eq!((&traffic["lines"], &traffic["rejected"], &traffic["malformed"]), expected, "{traffic}");
    // Without its state it sends everything again, also to a host that has been restarted.
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
    let kept = fs::read_to_string(host.path("lifesigns.toml")).unwrap();
    fs::write(host.path("lifesigns.toml"), kept.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"))).unwrap();
    host.restart();
    host.until("a source that takes uploads", |status| source(status)["state"] == "reading");
    done(&upload(&token));
    let status = host.until("an answer", |_| true);
    assert_eq!(source(&status)["lines"], ENTRIES, "{status}");
    assert!(!upload("wrong").status.success());
    host.signal("-TERM");
    assert!(host.wait_for_end().success());
}
