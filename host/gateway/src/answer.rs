//! From a request to the service and back: who asks, what is read of the request, and what is
//! answered, errors included.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use lifesigns_api::{ActOutcome, ApiError, Caller, Problem, Service, ServiceFactory};
use lifesigns_compliance::{CommandAction, query::Query};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    body::parameters,
    counts::Requests,
    paths::{JSON, PROBLEM_JSON},
    stream::{self, Beginning, PieceWriter},
    streams::Streams,
};

/// How long a request waits while as many as are allowed are worked on.
const TURN: Duration = Duration::from_secs(5);
/// The longest body that is a text: a configuration.
const TEXT_BYTES: usize = 1 << 20;
/// When a client should try again that was not served.
const LATER_S: u64 = 1;

/// What all requests of one way in share.
#[derive(Clone)]
pub(crate) struct RouterState {
    pub(crate) services: ServiceFactory,
    /// A permit for each request that is worked on.
    pub(crate) working: Arc<Semaphore>,
    /// A permit for each probe.
    pub(crate) probing: Arc<Semaphore>,
    pub(crate) requests: Arc<Requests>,
    /// The API described, as it is sent.
    pub(crate) described: Bytes,
    /// Streams of changes, if the host has any.
    pub(crate) streams: Option<Arc<Streams>>,
    /// The longest body.
    pub(crate) body_bytes: usize,
    /// Modules that may be on their way at one time.
    pub(crate) uploads: Arc<Semaphore>,
    /// A body has to be whole within this time.
    pub(crate) read_deadline: Duration,
}

/// An error as it is answered.
pub(crate) struct ErrorResponse(pub(crate) ApiError);

impl From<ApiError> for ErrorResponse {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        problem(&Problem::from(&self.0))
    }
}

/// The API, described.
pub(crate) async fn described(State(shared): State<Arc<RouterState>>) -> Response {
    with_type(StatusCode::OK, JSON, Body::from(shared.described.clone()))
}

/// An error with a status that is a matter of HTTP alone. The problem is an extension of the response, so that it
/// can be given the id of the request.
pub(crate) fn problem(problem: &Problem) -> Response {
    let body = Body::from(serde_json::to_vec(problem).unwrap_or_default());
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with_type(status, PROBLEM_JSON, body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(LATER_S));
    }
    response.extensions_mut().insert(problem.clone());
    response
}

fn with_type(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn failed(why: impl std::fmt::Display) -> ApiError {
    tracing::error!("answering a request failed: {why}");
    ApiError::Internal("the host failed to answer that; its log says more".to_owned())
}

/// The service as the caller of a request sees it.
pub(crate) struct Session {
    service: Box<dyn Service>,
    turn: OwnedSemaphorePermit,
}

impl FromRequestParts<Arc<RouterState>> for Session {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<RouterState>) -> Result<Self, ErrorResponse> {
        match parts.extensions.get::<Caller>() {
            Some(caller) => Self::of(caller, shared).await,
            None => Err(ErrorResponse(ApiError::Internal("the caller is not known".to_owned()))),
        }
    }
}

impl Session {
    /// Returns the service as `caller` sees it, once it is its turn.
    pub(crate) async fn of(caller: &Caller, shared: &RouterState) -> Result<Self, ErrorResponse> {
        let service = (shared.services)(&caller.name);
        let Ok(Ok(turn)) = tokio::time::timeout(TURN, Arc::clone(&shared.working).acquire_owned()).await else {
            let text = "the host answers as many requests as it may already; try again in a moment".to_owned();
            return Err(ErrorResponse(ApiError::Unavailable(text)));
        };
        Ok(Self { service, turn })
    }

    /// Asks on a thread where waiting is allowed, and writes the answer there while the client reads it. A panic
    /// costs this request only.
    pub(crate) async fn run<T: Serialize>(
        self,
        ask: impl FnOnce(&dyn Service) -> Result<T, ApiError> + Send + 'static,
    ) -> Response {
        self.send(JSON, move |service, begin| {
            let answer = ask(service)?;
            match stream::write(&answer, begin) {
                // The client has gone.
                Err(error) if error.is_io() => Ok(()),
                Err(error) => Err(failed(error)),
                Ok(()) => Ok(()),
            }
        })
        .await
    }

