//! Who asks, and whether it may: in front of every route, for the socket and the network alike. Each request gets
//! an id, which is in the log and in errors.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{AUTHORIZATION, CONTENT_LENGTH, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use lifesigns_api::{ApiError, Authenticate, Caller, Problem, Role, RoleSet, RouteRule, SenderAddress, TokenRefusal};

use crate::{
    answer::{ErrorResponse, problem},
    counts::Requests,
    credentials::presented,
    failures::FailedLogins,
    grpc,
    paths::ACTING_AS,
    peer::SocketPeer,
    vmware_error,
};

/// The header of a request's id.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that a client may give a request.
const ID_CHARS: usize = 64;
/// The name of callers without a token.
const ANONYMOUS: &str = Caller::ANONYMOUS;

/// Where a request comes from; an extension of each request.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// The control socket.
    Socket(SocketPeer),
    /// The network.
    Network(IpAddr),
}

/// See the module.
pub(crate) struct Access {
    routes: HashMap<(&'static str, &'static str), Option<Role>>,
    paths: HashSet<&'static str>,
    authenticate: Option<Authenticate>,
    anonymous: RoleSet,
    failed: FailedLogins,
    ids: RequestIds,
    requests: Arc<Requests>,
    has_suite_api: bool,
}

impl Access {
    pub(crate) fn new(
        rules: &[RouteRule],
        authenticate: Option<Authenticate>,
        anonymous: RoleSet,
        requests: Arc<Requests>,
    ) -> Self {
        Self {
            routes: rules.iter().map(|rule| ((rule.method, rule.path), rule.needs)).collect(),
            paths: rules.iter().map(|rule| rule.path).collect(),
            authenticate,
            anonymous,
            failed: FailedLogins::default(),
            ids: RequestIds::default(),
            requests,
            has_suite_api: rules.iter().any(|rule| vmware_error::is_suite_path(rule.path)),
        }
    }

    /// Finds the caller of a request and decides whether it may ask that.
    fn admit(&self, request: &Request) -> Result<Caller, Box<Response>> {
        let needs = self.needs(request)?;
        let Some(origin) = request.extensions().get::<Origin>() else {
            return Err(refused(ApiError::Internal("where the request comes from is not known".to_owned())));
        };
        let caller = match origin {
            Origin::Socket(peer) => of_socket(peer, request.headers()).map_err(|refusal| refused(refusal.0))?,
            // Nothing is looked up for what is open to everyone.
            Origin::Network(_) if needs == Needs::Nothing => anonymous(RoleSet::default()),
            Origin::Network(address) => self.of_network(*address, request.headers())?,
        };
        if let Needs::Role(role) = needs
            && !caller.roles.permits(role)
        {
            return Err(forbidden(&caller, role));
        }
        if let Some(agent) = &caller.agent
            && needs != Needs::Role(Role::Agent)
            && needs != Needs::Nothing
        {
            let text = format!("{} is for the agent {agent}, which reports and sends its events as such", caller.name);
            return Err(refused(ApiError::Forbidden(text)));
        }
        Ok(caller)
    }

    fn needs(&self, request: &Request) -> Result<Needs, Box<Response>> {
        // An unknown path is unknown to those only who may ask anything.
        let Some(path) = request.extensions().get::<MatchedPath>() else { return Ok(Needs::Authentication) };
        let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
        match self.routes.get(&(method, path.as_str())) {
            Some(Some(role)) => Ok(Needs::Role(*role)),
            Some(None) => Ok(Needs::Nothing),
            // The router answers that the path does not take this method.
            None if self.paths.contains(path.as_str()) => Ok(Needs::Authentication),
            None => {
                tracing::error!("{} is not in the table of routes and roles", path.as_str());
                let text = "this path is not in the table of routes and roles".to_owned();
                Err(refused(ApiError::Internal(text)))
            }
        }
    }

    fn of_network(&self, address: IpAddr, headers: &HeaderMap) -> Result<Caller, Box<Response>> {
        if headers.contains_key(ACTING_AS) {
            let text = format!("`{ACTING_AS}` is for the control socket; the name of the token is recorded here");
            return Err(refused(ApiError::Forbidden(text)));
        }
        let Some(token) = presented(headers) else {
            // A page in a browser on this machine is no caller that anyone meant.
            if headers.contains_key(AUTHORIZATION) || self.anonymous.is_empty() || headers.contains_key(ORIGIN) {
                // No guess, so it does not count as one.
                self.requests.note_unauthorized();
                return Err(challenge("no token: send `Authorization: Bearer TOKEN`"));
            }
            return Ok(anonymous(self.anonymous));
        };
        self.authenticated(address, &token)
    }

    /// Finds the caller who shows a token by its name and its text.
    ///
    /// # Errors
    /// The answer to one who does not.
    pub(crate) fn log_in(&self, origin: &Origin, name: &str, token: &str) -> Result<Caller, Box<Response>> {
        let address = match origin {
            Origin::Network(address) => *address,
            Origin::Socket(_) => IpAddr::from([127, 0, 0, 1]),
        };
        let caller = self.authenticated(address, token)?;
        if caller.agent.is_some() || caller.name.strip_prefix(Caller::TOKEN) != Some(name) {
            return Err(self.unauthorized(address, "the token has another name"));
        }
        Ok(caller)
    }

