//! Many followed files, and as few threads as for one. A binary of its own: it counts its threads.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns_intake::{FollowFrom, Format, SourceKind, SourceSettings};
use lifesigns_model::SystemClock;
use lifesigns_sources::{MemorySink, SourceSupervisor};

/// Only a failing test waits this long.
const DEADLINE: Duration = Duration::from_secs(60);
const FILES: usize = 300;

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn hundreds_of_files_need_no_thread_each_and_each_is_read_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = |number: usize| folder.path().join(format!("{number}.log"));
    let configs: Vec<SourceSettings> = (0..FILES)
        .map(|number| SourceSettings {
            kind: SourceKind::Follow(path(number), FollowFrom::Start),
            name: number.to_string(),
            format: Format::Plain,
            time_formats: Vec::new(),
            object: "web-1".to_owned(),
            app: None,
        })
        .collect();
    let before = threads();
    let sink = Arc::new(MemorySink::default());
    let mut sources = SourceSupervisor::new(Arc::<MemorySink>::clone(&sink), SystemClock::shared());
    sources.reconcile(&configs).unwrap();
    for round in 0..5 {
        for number in 0..FILES {
            use std::io::Write;
            let mut file = fs::OpenOptions::new().create(true).append(true).open(path(number)).unwrap();
            writeln!(file, "{round}").unwrap();
        }
    }
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let until = Instant::now() + DEADLINE;
    while seen.values().map(String::len).sum::<usize>() < FILES * 10 {
        assert!(Instant::now() < until, "not all lines came");
        for chunk in sink.take() {
            seen.entry(chunk.source.name.clone()).or_default().push_str(str::from_utf8(&chunk.bytes).unwrap());
        }
        thread::sleep(Duration::from_millis(2));
    }
    assert!(seen.len() == FILES && seen.values().all(|lines| lines == "0\n1\n2\n3\n4\n"), "{seen:?}");
    // Two that read, one that arms folders, one of the watch; a few more if the machine is busy.
    let more = threads() - before;
    assert!(more <= 20, "{more} threads");
    sources.end().unwrap();
}