    /// Asks as [`Self::run`] does, for an answer that `write` writes.
    pub(crate) async fn written<T: 'static>(
        self,
        media_type: &'static str,
        ask: impl FnOnce(&dyn Service) -> Result<T, ApiError> + Send + 'static,
        write: impl FnOnce(&T, &mut PieceWriter) -> io::Result<()> + Send + 'static,
    ) -> Response {
        self.send(media_type, move |service, begin| {
            let answer = ask(service)?;
            // A client that has gone is the usual reason; a body that has begun breaks off.
            if let Err(error) = stream::write_text(|out| write(&answer, out), begin) {
                tracing::debug!("an answer was not written to its end: {error}");
            }
            Ok(())
        })
        .await
    }

    async fn send(
        self,
        media_type: &'static str,
        answer: impl FnOnce(&dyn Service, oneshot::Sender<Beginning>) -> Result<(), ApiError> + Send + 'static,
    ) -> Response {
        let (begin, begun) = oneshot::channel();
        let Self { service, turn } = self;
        let work = tokio::task::spawn_blocking(move || {
            // Until the client has taken all of it.
            let _turn = turn;
            answer(&*service, begin)
        });
        match begun.await {
            Ok(Beginning::Whole(body)) => return with_type(StatusCode::OK, media_type, Body::from(body)),
            Ok(Beginning::Stream(body)) => return with_type(StatusCode::OK, media_type, Body::new(body)),
            // It ended before it began to write.
            Err(_) => {}
        }
        match work.await {
            Ok(Err(error)) => ErrorResponse(error).into_response(),
            Ok(Ok(())) => ErrorResponse(failed("nothing was written")).into_response(),
            Err(error) => ErrorResponse(failed(error)).into_response(),
        }
    }

    /// Asks on a thread where waiting is allowed, for an answer that is no JSON.
    pub(crate) async fn asked<T: Send + 'static>(
        self,
        ask: impl FnOnce(&dyn Service) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ErrorResponse> {
        let Self { service, turn } = self;
        let answer = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            ask(&*service)
        });
        match answer.await {
            Ok(answer) => Ok(answer?),
            Err(error) => Err(ErrorResponse(failed(error))),
        }
    }

    /// Answers with an object of one member.
    pub(crate) async fn member<T: Serialize + 'static>(
        self,
        name: &'static str,
        ask: impl FnOnce(&dyn Service) -> Result<T, ApiError> + Send + 'static,
    ) -> Response {
        self.run(move |service| Ok(BTreeMap::from([(name, ask(service)?)]))).await
    }

    /// Answers with a list, and with where it goes on if `limit` cut it short. `ask` is given the limit to ask with.
    pub(crate) async fn listed<T: Serialize + 'static>(
        self,
        name: &'static str,
        limit: usize,
        order: ListOrder<T>,
        ask: impl FnOnce(&dyn Service, usize) -> Result<Vec<T>, ApiError> + Send + 'static,
    ) -> Response {
        self.run(move |service| {
            // One more says whether there are more.
            let mut rows = ask(service, if limit == 0 { 0 } else { limit.saturating_add(1) })?;
            let mut next = None;
            if limit > 0 && rows.len() > limit {
                next = match order {
                    ListOrder::Onward(cursor) => {
                        rows.truncate(limit);
                        rows.last().map(cursor)
                    }
                    ListOrder::Backward(cursor) => {
                        rows.drain(..rows.len() - limit);
                        rows.first().map(cursor)
                    }
                };
            }
            let mut answer = BTreeMap::from([(name, ListPart::Rows(rows))]);
            answer.extend(next.map(|next| ("next", ListPart::Next(next))));
            Ok(answer)
        })
        .await
    }

    /// Makes something, and answers with 201 and an object of one member.
    pub(crate) async fn made<T: Serialize + 'static>(
        self,
        name: &'static str,
        make: impl FnOnce(&dyn Service) -> Result<T, ApiError> + Send + 'static,
    ) -> Response {
        created(self.member(name, make).await)
    }

    /// Asks the book.
    pub(crate) async fn query(self, query: Query) -> Response {
        self.run(move |service| service.page(&query)).await
    }

    /// Acts; a silence that was made is answered with 201.
    pub(crate) async fn act(self, act: CommandAction) -> Response {
        let makes = matches!(act, CommandAction::Silence { .. });
        let made = self.run(move |service| service.act(act)).await;
        if makes { created(made) } else { made }
    }

    /// Does something that is answered with a line for a person.
    pub(crate) async fn done(
        self,
        act: impl FnOnce(&dyn Service) -> Result<String, ApiError> + Send + 'static,
    ) -> Response {
        self.run(move |service| act(service).map(ActOutcome::Done)).await
    }
}

