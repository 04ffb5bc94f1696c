//! Disks that are full or read-only, and a damaged database: each is reported clearly, nothing that
//! was acknowledged is lost, and the host recovers by itself. The disks are file systems in a mount
//! namespace of their own; where that is not allowed, the tests say so.
#![allow(clippy::print_stdout)]

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

use lifesigns_crash_test::{Feed, Figures, Home, Host, Notified, Random, check, wait_until};

/// Names the small disk to the test binary when it runs within.
const DISK: &str = "CRASH_TEST_SMALL_DISK";
const DISK_MIB: u32 = 8;

/// Runs the test `name` of this binary with a small disk.
fn within(name: &str) {
    let disk = tempfile::tempdir().expect("a folder");
    let script = format!("mount -t tmpfs -o size={DISK_MIB}m none \"$0\" || exit 77; exec \"$@\"");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(disk.path())
        .arg(std::env::current_exe().expect("we run"))
        .args(["--exact", name, "--nocapture", "--include-ignored"])
        .env(DISK, disk.path())
        .output();
    let ran = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).contains("running 1 test");
    match output {
        Ok(output) if output.status.success() && ran(&output) => {}
        Ok(output) if ran(&output) => {
            panic!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        other => println!("not tested, there can be no disk for it here: {other:?}"),
    }
}

/// A home with events.
struct Place {
    home: Home,
    feed: Feed,
    notified: Notified,
    random: Random,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new(disk: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(&folder.path().join("cache"), disk);
        let feed = Feed::new(&home);
        let notified = Notified::new(home.notified());
        Self { home, feed, notified, random: Random::new(7), _folder: folder }
    }

    /// Writes whole events.
    fn write(&mut self, events: u64) {
        self.feed.write(events, &mut self.random);
        self.feed.finish(&mut self.random);
    }

    fn await_notices(&mut self) {
        wait_until("all events are notified", || {
            self.notified.read();
            self.notified.events().len() as u64 == self.feed.events()
        });
    }

    fn state(&self) -> String {
        self.home.json(&["status"])["store"]["state"].as_str().expect("a text").to_owned()
    }

    fn has_come_up(&self) {
        wait_until("the control socket", || self.home.output(&["status"]).status.success());
    }

    fn an_alert(&self) -> String {
        self.home.json(&["alerts"])[0]["id"].as_str().expect("an id").to_owned()
    }

    fn check(&mut self) -> Figures {
        self.notified.read();
        check(&self.home, &self.notified, self.feed.events())
    }
}

#[test]
fn a_full_disk_is_reported_and_all_goes_on_once_there_is_room() {
    within("on_a_full_disk");
}

#[test]
fn a_read_only_disk_is_reported_and_can_be_read() {
    within("on_a_read_only_disk");
}

fn disk() -> Option<PathBuf> {
    std::env::var_os(DISK).map(PathBuf::from)
}

/// Takes all the room that is left.
fn fill(ballast: &Path) {
    let file = OpenOptions::new().create(true).append(true).open(ballast).expect("the disk is ours");
    let mut at = file.metadata().expect("a file").len();
    for size in [65_536, 4096] {
        while let Ok(1..) = file.write_at(&vec![0; size], at) {
            at = file.metadata().expect("a file").len();
        }
    }
}

