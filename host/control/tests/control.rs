//! A server and its clients over a real socket: the place, the mode, who is who, hostile bytes.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use lifesigns_compliance::{
    CommandAction,
    query::{AlertFilter, Query, QueryAnswer},
};
use lifesigns_control::{
    AskError, BindError, CONNECTIONS, Client, ConnectError, Peer, REQUEST_BYTES, Reply, Request, Response, Server,
    Status, user_name,
};

/// Answers a status, says who asks for a command, and panics at a resend.
fn handler(request: Request, peer: &Peer) -> Response {
    match request {
        Request::Status => Response::Ok(Reply::Status(Box::new(Status { pid: 7, ..Status::default() }))),
        Request::Query(_) => Response::Ok(Reply::Answer(Box::new(QueryAnswer::Alerts(Vec::new())))),
        Request::Command(_) => Response::Ok(Reply::Done(peer.who.clone())),
        Request::Resend { .. } => panic!("this panic is part of a test"),
        _ => Response::Refused("not here".into()),
    }
}

/// Serves at `path` while `body` runs, then stops; fails if that takes long.
fn serving<T>(path: &Path, body: impl FnOnce() -> T) -> T {
    let server = Server::bind(path).unwrap();
    let stopper = server.stopper();
    thread::scope(|scope| {
        let serving = scope.spawn(|| server.serve(handler));
        // Stops even if the body fails, else the scope would wait for ever.
        let _stop = Stopping(stopper);
        let result = body();
        drop(_stop);
        let stopped = Instant::now();
        serving.join().unwrap().unwrap();
        assert!(stopped.elapsed() < Duration::from_secs(20), "it takes {:?} to stop", stopped.elapsed());
        result
    })
}

struct Stopping(lifesigns_control::Stopper);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lifesigns.sock");
    (folder, path)
}

/// What a server says to these bytes before it closes or the time is up.
fn said(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    // The server may close before it has taken all of it.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8(said).unwrap()
}

fn me() -> String {
    user_name(rustix::process::getuid().as_raw())
}

#[test]
fn asks_and_answers_on_one_connection() {
    let (_folder, path) = place();
    serving(&path, || {
        let mut client = Client::connect(&path).unwrap();
        assert_eq!(client.host().unwrap().pid, std::process::id() as i32);
        let Response::Ok(Reply::Status(status)) = client.ask(&Request::Status).unwrap() else { panic!() };
        assert_eq!(status.pid, 7);
        let alerts = Request::Query(Query::Alerts(AlertFilter::default()));
        let answer = client.ask(&alerts).unwrap();
        assert_eq!(answer, Response::Ok(Reply::Answer(Box::new(QueryAnswer::Alerts(Vec::new())))));
        let backup = Request::Backup { path: "/x".into() };
        assert_eq!(client.ask(&backup).unwrap(), Response::Refused("not here".into()));
    });
}

#[test]
fn the_socket_is_for_its_user_alone_and_goes_with_the_host() {
    let (folder, path) = place();
    serving(&path, || {
        let made = fs::symlink_metadata(&path).unwrap();
        assert!(made.file_type().is_socket());
        assert_eq!(made.permissions().mode() & 0o777, 0o600);
        assert_eq!(made.uid(), rustix::process::getuid().as_raw());
        let lock = fs::metadata(folder.path().join("lifesigns.sock.lock")).unwrap();
        assert_eq!(lock.permissions().mode() & 0o777, 0o600);
    });
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lifesigns.sock.lock"]);
}

#[test]
fn a_dead_hosts_socket_is_replaced() {
    let (_folder, path) = place();
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(Client::connect(&path).unwrap_err(), ConnectError::NoHost { .. }));
    serving(&path, || assert!(Client::connect(&path).unwrap().ask(&Request::Status).is_ok()));
}

