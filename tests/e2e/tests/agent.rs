//! A host and its agents, all of them the real binary on loopback: lines become alerts on the right object, what is
//! collected changes while they run, and of numbered lines none is lost and none counts twice, whatever is killed.
#![allow(clippy::unwrap_used)]

#[path = "agent/enrolment.rs"]
mod enrolment;
#[path = "agent/journal.rs"]
mod journal;
#[path = "agent/kill.rs"]
mod kill;
#[path = "agent/tls.rs"]
mod tls;

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{
    binary::lifesigns,
    folders::free_port,
    host::{PATIENCE, Running},
};
use serde_json::Value;

/// A host with one rule that looks for `a keyword`, with a token for agents, and these groups.
struct Fleet {
    host: Running,
    url: String,
}

/// `lifesigns agent`, killed when it is dropped.
struct Agent {
    child: Child,
    name: String,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Fleet {
    /// In `groups` the folder of the host is `{folder}`.
    fn start(groups: &str, more: &[(&str, &str)]) -> Self {
        Self::begin(tempfile::tempdir().unwrap(), "", groups, more, None)
    }

    /// In a folder, with more settings of its server; aborts at a point of its crash tests if one is given.
    fn begin(
        folder: tempfile::TempDir,
        server: &str,
        groups: &str,
        more: &[(&str, &str)],
        crash: Option<&str>,
    ) -> Self {
        let root = folder.path();
        fs::create_dir_all(root.join("rules/modules")).unwrap();
        fs::copy(artifacts::rule("keyword"), root.join("rules/modules/keyword.wasm")).unwrap();
        let rule = "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"a keyword\"]\ntitle = \"A word\"\n";
        fs::write(root.join("rules/word.toml"), rule).unwrap();
        // The port of a listener that is gone: a host that is started again has to be at the same one.
        let port = free_port();
        let cache = artifacts::root().join("target/tmp/e2e-cache");
        let base = format!(
            "rules = \"rules\"\ncache = \"{}\"\n[output]\nfile = \"signs.ndjson\"\n[server]\nlisten = \"127.0.0.1:{port}\"\n{server}\
             [[source]]\nhttp = [\"events\"]\n",
            cache.display()
        );
        let here = |text: &str| text.replace("{folder}", &root.display().to_string());
        fs::write(root.join("lifesigns.toml"), base).unwrap();
        fs::create_dir(root.join("conf.d")).unwrap();
        fs::write(root.join("conf.d/agents.toml"), here(groups)).unwrap();
        for (name, text) in more {
            fs::write(root.join(name), here(text)).unwrap();
        }
        let token = Command::new(lifesigns())
            .args(["token", "add", "fleet", "--role", "agent", "--config"])
            .arg(root.join("lifesigns.toml"))
            .output()
            .unwrap();
        fs::write(root.join("agent.token"), &token.stdout).unwrap();
        let host = match crash {
            Some(point) => Running::start_crashing(folder, point),
            None => Running::start(folder),
        };
        host.until("it answers", |_| true);
        let scheme = if server.contains("tls-cert") { "https" } else { "http" };
        Self { host, url: format!("{scheme}://127.0.0.1:{port}") }
    }

    /// A token that enrols one agent, in a file of this name.
    fn enrol_token(&self, name: &str) {
        let token = self.host.ask(&["token", "add", name, "--role", "enrol"]);
        assert!(token.starts_with("lifesigns_"), "{token}");
        fs::write(self.host.path(&format!("{name}.enrol")), token).unwrap();
    }

    /// An agent with the token of the fleet.
    fn agent(&self, name: &str, more: &[&str]) -> Agent {
        let token = self.host.path("agent.token");
        self.agent_with(name, &[&["--token-file", token.to_str().unwrap()], more].concat())
    }

    /// An agent that enrols itself with the token of [`Self::enrol_token`].
    fn enrolled_agent(&self, name: &str, token: &str, more: &[&str]) -> Agent {
        let token = self.host.path(&format!("{token}.enrol"));
        self.agent_with(name, &[&["--enrol-token-file", token.to_str().unwrap()], more].concat())
    }

    fn agent_with(&self, name: &str, more: &[&str]) -> Agent {
        let errors = OpenOptions::new().create(true).append(true).open(self.host.path(&format!("{name}.err"))).unwrap();
        let mut command = Command::new(lifesigns());
        command.args(["agent", "--server", &self.url, "--name", name, "--state"]);
        command.arg(self.host.path(&format!("{name}.state"))).env_remove("LIFESIGNS_TOKEN");
        // A test may have a command there that an agent calls.
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.host.path("bin").display()));
        let child = command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().unwrap();
        Agent { child, name: name.to_owned() }
    }

    /// Asks until the answer is `enough`.
    fn until(&self, what: &str, args: &[&str], enough: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.host.ask(&[args, &["--output", "json"]].concat());
            let answer = serde_json::from_str(&answer).unwrap_or(Value::Null);
            if enough(&answer) {
                return answer;
            }
            let errors = ["err.txt", "vm-a.err", "vm-b.err"].map(|name| self.host.read(name)).join("\n");
            let agents = self.host.ask(&["agents", "--output", "json"]);
            assert!(begun.elapsed() < PATIENCE, "never: {what}; {answer:#}\n{errors}\n{agents}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn until_alerted(&self, objects: &[&str]) {
        self.until("alerts", &["alerts"], |alerts| {
            let all = alerts.as_array().into_iter().flatten();
            let found: BTreeSet<&str> = all.filter_map(|alert| alert["object"].as_str()).collect();
            found.into_iter().eq(objects.iter().copied())
        });
    }

    /// Waits until what an agent said has this in it.
    fn until_said(&self, name: &str, text: &str) {
        let begun = Instant::now();
        while !self.host.read(&format!("{name}.err")).contains(text) {
            let errors = self.host.read(&format!("{name}.err"));
            assert!(begun.elapsed() < PATIENCE, "never: {text}; {errors}\n{}", self.host.read("err.txt"));
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn append(&self, file: &str, text: &str) {
        append(&self.host.path(file), text);
    }

    /// The texts of all raises, with their objects.
    fn raised(&self) -> BTreeSet<(String, String)> {
        let raised = |line: &str| {
            let sign: Value = serde_json::from_str(line).ok()?;
            Some((sign["object"].as_str()?.to_owned(), sign["evidence"][0]["text"].as_str()?.to_owned()))
        };
        self.host.read("signs.ndjson").lines().filter_map(raised).collect()
    }
}

fn append(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

const GROUPS: &str = r#"
[[agent-group]]
name = "linux"
tags = { stage = "live" }
metrics = "1s"
liagent = "linux.ini"

[[agent-group]]
name = "other"
metrics = "0s"
[[agent-group.files]]
directory = "{folder}/b"
include = "*.log"
object = "appliance"
"#;

const INI: &str = "[filelog|docker]\ndirectory={folder}/a\ninclude=*.log\nexclude=not*\ntags={“compliance”:”alien”}\n";

#[test]
fn lines_become_alerts_on_the_right_object_and_what_is_collected_changes_live() {
    let fleet = Fleet::start(GROUPS, &[("linux.ini", INI)]);
    fleet.append("a/app.log", "2026-11-28T10:00:00Z db-9 app[7]: a keyword one\n");
    fleet.append("a/not.log", "a keyword that is left out\n");
    fleet.append("b/app.log", "a keyword two\n");
    let (a, _b) = (fleet.agent("vm-a", &["--tag", "stage=live"]), fleet.agent("vm-b", &["--group", "other"]));
    // The agent names the object, not the header of a line; the group may name another.
    fleet.until_alerted(&["appliance", "vm-a"]);
    let raised = fleet.raised();
    assert!(raised.iter().all(|(_, text)| !text.contains("left out")), "{raised:?}");
    let line = "2026-11-28T10:00:00Z db-9 app[7]: a keyword one".to_owned();
    assert!(raised.contains(&("vm-a".to_owned(), line.clone())), "{raised:?}");
    // Evidence is the line and where it was read, wherever it is shown.
    let place = format!("agent/vm-a:{}", fleet.host.path("a/app.log").display());
    let alerts = fleet.until("the alert", &["alerts"], |alerts| alerts[0]["id"].is_string());
    let own = alerts.as_array().unwrap().iter().find(|alert| alert["object"] == "vm-a").unwrap();
    let evidence = &own["symptoms"][0]["evidence"]["first"][0];
    let shown = fleet.host.ask(&["alerts", "show", own["id"].as_str().unwrap()]);
    assert!(shown.contains(&format!("{place}:1")) && shown.contains(&line), "{shown}\n{evidence}");
    let found = fleet
        .until("the event", &["query", "--field", "compliance=alien"], |found| found["events"][0]["object"] == "vm-a");
    let event = &found["events"][0];
    assert_eq!((&event["source"], &event["line"], &event["text"]), (&place.into(), &1.into(), &line.into()));

    let agents = fleet.until("both are fine", &["agents"], |agents| {
        (0..2).all(|at| agents[at]["is_current"] == true && agents[at]["report"]["spool_bytes"] == 0)
    });
    assert_eq!((&agents[0]["name"], &agents[0]["group"]), (&a.name.clone().into(), &"linux".into()));
    assert_eq!(agents[0]["report"]["effective"]["files"][0]["tags"]["compliance"], "alien");
    assert_eq!((&agents[1]["name"], &agents[1]["token"]), (&"vm-b".into(), &"token fleet".into()));
    // Facts of the machine come along.
    let object =
        fleet.until("facts", &["objects", "show", "vm-a"], |object| object.to_string().contains("docker.present"));
    assert!(object.to_string().contains("load.1m") && object.to_string().contains("os.kernel"), "{object}");

    // Another file of the same host, and events of several lines.
    let more = format!(
        "{INI}event_marker=^[0-9]{{4}}-\n[filelog|late]\ndirectory={{folder}}/late\ntags={{\"from\":\"late\"}}\n"
    );
    let more = more.replace("{folder}", fleet.host.path("").display().to_string().trim_end_matches('/'));
    fs::write(fleet.host.path("linux.ini"), more).unwrap();
    fleet.append("late/x.txt", "a keyword three\n");
    let name = |agents: &Value| agents[0]["report"]["effective"]["files"][1]["name"] == "late";
    fleet.until("the new configuration is in force", &["agents"], name);
    fleet.append(
        "a/app.log",
        "2026-11-28T10:00:01Z begins\n  and goes on with a keyword four\n2026-11-28T10:00:02Z ends\n",
    );
    let begun = Instant::now();
    loop {
        let raised = fleet.raised();
        let has = |part: &str| raised.iter().any(|(_, text)| text.contains(part));
        if has("a keyword three") && has("begins\n  and goes on with a keyword four") {
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{raised:?}\n{}\n{}",
            fleet.host.read("err.txt"),
            fleet.host.read("vm-a.err")
        );
        thread::sleep(Duration::from_millis(50));
    }
    fleet.until("the tag of the new collection", &["query", "--field", "from=late"], |found| {
        found["events"][0]["text"] == "a keyword three"
    });
}

#[test]
fn an_agent_may_do_what_it_needs_and_nothing_else() {
    let fleet = Fleet::start(GROUPS, &[("linux.ini", INI)]);
    let token = fleet.host.path("agent.token");
    let refused = |args: &[&str]| {
        let mut command = Command::new(lifesigns());
        let output = command.args(args).args(["--server", &fleet.url, "--token-file"]).arg(&token).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for args in [&["agents"][..], &["status"], &["alerts"], &["token", "list"], &["reload"]] {
        assert!(refused(args).contains("needs the role"), "{args:?}");
    }
    // Another group than there is, and a token that was revoked: each is said, and cured without a restart.
    let _agent = fleet.agent("vm-b", &["--group", "othr"]);
    let agents = fleet.until("the group is missing", &["agents"], |agents| {
        agents[0]["group"].is_null() && agents[0]["name"] == "vm-b"
    });
    assert!(agents[0]["problem"].as_str().unwrap().contains("other"), "{agents}");
    let text = fs::read_to_string(fleet.host.path("conf.d/agents.toml")).unwrap();
    fs::write(fleet.host.path("conf.d/agents.toml"), text.replace("\"other\"", "\"othr\"")).unwrap();
    fleet.until("the group is there", &["agents"], |agents| agents[0]["is_current"] == true);
    fleet.host.ask(&["token", "revoke", "fleet"]);
    fleet.append("b/app.log", "a keyword five\n");
    let begun = Instant::now();
    while !fleet.host.read("vm-b.err").contains("401") {
        assert!(begun.elapsed() < PATIENCE, "{}", fleet.host.read("vm-b.err"));
        thread::sleep(Duration::from_millis(50));
    }
    let renewed = fleet.host.ask(&["token", "add", "fleet-2", "--role", "agent"]);
    fs::write(&token, renewed).unwrap();
    fleet.until_alerted(&["appliance"]);
    // Two agents cannot have one state.
    let mut second = fleet.agent("vm-b", &[]);
    assert_eq!(second.child.wait().unwrap().code(), Some(1));
    assert!(fleet.host.read("vm-b.err").contains("another agent has its state in"), "{}", fleet.host.read("vm-b.err"));
}
