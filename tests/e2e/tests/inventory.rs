//! The real binary's inventory: what stands in the files holds, however and whenever they were edited,
//! unless the stream said something newer.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use lifesigns_e2e::binary;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder without rules: one log, two inventories.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(folder.path("rules")).expect("the rules folder");
        fs::write(folder.path("app.log"), "").expect("the log");
        folder.configure("");
        folder.list("b.csv", "id\n");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, head: &str) {
        let text = format!(
            "{head}rules = 'rules'\nstore = 'a.db'\ninventory = ['a.csv', 'b.csv']\n[output]\nfile = 'out'\n\
             [[source]]\nfile = 'app.log'\n"
        );
        fs::write(self.path("lifesigns.toml"), text).expect("the configuration");
    }

    /// Writes an inventory elsewhere, and puts it in its place.
    fn list(&self, file: &str, text: &str) {
        fs::write(self.path("new"), text).expect("the inventory");
        fs::rename(self.path("new"), self.path(file)).expect("in its place");
    }

    /// The property `env` of objects, by row.
    fn envs(&self, rows: &[(&str, &str)]) {
        let rows: String = rows.iter().map(|(object, env)| format!("{object},vm,{env}\n")).collect();
        self.list("a.csv", &format!("id,kind,property.env\n{rows}"));
    }

    /// A fact of the stream, stamped this many seconds from now.
    fn fact(&self, object: &str, env: &str, ahead_s: u64) {
        let at = SystemTime::now() + Duration::from_secs(ahead_s);
        let at = at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let line = format!(r#"{{"time":{at},"object":"{object}","properties":{{"env":"{env}"}}}}"#);
        let mut log = fs::OpenOptions::new().append(true).open(self.path("app.log")).expect("the log");
        writeln!(log, "{line}").expect("a line");
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("err.txt")).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::lifesigns());
        command.args(arguments).arg("--config").arg(self.path("lifesigns.toml"));
        command
    }

    fn env(&self, object: &str) -> String {
        let output = self.command(&["objects", "show", object, "-o", "json"]).output().expect("the binary starts");
        let page: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let found = page.pointer("/object/properties/env/value").and_then(Value::as_str);
        found.map_or_else(|| format!("{page}"), str::to_owned)
    }

    /// Whether the store holds an object, whatever the configuration is like.
    fn has_stored(&self, object: &str) -> bool {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let Ok(store) = rusqlite::Connection::open_with_flags(self.path("a.db"), flags) else { return false };
        let sql = "SELECT EXISTS (SELECT 1 FROM object WHERE id = ?1)";
        store.query_row(sql, [object], |row| row.get(0)).unwrap_or_default()
    }

    fn run(&self) -> Running<'_> {
        let errors = fs::OpenOptions::new().append(true).create(true).open(self.path("err.txt")).expect("a file");
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(errors).spawn().expect("the binary starts");
        let running = Running { folder: self, child };
        running.until("it answers", || {
            let output = self.command(&["status", "-o", "json"]).output().expect("the binary starts");
            let status: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
            status["pid"] == running.child.id()
        });
        running
    }
}

struct Running<'a> {
    folder: &'a Folder,
    child: Child,
}

