//! The API in the network: who may ask what, and what strangers, slow and hostile clients get.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, routing::post};
use common::{parts, services};
use lifesigns_api::{Authenticate, Caller, Role, RoleSet, RouteRule, TokenRefusal};
use lifesigns_gateway::{Gateway, GatewayLimits, NetworkServer, ROUTES, SUITE_API_ROUTES};

/// Tokens are names of roles here; `old` is one that has expired.
fn tokens() -> Authenticate {
    Arc::new(|token| match token.parse::<Role>() {
        Ok(role) => Ok(Caller::new(format!("token {token}"), RoleSet::default().with(role))),
        Err(_) if token == "web-1" => {
            let caller = Caller::new("token agent-web-1", RoleSet::default().with(Role::Agent));
            Ok(Caller { agent: Some("web-1".to_owned()), ..caller })
        }
        Err(_) if token == "revoked" => Err(TokenRefusal::Revoked),
        Err(_) if token == "old" => Err(TokenRefusal::Expired),
        Err(_) => Err(TokenRefusal::Unknown),
    })
}

/// A gateway in the network, with a route for events beside the API.
fn serve(anonymous: RoleSet, limits: GatewayLimits) -> (Gateway, SocketAddr) {
    let network = NetworkServer::bind(&[SocketAddr::from(([127, 0, 0, 1], 0))], None, anonymous, limits).unwrap();
    let address = network.addresses()[0];
    let name = |Extension(caller): Extension<Caller>| async move { caller.name };
    let events = Router::new().route("/api/v1/events", post(name)).route("/forgotten", post(|| async { "never" }));
    let rules = [RouteRule::new("POST", "/api/v1/events", Role::Ingest, "events")];
    let gateway = Gateway::builder(services()).network(network, tokens()).suite_api().mount(events, &rules);
    let gateway = gateway.serve().unwrap();
    (gateway, address)
}

fn open() -> (Gateway, SocketAddr) {
    serve(RoleSet::default(), GatewayLimits::network())
}

/// What the server says to these bytes before it closes.
fn said(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8(said).unwrap()
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n{headers}\r\n{{}}");
    said(address, head.as_bytes())
}