#[test]
fn a_live_host_is_left_alone_and_named() {
    let (_folder, path) = place();
    serving(&path, || {
        let error = Server::bind(&path).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("process {}, user {}", std::process::id(), me())), "{text}");
        assert!(matches!(error, BindError::InUse { .. }));
        assert!(Client::connect(&path).unwrap().ask(&Request::Status).is_ok());
    });
}

#[test]
fn somebody_elses_listener_is_left_alone() {
    let (_folder, path) = place();
    let _other = UnixListener::bind(&path).unwrap();
    assert!(matches!(Server::bind(&path).unwrap_err(), BindError::InUse { .. }));
}

#[test]
fn a_file_is_not_replaced() {
    let (_folder, path) = place();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(Server::bind(&path).unwrap_err(), BindError::NoSocket { .. }));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_socket_that_is_no_longer_ours_stays() {
    let (_folder, path) = place();
    let server = Server::bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    drop(server);
    assert!(UnixStream::connect(&path).is_ok());
}

#[test]
fn paths_may_be_longer_than_an_address() {
    let (folder, _) = place();
    let deep = folder.path().join("x".repeat(120));
    fs::create_dir(&deep).unwrap();
    let path = deep.join("lifesigns.sock");
    assert!(matches!(Client::connect(&path).unwrap_err(), ConnectError::NoHost { .. }));
    serving(&path, || assert!(Client::connect(&path).unwrap().ask(&Request::Status).is_ok()));
}

#[test]
fn no_host_is_said_with_what_to_do() {
    let (_folder, path) = place();
    let text = Client::connect(&path).unwrap_err().to_string();
    assert!(text.starts_with("no host is running at ") && text.contains("lifesigns run"), "{text}");
}

#[test]
fn hostile_bytes_are_refused_and_harm_nobody() {
    let (_folder, path) = place();
    let deep = [b"[".repeat(REQUEST_BYTES - 2), b"\n".to_vec()].concat();
    let long = vec![b'x'; REQUEST_BYTES * 4];
    let cases: [(&[u8], &str); 8] = [
        (b"no JSON\n", "does not understand"),
        (b"\n", "does not understand"),
        (b"{\"ask\":\"status\"", ""),
        (b"{\"ask\":\"statues\"}\n", "statues"),
        (b"{\"ask\":\"status\",\"sudo\":true}\n", "sudo"),
        (b"\xff\xfe\x00\n", "does not understand"),
        (&deep, "does not understand"),
        (&long, "at most 65536 bytes"),
    ];
    serving(&path, || {
        for (bytes, expected) in cases {
            let said = said(&path, bytes);
            assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
            assert!(said.is_empty() || said.starts_with("{\"refused\":") && said.contains(expected), "{said}");
        }
        // What is no request costs the connection nothing, and the next one is answered.
        assert_eq!(said(&path, b"nonsense\n{\"ask\":\"status\"}\n").lines().count(), 2);
        assert!(Client::connect(&path).unwrap().ask(&Request::Status).is_ok());
    });
}

#[test]
fn a_request_that_is_too_long_is_not_even_sent() {
    let (_folder, path) = place();
    serving(&path, || {
        let note = CommandAction::Note { alert: "a".into(), text: "x".repeat(REQUEST_BYTES) };
        let error = Client::connect(&path).unwrap().ask(&Request::Command(note)).unwrap_err();
        assert!(matches!(error, AskError::TooLong { .. }), "{error}");
    });
}

#[test]
fn a_panic_costs_a_refusal() {
    let (_folder, path) = place();
    serving(&path, || {
        let mut client = Client::connect(&path).unwrap();
        let resend = Request::Resend { ids: vec![1], receiver: None };
        assert!(matches!(client.ask(&resend).unwrap(), Response::Refused(_)));
        assert!(matches!(client.ask(&Request::Status).unwrap(), Response::Ok(_)));
    });
}

