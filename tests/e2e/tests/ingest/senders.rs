//! Senders as they are installed: Python's clients of Elasticsearch, OpenTelemetry and Loki, and Prometheus
//! with node-exporter. `.ci/run` installs them; where they are not, the tests say that they are skipped.

use lifesigns_e2e::folders::free_port;

use super::*;

/// Where `.ci/run` puts Python's clients.
fn python() -> Option<PathBuf> {
    let path = artifacts::root().join("target/senders/bin/python");
    if path.is_file() {
        return Some(path);
    }
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("skipped: no Python clients in target/senders; `.ci/run` installs them\n"),
    );
    None
}

#[test]
fn pythons_clients_send_and_are_answered() {
    let Some(python) = python() else { return };
    let place = Place::new("keyword", "contains = [\"a keyword\"]\ntitle = \"A word\"");
    let host = place.run();
    let script = artifacts::root().join("tests/e2e/tests/ingest/senders.py");
    let output = Command::new(python).arg(script).arg(format!("http://{}", host.address)).output();
    let output = output.expect("Python starts");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    place.until_alerted(&["es-1", "es-2", "es-3", "loki-1", "otel-1"]);
    let status = place.json(&["status"]);
    for source in status["sources"].as_array().expect("sources") {
        assert_eq!(source["traffic"]["rejected"], 0, "{source}");
    }
}

/// Starts a program, or says that the test is skipped.
fn start(program: &str, arguments: &[&str], place: &Place) -> Option<Running> {
    let command = Command::new(program)
        .args(arguments)
        .current_dir(place.0.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match command {
        Ok(child) => Some(Running { child, address: String::new() }),
        Err(error) => {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("skipped: {program} does not start: {error} (Debian: apt-get install prometheus)\n"),
            );
            None
        }
    }
}

#[test]
fn prometheus_with_node_exporter_drives_docker_while_the_load_is_high() {
    // Whatever the load of this machine is, it is over -1.
    let settings = "metric = \"load.1m\"\nthreshold = -1.0\nfor = \"0s\"";
    let place = Place::new("docker-under-load", settings);
    let (node, own) = (free_port(), free_port());
    let exporter = format!("--web.listen-address=127.0.0.1:{node}");
    let Some(_exporter) =
        start("prometheus-node-exporter", &[&exporter, "--collector.disable-defaults", "--collector.loadavg"], &place)
    else {
        return;
    };
    let host = place.run();
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: node, static_configs: [{{targets: \
         ['127.0.0.1:{node}']}}]}}]\nremote_write: [{{url: 'http://{}/api/v1/write', queue_config: \
         {{batch_send_deadline: 1s}}}}]\n",
        host.address
    );
    fs::write(place.path("prometheus.yml"), config).expect("a file");
    let listen = format!("--web.listen-address=127.0.0.1:{own}");
    let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=prometheus", &listen];
    let Some(_prometheus) = start("prometheus", &arguments, &place) else { return };
    let until = Instant::now() + DEADLINE;
    let call = r#"level=debug msg=\"Calling POST /v1.41/containers/create?name=web\""#;
    let event = format!(r#"{{"object":"127.0.0.1","app":"dockerd","message":"{call}"}}"#);
    while place.alerted() != ["127.0.0.1"] {
        assert!(Instant::now() < until, "no alert: {}", place.json(&["status"])["sources"]);
        assert_eq!(host.post("/api/v1/events", &[], event.as_bytes()).map(|(status, _)| status), Some(200));
        std::thread::sleep(Duration::from_millis(500));
    }
}
