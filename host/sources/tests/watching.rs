//! Followed files whose changes are reported, lost, or not reported at all: what is read is the same.

#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use lifesigns_intake::{FollowFrom, Format, SourceKind, SourceSettings};
use lifesigns_model::SystemClock;
use lifesigns_sources::{
    FolderChange, FolderWatch, MemorySink, OnChange, SourceSupervisor, StartWatch, WatchError, WatchReport,
};

/// Only a failing test waits this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// A watch whose reports and refusals are those of a test.
#[derive(Clone, Default)]
struct Scripted {
    on_change: Arc<Mutex<Option<OnChange>>>,
    watched: Arc<Mutex<Vec<PathBuf>>>,
    refuses: Option<WatchError>,
}

impl Scripted {
    fn start(&self) -> StartWatch {
        let script = self.clone();
        Box::new(move |on_change| {
            *script.on_change.lock().unwrap() = Some(on_change);
            Ok(Box::new(script.clone()))
        })
    }

    fn report(&self, change: FolderChange) {
        wait_until(|| self.on_change.lock().unwrap().is_some());
        self.on_change.lock().unwrap().as_ref().unwrap()(change);
    }

    fn times(&self, folder: &Path) -> usize {
        self.watched.lock().unwrap().iter().filter(|watched| *watched == folder).count()
    }
}

impl FolderWatch for Scripted {
    fn watch(&mut self, folder: &Path) -> Result<(), WatchError> {
        if !folder.is_dir() {
            return Err(WatchError::Absent(folder.to_owned()));
        }
        self.watched.lock().unwrap().push(folder.to_owned());
        self.refuses.clone().map_or(Ok(()), Err)
    }

    fn unwatch(&mut self, _: &Path) {}
}

fn follow(path: &Path) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Follow(path.to_owned(), FollowFrom::Start),
        name: path.display().to_string(),
        format: Format::Plain,
        time_formats: Vec::new(),
        object: "web-1".to_owned(),
        app: None,
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < until, "it did not come");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until these lines have come, and no others.
#[track_caller]
fn sees(sink: &MemorySink, expected: &str) {
    let seen = Mutex::new(String::new());
    wait_until(|| {
        let mut seen = seen.lock().unwrap();
        sink.take().iter().for_each(|chunk| seen.push_str(str::from_utf8(&chunk.bytes).unwrap()));
        seen.len() >= expected.len()
    });
    assert_eq!(*seen.lock().unwrap(), expected);
}

fn with(start: StartWatch) -> (Arc<MemorySink>, SourceSupervisor) {
    let sink = Arc::new(MemorySink::default());
    let sources = SourceSupervisor::with_watch(Arc::<MemorySink>::clone(&sink), SystemClock::shared(), start);
    (sink, sources)
}

fn report(sink: &MemorySink) -> WatchReport {
    sink.reports().watch()
}

#[test]
fn without_a_watch_files_are_polled_and_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    append(&path, "one\n");
    let (sink, mut sources) = with(Box::new(|_| Err(WatchError::Instances)));
    sources.reconcile(&[follow(&path)]).unwrap();
    sees(&sink, "one\n");
    append(&path, "two\n");
    sees(&sink, "two\n");
    wait_until(|| report(&sink).polled_folders == 1);
    let WatchReport { watched_folders, problem, fix, .. } = report(&sink);
    assert_eq!((watched_folders, problem.as_str()), (0, "the system gives no further inotify instance"));
    assert!(fix.contains("fs.inotify.max_user_instances"), "{fix}");
    sources.end().unwrap();
}

#[test]
fn a_folder_that_is_refused_is_polled_and_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let script = Scripted { refuses: Some(WatchError::Watches), ..Scripted::default() };
    let (sink, mut sources) = with(script.start());
    sources.reconcile(&[follow(&path)]).unwrap();
    wait_until(|| report(&sink).polled_folders == 1);
    append(&path, "one\n");
    sees(&sink, "one\n");
    assert!(report(&sink).fix.contains("fs.inotify.max_user_watches"));
    sources.end().unwrap();
}

#[test]
fn reports_that_are_lost_make_all_files_due_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..20).map(|number| folder.path().join(format!("{number}.log"))).collect();
    let script = Scripted::default();
    let (sink, mut sources) = with(script.start());
    let configs: Vec<SourceSettings> = paths.iter().map(|path| follow(path)).collect();
    sources.reconcile(&configs).unwrap();
    wait_until(|| report(&sink).watched_folders == 1);
    assert_eq!(report(&sink).problem, "");
    paths.iter().for_each(|path| append(path, "x\n"));
    script.report(FolderChange::Missed);
    sees(&sink, &"x\n".repeat(paths.len()));
    let WatchReport { missed, problem, fix, .. } = report(&sink);
    assert_eq!((missed, problem.contains("1 so far")), (1, true), "{problem}");
    assert!(fix.contains("fs.inotify.max_queued_events"), "{fix}");
    sources.end().unwrap();
}

#[test]
fn a_folder_that_is_replaced_is_watched_again() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("logs");
    let script = Scripted::default();
    let (sink, mut sources) = with(script.start());
    sources.reconcile(&[follow(&folder.join("app.log"))]).unwrap();
    // It comes late.
    fs::create_dir(&folder).unwrap();
    wait_until(|| script.times(&folder) >= 1);
    append(&folder.join("app.log"), "one\n");
    sees(&sink, "one\n");
    fs::rename(&folder, outer.path().join("old")).unwrap();
    fs::create_dir(&folder).unwrap();
    wait_until(|| script.times(&folder) >= 2);
    append(&folder.join("app.log"), "two\n");
    sees(&sink, "two\n");
    sources.end().unwrap();
}

#[test]
fn a_link_is_watched_where_it_is_and_where_it_leads() {
    let outer = tempfile::tempdir().unwrap();
    let (links, logs) = (outer.path().join("links"), outer.path().join("logs"));
    fs::create_dir(&links).unwrap();
    fs::create_dir(&logs).unwrap();
    append(&logs.join("0.log"), "one\n");
    std::os::unix::fs::symlink(logs.join("0.log"), links.join("app.log")).unwrap();
    let script = Scripted::default();
    let (sink, mut sources) = with(script.start());
    sources.reconcile(&[follow(&links.join("app.log"))]).unwrap();
    sees(&sink, "one\n");
    wait_until(|| script.times(&links) == 1 && script.times(&logs) == 1);
    sources.reconcile(&[]).unwrap();
    sources.end().unwrap();
}

#[test]
fn the_system_reports_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let sink = Arc::new(MemorySink::default());
    let mut sources = SourceSupervisor::new(Arc::<MemorySink>::clone(&sink), SystemClock::shared());
    sources.reconcile(&[follow(&path)]).unwrap();
    wait_until(|| report(&sink).watched_folders == 1);
    append(&path, "one\n");
    sees(&sink, "one\n");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    append(&path, "two\n");
    sees(&sink, "two\n");
    assert_eq!(report(&sink), WatchReport { watched_folders: 1, ..WatchReport::default() });
    sources.end().unwrap();
}