fn status(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> u16 {
    parts(&ask(address, method, path, headers)).0
}

#[test]
fn every_route_is_for_the_roles_that_the_table_says() {
    let (_gateway, address) = open();
    for rule in ROUTES.iter().chain(SUITE_API_ROUTES) {
        let path = rule.path.replace(['{', '}'], "");
        for role in Role::ALL {
            let bearer = format!("Authorization: Bearer {}", role.as_str());
            let got = status(address, rule.method, &path, &[&bearer]);
            let allowed = rule.needs.is_none_or(|needed| RoleSet::default().with(role).permits(needed));
            assert_eq!(got != 403, allowed, "{} {path} as {}: {got}", rule.method, role.as_str());
            assert!(![401, 405].contains(&got), "{} {path}: {got}", rule.method);
        }
        let stranger = status(address, rule.method, &path, &[]);
        assert_eq!(stranger == 401 || stranger == 429, rule.needs.is_some(), "{} {path}: {stranger}", rule.method);
    }
}

#[test]
fn no_route_is_twice_in_the_table() {
    let all: Vec<_> = ROUTES.iter().chain(SUITE_API_ROUTES).map(|rule| (rule.method, rule.path)).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn strangers_learn_nothing_and_errors_have_the_id_of_their_request() {
    let (_gateway, address) = open();
    let said = ask(address, "GET", "/api/v1/nothing", &["X-Request-Id: from-me-7"]);
    assert!(said.starts_with("HTTP/1.1 401") && said.contains("www-authenticate: Bearer"), "{said}");
    assert!(said.contains("x-request-id: from-me-7\r\n") && said.contains("\"request_id\":\"from-me-7\""), "{said}");
    assert!(said.contains("content-type: application/problem+json"), "{said}");
    let said = ask(address, "GET", "/api/v1/nothing", &["Authorization: Bearer viewer", "X-Request-Id: <b>"]);
    assert!(said.starts_with("HTTP/1.1 404") && !said.contains("<b>"), "{said}");
    for (token, why) in [("old", "has expired"), ("wrong", "not known")] {
        let said = ask(address, "GET", "/api/v1/status", &[&format!("Authorization: Bearer {token}")]);
        assert!(said.starts_with("HTTP/1.1 401") && said.contains(why), "{token}: {said}");
    }
    let acting = ["Authorization: Bearer admin", "Lifesigns-As: alice"];
    assert_eq!(status(address, "GET", "/api/v1/status", &acting), 403);
}

#[test]
fn failed_authentications_are_limited_and_valid_tokens_are_not() {
    let (_gateway, address) = open();
    let guess = |number: u32| ask(address, "GET", "/api/v1/status", &[&format!("Authorization: Bearer x{number}")]);
    let answers: Vec<String> = (0..30).map(guess).collect();
    assert!(answers[0].starts_with("HTTP/1.1 401"));
    let limited = answers.iter().find(|said| said.starts_with("HTTP/1.1 429")).expect("they are limited");
    assert!(limited.contains("retry-after: "), "{limited}");
    assert_eq!(status(address, "GET", "/api/v1/status", &["Authorization: Bearer viewer"]), 200);
}

#[test]
fn credentials_of_an_agent_are_for_its_own_paths_and_say_that_they_were_revoked() {
    let (_gateway, address) = open();
    let own = ["Authorization: Bearer web-1"];
    assert_eq!(status(address, "GET", "/api/v1/status", &own), 403);
    for (method, path) in [("POST", "/api/v1/events"), ("GET", "/api/v1/nothing")] {
        let said = ask(address, method, path, &own);
        assert!(said.starts_with("HTTP/1.1 403") && said.contains("the agent web-1"), "{path}: {said}");
    }
    assert_eq!(status(address, "GET", "/livez", &own), 200);
    // An agent that goes on asking is no stranger that guesses.
    for _ in 0..30 {
        let said = ask(address, "GET", "/api/v1/status", &["Authorization: Bearer revoked"]);
        assert!(said.starts_with("HTTP/1.1 401") && said.contains("were revoked"), "{said}");
    }
}

#[test]
fn callers_without_a_token_may_do_what_the_settings_say() {
    let (_gateway, address) = serve(RoleSet::default().with(Role::Ingest), GatewayLimits::network());
    let said = ask(address, "POST", "/api/v1/events", &[]);
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("anonymous"), "{said}");
    assert_eq!(status(address, "GET", "/api/v1/status", &[]), 401);
    assert_eq!(status(address, "POST", "/api/v1/events", &["Origin: https://a.example"]), 401);
    // A token that is wrong is not as good as none.
    assert_eq!(status(address, "POST", "/api/v1/events", &["Authorization: Bearer wrong"]), 401);
}

#[test]
fn what_is_mounted_knows_its_caller_and_a_route_without_a_rule_is_refused() {
    let (_gateway, address) = open();
    for header in ["Authorization: Splunk agent", "Authorization: Basic eDphZ2VudA=="] {
        assert!(ask(address, "POST", "/api/v1/events", &[header]).ends_with("token agent"), "{header}");
    }
    assert_eq!(status(address, "POST", "/api/v1/events", &["Authorization: Bearer operator"]), 403);
    assert_eq!(status(address, "POST", "/forgotten", &["Authorization: Bearer admin"]), 500);
    assert_eq!(status(address, "DELETE", "/api/v1/status", &["Authorization: Bearer admin"]), 405);
}

#[test]
fn one_address_cannot_take_all_connections() {
    let limits = GatewayLimits { connections_per_address: 2, ..GatewayLimits::network() };
    let (_gateway, address) = serve(RoleSet::default(), limits);
    let _held = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    assert_eq!(said(address, b"GET /api/v1/status HTTP/1.1\r\nHost: h\r\n\r\n"), "");
}

#[test]
fn slow_and_hostile_clients_are_disconnected() {
    let short = Duration::from_millis(300);
    let limits = GatewayLimits { read_deadline: short, write_deadline: short, ..GatewayLimits::network() };
    let (_gateway, address) = serve(RoleSet::default(), limits);
    for (bytes, expected) in [
        ("GET /api/v1/status HTTP/1.1\r\nHost: h".to_owned(), ""),
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(400_000)), "HTTP/1.1 431"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200)), "HTTP/1.1 431"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0".to_owned(), "HTTP/1.1 400"),
    ] {
        let answer = said(address, bytes.as_bytes());
        assert!(answer.starts_with(expected), "{bytes:.40}: {answer}");
    }
    // A head that never ends, with the side of the client open.
    let mut slow = TcpStream::connect(address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    slow.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: h").unwrap();
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert_eq!(status(address, "GET", "/api/v1/status", &["Authorization: Bearer viewer"]), 200);
}

#[test]
fn an_address_in_use_is_named() {
    let (_gateway, address) = open();
    let error = NetworkServer::bind(&[address], None, RoleSet::default(), GatewayLimits::network()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen at {address}: ")), "{error}");
}
