//! The socket itself: its path and mode, who is who, limits and deadlines, hostile bytes.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use common::{Place, parts, services};
use lifesigns_api::{ActOutcome, ApiError, Service};
use lifesigns_compliance::CommandAction;
use lifesigns_gateway::{ApiSocket, ConnectError, GatewayLimits, HostClient, SocketError, user_name};

fn me() -> String {
    user_name(rustix::process::getuid().as_raw())
}

fn answers(path: &Path) -> bool {
    HostClient::connect(path).unwrap().status().is_ok()
}

fn note() -> CommandAction {
    CommandAction::Note { alert: "a".into(), text: "b".into() }
}

fn who(client: &HostClient) -> Result<String, ApiError> {
    let ActOutcome::Done(done) = client.act(note())? else { panic!("a note is no silence") };
    Ok(done.split(": ").next().unwrap_or_default().to_owned())
}

#[test]
fn the_socket_is_for_its_user_alone_and_goes_with_the_host() {
    let place = Place::new();
    let gateway = place.serve();
    let made = fs::symlink_metadata(&place.path).unwrap();
    assert!(made.file_type().is_socket());
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    assert_eq!(made.uid(), rustix::process::getuid().as_raw());
    let lock = fs::metadata(place.folder.path().join("lifesigns.sock.lock")).unwrap();
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);
    gateway.stop();
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lifesigns.sock.lock"]);
}

#[test]
fn a_dead_hosts_socket_is_replaced() {
    let place = Place::new();
    drop(UnixListener::bind(&place.path).unwrap());
    assert!(matches!(HostClient::connect(&place.path).unwrap_err(), ConnectError::NoHost { .. }));
    let _gateway = place.serve();
    assert!(answers(&place.path));
}

#[test]
fn a_live_host_is_left_alone_and_named() {
    let place = Place::new();
    let _gateway = place.serve();
    let error = ApiSocket::bind(&place.path).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("process {}, user {}", std::process::id(), me())), "{text}");
    assert!(matches!(error, SocketError::InUse { .. }));
    assert!(answers(&place.path));
}

#[test]
fn another_programs_listener_is_left_alone() {
    let place = Place::new();
    let _other = UnixListener::bind(&place.path).unwrap();
    assert!(matches!(ApiSocket::bind(&place.path).unwrap_err(), SocketError::InUse { .. }));
}

#[test]
fn a_file_is_not_replaced() {
    let place = Place::new();
    fs::write(&place.path, "precious").unwrap();
    assert!(matches!(ApiSocket::bind(&place.path).unwrap_err(), SocketError::NoSocket { .. }));
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "precious");
}

#[test]
fn a_socket_that_is_no_longer_ours_stays() {
    let place = Place::new();
    let socket = ApiSocket::bind(&place.path).unwrap();
    fs::remove_file(&place.path).unwrap();
    let _other = UnixListener::bind(&place.path).unwrap();
    drop(socket);
    assert!(UnixStream::connect(&place.path).is_ok());
}

#[test]
fn paths_may_be_longer_than_an_address() {
    let mut place = Place::new();
    let deep = place.folder.path().join("x".repeat(120));
    fs::create_dir(&deep).unwrap();
    place.path = deep.join("lifesigns.sock");
    assert!(matches!(HostClient::connect(&place.path).unwrap_err(), ConnectError::NoHost { .. }));
    let _gateway = place.serve();
    assert!(answers(&place.path));
}

#[test]
fn no_host_is_said_with_what_to_do() {
    let text = HostClient::connect(&Place::new().path).unwrap_err().to_string();
    assert!(text.starts_with("no host is running at ") && text.contains("lifesigns run"), "{text}");
}

