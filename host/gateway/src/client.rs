//! The blocking client: the service of a host in another process.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::Mutex;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use lifesigns_api::{ApiError, Problem};
use lifesigns_listen::{connect_unix, folder_of};
use tokio::runtime::Runtime;

use crate::{
    limits::GatewayLimits,
    paths::{ACTING_AS, JSON},
    peer::user_name,
    remote::{RemoteHost, Stream},
    rule_routes::UPLOAD_BYTES,
};

/// A host that sends nothing for this long is not waited for, unless [`HostClient::patient`].
const PATIENCE: Duration = Duration::from_secs(60);

/// Why no host could be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No process listens there.
    #[error("no host is running at {}: start one with `lifesigns run --config FILE`", path.display())]
    NoHost {
        /// The socket.
        path: PathBuf,
    },
    /// The socket belongs to another user.
    #[error("the host at {} belongs to {owner}: run the command as {owner} or root", path.display())]
    Denied {
        /// The socket.
        path: PathBuf,
        /// Its owner.
        owner: String,
    },
    /// The system refused.
    #[error("the host at {} cannot be reached: {error}", path.display())]
    System {
        /// The socket.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
}

/// A client of a running host. Its service is in `requests.rs`.
#[derive(Debug)]
pub struct HostClient {
    target: Target,
    /// The connection that [`Self::connect`] made, for the first request; later ones make their own.
    first: Mutex<Option<UnixStream>>,
    runtime: Runtime,
    name: Option<HeaderValue>,
    patience: Option<Duration>,
}

/// Where the host is.
#[derive(Debug)]
enum Target {
    /// At a control socket.
    Socket(PathBuf),
    /// In the network.
    Remote(Box<RemoteHost>),
}

/// A request as it is sent.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl HostClient {
    /// Connects to the host whose socket is at `path`.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`]: each says what to do.
    pub fn connect(path: &Path) -> Result<Self, ConnectError> {
        let system = |error| ConnectError::System { path: path.to_owned(), error };
        let stream = connect_unix(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ConnectError::NoHost { path: path.to_owned() }
            }
            io::ErrorKind::PermissionDenied => ConnectError::Denied { path: path.to_owned(), owner: owner(path) },
            _ => system(error),
        })?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(system)?;
        let first = Mutex::new(Some(stream));
        let target = Target::Socket(path.to_owned());
        Ok(Self { target, first, runtime, name: None, patience: Some(PATIENCE) })
    }

    /// Asks a host in the network. Nothing is sent before the first request.
    ///
    /// # Errors
    /// The system gives no poll.
    pub fn remote(host: RemoteHost) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let target = Target::Remote(Box::new(host));
        Ok(Self { target, first: Mutex::default(), runtime, name: None, patience: Some(PATIENCE) })
    }

    /// Acts in the name of `name`; a host accepts that from root only.
    ///
    /// # Errors
    ///
    /// If the name has a control character.
    pub fn in_the_name_of(mut self, name: &str) -> Result<Self, ApiError> {
        let value = HeaderValue::from_bytes(name.as_bytes());
        self.name = Some(value.map_err(|_| ApiError::Invalid("a name has no control characters".to_owned()))?);
        Ok(self)
    }

    /// Waits for answers without a limit: for a backup.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { patience: None, ..self }
    }

    /// Sends a request and returns the body of its answer.
    pub(crate) fn send(&self, request: Outgoing) -> Result<Bytes, ApiError> {
        let is_module = request.target.ends_with("/load");
        let most = if is_module { UPLOAD_BYTES } else { GatewayLimits::default().request_bytes };
        let bytes = request.target.len().max(request.body.len());
        if bytes > most {
            return Err(ApiError::TooLarge(format!("the request has {bytes} bytes; a host takes at most {most}")));
        }
        let request = self.request(request)?;
        let (status, body) = self.runtime.block_on(async {
            let stream = self.stream().await?;
            exchange(stream, request, self.patience).await
        })?;
        if status.is_success() {
            return Ok(body);
        }
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ApiError::from(problem),
            Err(_) => ApiError::from(Problem::new(status.as_u16(), "", format!("the host answered {status}"))),
        })
    }

    /// Connects, unless that was done already.
    async fn stream(&self) -> Result<Box<dyn Stream>, ApiError> {
        let path = match &self.target {
            Target::Socket(path) => path,
            Target::Remote(host) => return host.connect().await.map_err(|error| unreachable(host, &error)),
        };
        let first = self.first.lock().take();
        let stream = match first {
            Some(stream) => stream,
            None => connect_unix(path).map_err(gone)?,
        };
        stream.set_nonblocking(true).map_err(gone)?;
        Ok(Box::new(tokio::net::UnixStream::from_std(stream).map_err(gone)?))
    }

    fn request(&self, outgoing: Outgoing) -> Result<Request<Full<Bytes>>, ApiError> {
        let Outgoing { method, target, body } = outgoing;
        let mut request = Request::builder().method(method).uri(target);
        request = match &self.target {
            Target::Socket(_) => request.header(HOST, "localhost"),
            Target::Remote(host) => request.header(HOST, &host.authority),
        };
        if let Target::Remote(host) = &self.target
            && let Some(bearer) = &host.bearer
        {
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(name) = &self.name {
            request = request.header(ACTING_AS, name);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, JSON);
        }
        let request = request.body(Full::new(Bytes::from(body)));
        request.map_err(|error| ApiError::Invalid(format!("the request cannot be sent: {error}")))
    }
}

/// Sends a request over a connection of its own, and reads the answer.
async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    patience: Option<Duration>,
) -> Result<(StatusCode, Bytes), ApiError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(gone)?;
    let driver = tokio::spawn(connection);
    let response = within(patience, sender.send_request(request)).await?;
    let status = response.status();
    let body = collect(response.into_body(), patience).await?;
    driver.abort();
    Ok((status, body))
}

async fn collect(mut body: Incoming, patience: Option<Duration>) -> Result<Bytes, ApiError> {
    let mut whole = Vec::new();
    loop {
        let next = async { body.frame().await.transpose() };
        let Some(frame) = within(patience, next).await? else { return Ok(Bytes::from(whole)) };
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
}

/// Waits for a step as long as patience allows.
async fn within<T>(
    patience: Option<Duration>,
    step: impl Future<Output = Result<T, hyper::Error>>,
) -> Result<T, ApiError> {
    let Some(patience) = patience else { return step.await.map_err(gone) };
    match tokio::time::timeout(patience, step).await {
        Ok(done) => done.map_err(gone),
        Err(_) => Err(gone(format_args!("nothing within {} s", patience.as_secs()))),
    }
}

fn unreachable(host: &RemoteHost, error: &io::Error) -> ApiError {
    let text = error.to_string();
    let help = if text.contains("UnknownIssuer") {
        "; name the file of its authority with --ca"
    } else if text.contains("CaUsedAsEndEntity") {
        "; its certificate is one of an authority: make one of the host, with basicConstraints CA:FALSE"
    } else {
        ""
    };
    ApiError::Unavailable(format!("the host at {} cannot be reached: {text}{help}", host.url()))
}

fn gone(error: impl std::fmt::Display) -> ApiError {
    let text = format!("the host gave no answer: {error}; is it stopping? `lifesigns status` says how it is");
    ApiError::Unavailable(text)
}

/// Returns the owner of the socket; if that cannot be seen, of its folder.
fn owner(path: &Path) -> String {
    let seen = fs::symlink_metadata(path).or_else(|_| fs::metadata(folder_of(path)));
    match seen {
        Ok(seen) => user_name(seen.uid()),
        Err(_) => "another user".to_owned(),
    }
}
