//! Calls by gRPC over HTTP/2 without TLS: who may call, what everything else gets, and how long an unused connection
//! lasts.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, body::Body, http::Request, response::Response, routing::post};
use common::services;
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lifesigns_api::{Authenticate, Caller, Role, RoleSet, RouteRule, TokenRefusal};
use lifesigns_gateway::{Gateway, GatewayLimits, NetworkServer};

const PATH: &str = "/package.Service/Call";

fn serve(limits: GatewayLimits) -> (Gateway, SocketAddr) {
    let tokens: Authenticate = Arc::new(|token| match token.parse::<Role>() {
        Ok(role) => Ok(Caller::new(format!("token {token}"), RoleSet::default().with(role))),
        Err(_) => Err(TokenRefusal::Unknown),
    });
    let any = &[SocketAddr::from(([127, 0, 0, 1], 0))];
    let network = NetworkServer::bind(any, None, RoleSet::default(), limits).unwrap();
    let address = network.addresses()[0];
    let call = |Extension(caller): Extension<Caller>| async move {
        let body = Body::from(caller.name);
        Response::builder().header("content-type", "application/grpc").body(body).unwrap()
    };
    let rules = [RouteRule::new("POST", PATH, Role::Ingest, "a call")];
    let mounted = Router::new().route(PATH, post(call));
    (Gateway::builder(services()).network(network, tokens).mount(mounted, &rules).serve().unwrap(), address)
}

/// Sends requests one after another on one connection: status of HTTP, code of gRPC, body.
fn send(address: SocketAddr, requests: Vec<Request<Body>>) -> Vec<(u16, String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut answers = Vec::new();
        for request in requests {
            let response = sender.send_request(request).await.unwrap();
            let status = response.status().as_u16();
            let code = response.headers().get("grpc-status").map(|code| code.to_str().unwrap().to_owned());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            answers.push((status, code.unwrap_or_default(), String::from_utf8_lossy(&body).into_owned()));
        }
        answers
    })
}

fn call(path: &str, token: &str) -> Request<Body> {
    let request = Request::post(format!("http://h{path}")).header("content-type", "application/grpc");
    let request = if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) };
    request.body(Body::empty()).unwrap()
}

#[test]
fn calls_need_their_role_and_refusals_are_those_of_grpc() {
    let (_gateway, address) = serve(GatewayLimits::network());
    let calls = [call(PATH, "ingest"), call(PATH, ""), call(PATH, "viewer"), call("/package.Service/Other", "ingest")];
    let answers = send(address, calls.into());
    let expected = [(200, "", "token ingest"), (200, "16", ""), (200, "7", ""), (200, "12", "")];
    assert_eq!(answers, expected.map(|(status, code, body)| (status, code.to_owned(), body.to_owned())));
}

#[test]
fn over_http_2_there_is_nothing_but_calls() {
    let (_gateway, address) = serve(GatewayLimits::network());
    let status = Request::get("http://h/api/v1/status").header("authorization", "Bearer viewer");
    let answers = send(address, vec![status.body(Body::empty()).unwrap(), call(PATH, "ingest")]);
    assert_eq!((answers[0].0, answers[1].0), (505, 200), "{answers:?}");
    assert!(answers[0].2.contains("HTTP/1.1"), "{answers:?}");
}

#[test]
fn an_unused_connection_is_closed() {
    let limits = GatewayLimits { read_deadline: Duration::from_millis(200), ..GatewayLimits::network() };
    let (_gateway, address) = serve(limits);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for begin in [&b""[..], b"P", b"PRI", preface] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(begin).unwrap();
        let mut said = Vec::new();
        let ended = stream.read_to_end(&mut said);
        assert!(ended.is_ok_and(|count| count < 200), "{begin:?}: {said:?}");
    }
}

#[test]
fn methods_that_begin_like_the_preface_are_of_http_1() {
    let (_gateway, address) = serve(GatewayLimits::network());
    for method in ["POST", "PROPFIND", "PRINT"] {
        let mut stream = TcpStream::connect(address).unwrap();
        // In pieces: the version is known by the first four bytes.
        let head =
            format!("{method} /api/v1/status HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        for byte in head.bytes() {
            stream.write_all(&[byte]).unwrap();
        }
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 401"), "{method}: {said}");
    }
}
