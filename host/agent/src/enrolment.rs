//! Enrolment at a host: asked until there is an answer, always with the same credentials for the same token.

use ureq::http::StatusCode;

use crate::{
    client::{Answer, Client},
    credentials::{Credentials, EnrolmentRequest},
};

/// What the type of a body is.
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum EnrolmentOutcome {
    /// There is nothing to do, or nothing to do it with.
    Unchanged,
    /// The host knows the agent now.
    Enrolled,
}

/// Why an agent is to be enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnrolmentNeed {
    /// It begins, and may have no credentials.
    Begins,
    /// The host refused those that it has.
    Refused,
}

/// Enrols an agent that needs it. `path` is where it reports, and `report` what.
///
/// # Errors
/// Why the host does not enrol it; it can be tried again.
pub(crate) fn ensure(
    client: &Client,
    path: &str,
    report: &[u8],
    need: EnrolmentNeed,
) -> Result<EnrolmentOutcome, String> {
    let Some(credentials) = client.credentials() else { return Ok(EnrolmentOutcome::Unchanged) };
    let token = match (need, client.enrol_token()) {
        (EnrolmentNeed::Begins, _) if credentials.token().is_some() => return Ok(EnrolmentOutcome::Unchanged),
        // The file may be gone once it was used; why the host refused is what matters then.
        (_, Ok(None)) | (EnrolmentNeed::Refused, Err(_)) => return Ok(EnrolmentOutcome::Unchanged),
        (_, Ok(Some(token))) => token,
        (EnrolmentNeed::Begins, Err(why)) => return Err(why),
    };
    let drawn = credentials.enrol(token).map_err(|error| format!("credentials cannot be written: {error}"))?;
    let Some(request) = drawn else { return Ok(EnrolmentOutcome::Unchanged) };
    let body = serde_json::to_vec(&request.credentials).map_err(|error| error.to_string())?;
    let answer = client.post_as(Some(&request.token), &format!("{path}/enrol"), &[JSON], &body)?;
    if !answer.status.is_success() && !is_known(client, credentials, &request, &answer, (path, report)) {
        return Err(format!("the host does not enrol this agent: {}", answer.why()));
    }
    if let Err(error) = credentials.confirm() {
        tracing::warn!("that the agent is enrolled cannot be written, and is asked again at the next start: {error}");
    }
    tracing::info!("the agent is enrolled, with credentials of its own");
    Ok(EnrolmentOutcome::Enrolled)
}

/// Whether the host knows the credentials although it refuses the token: its answer to an earlier attempt was lost, and
/// the token has expired since.
fn is_known(
    client: &Client,
    credentials: &Credentials,
    request: &EnrolmentRequest,
    answer: &Answer,
    (path, report): (&str, &[u8]),
) -> bool {
    if !request.is_repeated || answer.status != StatusCode::UNAUTHORIZED {
        return false;
    }
    let token = credentials.drawn_token();
    client.post_as(token.as_deref(), path, &[JSON], report).is_ok_and(|answer| answer.status.is_success())
}