#[test]
fn connections_are_bounded_and_come_free_again() {
    let (_folder, path) = place();
    serving(&path, || {
        let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| Client::connect(&path).unwrap()).collect();
        for client in &mut clients {
            assert!(matches!(client.ask(&Request::Status).unwrap(), Response::Ok(_)));
        }
        let refused = Client::connect(&path).unwrap().ask(&Request::Status).unwrap();
        let Response::Refused(why) = refused else { panic!("{refused:?}") };
        assert!(why.contains("try again"), "{why}");
        // An idle client is still answered, and once one is gone there is room.
        assert!(matches!(clients[0].ask(&Request::Status).unwrap(), Response::Ok(_)));
        clients.pop();
        let until = Instant::now() + Duration::from_secs(20);
        while !matches!(Client::connect(&path).unwrap().ask(&Request::Status), Ok(Response::Ok(_))) {
            assert!(Instant::now() < until, "the place of a client that is gone is not free again");
            thread::yield_now();
        }
    });
}

#[test]
fn stopping_finishes_the_answer_that_is_on_the_way() {
    let (_folder, path) = place();
    let server = Server::bind(&path).unwrap();
    let stopper = server.stopper();
    let (began, begun) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            server.serve(|_, _| {
                began.send(()).unwrap();
                gone.lock().unwrap().recv().unwrap();
                Response::Ok(Reply::Done("in time".into()))
            })
        });
        let asking = scope.spawn(|| Client::connect(&path).unwrap().ask(&Request::Status).unwrap());
        begun.recv().unwrap();
        stopper.stop();
        go.send(()).unwrap();
        assert_eq!(asking.join().unwrap(), Response::Ok(Reply::Done("in time".into())));
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn who_it_is_comes_from_the_kernel() {
    let (_folder, path) = place();
    let note = Request::Command(CommandAction::Note { alert: "a".into(), text: "b".into() });
    serving(&path, || {
        let done = Client::connect(&path).unwrap().ask(&note).unwrap();
        assert_eq!(done, Response::Ok(Reply::Done(me())));
        let named = Client::connect(&path).unwrap().in_the_name_of("alice").ask(&note).unwrap();
        if rustix::process::getuid().is_root() {
            assert_eq!(named, Response::Ok(Reply::Done("alice (by root)".into())));
        } else {
            assert!(matches!(named, Response::Refused(why) if why.contains("only root")));
        }
    });
}

/// The folder in which another user's client finds socket and program; see below.
const FOLDER: &str = "LIFESIGNS_CONTROL_TEST_FOLDER";

/// Needs root, to be another user.
#[test]
fn another_user_is_kept_out_by_the_mode_and_cannot_lie() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    use std::os::unix::process::CommandExt;
    let (folder, path) = place();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("client");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let run = |step: &str| {
        let mut command = std::process::Command::new(&program);
        command.args(["--exact", step, "--ignored"]).env(FOLDER, folder.path()).current_dir("/").uid(65534).gid(65534);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    };
    serving(&path, || {
        run("client_of_another_user_is_denied");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        run("client_of_another_user_is_itself");
    });
}

fn from_another_user() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).unwrap()).join("lifesigns.sock")
}

#[test]
#[ignore = "run by another_user_is_kept_out_by_the_mode_and_cannot_lie"]
fn client_of_another_user_is_denied() {
    let error = Client::connect(&from_another_user()).unwrap_err();
    assert!(matches!(error, ConnectError::Denied { .. }) && error.to_string().contains("as root"), "{error}");
}

#[test]
#[ignore = "run by another_user_is_kept_out_by_the_mode_and_cannot_lie"]
fn client_of_another_user_is_itself() {
    let note = Request::Command(CommandAction::Note { alert: "a".into(), text: "b".into() });
    let done = Client::connect(&from_another_user()).unwrap().ask(&note).unwrap();
    assert_eq!(done, Response::Ok(Reply::Done(user_name(65534))));
    let named = Client::connect(&from_another_user()).unwrap().in_the_name_of("root").ask(&note).unwrap();
    assert!(matches!(named, Response::Refused(why) if why.contains("only root")));
}
