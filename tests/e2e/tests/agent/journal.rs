//! The journal by an agent, from a `journalctl` that plays a recorded stream: events keep their line as it was written, and
//! a killed agent goes on behind the cursor that its spool has.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::Fleet;

const GROUP: &str = "[[agent-group]]\nname = \"units\"\nmetrics = \"0s\"\njournal = true\n";

/// As `journalctl -o json --all` writes it; the second message is no text, so it is a list of bytes.
const FIRST: &str = concat!(
    r#"{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"1795874400000000","_HOSTNAME":"db-9","SYSLOG_IDENTIFIER":"dockerd","MESSAGE":"a keyword one"}"#,
    "\n",
    r#"{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795874401000000","_HOSTNAME":"db-9","SYSLOG_IDENTIFIER":"app","MESSAGE":[97,32,107,101,121,119,111,114,100,32,50]}"#,
    "\n",
);
const LATER: &str = concat!(
    r#"{"__CURSOR":"s=1;i=3","__REALTIME_TIMESTAMP":"1795874402000000","_HOSTNAME":"db-9","SYSLOG_IDENTIFIER":"app","MESSAGE":"a keyword three"}"#,
    "\n",
);

#[test]
fn the_journal_comes_with_its_lines_and_goes_on_behind_the_cursor_of_the_spool() {
    let fleet = Fleet::start(GROUP, &[("first.json", FIRST), ("later.json", LATER)]);
    let (folder, bin) = (fleet.host.path(""), fleet.host.path("bin"));
    fs::create_dir(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\ncd {}\necho \"$*\" >> calls.txt\ncase \"$*\" in\n*after-cursor*) cat later.json ;;\n*) cat first.json ;;\nesac\n\
         exec sleep 1000\n",
        folder.display()
    );
    fs::write(bin.join("journalctl"), script).unwrap();
    fs::set_permissions(bin.join("journalctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let agent = fleet.agent("vm-j", &["--group", "units"]);
    fleet.until_alerted(&["vm-j"]);
    let found = fleet.until("both events", &["query", "--object", "vm-j"], |found| {
        found["events"].as_array().is_some_and(|events| events.len() == 2)
    });
    let (second, first) = (&found["events"][0], &found["events"][1]);
    assert_eq!((&first["source"], &first["line"]), (&"agent/vm-j:journald".into(), &1.into()));
    assert_eq!((&first["text"], &first["app"]), (&FIRST.lines().next().unwrap().into(), &"dockerd".into()));
    assert_eq!((&second["message"], &second["line"]), (&"a keyword 2".into(), &2.into()));
    fleet.until("nothing waits", &["agents"], |agents| {
        agents[0]["report"]["spool_bytes"] == 0 && agents[0]["report"]["sent_lines"] == 2
    });
    assert!(fleet.host.read("calls.txt").contains("--lines=0"), "{}", fleet.host.read("calls.txt"));
    // Killed, it goes on.
    drop(agent);
    let _agent = fleet.agent("vm-j", &["--group", "units"]);
    let found = fleet.until("the third event", &["query", "--object", "vm-j"], |found| {
        found["events"].as_array().is_some_and(|events| events.len() > 2)
    });
    assert_eq!(found["events"].as_array().unwrap().len(), 3, "{found}");
    assert_eq!((&found["events"][0]["message"], &found["events"][0]["line"]), (&"a keyword three".into(), &3.into()));
    assert!(fleet.host.read("calls.txt").contains("--after-cursor=s=1;i=2"), "{}", fleet.host.read("calls.txt"));
}
