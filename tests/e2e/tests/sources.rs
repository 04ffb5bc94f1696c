//! Sources of the real binary: a clock that goes on for days, a real logrotate, content under another
//! inode, and sources that cannot be read.

#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use lifesigns_e2e::binary::lifesigns;
use serde_json::Value;

/// Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(90);
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// A host's folder with a rule for `KWMARK-`.
struct Place(tempfile::TempDir);

impl Place {
    fn new(sources: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(place.path("rules/modules")).unwrap();
        fs::copy(lifesigns_artifacts::rule("keyword"), place.path("rules/modules/keyword.wasm")).unwrap();
        let rule = "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"KWMARK-\"]\n";
        fs::write(place.path("rules/any.toml"), rule).unwrap();
        place.configure(sources);
        place
    }

    fn configure(&self, sources: &str) {
        let config = format!("rules = 'rules'\ncache = 'cache'\n[output]\nfile = 'out.ndjson'\n{sources}");
        fs::write(self.path("lifesigns.toml"), config).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn run(&self, environment: &[(&str, &Path)]) -> Running {
        let errors = fs::File::create(self.path("err.txt")).unwrap();
        let child = Command::new(lifesigns())
            .args(["run", "--config"])
            .arg(self.path("lifesigns.toml"))
            .envs(environment.iter().copied())
            .env("TZ", "UTC")
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        let running = Running(child);
        wait_for("the host runs", || fs::read_to_string(self.path("err.txt")).unwrap().contains("running:"));
        running
    }

    /// What rules said so far: time, and the mark.
    fn marks(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.path("out.ndjson")).unwrap_or_default();
        let mark = |line: &str| {
            let alert: Value = serde_json::from_str(line).unwrap();
            let text = alert["evidence"][0]["text"].as_str().unwrap();
            let mark = text[text.find("KWMARK-").unwrap() + 7..].split(' ').next().unwrap().to_owned();
            (alert["time"].as_str().unwrap().to_owned(), mark)
        };
        text.lines().map(mark).collect()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = Command::new(lifesigns())
            .args(arguments)
            .args(["--output", "json", "--config"])
            .arg(self.path("lifesigns.toml"))
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    #[track_caller]
    fn sees(&self, marks: &[&str]) {
        wait_for(&format!("{marks:?} and not {:?}", self.marks()), || self.marks().len() >= marks.len());
        let seen: Vec<String> = self.marks().into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(seen, marks);
    }
}

struct Running(Child);

impl Running {
    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn wait_for(what: &str, mut enough: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !enough() {
        assert!(Instant::now() < until, "waited for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_host_that_is_up_for_days_knows_the_year() {
    if !Path::new(FAKETIME).exists() {
        println!("skipped: there is no {FAKETIME} (Debian: faketime)");
        return;
    }
    let place = Place::new("[[source]]\nfile = 'sys.log'\nobject = 'vm-z'\n");
    fs::write(place.path("now"), "@2026-11-23 12:00:00").unwrap();
    let yes = Path::new("1");
    let now = place.path("now");
    let running = place.run(&[
        ("LD_PRELOAD", Path::new(FAKETIME)),
        ("FAKETIME_TIMESTAMP_FILE", &now),
        ("FAKETIME_NO_CACHE", yes),
        ("DONT_FAKE_MONOTONIC", yes),
    ]);
    place.append("sys.log", "Nov 23 12:00:01 vm-z app[1]: KWMARK-0\n");
    place.sees(&["0"]);
    fs::write(&now, "@2027-01-02 12:00:00").unwrap();
    place.append("sys.log", "Jan  2 12:00:01 vm-z app[1]: KWMARK-1\n");
    place.sees(&["0", "1"]);
    let times: Vec<String> = place.marks().into_iter().map(|(time, _)| time).collect();
    assert_eq!(times, ["2026-11-23T12:00:01Z", "2027-01-02T12:00:01Z"]);
    running.stop();
}

#[test]
fn a_file_that_is_read_once_is_of_the_year_in_which_it_was_written() {
    let place = Place::new("[[source]]\nfile = 'old.log'\nfollow = false\ntime-format = '%d.%m. %T'\n");
    place.append("old.log", "Nov 23 12:00:01 vm-z app[1]: KWMARK-1\n23.11. 12:00:02 KWMARK-2\n");
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_800_000);
    fs::File::options().append(true).open(place.path("old.log")).unwrap().set_modified(written).unwrap();
    let mut running = place.run(&[]);
    assert!(running.0.wait().unwrap().success(), "it ends with its sources");
    let marks = [("2023-11-23T12:00:01Z", "1"), ("2023-11-23T12:00:02Z", "2")];
    assert_eq!(place.marks(), marks.map(|(time, mark)| (time.to_owned(), mark.to_owned())));
}

#[test]
fn a_real_logrotate_loses_nothing_while_the_host_is_down() {
    let logrotate = ["/usr/sbin/logrotate", "/sbin/logrotate"].into_iter().find(|path| Path::new(path).exists());
    let Some(logrotate) = logrotate else {
        println!("skipped: there is no logrotate (Debian: logrotate)");
        return;
    };
    for how in ["dateext\nextension .log\ncreate", "olddir old\ncreate", "copytruncate", "dateext\ncopytruncate"] {
        let place = Place::new("[[source]]\nfile = 'app.log'\n");
        fs::create_dir(place.path("old")).unwrap();
        place.append("app.log", "2026-11-26T10:00:00Z KWMARK-1\n");
        let running = place.run(&[]);
        place.sees(&["1"]);
        running.stop();
        place.append("app.log", "2026-11-26T10:00:01Z KWMARK-2\n");
        let log = place.path("app.log");
        fs::write(place.path("lr.conf"), format!("{} {{\nrotate 5\n{how}\n}}\n", log.display())).unwrap();
        let arguments = [place.path("state"), place.path("lr.conf")];
        let rotated = Command::new(logrotate).args(["-f", "-s"]).args(arguments).output().unwrap();
        assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
        place.append("app.log", "2026-11-26T10:00:02Z KWMARK-3\n");
        let running = place.run(&[]);
        place.sees(&["1", "2", "3"]);
        running.stop();
    }
}

#[test]
fn content_under_another_inode_is_counted_once() {
    let place = Place::new("[[source]]\nfile = 'app.log'\n");
    for number in 1..=3 {
        place.append("app.log", &format!("2026-11-26T10:00:0{number}Z KWMARK-{number}\n"));
    }
    let running = place.run(&[]);
    place.sees(&["1", "2", "3"]);
    running.stop();
    fs::copy(place.path("app.log"), place.path("x")).unwrap();
    fs::rename(place.path("x"), place.path("app.log")).unwrap();
    place.append("app.log", "2026-11-26T10:00:04Z KWMARK-4\n");
    let running = place.run(&[]);
    place.sees(&["1", "2", "3", "4"]);
    running.stop();
}

#[test]
fn every_configured_source_says_how_it_is() {
    let place = Place::new(
        "[[source]]\nfile = 'app.log'\n[[source]]\nfile = 'typo.log'\n[[source]]\nfile = 'logs/*.log'\n[[source]]\nfile = 'logs'\n",
    );
    fs::create_dir(place.path("logs")).unwrap();
    place.append("app.log", "2026-11-26T10:00:00Z KWMARK-1\n");
    let warnings = place.json(&["validate"])["warnings"].to_string();
    for word in ["there is no such file yet", "patterns are not read", "it is a folder"] {
        assert!(warnings.contains(word), "{word}: {warnings}");
    }
    let running = place.run(&[]);
    place.sees(&["1"]);
    let states = || -> Vec<String> {
        let sources = place.json(&["status"])["sources"].clone();
        let state =
            |source: &Value| format!("{} {}", source["name"].as_str().unwrap(), source["state"].as_str().unwrap());
        sources.as_array().into_iter().flatten().map(state).collect()
    };
    let name = |file: &str| place.path(file).display().to_string();
    let mut wanted = [("app.log", "reading"), ("typo.log", "waiting"), ("logs/*.log", "waiting"), ("logs", "refused")]
        .map(|(file, state)| {
            let name =
                states().into_iter().find(|line| line.contains(&name(file))).map_or(file.to_owned(), |_| name(file));
            format!("{name} {state}")
        });
    wanted.sort();
    wait_for(&format!("{wanted:?}, not {:?}", states()), || {
        let mut states = states();
        states.sort();
        states == wanted
    });
    // A source that is gone is not listed.
    let config = fs::read_to_string(place.path("lifesigns.toml")).unwrap();
    let config = config.replace("[[source]]\nfile = 'app.log'\n", "");
    fs::write(place.path("lifesigns.toml"), config).unwrap();
    wait_for("three sources", || states().len() == 3);
    running.stop();
}

/// Where a source's first line is a mark, behind what editors, shells and relays put before it.
fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let line = "time=\"2026-11-26T10:00:05Z\" level=debug msg=\"KWMARK-1 of the head\"\n";
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let text = |before: &str| format!("{before}{line}").into_bytes();
    vec![
        ("plain", text("")),
        ("bom", text("\u{feff}")),
        ("nul", [vec![0; 4100], text("")].concat()),
        ("colour", text("\u{1b}[36m")),
        ("octal", text("#033[36m")),
        ("bom-and-colour", text("\u{feff}\u{1b}[36m")),
        ("utf16le-bom", utf16(&format!("\u{feff}{line}"), u16::to_le_bytes)),
        ("utf16be-bom", utf16(&format!("\u{feff}{line}"), u16::to_be_bytes)),
        ("utf16le", utf16(line, u16::to_le_bytes)),
        ("utf16be", utf16(line, u16::to_be_bytes)),
        ("utf16-crlf", utf16(&format!("\u{feff}{}", line.replace('\n', "\r\n")), u16::to_le_bytes)),
    ]
}

#[test]
fn the_first_line_is_read_behind_whatever_stands_before_it() {
    let heads = heads();
    let sources: Vec<String> = heads.iter().map(|(name, _)| format!("[[source]]\nfile = '{name}.log'\n")).collect();
    let place = Place::new(&sources.concat());
    for (name, bytes) in &heads {
        fs::write(place.path(&format!("{name}.log")), bytes).unwrap();
    }
    let mut replay = Command::new(lifesigns());
    replay.args(["replay", "--rules"]).arg(place.path("rules"));
    let replayed = replay.args(heads.iter().map(|(name, _)| place.path(&format!("{name}.log")))).output().unwrap();
    let found = |text: &str| -> Vec<(String, String)> {
        let alert = |line: &str| {
            let alert: Value = serde_json::from_str(line).unwrap();
            (alert["object"].as_str().unwrap().to_owned(), alert["time"].as_str().unwrap().to_owned())
        };
        let mut found: Vec<_> = text.lines().map(alert).collect();
        found.sort();
        found
    };
    let mut wanted: Vec<_> =
        heads.iter().map(|(name, _)| ((*name).to_owned(), "2026-11-26T10:00:05Z".to_owned())).collect();
    wanted.sort();
    assert_eq!(found(&String::from_utf8(replayed.stdout).unwrap()), wanted);
    let running = place.run(&[]);
    let out = || fs::read_to_string(place.path("out.ndjson")).unwrap_or_default();
    wait_for("all heads", || out().lines().count() >= wanted.len());
    running.stop();
    assert_eq!(found(&out()), wanted);
}

#[test]
fn a_file_that_is_no_text_does_not_look_like_a_quiet_one() {
    let place = Place::new("[[source]]\nfile = 'wide.log'\n[[source]]\nfile = 'app.gz'\n");
    let wide = "KWMARK-1 in four bytes each\n".chars().flat_map(|one| u32::from(one).to_le_bytes());
    fs::write(place.path("wide.log"), wide.collect::<Vec<u8>>()).unwrap();
    fs::write(place.path("app.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03 and so on\n").unwrap();
    let mut replay = Command::new(lifesigns());
    replay.args(["replay", "--rules"]).arg(place.path("rules")).arg(place.path("wide.log")).arg(place.path("app.gz"));
    let said = String::from_utf8(replay.output().unwrap().stderr).unwrap();
    assert_eq!(said.matches("does not look like text").count(), 1, "{said}");
    assert!(said.contains("app.gz") && said.contains("corrupt"), "a replay reads what is compressed: {said}");
    let running = place.run(&[]);
    let notes = || place.json(&["status"])["sources"].to_string();
    wait_for("both notes", || notes().matches("does not look like text").count() == 2);
    let log = fs::read_to_string(place.path("err.txt")).unwrap();
    assert_eq!(log.matches("does not look like text").count(), 2, "{log}");
    let doctor = || place.json(&["doctor"]).to_string();
    let advice = "name the text file, or write it as UTF-8";
    wait_for(&format!("all advice, and not {}", doctor()), || doctor().matches(advice).count() == 4);
    running.stop();
}

#[test]
fn what_was_compressed_while_the_host_was_down_is_said_with_its_bytes() {
    let place = Place::new("[[source]]\nfile = 'app.log'\n");
    place.append("app.log", "2026-11-26T10:00:00Z KWMARK-1\n");
    let running = place.run(&[]);
    place.sees(&["1"]);
    running.stop();
    let missed = "2026-11-26T10:00:01Z KWMARK-2\n";
    place.append("app.log", missed);
    fs::rename(place.path("app.log"), place.path("app.log.1")).unwrap();
    assert!(Command::new("gzip").arg(place.path("app.log.1")).status().unwrap().success());
    place.append("app.log", "2026-11-26T10:00:02Z KWMARK-3\n");
    let running = place.run(&[]);
    place.sees(&["1", "3"]);
    let status = place.json(&["status"])["sources"][0].clone();
    assert_eq!((&status["gaps"], &status["unread_bytes"]), (&1.into(), &missed.len().into()), "{status}");
    let said = format!("{} bytes from byte {} on were not read", missed.len(), missed.len());
    let log = fs::read_to_string(place.path("err.txt")).unwrap();
    assert!(log.contains("app.log.1.gz") && log.contains(&said), "{log}");
    let doctor = || place.json(&["doctor"]).to_string();
    wait_for(&format!("{said:?}, and not {}", doctor()), || doctor().contains(&said));
    running.stop();
}

#[test]
fn a_run_without_a_line_leaves_its_place() {
    let place = Place::new("[[source]]\nfile = 'app.log'\nfrom = 'end'\n");
    place.append("app.log", "2026-11-26T10:00:00Z KWMARK-old\n");
    let standing = || {
        let status = place.json(&["status"]);
        (status["sources"][0]["cursor"].clone(), status["sources"][0]["lag_bytes"].clone())
    };
    let host = place.run(&[]);
    wait_for("its place is committed", || standing() == ("byte 32".into(), 0.into()));
    host.stop();

    place.append("app.log", "2026-11-26T10:00:01Z KWMARK-while-down\n");
    let host = place.run(&[]);
    place.sees(&["while-down"]);
    host.stop();

    // Another inode, and nothing new: nothing is behind.
    fs::copy(place.path("app.log"), place.path("copy")).unwrap();
    fs::rename(place.path("copy"), place.path("app.log")).unwrap();
    let host = place.run(&[]);
    wait_for("nothing is behind", || standing() == ("byte 71".into(), 0.into()));
    place.sees(&["while-down"]);
    host.stop();
}

#[test]
fn a_source_that_is_removed_is_forgotten() {
    const APP: &str = "[[source]]\nfile = 'app.log'\n";
    let both = format!("{APP}[[source]]\nname = 'web'\nfile = 'web.log'\n");
    let place = Place::new(&both);
    let is_listed = || place.json(&["status"])["sources"].to_string().contains("\"web\"");
    place.append("web.log", "2026-11-26T10:00:00Z KWMARK-web\n");
    let host = place.run(&[]);
    place.sees(&["web"]);
    wait_for("it is committed", || place.json(&["status"])["sources"].to_string().contains("byte 32"));

    place.configure(APP);
    wait_for("it is removed", || !is_listed());
    place.configure(&both);
    place.sees(&["web", "web"]);
    wait_for("it is committed", || place.json(&["status"])["sources"].to_string().contains("byte 32"));
    host.stop();

    // It is not read again without a reason; and removed while no host runs it is forgotten as well.
    place.run(&[]).stop();
    place.configure(APP);
    place.run(&[]).stop();
    place.sees(&["web", "web"]);
    place.configure(&both);
    let host = place.run(&[]);
    place.sees(&["web", "web", "web"]);
    host.stop();
}
