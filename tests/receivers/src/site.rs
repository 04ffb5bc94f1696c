//! A scripted HTTP server: it answers, fails, hangs, redirects, breaks off, never ends.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{identity::Identity, rig::DEADLINE};

/// What came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method and target.
    pub target: String,
    /// Resolver in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Request {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What goes back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A status, headers and a body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Nothing, until the other side gives up.
    Hang,
    /// The connection is closed in the middle of the answer's head.
    Break,
    /// A status, and a body without an end.
    Endless(u16),
}

impl Answer {
    /// A status alone.
    pub fn status(status: u16) -> Self {
        Self::Say(status, Vec::new(), String::new())
    }
}

type Script = Arc<dyn Fn(usize, &Request) -> Answer + Send + Sync>;

/// See the module. Its threads end with the test's process.
pub struct Site {
    address: SocketAddr,
    scheme: &'static str,
    requests: Receiver<Request>,
    connections: Arc<AtomicUsize>,
}

impl Site {
    /// On a free port of 127.0.0.1; `answer` is given the number of the request, from 0.
    pub fn start(answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1", None, answer)
    }

    /// The same with TLS.
    pub fn https(identity: &Identity, answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1", Some(identity.server()), answer)
    }

    /// On a free port of another address of the loopback.
    ///
    /// # Panics
    /// When the port is not free.
    pub fn at(
        host: &str,
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::on(TcpListener::bind((host, 0)).expect("a free port"), tls, answer)
    }

    /// On a port that is listened at already.
    ///
    /// # Panics
    /// When it has no address.
    pub fn on(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let (send, requests) = channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let counted = Arc::clone(&connections);
        let answer: Script = Arc::new(answer);
        let numbers = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let (send, answer, numbers) = (send.clone(), Arc::clone(&answer), Arc::clone(&numbers));
                let tls = tls.clone();
                thread::spawn(move || serve(stream, tls, &send, &answer, &numbers));
            }
        });
        Self { address, scheme, requests, connections }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL of it, by its name if it has TLS.
    pub fn url(&self, path: &str) -> String {
        match self.scheme {
            "https" => format!("https://localhost:{}{path}", self.address.port()),
            scheme => format!("{scheme}://{}{path}", self.address),
        }
    }

    /// The next request.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn next(&self) -> Request {
        self.requests.recv_timeout(DEADLINE).expect("a request")
    }

    /// How many have connected so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    send: &Sender<Request>,
    answer: &Script,
    numbers: &AtomicUsize,
) {
    // The other side goes when it likes, above all in these tests.
    let _ = stream.set_read_timeout(Some(DEADLINE));
    let _ = match tls {
        None => talk(stream, send, answer, numbers),
        Some(tls) => match ServerConnection::new(tls) {
            Ok(connection) => talk(StreamOwned::new(connection, stream), send, answer, numbers),
            Err(error) => Err(io::Error::other(error)),
        },
    };
}

fn talk<S: Read + Write>(stream: S, send: &Sender<Request>, answer: &Script, numbers: &AtomicUsize) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream)?;
    let answer = answer(numbers.fetch_add(1, Ordering::SeqCst), &request);
    let _ = send.send(request);
    let out = stream.get_mut();
    match answer {
        Answer::Say(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            out.write_all(format!("{head}\r\n{body}").as_bytes())?;
            out.flush()
        }
        Answer::Hang => {
            thread::sleep(Duration::from_secs(5));
            Ok(())
        }
        Answer::Break => {
            out.write_all(b"HTTP/1.1 20")?;
            out.flush()
        }
        Answer::Endless(status) => {
            out.write_all(format!("HTTP/1.1 {status} Said\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes())?;
            loop {
                out.write_all(b"5\r\nno...\r\n")?;
                out.flush()?;
            }
        }
    }
}

fn read<S: Read>(stream: &mut BufReader<S>) -> io::Result<Request> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let target = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Request { target, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
