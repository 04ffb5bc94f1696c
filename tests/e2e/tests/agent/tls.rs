//! An agent and a host with TLS: the authority that the agent is given is trusted, and no other.

use lifesigns_e2e::folders::certificate;

use super::{Fleet, GROUPS, INI};

#[test]
fn an_agent_trusts_the_authority_that_it_is_given_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    if certificate(folder.path(), "host").is_none() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    certificate(folder.path(), "other").unwrap();
    let server = "tls-cert = \"host.pem\"\ntls-key = \"host.key\"\n";
    let fleet = Fleet::begin(folder, server, GROUPS, &[("linux.ini", INI)], None);
    fleet.append("a/app.log", "a keyword one\n");
    fleet.enrol_token("setup");
    let path = |name: &str| fleet.host.path(name).display().to_string();
    // A wrong authority, and those of the system: nothing is sent, and it is said what to do.
    for (name, ca) in [("vm-x", Some(path("other.pem"))), ("vm-y", None)] {
        let ca: Vec<&str> = ca.iter().flat_map(|ca| ["--ca", ca]).collect();
        let _refused = fleet.enrolled_agent(name, "setup", &ca);
        fleet.until_said(name, "invalid peer certificate");
        fleet.until_said(name, "--ca FILE");
    }
    // The token is not used up by that.
    let right = path("host.pem");
    let _agent = fleet.enrolled_agent("vm-a", "setup", &["--tag", "stage=live", "--ca", &right]);
    fleet.until_alerted(&["vm-a"]);
    let agents = fleet.until("it reports", &["agents"], |agents| agents[0]["is_current"] == true);
    assert_eq!((&agents[0]["name"], agents.as_array().unwrap().len()), (&"vm-a".into(), 1));
}
