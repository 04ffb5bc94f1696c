//! Every shape, and what looks like one.

use lifesigns_rule::{Alerts, Description, Event, Interest, Rule, Symptom, testing::Bench};

use super::*;

/// Says what it sees.
struct Probe;

impl Rule for Probe {
    type Settings = ();

    fn new((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn describe(&self) -> Description {
        let symptom = |id| Symptom::new(id, id);
        Description::new("probe", "0.0.0")
            .symptom(symptom("activity"))
            .symptom(symptom("mention"))
            .symptom(symptom("again"))
            .interest(Interest::log())
            .fields(FIELDS)
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        if let Some(activity) = Activity::of(event) {
            let symptom = if is_news(event, &activity) { "activity" } else { "again" };
            let part = |text: Option<&str>| text.unwrap_or("-").to_owned();
            let summary = format!(
                "{} {:?} {} {} {}",
                activity.verb.as_str(),
                activity.trace,
                part(activity.container_short()),
                part(activity.image.as_deref()),
                part(activity.api)
            );
            alerts.raise(symptom, summary);
        }
        if let Some(mention) = mention(event) {
            alerts.raise("mention", format!("{} {}", mention.image, mention.via));
        }
    }
}

const ID: &str = "541067cd1f14fd3529c88a1c60f4e12996e90e95cbcdfcb933b9d376e0ae0195";

fn see(fields: &[(&str, &str)], message: &str) -> Vec<String> {
    see_on(&mut bench(), fields, message)
}

fn bench() -> Bench<Probe> {
    let mut bench = Bench::new("{}").unwrap();
    // What an interest asks for is not what is tested here.
    bench.show_all();
    bench
}

fn see_on(bench: &mut Bench<Probe>, fields: &[(&str, &str)], message: &str) -> Vec<String> {
    for (name, value) in fields {
        bench.field(name, value);
    }
    let names = ["", "mention: ", "again: "];
    let alerts = bench.log("vm", message);
    alerts.iter().map(|alert| format!("{}{}", names[alert.symptom as usize], alert.summary)).collect()
}

#[test]
fn create_calls_of_all_versions() {
    let debug = [("level", "debug")];
    assert_eq!(see(&debug, "Calling POST /v1.41/containers/create?name=web-1"), ["create Call web-1 - 1.41"]);
    assert_eq!(see(&debug, "Calling POST /v1.41/containers/create"), ["create Call - - 1.41"]);
    assert_eq!(see(&debug, "Calling POST /containers/create?name=%2Fa%20b"), ["create Call a b - -"]);
    assert_eq!(see(&[("level", "info")], "POST /v1.21/containers/create?name=web"), ["create OldCall web - 1.21"]);
    let new = [
        ("level", "debug"),
        ("method", "POST"),
        ("module", "api"),
        ("request-url", "/v1.48/containers/create?name=web"),
        ("form-data", r#"{"Image":"busybox:1.36"}"#),
    ];
    let both = ["create Call web busybox:1.36 1.48", "mention: busybox:1.36 form-data"];
    assert_eq!(see(&new[3..], "handling POST request"), both);
    let json = [("request-url", "/v1.48/containers/create?name=web"), ("form-data.Image", "busybox:1.36")];
    assert_eq!(see(&json, "handling POST request"), both);
}

#[test]
fn what_only_looks_like_a_create_call() {
    let nothing: [&str; 0] = [];
    for message in [
        "Registering POST, /containers/create",
        "Handler for POST /v1.41/containers/create returned error: No such image: a:latest",
        "Calling GET /v1.41/containers/create",
        "Calling POST /v1.41/containers/create HTTP/1.1",
        "Calling POST /v1.41/containers/createx",
        "Calling POST /v1.41/x/containers/create",
        "xCalling POST /v1.41/containers/create",
        "GET /v1.21/containers/create",
        "error response for POST request",
        "handling GET request",
        "192.0.2.7 - - [23/Nov/2026:06:40:02 +0000] \"POST /v1.41/containers/create HTTP/1.1\" 201 88",
        "POST /containers/create 201 3.1 ms",
        "curl -X POST /v1.41/containers/create",
    ] {
        for level in ["debug", "info"] {
            let fields = [("level", level), ("topic", "/containers/create"), ("ns", "moby")];
            assert_eq!(see(&fields, message), nothing, "{level} {message}");
        }
    }
    // The right text without the daemon's shape, or at the wrong level.
    assert_eq!(see(&[], "Calling POST /v1.41/containers/create?name=x"), nothing);
    assert_eq!(see(&[("level", "info")], "Calling POST /v1.41/containers/create?name=x"), nothing);
    assert_eq!(see(&[], "POST /v1.21/containers/create"), nothing);
    assert_eq!(see(&[], "handling POST request"), nothing);
    assert_eq!(see(&[("request-url", "/v1.48/containers/json")], "handling POST request"), nothing);
    assert_eq!(see(&[("ns", "moby"), ("topic", "/containers/create")], "event published"), nothing);
}

#[test]
fn other_calls() {
    let debug = [("level", "debug")];
    assert_eq!(see(&debug, &format!("Calling POST /v1.41/containers/{ID}/start")), ["start Call 541067cd1f14 - 1.41"]);
    assert_eq!(see(&debug, "Calling POST /v1.41/containers/web-2/stop?t=3"), ["stop Call web-2 - 1.41"]);
    assert_eq!(see(&debug, "Calling POST /v1.41/containers/web-3/kill"), ["kill Call web-3 - 1.41"]);
    let nothing: [&str; 0] = [];
    for path in ["web/wait", "web/attach?stderr=1", "web/exec", "{name:.*}/start", "/start", "prune"] {
        assert_eq!(see(&debug, &format!("Calling POST /v1.41/containers/{path}")), nothing, "{path}");
    }
    assert_eq!(see(&debug, "Calling POST /v1.41/exec/d171574221863a0b/start"), nothing);
}

#[test]
fn started_and_ended_containers() {
    let path = format!("/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/{ID}");
    let loops = [("level", "info"), ("namespace", "moby"), ("path", path.as_str())];
    assert_eq!(see(&loops, "starting signal loop"), ["start SignalLoop 541067cd1f14 - -"]);
    assert_eq!(see(&[("namespace", "moby")], &format!("connecting to shim {ID}")), ["start Shim 541067cd1f14 - -"]);
    assert_eq!(
        see(&[("namespace", "moby"), ("id", ID)], "cleaning up after shim disconnected"),
        ["die ShimGone 541067cd1f14 - -"]
    );
    let ignored = [("namespace", "moby"), ("topic", "/tasks/delete"), ("container", ID)];
    assert_eq!(see(&ignored, "ignoring event"), ["die Ignored 541067cd1f14 - -"]);
    assert_eq!(see(&[("ns", "moby"), ("topic", "/tasks/start")], "event forwarded"), ["start Topic - - -"]);
    assert_eq!(see(&[("ns", "moby"), ("topic", "/tasks/delete")], "event forwarded"), ["die Topic - - -"]);

    let address = format!("/containerd-shim/moby/{ID}/shim.sock");
    for shim in ["shim docker-containerd-shim started", "shim containerd-shim started"] {
        assert_eq!(see(&[("address", &address)], shim), ["start ShimStarted 541067cd1f14 - -"]);
    }
    assert_eq!(see(&[("id", ID)], "shim reaped"), ["die ShimReaped 541067cd1f14 - -"]);

    let nothing: [&str; 0] = [];
    let pod = format!("/containerd-shim/k8s.io/{ID}/shim.sock");
    assert_eq!(see(&[("address", &pod)], "shim containerd-shim started"), nothing);
    assert_eq!(see(&[("address", &address)], "shim other started"), nothing);
    assert_eq!(see(&[], "shim containerd-shim started"), nothing);
    let warnings = "cleanup warnings time=\"2026-11-23T06:40:14Z\" level=info msg=\"starting signal loop\" namespace=moby pid=538\n";
    assert_eq!(see(&[("level", "warning")], warnings), nothing);
    let pods = format!("/run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}");
    assert_eq!(see(&[("namespace", "k8s.io"), ("path", &pods)], "starting signal loop"), nothing);
    assert_eq!(see(&[("namespace", "moby"), ("path", &pods)], "starting signal loop"), nothing);
    assert_eq!(see(&[("namespace", "moby"), ("path", "/x/moby/short")], "starting signal loop"), nothing);
    assert_eq!(see(&[("id", ID)], "cleaning up after shim disconnected"), nothing);
    assert_eq!(see(&[("ns", "moby"), ("topic", "/tasks/exit")], "event forwarded"), nothing);
    assert_eq!(see(&[("ns", "k8s.io"), ("topic", "/tasks/start")], "event forwarded"), nothing);
}

#[test]
fn engine_events() {
    let line = r#"{"status":"create","Type":"container","Action":"create","Actor":{"ID":"5…","Attributes":{}}}"#;
    let container = |action| {
        let fields = [
            ("Type", "container"),
            ("Action", action),
            ("Actor.ID", ID),
            ("Actor.Attributes.name", "web"),
            ("Actor.Attributes.image", "r.example/a:1"),
        ];
        see(&fields, line)
    };
    let mention = "mention: r.example/a:1 engine-event";
    assert_eq!(container("create"), ["create Engine web r.example/a:1 -", mention]);
    assert_eq!(container("start"), ["start Engine web r.example/a:1 -", mention]);
    assert_eq!(container("die"), ["die Engine web r.example/a:1 -"]);
    let nothing: [&str; 0] = [];
    assert_eq!(container("exec_create: sh"), nothing);
    assert_eq!(container("health_status: healthy"), nothing);
    let pull = [
        ("Type", "image"),
        ("Action", "pull"),
        ("Actor.ID", "r.example/a:1"),
        ("Actor.Attributes.name", "r.example/a"),
    ];
    assert_eq!(see(&pull, line), ["pull Engine - r.example/a:1 -", mention]);
    assert_eq!(see(&[("Type", "network"), ("Action", "create"), ("Actor.ID", ID)], line), nothing);
    assert_eq!(see(&[("Type", "container"), ("Action", "create")], "not a line of JSON"), nothing);
}

#[test]
fn engine_events_as_text() {
    let web = [("Type", "container"), ("Action", "start"), ("Actor.ID", ID), ("Actor.Attributes.image", "a:1")];
    let both = ["start Engine 541067cd1f14 a:1 -", "mention: a:1 engine-event"];
    assert_eq!(see(&web, &format!("2026-11-23T06:39:59Z container start {ID} (image=a:1)")), both);
    assert_eq!(see(&web, &format!("2015-11-04T09:00:00Z {ID}: (from a:1) start")), both);
    let nothing: [&str; 0] = [];
    assert_eq!(see(&web, "a container was asked to start"), nothing);
}

#[test]
fn engine_events_up_to_docker_1_9() {
    let line = format!(r#"{{"status":"create","id":"{ID}","from":"a:1","time":1442421700}}"#);
    let fields = |status| [("status", status), ("id", ID), ("from", "a:1")];
    assert_eq!(see(&fields("create"), &line), ["create Engine 541067cd1f14 a:1 -", "mention: a:1 engine-event"]);
    let pull = [("status", "pull"), ("id", "busybox:latest")];
    assert_eq!(
        see(&pull, r#"{"status":"pull","id":"busybox:latest","time":1442421700}"#),
        ["pull Engine - busybox:latest -", "mention: busybox:latest engine-event"]
    );
    let nothing: [&str; 0] = [];
    assert_eq!(see(&fields("create"), "an order was created"), nothing);
    assert_eq!(see(&fields("exec_create: sh"), &line.replace("create", "exec_create: sh")), nothing);
    assert_eq!(see(&fields("create")[..2], &line), nothing);
    let order = [("status", "create"), ("id", "4711"), ("from", "web")];
    assert_eq!(see(&order, r#"{"status":"create","id":"4711","from":"web"}"#), nothing);

    let mut bench = bench();
    let call = [("level", "info")];
    assert_eq!(see_on(&mut bench, &call, "POST /v1.14/containers/create?name=web"), ["create OldCall web - 1.14"]);
    let event = see_on(&mut bench, &fields("create"), &line);
    assert_eq!(event[0], "again: create Engine 541067cd1f14 a:1 -", "the call was first to tell of it");
    let event = see_on(&mut bench, &fields("create"), &line);
    assert_eq!(event[0], "create Engine 541067cd1f14 a:1 -");
}

#[test]
fn the_bridge() {
    for message in [
        "docker0: port 1(veth14fa097) entered disabled state",
        "[  291.665019] docker0: port 1(veth14fa097) entered blocking state",
        "<info>  [1699135125.3831] device (docker0): carrier: link connected",
        "Listening on docker0.",
        "docker0",
        "New relevant interface docker0.IPv4 for mDNS.",
        "Joining mDNS multicast group on interface docker0.IPv6 with address fe80::42:1.",
        "docker0.100: link becomes ready",
        "device (docker0): state change: unmanaged -> unavailable (reason 'connection-assumed')",
        "docker0: ignoring a packet of an unknown protocol",
        "Default bridge (docker0) is assigned with an IP address 172.17.0.0/16",
        "FINAL_REJECT: IN=docker0 OUT=eth0 SRC=172.17.0.2",
        "Listen normally on 5 docker0 172.17.0.1:123",
    ] {
        assert_eq!(see(&[], message), ["docker0 Bridge - - -"], "{message}");
    }
    let nothing: [&str; 0] = [];
    for message in [
        "connected to docker01",
        "mydocker0 up",
        "docker0.example.com",
        "docker0.IPv4.example.com",
        "vm.docker0",
        "docker0-old",
        "docker_gwbridge",
        "Cannot find device \"docker0\"",
        "docker0: error fetching interface information: Device not found",
        "interface docker0 does not exist",
        "ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/sbin/ip link show docker0",
        "(root) CMD (/sbin/ip link show docker0)",
        "type=EXECVE msg=audit(1.2:3): argc=4 a0=\"ip\" a1=\"link\" a2=\"show\" a3=\"docker0\"",
        "interfaces that are ignored: docker0, virbr0",
        "exclude-interfaces = docker0,lo",
    ] {
        assert_eq!(see(&[], message), nothing, "{message}");
    }
}

#[test]
fn images() {
    let debug = [("level", "debug")];
    let mention = |message: &str| see(&debug, message).into_iter().find(|line| line.starts_with("mention"));
    assert_eq!(
        mention("Calling POST /v1.41/images/create?fromImage=127.0.0.1%3A5000%2Falien%2Fminer&tag=latest").as_deref(),
        Some("mention: 127.0.0.1:5000/alien/miner:latest images-create")
    );
    assert_eq!(
        mention("Calling POST /v1.41/images/create?fromImage=busybox&tag=sha256%3Aabcd").as_deref(),
        Some("mention: busybox@sha256:abcd images-create")
    );
    assert_eq!(
        mention("Trying to pull untrusted.invalid/evil/cryptominer from https://untrusted.invalid v2").as_deref(),
        Some("mention: untrusted.invalid/evil/cryptominer pull")
    );
    assert_eq!(
        mention(r#"form data: {"HostConfig":{},"Image":"playground/busybox:1.0"}"#).as_deref(),
        Some("mention: playground/busybox:1.0 form-data")
    );
    for none in [
        "Calling POST /v1.41/images/create?fromSrc=-&repo=playground%2Fbusybox%3A1.0",
        "Calling POST /v1.41/images/busybox/push?tag=latest",
        "Trying to push untrusted.invalid/a to https://untrusted.invalid v2",
        "Trying to pull the rope from the well",
        r#"form data: {"Image":"sha256:4e4ab00281fb78a214c3231d8a652909470323c6d516db47173b92b6de6cc09a"}"#,
        r#"form data: {"AttachStdin":false,"Cmd":["sh"]}"#,
    ] {
        assert_eq!(mention(none), None, "{none}");
    }
    let nothing: [&str; 0] = [];
    assert_eq!(see(&[], "Trying to pull a/b from https://registry.example v2"), nothing);
}

#[test]
fn endless_names_are_cut() {
    let seen = see(&[("level", "debug")], &format!("Calling POST /v1.41/containers/create?name={}", "ü".repeat(9000)));
    assert_eq!(seen, [format!("create Call {} - 1.41", "ü".repeat(256))]);
}

#[test]
fn traces_of_one_start_are_one_start() {
    let mut bench = bench();
    let path = format!("/run/x/moby/{ID}");
    let signal = |bench: &mut Bench<Probe>| {
        see_on(bench, &[("namespace", "moby"), ("path", &path)], "starting signal loop")[0].starts_with("start")
    };
    let shim = |bench: &mut Bench<Probe>| {
        see_on(bench, &[("namespace", "moby")], &format!("connecting to shim {ID}"))[0].starts_with("start")
    };
    let engine = |bench: &mut Bench<Probe>| {
        let fields = [("Type", "container"), ("Action", "start"), ("Actor.ID", ID)];
        see_on(bench, &fields, "{}")[0].starts_with("start")
    };
    assert!(signal(&mut bench));
    assert!(!shim(&mut bench));
    assert!(!engine(&mut bench));
    assert!(engine(&mut bench), "the Engine is first to tell of the second start");
    assert!(!signal(&mut bench));
    bench.at_ms(30_000);
    assert!(shim(&mut bench), "long after");
}

#[test]
fn traces_of_one_creation_are_one_creation() {
    let mut bench = bench();
    let call = |bench: &mut Bench<Probe>, query: &str| {
        see_on(bench, &[("level", "debug")], &format!("Calling POST /v1.41/containers/create{query}"))[0]
            .starts_with("create")
    };
    let engine = |bench: &mut Bench<Probe>, name: &str| {
        let fields = [("Type", "container"), ("Action", "create"), ("Actor.ID", ID), ("Actor.Attributes.name", name)];
        see_on(bench, &fields, "{}")[0].starts_with("create")
    };
    assert!(call(&mut bench, "?name=web"));
    assert!(!engine(&mut bench, "web"));
    assert!(call(&mut bench, ""));
    assert!(call(&mut bench, ""));
    assert!(!engine(&mut bench, "silly_ada"));
    assert!(!engine(&mut bench, "happy_bob"));
    assert!(engine(&mut bench, "third"), "it is the first mention");
}

#[test]
fn docker_up_to_1_9_tells_a_call_twice_at_debug_level() {
    let mut bench = bench();
    let mut see = |level, message| see_on(&mut bench, &[("level", level)], message)[0].clone();
    assert_eq!(see("debug", "Calling POST /containers/create"), "create Route - - -");
    assert_eq!(see("info", "POST /v1.14/containers/create?name=a"), "again: create OldCall a - 1.14");
    assert_eq!(see("info", "POST /v1.14/containers/create?name=b"), "create OldCall b - 1.14");
}

#[test]
fn the_interests_ask_for_what_is_read() {
    let verbs = [Verb::Create, Verb::Start, Verb::Die, Verb::Pull, Verb::Present];
    for interest in interests(&verbs).into_iter().chain(super::images()).chain(starts_and_ends()) {
        assert!(interest.contains.iter().all(|literal| literal.len() >= 7), "{:?}", interest.contains);
        for condition in interest.conditions {
            let lifesigns_rule::Subject::Field(name) = condition.subject else { panic!("a property") };
            assert!(FIELDS.contains(&name.as_str()), "{name}");
        }
    }
}