#[test]
fn hostile_bytes_are_refused_and_harm_no_other() {
    let place = Place::new();
    let _gateway = place.serve();
    let head = |rest: &str| format!("POST /api/v1/bulk/cancel HTTP/1.1\r\nHost: localhost\r\n{rest}").into_bytes();
    let deep = "[".repeat(60_000);
    let cases: [(Vec<u8>, &str); 9] = [
        (b"no HTTP\n".to_vec(), "HTTP/1.1 400"),
        (b"{\"ask\":\"status\"}\n".to_vec(), "HTTP/1.1 400"),
        (b"\xff\xfe\x00\r\n\r\n".to_vec(), "HTTP/1.1 400"),
        (b"GET /api/v1/status HTTP/1.1\r\nHost:".to_vec(), ""),
        (head(&format!("X: {}\r\n\r\n", "x".repeat(400_000))), "HTTP/1.1 431"),
        (head(&"X: y\r\n".repeat(200)), "HTTP/1.1 431"),
        (head(&format!("Content-Length: {}\r\n\r\n{deep}", deep.len())), "HTTP/1.1 400"),
        (head("Content-Length: 1000000000\r\n\r\n"), "HTTP/1.1 413"),
        (head("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), "HTTP/1.1 400"),
    ];
    for (bytes, expected) in cases {
        let said = place.said(&bytes);
        assert!(said.starts_with(expected), "{:?}: {said}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
        assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
    }
    assert!(answers(&place.path));
}

#[test]
fn a_request_that_is_too_long_is_not_even_sent() {
    let place = Place::new();
    let _gateway = place.serve();
    let note = CommandAction::Note { alert: "a".into(), text: "x".repeat(GatewayLimits::default().request_bytes) };
    let error = HostClient::connect(&place.path).unwrap().act(note).unwrap_err();
    assert!(matches!(error, ApiError::TooLarge(_)), "{error}");
}

#[test]
fn connections_are_bounded_and_come_free_again() {
    let place = Place::new();
    let limits = GatewayLimits { connections: 3, ..GatewayLimits::default() };
    let _gateway = place.serve_with(limits);
    let mut held: Vec<UnixStream> = (0..3).map(|_| UnixStream::connect(&place.path).unwrap()).collect();
    let busy = || HostClient::connect(&place.path).unwrap().status().unwrap_err();
    let until = Instant::now() + Duration::from_secs(20);
    let error = busy();
    assert!(matches!(&error, ApiError::Unavailable(why) if why.contains("try again")), "{error}");
    // One that is idle is answered still, and once one is gone there is room.
    held[0].write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 15];
    held[0].read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    held.pop();
    while HostClient::connect(&place.path).unwrap().status().is_err() {
        assert!(Instant::now() < until, "the connection of a client that is gone is not free again");
        thread::yield_now();
    }
}

#[test]
fn slow_clients_lose_their_connection_and_delay_no_other() {
    let place = Place::new();
    let short = Duration::from_millis(300);
    let limits = GatewayLimits { read_deadline: short, write_deadline: short, ..GatewayLimits::default() };
    let _gateway = place.serve_with(limits);
    let connect = |bytes: &str| {
        let mut stream = UnixStream::connect(&place.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    };
    let mut idle = connect("");
    let mut head = connect("GET /api/v1/status HTTP/1.1\r\nHost: lo");
    let mut body = connect("POST /api/v1/alerts/7/notes HTTP/1.1\r\nHost: l\r\nContent-Length: 50\r\n\r\n{\"text\"");
    // This one asks for a long answer and does not read it.
    let path = "{\"path\":\"50000000\"}";
    let length = path.len();
    let mut deaf =
        connect(&format!("POST /api/v1/backup HTTP/1.1\r\nHost: l\r\nContent-Length: {length}\r\n\r\n{path}"));
    assert!(answers(&place.path));
    let mut said = String::new();
    body.read_to_string(&mut said).unwrap();
    let (status, text) = parts(&said);
    assert_eq!(status, 408, "{text}");
    for stream in [&mut idle, &mut head] {
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&said));
    }
    // It has begun to come.
    deaf.read_exact(&mut [0]).unwrap();
    thread::sleep(short * 4);
    let mut said = Vec::new();
    let _ = deaf.read_to_end(&mut said);
    assert!(said.len() < 50_000_000, "a client that did not read got all of its {} bytes", said.len());
    assert!(answers(&place.path));
}

#[test]
fn stopping_finishes_the_answer_that_is_on_the_way() {
    struct Slow(mpsc::Sender<()>, mpsc::Receiver<()>);
    let place = Place::new();
    let (began, begun) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let slow = std::sync::Mutex::new(Slow(began, gone));
    let echo = services();
    let waiting: lifesigns_api::ServiceFactory = Arc::new(move |who| {
        let slow = slow.lock().unwrap();
        slow.0.send(()).unwrap();
        slow.1.recv().unwrap();
        echo(who)
    });
    let gateway = ApiSocket::bind(&place.path).unwrap().serve(waiting, GatewayLimits::default()).unwrap();
    let path = place.path.clone();
    let asking = thread::spawn(move || HostClient::connect(&path).unwrap().status());
    begun.recv().unwrap();
    let stopping = thread::spawn(move || gateway.stop());
    thread::sleep(Duration::from_millis(50));
    go.send(()).unwrap();
    assert_eq!(asking.join().unwrap().unwrap().pid, 7);
    stopping.join().unwrap();
    assert!(!place.path.exists());
}

#[test]
fn stopping_does_not_wait_for_clients_that_are_idle() {
    let place = Place::new();
    let gateway = place.serve();
    let _idle = UnixStream::connect(&place.path).unwrap();
    assert!(answers(&place.path));
    let began = Instant::now();
    gateway.stop();
    assert!(began.elapsed() < Duration::from_secs(20), "it takes {:?} to stop", began.elapsed());
}

#[test]
fn who_it_is_comes_from_the_kernel() {
    let place = Place::new();
    let _gateway = place.serve();
    let client = || HostClient::connect(&place.path).unwrap();
    assert_eq!(who(&client()).unwrap(), me());
    let named = who(&client().in_the_name_of("alice").unwrap());
    if rustix::process::getuid().is_root() {
        assert_eq!(named.unwrap(), "alice (by root)");
        assert_eq!(who(&client().in_the_name_of("Zoë").unwrap()).unwrap(), "Zoë (by root)");
        let long = "x".repeat(100);
        assert!(matches!(who(&client().in_the_name_of(&long).unwrap()), Err(ApiError::Invalid(_))));
    } else {
        assert!(matches!(named, Err(ApiError::Forbidden(why)) if why.contains("only root")));
    }
}

/// The folder in which another user's client finds socket and program; see below.
const FOLDER: &str = "LIFESIGNS_GATEWAY_TEST_FOLDER";

/// Needs root, to be another user.
#[test]
fn another_user_is_kept_out_by_the_mode_and_cannot_lie() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    use std::os::unix::process::CommandExt;
    let place = Place::new();
    let folder = place.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("client");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let run = |step: &str| {
        let mut command = std::process::Command::new(&program);
        command.args(["--exact", step, "--ignored"]).env(FOLDER, folder).current_dir("/").uid(65534).gid(65534);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    };
    let _gateway = place.serve();
    run("client_of_another_user_is_denied");
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o666)).unwrap();
    run("client_of_another_user_is_itself");
}

fn from_another_user() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).unwrap()).join("lifesigns.sock")
}

#[test]
#[ignore = "run by another_user_is_kept_out_by_the_mode_and_cannot_lie"]
fn client_of_another_user_is_denied() {
    let error = HostClient::connect(&from_another_user()).unwrap_err();
    assert!(matches!(error, ConnectError::Denied { .. }) && error.to_string().contains("as root"), "{error}");
}

#[test]
#[ignore = "run by another_user_is_kept_out_by_the_mode_and_cannot_lie"]
fn client_of_another_user_is_itself() {
    let client = || HostClient::connect(&from_another_user()).unwrap();
    assert_eq!(who(&client()).unwrap(), user_name(65534));
    let named = who(&client().in_the_name_of("root").unwrap());
    assert!(matches!(named, Err(ApiError::Forbidden(why)) if why.contains("only root")));
}