    fn authenticated(&self, address: IpAddr, token: &str) -> Result<Caller, Box<Response>> {
        let found = match &self.authenticate {
            Some(authenticate) => authenticate(token),
            None => Err(TokenRefusal::Unknown),
        };
        found.map_err(|refusal| match refusal {
            TokenRefusal::Unknown => self.unauthorized(address, "the token is not known, or was revoked"),
            TokenRefusal::Expired => self.unauthorized(address, "the token has expired; make a new one"),
            // It was a token of this host: that is no guess.
            TokenRefusal::Revoked => {
                self.requests.note_unauthorized();
                challenge("the credentials of this agent were revoked; enrol it again with a new token to go on")
            }
        })
    }

    fn unauthorized(&self, address: IpAddr, why: &str) -> Box<Response> {
        self.requests.note_unauthorized();
        if let Some(wait) = self.failed.note(address, Instant::now()) {
            let detail = "too many failed authentications from this address".to_owned();
            let mut response = problem(&Problem::new(429, "Too many requests", detail));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
            return Box::new(response);
        }
        tracing::warn!(%address, "authentication failed: {why}");
        challenge(why)
    }
}

/// Answers that a caller is not known, and how it can be.
fn challenge(why: &str) -> Box<Response> {
    let mut response = problem(&Problem::new(401, "Unauthorized", why.to_owned()));
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lifesigns\""));
    Box::new(response)
}

fn forbidden(caller: &Caller, role: Role) -> Box<Response> {
    if caller.name == ANONYMOUS {
        let needed = role.as_str();
        return challenge(&format!("this needs a token with the role {needed}: send `Authorization: Bearer TOKEN`"));
    }
    let text = format!("this needs the role {}; {} has {}", role.as_str(), caller.name, caller.roles);
    refused(ApiError::Forbidden(text))
}

fn refused(error: ApiError) -> Box<Response> {
    Box::new(ErrorResponse(error).into_response())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Any role at all.
    Authentication,
    Role(Role),
}

fn anonymous(roles: RoleSet) -> Caller {
    Caller::new(ANONYMOUS, roles)
}

fn of_socket(peer: &SocketPeer, headers: &HeaderMap) -> Result<Caller, ErrorResponse> {
    let peer = match headers.get(ACTING_AS) {
        None => peer.clone(),
        Some(name) => {
            let name = std::str::from_utf8(name.as_bytes());
            let name = name.map_err(|_| ApiError::Invalid(format!("`{ACTING_AS}` is not UTF-8")))?;
            peer.clone().acting_as(name)?
        }
    };
    Ok(Caller::new(peer.who, RoleSet::default().with(Role::Admin)))
}

/// Stands in front of every route.
pub(crate) async fn guard(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Response {
    let id = access.ids.of(request.headers());
    let (method, begun) = (request.method().clone(), Instant::now());
    let is_call = grpc::is_call(request.headers());
    // Also of what the subset does not have.
    let is_suite = access.has_suite_api && vmware_error::is_suite_path(request.uri().path());
    let path = request.extensions().get::<MatchedPath>().map_or("(unknown)", MatchedPath::as_str).to_owned();
    let (mut response, name) = match access.admit(&request) {
        Ok(caller) => {
            let name = caller.name.clone();
            if let Some(Origin::Network(address)) = request.extensions().get::<Origin>() {
                let address = SenderAddress(*address);
                request.extensions_mut().insert(address);
            }
            request.extensions_mut().insert(caller);
            (next.run(request).await, name)
        }
        Err(refusal) => (*refusal, "(refused)".to_owned()),
    };
    access.requests.note(response.status());
    let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
    if status == 500 {
        tracing::error!(%id, %method, path, caller = name, ms, "a request failed");
    } else {
        tracing::debug!(%id, %method, path, caller = name, status, ms, "request");
    }
    if let Some(mut said) = response.extensions_mut().remove::<Problem>() {
        said.request_id = Some(id.clone());
        *response.body_mut() = Body::from(serde_json::to_vec(&said).unwrap_or_default());
        response.headers_mut().remove(CONTENT_LENGTH);
        if is_call {
            response = grpc::refusal(&said);
        } else if is_suite {
            vmware_error::refuse(&mut response, &said);
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    response
}

/// Ids of requests: the client's own, or a number behind what this process has drawn.
#[derive(Debug)]
struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self { process: RandomState::new().hash_one(0), next: AtomicU64::new(1) }
    }
}

impl RequestIds {
    fn of(&self, headers: &HeaderMap) -> String {
        match headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_plain) {
            Some(id) => id.to_owned(),
            None => format!("{:08x}-{}", self.process as u32, self.next.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

fn is_plain(id: &&str) -> bool {
    (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}