/// Which way the pages of a list go, and the cursor behind a row.
pub(crate) enum ListOrder<T> {
    /// The next page has what comes after the last row.
    Onward(fn(&T) -> String),
    /// The next page has what comes before the first row.
    Backward(fn(&T) -> String),
}

/// A member of an answer with a list.
#[derive(Serialize)]
#[serde(untagged)]
enum ListPart<T> {
    Rows(Vec<T>),
    Next(String),
}

/// The answer to what makes something.
fn created(mut response: Response) -> Response {
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// The parameters of a request; see [`parameters`].
pub(crate) struct Params<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Params<T>
where
    S: Sync,
    T: Default + Serialize + DeserializeOwned,
{
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorResponse> {
        Ok(Self(parameters(parts.uri.query().unwrap_or_default())?))
    }
}

/// What a path names.
pub(crate) struct PathParam<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for PathParam<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(names)) => Ok(Self(names)),
            Err(error) => {
                Err(ErrorResponse(ApiError::Invalid(format!("the path cannot be read: {}", error.body_text()))))
            }
        }
    }
}

/// The body of a request as JSON, within its bounds. Its media type is not looked at.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<RouterState>> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<RouterState>) -> Result<Self, Response> {
        let bytes = whole(request, shared, shared.body_bytes).await?;
        // A list would be read as the members in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(misunderstood("it is no JSON object"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(misunderstood)
    }
}

fn misunderstood(why: impl std::fmt::Display) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("this host (lifesigns {version}) does not understand the body: {why}");
    ErrorResponse(ApiError::Invalid(text)).into_response()
}

/// The body of a request as text, within its bounds.
pub(crate) struct Text(pub(crate) String);

impl FromRequest<Arc<RouterState>> for Text {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<RouterState>) -> Result<Self, Response> {
        let bytes = whole(request, shared, TEXT_BYTES).await?;
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|_| ErrorResponse(ApiError::Invalid("the body is not UTF-8".to_owned())).into_response())
    }
}

/// Returns the whole body of a request.
async fn whole(request: Request, shared: &RouterState, most_bytes: usize) -> Result<Bytes, Response> {
    // One that is announced to be too long is not waited for.
    if request.body().size_hint().lower() > most_bytes as u64 {
        return Err(too_large(most_bytes).into_response());
    }
    let limited = Limited::new(request.into_body(), most_bytes);
    let Ok(read) = tokio::time::timeout(shared.read_deadline, limited.collect()).await else {
        let detail = format!("no whole request within {} ms", shared.read_deadline.as_millis());
        return Err(problem(&Problem::new(408, "Request timeout", detail)));
    };
    Ok(read.map_err(|error| unread(&*error, most_bytes).into_response())?.to_bytes())
}

fn unread(error: &(dyn std::error::Error + 'static), body_bytes: usize) -> ErrorResponse {
    if error.is::<LengthLimitError>() {
        return too_large(body_bytes);
    }
    ErrorResponse(ApiError::Invalid(format!("the body cannot be read: {error}")))
}

fn too_large(body_bytes: usize) -> ErrorResponse {
    ErrorResponse(ApiError::TooLarge(format!("a request has at most {body_bytes} bytes")))
}
