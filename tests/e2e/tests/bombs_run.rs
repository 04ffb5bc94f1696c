//! The real binary with a module in the rules folder that is made to hurt its compiler: the host starts,
//! reads, answers, ends, and leaves no process behind.

use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use lifesigns_e2e::{
    binary, bombs,
    host::{PATIENCE, Running},
};
use lifesigns_model::limits::RULES_MEMORY_BYTES;
use serde_json::Value;

/// With `bomb.wasm` and a rule in the rules folder, and a line in the log.
fn start(compile: &str) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("rules/modules")).expect("the rules folder");
    fs::copy(lifesigns_artifacts::rule("keyword"), at("rules/modules/keyword.wasm")).expect("the module");
    let rule = "module = 'modules/keyword.wasm'\n[settings]\ncontains = ['word']\n";
    fs::write(at("rules/good.toml"), rule).expect("a manifest");
    fs::write(at("rules/bomb.wasm"), bombs::crossings(2000, 5800)).expect("the bomb");
    fs::write(at("app.log"), "").expect("the log");
    let config = format!(
        "rules = 'rules'\ncache = 'cache'\n[output]\nfile = 'out.ndjson'\n[compile]\n{compile}\n\
         [[source]]\nfile = 'app.log'\nobject = 'vm-1'\n"
    );
    fs::write(at("lifesigns.toml"), config).expect("the configuration");
    Running::start(folder)
}

fn wait_until_gone(ids: &[u32]) {
    let begun = Instant::now();
    let is_there = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    };
    while ids.iter().any(is_there) {
        assert!(begun.elapsed() < PATIENCE, "a compiler outlives its host: {ids:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_host_reads_answers_and_ends_while_a_bomb_is_compiled() {
    for signal in ["-TERM", "-KILL"] {
        let mut running = start("cpu = '1h'\nmemory = '4GiB'\nstart-wait = '0s'");
        let status = running.until("the good rule runs", |status| status["rules"][0]["name"] == "good");
        assert_eq!(status["compiling"][0]["name"], "bomb", "{status:#}");
        assert_eq!(status["rules_memory"]["ceiling_bytes"], RULES_MEMORY_BYTES, "{status:#}");
        let compilers = running.children();
        assert_eq!(compilers.len(), 1, "one process compiles");
        fs::write(running.path("app.log"), "a word\n").expect("a line");
        running.until("the line is read", |status| status["sources"][0]["lines"] == 1);
        assert!(fs::read_to_string(running.path("out.ndjson")).expect("the output").contains("a word"));
        running.signal(signal);
        running.wait_for_end();
        wait_until_gone(&compilers);
    }
}

#[test]
fn a_bomb_is_refused_once_and_a_restart_does_not_try_again() {
    let mut running = start("cpu = '1s'\nmemory = '4GiB'");
    let refused = |status: &Value| status["refused"][0]["name"] == "bomb";
    let status = running.until("it is refused", refused);
    let why = status["refused"][0]["why"].as_str().expect("a text").to_owned();
    assert!(why.contains("takes more than 1 s of processor time"), "{why}");
    assert!(status["refused"][0]["digest"].as_str().expect("a text").starts_with("sha256:"), "{status:#}");
    running.signal("-TERM");
    running.wait_for_end();
    running.restart();
    let again = running.until("it is refused again", refused);
    assert_eq!(again["refused"][0]["why"], why.as_str());
    assert!(running.children().is_empty(), "nothing is compiled again");
    running.signal("-TERM");
    running.wait_for_end();
}

#[test]
fn files_that_the_host_makes_are_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut running = start("cpu = '1s'");
    running.until("it answers", |status| status["rules"][0]["name"] == "good");
    let report = running.path("report.html");
    let config = running.path("lifesigns.toml");
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::write(&config, format!("{text}[[group]]\nname = 'all'\nobjects = ['*']\n")).expect("a group");
    running.until("the group is in force", |status| status["config"]["loaded_ns"].as_u64().is_some_and(|ns| ns > 0));
    let begun = Instant::now();
    loop {
        let mut command = Command::new(binary::lifesigns());
        command.args(["report", "--group", "all", "--out"]).arg(&report).arg("--config").arg(&config);
        if command.output().expect("the binary starts").status.success() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "no report");
        thread::sleep(Duration::from_millis(100));
    }
    for path in [report, running.path("out.ndjson")] {
        let mode = fs::metadata(&path).expect("the file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    running.signal("-TERM");
    running.wait_for_end();
}
