//! Hosts that are killed at any moment: what they said was committed is there, whole, and nothing is
//! there by halves.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::*;
use lifesigns_compliance::BookChanges;
use lifesigns_model::{SourceOffset, StateChange};
use lifesigns_record::{Commit, OutboxChange, OutboxUpdate};
use lifesigns_store_sqlite::{Store, StoreReader};

/// Names the store to the test binary when it plays the host.
const PATH: &str = "LIFESIGNS_STORE_CRASH_TEST";
const KILLS: u32 = 60;

/// Everything of commit `number`: one of each, so that a part that is missing shows.
fn numbered(number: u64, delivered: Option<i64>) -> Commit {
    let changes = BookChanges { notices: vec![notice(number, "pager")], ..changes(number) };
    let state = StateChange {
        rule: "churn".into(),
        object: format!("vm-{number}"),
        key: "k".to_owned(),
        version: 0,
        entry: Some(number.to_le_bytes().to_vec()),
    };
    Commit {
        event_ns: Some(number),
        offsets: vec![SourceOffset { source: "a.log".to_owned(), lines: number, ..SourceOffset::default() }],
        states: vec![state],
        outbox: delivered.into_iter().map(|id| OutboxUpdate { id, change: OutboxChange::Delivered }).collect(),
        ..commit(number, changes)
    }
}

/// Checks that a store holds commits 1 to some number, each whole, and says the number.
fn whole(path: &Path) -> u64 {
    let reader = StoreReader::open(path).unwrap();
    let loaded = reader.load().unwrap();
    let last = loaded.start.offsets.first().map_or(0, |place| place.lines);
    let mut alerts: Vec<u64> = loaded.restored.alerts.iter().map(|alert| alert.opened_ns).collect();
    alerts.sort_unstable();
    assert_eq!(alerts, (1..=last).collect::<Vec<_>>());
    assert_eq!(loaded.restored.event_ns, last);
    let sizes = [
        loaded.restored.symptoms.len(),
        loaded.restored.objects.len(),
        loaded.restored.pending.len(),
        loaded.start.states.len(),
    ];
    assert!(sizes.iter().all(|size| *size as u64 == last), "{sizes:?} of {last}");
    assert_eq!(reader.audit_verify(None).unwrap().entries, last);
    // All that were added less all that were delivered; a commit from the third on delivers one.
    let state = reader.receivers().unwrap().into_iter().find(|state| state.name == "pager").unwrap_or_default();
    assert_eq!((state.waiting + state.delivered, state.delivered), (last, last.saturating_sub(2)));
    last
}

/// The host: goes on where it stopped, and says each number once it is committed.
fn host(path: &Path) {
    let mut store = Store::open(path, 0).unwrap();
    let reader = store.reader().unwrap();
    let first = store.load().unwrap().start.offsets.first().map_or(0, |place| place.lines) + 1;
    for number in first.. {
        let oldest = reader.pending("pager", 0, 1).unwrap().first().map(|row| row.id);
        store.commit(&numbered(number, oldest.filter(|_| number > 2))).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "committed {number}").and_then(|()| out.flush()).unwrap();
    }
}

#[test]
fn the_host_that_is_killed() {
    if let Some(path) = std::env::var_os(PATH) {
        host(Path::new(&path));
    }
}

fn start(path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_host_that_is_killed", "--nocapture"]).env(PATH, path);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// A seed of its own for each run; printed when something goes wrong.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_nanos() as u64
}

fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

#[test]
fn killed_at_random_it_has_everything_that_it_said_it_had() {
    let folder = Folder::new();
    let seed = seed();
    println!("seed {seed}");
    let (mut random, mut said) = (seed, 0);
    for kill in 0..KILLS {
        let mut child = start(&folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut told = |line: String| {
            let number = line.strip_prefix("committed ").and_then(|number| number.parse().ok());
            said = number.unwrap_or(said);
            number.is_some()
        };
        // Some commits, and then some way into the next one; now and then while it is still opening.
        let commits = next(&mut random) % 12;
        let mut seen = 0;
        while seen < commits {
            seen += u64::from(told(lines.next().unwrap()));
        }
        std::thread::sleep(Duration::from_micros(next(&mut random) % 8000));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(|line| {
            told(line);
        });
        if folder.path().exists() && fs::metadata(folder.path()).unwrap().len() > 0 {
            let last = whole_after_kill(&folder.path());
            assert!(last >= said, "kill {kill}: {said} was said to be committed, {last} are there");
            assert!(last <= said + 1, "kill {kill}: {said} was said last, {last} are there");
            said = last;
        }
    }
    assert!(said > u64::from(KILLS), "it hardly ran: {said}");
}

/// A kill while the file was being made leaves a file without tables, which a host goes on with.
fn whole_after_kill(path: &Path) -> u64 {
    match StoreReader::open(path) {
        Err(lifesigns_store_sqlite::StoreOpenError::Missing(_)) => 0,
        _ => whole(path),
    }
}

#[test]
fn whatever_is_left_of_the_log_the_commits_before_are_there() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = store.reader().unwrap();
    let log = folder.file("store.db-wal");
    // How long the log was when a commit was in it.
    let mut lengths = vec![fs::metadata(&log).unwrap().len()];
    for number in 1..=25 {
        let oldest = reader.pending("pager", 0, 1).unwrap().first().map(|row| row.id);
        store.commit(&numbered(number, oldest.filter(|_| number > 2))).unwrap();
        lengths.push(fs::metadata(&log).unwrap().len());
    }
    let (file, bytes) = (fs::read(folder.path()).unwrap(), fs::read(&log).unwrap());
    let seed = seed();
    println!("seed {seed}");
    let mut random = seed;
    for round in 0..60 {
        let image = folder.file(&format!("image-{round}.db"));
        let image_log = folder.file(&format!("image-{round}.db-wal"));
        let at = lengths[0] + next(&mut random) % (bytes.len() as u64 - lengths[0]);
        let mut left = bytes.clone();
        let at_byte = usize::try_from(at).unwrap();
        match round % 3 {
            // Never written; written as zeros; written wrongly.
            0 => left.truncate(at_byte),
            1 => left[at_byte..].fill(0),
            _ => left[at_byte] ^= 0x10,
        }
        fs::write(&image, &file).unwrap();
        fs::write(&image_log, &left).unwrap();
        let expected = lengths.iter().filter(|length| **length <= at).count() as u64 - 1;
        let store = Store::open(&image, 0).unwrap();
        let found = whole(&image);
        // A byte that holds nothing, between two frames or in zeros, may be as it was.
        assert!(found >= expected, "seed {seed} round {round}: {found} of {expected}");
        if round % 3 != 1 {
            assert_eq!(found, expected, "seed {seed} round {round}");
        }
        drop(store);
        assert_eq!(whole(&image), found);
    }
}
