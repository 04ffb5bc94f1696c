//! schemathesis finds nothing wrong between a host and the OpenAPI document that it serves. `.ci/run` installs it; where it is
//! not, the test says that it is skipped.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{binary::lifesigns, host::Running};

const CONFIG: &str = r#"
rules = "rules"
inventory = "inventory.toml"

[server]
listen = "127.0.0.1:0"
suite-api = true

[output]
file = "out.ndjson"

[[source]]
file = "vm-1.log"

[[source]]
http = true

[[group]]
name = "production"
objects = ["vm-*"]

[[agent-group]]
name = "linux"
"#;
const INVENTORY: &str = "[[object]]\nid = \"vm-1\"\nkind = \"vm\"\nproperties = { env = \"production\" }\n";
const RULE: &str = "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"a keyword\"]\ntitle = \"A word\"\n";
/// Paths of which each operation is asked with a wrong token, too.
const GUARDED: &str = "^/(api/v1/(alerts|groups|tokens|outbox|silences|query)|metrics|suite-api/api/resources)$";

/// Where `.ci/run` puts it; says that the test is skipped where it is not.
fn program() -> Option<PathBuf> {
    let path = artifacts::root().join("target/senders/bin/schemathesis");
    if path.is_file() {
        return Some(path);
    }
    let text = "skipped: no schemathesis in target/senders; `.ci/run` installs it\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

/// A folder with a rule, an inventory, and a line that raises.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    fs::create_dir_all(rules.join("modules")).unwrap();
    fs::copy(artifacts::rule("keyword"), rules.join("modules/keyword.wasm")).unwrap();
    fs::write(rules.join("word.toml"), RULE).unwrap();
    fs::write(folder.path().join("inventory.toml"), INVENTORY).unwrap();
    fs::write(folder.path().join("vm-1.log"), "2026-11-23T22:00:00Z a keyword\n").unwrap();
    fs::write(folder.path().join("lifesigns.toml"), CONFIG).unwrap();
    folder
}

fn token(folder: &Path) -> String {
    let mut command = Command::new(lifesigns());
    command.args(["token", "add", "tests", "--role", "admin", "--config"]).arg(folder.join("lifesigns.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn run(program: &Path, host: &Running, token: &str, args: &[&str]) -> Output {
    let port = host.port();
    let files = artifacts::root().join("tests/e2e/tests/schemathesis");
    Command::new(program)
        .arg("--config-file")
        .arg(files.join("schemathesis.toml"))
        .args(["run", &format!("http://127.0.0.1:{port}/api/v1/openapi.json"), "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(args)
        .current_dir(host.path(""))
        .env_remove("http_proxy")
        .env("SCHEMATHESIS_HOOKS", files.join("hooks.py"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_host_does_what_its_openapi_document_says() {
    let Some(program) = program() else { return };
    let folder = folder();
    let token = token(folder.path());
    let host = Running::start(folder);
    host.until("an alert", |status| status["alerts"]["warning"] == 1);
    let all = run(&program, &host, &token, &["--workers", "2"]);
    let guarded = ["--checks", "ignored_auth", "--phases", "fuzzing", "--max-examples", "1"];
    let guarded = run(&program, &host, &token, &[&guarded[..], &["--include-path-regex", GUARDED]].concat());
    for output in [all, guarded] {
        let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}\n{errors}\n{}", host.read("err.txt"));
        assert!(said.contains("Tested: "), "nothing was tested: {said}\n{errors}");
    }
    host.until("it answers still", |_| true);
}