#[test]
#[ignore = "runs within a disk of its own"]
fn on_a_full_disk() {
    let Some(disk) = disk() else { return };
    let ballast = disk.join("ballast");
    let mut place = Place::new(Some(&disk));
    let host = Host::start(&place.home, None);
    place.write(100);
    place.await_notices();
    let id = place.an_alert();
    wait_until("no room", || {
        fill(&ballast);
        place.write(20);
        place.state() == "full"
    });
    // Commands: those that read are answered, those that write are refused, with what to do.
    let text = place.home.json(&["status"])["store"]["text"].as_str().expect("a text").to_owned();
    assert!(text.contains("no room is left") && text.contains("goes on by itself"), "{text}");
    assert!(place.home.json(&["alerts"]).as_array().is_some_and(|alerts| !alerts.is_empty()));
    let refused = place.home.fails(&["alerts", "ack", &id]);
    assert!(refused.contains("no room is left") && refused.contains("free some space"), "{refused}");
    // Everything that was notified is on the disk, also if the host is killed now and starts on the full disk.
    host.kill();
    place.notified.read();
    let alerts = place.home.json(&["alerts"]);
    let alerts = alerts.as_array().expect("a list");
    for notified in place.notified.alerts() {
        assert!(alerts.iter().any(|alert| alert["id"] == notified), "{notified} was notified and is lost");
    }
    let host = Host::start(&place.home, None);
    place.has_come_up();
    place.write(20);
    wait_until("still no room", || place.state() == "full");
    fs::remove_file(&ballast).expect("it is ours");
    place.await_notices();
    assert_eq!(place.state(), "ok");
    place.home.json(&["alerts", "show", &id]);
    assert!(place.home.output(&["alerts", "ack", &id]).status.success());
    host.stop();
    place.check();
}

#[test]
#[ignore = "runs within a disk of its own"]
fn on_a_read_only_disk() {
    let Some(disk) = disk() else { return };
    let mount = |how: &str| {
        let mounted = Command::new("mount").args(["-o", how]).arg(&disk).status().expect("mount");
        assert!(mounted.success(), "{how}");
    };
    let mut place = Place::new(Some(&disk));
    let host = Host::start(&place.home, None);
    place.write(100);
    place.await_notices();
    // Killed, so that there is a log to recover beside the database.
    host.kill();
    mount("remount,ro");
    place.write(100);
    let refused = place.home.fails(&["run"]);
    assert!(refused.contains("ead-only"), "{refused}");
    let read = place.home.json(&["alerts"]);
    assert!(read.as_array().is_some_and(|alerts| alerts.len() > 100), "a disk that is read-only can be read");
    mount("remount,rw");
    let host = Host::start(&place.home, None);
    place.await_notices();
    host.stop();
    place.check();
}

#[test]
fn a_damaged_store_is_reported_left_alone_and_a_backup_goes_on() {
    let mut place = Place::new(None);
    let host = Host::start(&place.home, None);
    place.write(100);
    place.await_notices();
    assert!(place.home.output(&["backup", "copy.db"]).status.success());
    place.write(100);
    place.await_notices();
    host.stop();
    let store = place.home.store().to_owned();
    let file = OpenOptions::new().write(true).open(&store).expect("the store");
    let bytes = file.metadata().expect("a file").len();
    for page in 1..bytes / 4096 {
        file.write_all_at(&[0xa5; 2048], page * 4096).expect("a disk");
    }
    let damaged = fs::read(&store).expect("the store");
    for arguments in [&["run"][..], &["alerts"], &["audit", "verify"]] {
        let refused = place.home.fails(arguments);
        assert!(refused.contains("the store is damaged") && refused.contains("put a backup in its place"), "{refused}");
        assert!(!refused.contains("panicked"), "{refused}");
    }
    assert!(fs::read(&store).expect("the store") == damaged, "it is left as it is");
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", store.display()));
    }
    fs::copy(place.home.path("copy.db"), &store).expect("the backup");
    let host = Host::start(&place.home, None);
    place.has_come_up();
    // What came after the backup is read again, and notified again under the same keys.
    let lines = |place: &Place| -> u64 {
        let sources = place.home.json(&["status"])["sources"].clone();
        sources.as_array().expect("a list").iter().filter_map(|source| source["lines"].as_u64()).sum()
    };
    wait_until("all lines", || lines(&place) == place.feed.events() * 3);
    host.stop();
    let host = Host::start(&place.home, None);
    wait_until("nothing waits", || {
        let output = place.home.output(&["outbox", "--output", "json"]);
        output.stdout.starts_with(b"[]")
    });
    host.stop();
    assert!(place.check().duplicates > 0);
}