impl Running<'_> {
    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "never: {what}\n{}", self.folder.said());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn until_env(&self, object: &str, env: &str) {
        self.until(&format!("{object} is {env}, and not {}", self.folder.env(object)), || {
            self.folder.env(object) == env
        });
    }

    fn stop(mut self) {
        let signalled = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(signalled.success());
        let begun = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGKILL, which may come before the edit was read.
    fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts the time of a file's last change back, as a copy of an old file has it.
fn make_old(path: &std::path::Path) {
    let file = fs::OpenOptions::new().write(true).open(path).expect("the file");
    file.set_modified(SystemTime::now() - Duration::from_secs(7 * 24 * 3600)).expect("its time");
}

#[test]
fn an_edit_is_taken_however_and_whenever_it_was_made() {
    let folder = Folder::new();
    folder.envs(&[("vm1", "playground"), ("vm2", "playground")]);
    let running = folder.run();
    folder.envs(&[("vm1", "sandbox"), ("vm2", "playground")]);
    running.until_env("vm1", "sandbox");

    // While the configuration has a mistake nothing is taken, and lines go on: commands have no
    // configuration then either.
    folder.configure("nonsense = 1\n");
    folder.envs(&[("vm1", "production"), ("vm2", "playground")]);
    running.until("it is refused", || folder.said().contains("configuration is unchanged"));
    folder.fact("vm3", "x", 0);
    running.until("its line is in the store", || folder.has_stored("vm3"));
    running.stop();
    folder.configure("");
    let running = folder.run();
    running.until_env("vm3", "x");
    assert_eq!(folder.env("vm1"), "production", "edited while it was refused");

    // Killed right after the edit.
    folder.envs(&[("vm1", "killed"), ("vm2", "playground")]);
    running.kill();
    let running = folder.run();
    assert_eq!(folder.env("vm1"), "killed");
    running.stop();

    // Rolled back while the host is down, with the old file's time.
    folder.envs(&[("vm1", "sandbox"), ("vm2", "playground")]);
    make_old(&folder.path("a.csv"));
    let running = folder.run();
    assert_eq!(folder.env("vm1"), "sandbox", "rolled back");

    // A fact of tomorrow does not outrank the operator of today.
    folder.fact("vm1", "tomorrow", 24 * 3600);
    running.until_env("vm1", "tomorrow");
    folder.envs(&[("vm1", "today"), ("vm2", "playground")]);
    running.until_env("vm1", "today");
    running.stop();
    let running = folder.run();
    assert_eq!(folder.env("vm1"), "today");

    // Of two files the later counts, and no longer once it says nothing.
    folder.list("b.csv", "id,property.env\nvm1,lab\n");
    running.until_env("vm1", "lab");
    running.stop();
    folder.list("b.csv", "id\nvm1\n");
    let running = folder.run();
    assert_eq!(folder.env("vm1"), "today", "taken out of the later file while the host was down");
    running.stop();
}

#[test]
fn what_the_stream_said_since_stands_unless_the_row_itself_is_edited() {
    let folder = Folder::new();
    folder.envs(&[("vm1", "lab"), ("vm2", "lab")]);
    let running = folder.run();
    folder.fact("vm1", "prod", 0);
    running.until_env("vm1", "prod");
    running.stop();

    // The same content again, as a deployment does it.
    folder.envs(&[("vm1", "lab"), ("vm2", "lab")]);
    let running = folder.run();
    assert_eq!(folder.env("vm1"), "prod", "nothing was edited");
    running.stop();

    folder.envs(&[("vm1", "lab"), ("vm2", "test")]);
    let running = folder.run();
    assert_eq!((folder.env("vm1"), folder.env("vm2")), ("prod".to_owned(), "test".to_owned()), "another row was");
    folder.envs(&[("vm1", "stage"), ("vm2", "test")]);
    running.until_env("vm1", "stage");
    running.stop();
}

#[test]
fn a_file_that_is_still_being_written_is_not_taken_for_the_fleet() {
    let folder = Folder::new();
    folder.envs(&[("vm1", "prod"), ("vm2", "prod")]);
    let running = folder.run();
    // It is emptied and written slowly, in place.
    for text in
        ["id,kind,property.env\n", "id,kind,property.env\nvm1,vm,prod\nvm", "id,kind,property.env\nvm1,vm,prod\n"]
    {
        fs::write(folder.path("a.csv"), text).expect("a part of it");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(600) {
            assert_eq!((folder.env("vm1"), folder.env("vm2")), ("prod".to_owned(), "prod".to_owned()), "{text}");
            thread::sleep(Duration::from_millis(50));
        }
    }
    folder.envs(&[("vm1", "prod"), ("vm2", "moved")]);
    running.until_env("vm2", "moved");
    running.stop();
    // A host that finds half a file goes on with the last one that was whole.
    fs::write(folder.path("a.csv"), "id,kind,property.env\nvm1,vm,prod\nvm2,vm,mo").expect("half of it");
    let running = folder.run();
    assert!(folder.said().contains("seems to be incomplete"), "{}", folder.said());
    assert_eq!(folder.env("vm2"), "moved");
    running.stop();
}

#[test]
fn two_names_of_one_vm_are_one_object() {
    let folder = Folder::new();
    folder.list("a.csv", "id,kind,aliases\nvm-1,vm,web-1.example.com;10.0.0.7\n");
    folder.fact("web-1.example.com", "production", 0);
    let running = folder.run();
    running.until_env("vm-1", "production");
    folder.fact("10.0.0.7", "test", 0);
    running.until_env("vm-1", "test");
    assert!(!folder.has_stored("10.0.0.7") && !folder.has_stored("web-1.example.com"));
    // An object that was discovered becomes another name of a listed one.
    folder.fact("10.0.0.8", "lab", 0);
    running.until_env("10.0.0.8", "lab");
    folder.list("a.csv", "id,kind,aliases\nvm-1,vm,web-1.example.com;10.0.0.7;10.0.0.8\n");
    running.until("the object is forgotten", || !folder.has_stored("10.0.0.8"));
    folder.fact("10.0.0.8", "moved", 1);
    running.until_env("vm-1", "moved");
    running.stop();
    // The names are known after a restart, also while the inventory is not whole.
    folder.list("a.csv", "id,kind,aliases\nvm-1,vm,10.0.0.7");
    folder.fact("10.0.0.8", "again", 2);
    let running = folder.run();
    running.until_env("vm-1", "again");
    running.stop();
    assert!(!folder.has_stored("10.0.0.8"));
    folder.list("a.csv", "id,kind,aliases\nvm-1,vm,10.0.0.7\n");
    folder.list("b.csv", "id,aliases\nvm-2,10.0.0.7\n");
    let output = folder.command(&["validate"]).output().expect("the binary starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("\"10.0.0.7\" is another name of \"vm-1\" and of \"vm-2\"; leave it to one of them"),
        "{errors}"
    );
}
