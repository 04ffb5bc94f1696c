//! The journal by a `journalctl` that a test writes: it plays a recorded stream, and says how it was called.
#![allow(clippy::unwrap_used)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use common::{Sources, line};
use lifesigns_intake::{FollowFrom, Format, JournalSettings, SourceKind, SourceSettings};
use lifesigns_sources::Activity;

/// As `journalctl -o json --all` writes it; the second message is no text, so it is a list of bytes.
const RECORDED: &str = r#"{"_HOSTNAME":"vm-1","__CURSOR":"s=a1;i=1;b=c;m=1;t=1;x=1","__REALTIME_TIMESTAMP":"1795478400000000","PRIORITY":"6","SYSLOG_IDENTIFIER":"dockerd","_PID":"812","MESSAGE":"level=info msg=ready"}
{"_HOSTNAME":"vm-1","__CURSOR":"s=a1;i=2;b=c;m=2;t=2;x=2","__REALTIME_TIMESTAMP":"1795478401000000","PRIORITY":"6","SYSLOG_IDENTIFIER":"app","MESSAGE":[104,27,105]}
{"_HOSTNAME":"vm-1","__CURSOR":"s=a1;i=3;b=c;m=3;t=3;x=3","__REALTIME_TIMESTAMP":"1795478402000000","PRIORITY":"6","SYSLOG_IDENTIFIER":"app","MESSAGE":"third"}
"#;

fn source(command: &Path, from: FollowFrom) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Journald(JournalSettings { command: command.to_owned(), from }),
        name: "journald".to_owned(),
        format: Format::Ndjson,
        time_formats: Vec::new(),
        object: "here".to_owned(),
        app: None,
    }
}

/// Writes a command that notes its arguments, plays the part of the recording behind its cursor, and stays.
fn journalctl(folder: &Path) -> std::path::PathBuf {
    let command = folder.join("journalctl");
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\necho \"$*\" >> called\n\
                  case \"$*\" in\n*--after-cursor=*i=2*) tail -n +3 recorded ;;\n*--after-cursor=*i=3*) ;;\n*) head -n 2 recorded ;;\nesac\n\
                  [ -e ends ] && { rm ends; echo 'Failed to look' >&2; exit 1; }\nexec sleep 1000\n";
    fs::write(folder.join("recorded"), RECORDED).unwrap();
    fs::write(&command, script).unwrap();
    fs::set_permissions(&command, fs::Permissions::from_mode(0o700)).unwrap();
    command
}

#[test]
fn the_journal_goes_on_behind_the_last_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let command = journalctl(folder.path());
    // The first one ends by itself, and is started again where it was.
    fs::write(folder.path().join("ends"), "").unwrap();
    let mut sources = Sources::start(&[source(&command, FollowFrom::Start)]);
    let expected = [line("vm-1", "ready"), line("vm-1", "h\u{1b}i"), line("vm-1", "third")];
    assert_eq!(sources.lines(3), expected);
    sources.reconcile(&[SourceSettings { app: Some("x".to_owned()), ..source(&command, FollowFrom::Start) }]);
    let called = || fs::read_to_string(folder.path().join("called")).unwrap();
    common::wait(|| called().lines().count() == 3);
    let calls = called();
    let calls: Vec<&str> = calls.lines().collect();
    assert_eq!(calls[0], "--output=json --follow --all --no-pager --quiet --no-tail");
    assert!(calls[1].ends_with("--after-cursor=s=a1;i=2;b=c;m=2;t=2;x=2 --no-tail"), "{}", calls[1]);
    assert!(calls[2].ends_with("--after-cursor=s=a1;i=3;b=c;m=3;t=3;x=3 --no-tail"), "{}", calls[2]);
    sources.supervisor.end().unwrap();
}

#[test]
fn without_a_place_only_what_is_new_is_read_unless_all_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let command = journalctl(folder.path());
    let sources = Sources::start(&[source(&command, FollowFrom::End)]);
    common::wait(|| fs::read_to_string(folder.path().join("called")).is_ok_and(|text| text.ends_with("--lines=0\n")));
    sources.supervisor.end().unwrap();
}

#[test]
fn a_command_that_is_not_there_is_refused_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let command = folder.path().join("journalctl");
    let sink = std::sync::Arc::new(lifesigns_sources::MemorySink::default());
    let all: std::sync::Arc<dyn lifesigns_sources::SourceSink> =
        std::sync::Arc::<lifesigns_sources::MemorySink>::clone(&sink);
    let supervisor = lifesigns_sources::SourceSupervisor::new(all, lifesigns_model::SystemClock::shared())
        .with_driver(std::sync::Arc::new(lifesigns_network::NetworkDriver));
    let mut sources = Sources { sink, supervisor };
    sources.reconcile(&[source(&command, FollowFrom::Start)]);
    sources.until(
        "journald",
        "refused",
        |report| matches!(&report.activity, Activity::Refused(why) if why.contains("cannot be run")),
    );
    journalctl(folder.path());
    sources.until("journald", "reading", |report| report.activity == Activity::Reading);
    sources.supervisor.end().unwrap();
}
