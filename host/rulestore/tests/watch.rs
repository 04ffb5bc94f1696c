//! The watch, with the system's notices and without. Each test waits for what must come, however
//! long that takes.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use lifesigns_rulestore::{RuleStore, Snapshot, WatchOutcome, Watcher};

const LONG: Duration = Duration::from_secs(30);

/// A folder under watch.
struct Bench {
    _home: tempfile::TempDir,
    dir: PathBuf,
    store: RuleStore,
    watcher: Watcher,
}

impl Bench {
    fn new(polling: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("rules");
        fs::create_dir(&dir).unwrap();
        let watcher = if polling { Watcher::polling(&dir) } else { Watcher::new(&dir) };
        Self { _home: home, store: RuleStore::new(&dir).allow(vec![dir.with_file_name("modules")]), dir, watcher }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.join(name), text).unwrap();
    }

    /// Scans after each change until `wanted` holds.
    fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let begin = Instant::now();
        loop {
            let outcome = self.watcher.wait(LONG);
            assert_eq!(outcome, WatchOutcome::Changed, "after {:?}", begin.elapsed());
            let snapshot = self.store.scan();
            if wanted(&snapshot) {
                return snapshot;
            }
            assert!(begin.elapsed() < LONG, "{snapshot:?}");
        }
    }

    fn until_rules(&mut self, names: &[&str]) -> Snapshot {
        self.until(|snapshot| snapshot.rules.iter().map(|rule| &*rule.key.name).eq(names.iter().copied()))
    }
}

fn both(test: impl Fn(&mut Bench)) {
    for polling in [false, true] {
        test(&mut Bench::new(polling));
    }
}

#[test]
fn files_come_change_and_go() {
    both(|bench| {
        bench.write("a.wasm", "1");
        let first = bench.until_rules(&["a"]);
        bench.write("a.wasm", "2");
        bench.until(|snapshot| snapshot.rules[0].module != first.rules[0].module);
        fs::remove_file(bench.dir.join("a.wasm")).unwrap();
        bench.until_rules(&[]);
    });
}

#[test]
fn an_editors_rename_save_is_a_change() {
    both(|bench| {
        bench.write("k.wasm", "1");
        bench.write("a.toml", "module = \"k.wasm\"");
        bench.until_rules(&["a"]);
        // vim: move the file to a backup, write a new one, remove the backup.
        fs::rename(bench.dir.join("a.toml"), bench.dir.join("a.toml~")).unwrap();
        bench.write("a.toml", "module = \"k.wasm\"\n[settings]\nn = 1");
        fs::remove_file(bench.dir.join("a.toml~")).unwrap();
        bench.until(|snapshot| snapshot.rule("a").is_some_and(|rule| rule.settings_json == r#"{"n":1}"#));
        // Most others: write a temporary file and rename it over the old one.
        bench.write(".a.toml.tmp", "module = \"k.wasm\"\n[settings]\nn = 2");
        fs::rename(bench.dir.join(".a.toml.tmp"), bench.dir.join("a.toml")).unwrap();
        bench.until(|snapshot| snapshot.rule("a").is_some_and(|rule| rule.settings_json == r#"{"n":2}"#));
    });
}

#[test]
fn the_folder_may_go_and_come_back() {
    both(|bench| {
        bench.write("a.wasm", "1");
        bench.until_rules(&["a"]);
        fs::remove_dir_all(&bench.dir).unwrap();
        bench.until(|snapshot| snapshot.note.is_some());
        fs::create_dir(&bench.dir).unwrap();
        bench.write("b.wasm", "1");
        bench.until_rules(&["b"]);
        // It is watched again, not only looked at once.
        bench.write("c.wasm", "1");
        bench.until_rules(&["b", "c"]);
    });
}

#[test]
fn the_folder_may_be_replaced_by_another() {
    both(|bench| {
        bench.write("a.wasm", "1");
        bench.until_rules(&["a"]);
        let next = bench.dir.with_file_name("next");
        fs::create_dir(&next).unwrap();
        fs::write(next.join("b.wasm"), "1").unwrap();
        fs::rename(&bench.dir, bench.dir.with_file_name("old")).unwrap();
        fs::rename(&next, &bench.dir).unwrap();
        bench.until_rules(&["b"]);
        bench.write("c.wasm", "1");
        bench.until_rules(&["b", "c"]);
    });
}

#[test]
fn a_slow_copy_ends_as_the_whole_module() {
    both(|bench| {
        let path = bench.dir.join("a.wasm");
        let writer = thread::spawn(move || {
            let mut file = fs::File::create(path).unwrap();
            for _ in 0..30 {
                file.write_all(&[7; 1000]).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
        bench.until(|snapshot| snapshot.rule("a").is_some_and(|rule| rule.module.bytes.len() == 30_000));
        writer.join().unwrap();
    });
}

#[test]
fn modules_elsewhere_are_followed() {
    both(|bench| {
        let modules = bench.dir.with_file_name("modules");
        fs::create_dir(&modules).unwrap();
        fs::write(modules.join("k.wasm"), "1").unwrap();
        bench.write("a.toml", "module = \"../modules/k.wasm\"");
        let first = bench.until_rules(&["a"]);
        assert!(bench.watcher.follow(&first.module_folders()));
        assert!(!bench.watcher.follow(&first.module_folders()));
        let first = bench.store.scan();
        fs::write(modules.join("k.wasm"), "2").unwrap();
        bench.until(|snapshot| snapshot.rules[0].module != first.rules[0].module);
    });
}

#[test]
fn our_own_reading_is_no_change() {
    let mut bench = Bench::new(false);
    bench.write("a.wasm", "1");
    bench.until_rules(&["a"]);
    // Notifications of the writing above may still arrive.
    while bench.watcher.wait(Duration::from_millis(300)) == WatchOutcome::Changed {}
    bench.store.scan();
    fs::read(bench.dir.join("a.wasm")).unwrap();
    assert_eq!(bench.watcher.wait(Duration::from_millis(600)), WatchOutcome::Timeout);
}

#[test]
fn a_stop_ends_this_wait_and_all_others() {
    let mut watcher = Watcher::new(Path::new("/nowhere/rules"));
    let stopper = watcher.signal();
    thread::spawn(move || stopper.stop());
    assert_eq!(watcher.wait(LONG), WatchOutcome::Stopped);
    assert_eq!(watcher.wait(LONG), WatchOutcome::Stopped);
}

#[test]
fn a_waker_is_no_change_and_hides_none() {
    for polling in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "1").unwrap();
        let mut watcher = if polling { Watcher::polling(folder.path()) } else { Watcher::new(folder.path()) };
        let waker = watcher.signal();
        waker.wake();
        assert_eq!(watcher.wait(LONG), WatchOutcome::Woken);
        fs::write(&file, "12").unwrap();
        waker.wake();
        assert_eq!(watcher.wait(LONG), WatchOutcome::Changed);
        waker.wake();
        assert_eq!(watcher.wait(LONG), WatchOutcome::Woken);
    }
}
