//! Why a request was not answered, as a type, as an HTTP status and as a JSON body.

use lifesigns_compliance::RequestError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a request was not answered. The text is a sentence for a person; it may quote what comes from
/// outside, so it has to be made safe before it is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The object, alert, group, receiver, path or other thing that was asked for does not exist.
    #[error("{0}")]
    Unknown(String),
    /// It does not fit to how things are now: a prefix names several alerts, an alert is not
    /// acknowledged. Another request, or the same one later, may succeed.
    #[error("{0}")]
    Conflict(String),
    /// The request makes no sense whatever the host's state is.
    #[error("{0}")]
    Invalid(String),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The request is longer than the host reads.
    #[error("{0}")]
    TooLarge(String),
    /// The host cannot answer now: it is stopping, its store takes no writes, or none is running.
    #[error("{0}")]
    Unavailable(String),
    /// The host failed; its log says more.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unknown(_) => 404,
            Self::Conflict(_) => 409,
            Self::Invalid(_) => 400,
            Self::Forbidden(_) => 403,
            Self::TooLarge(_) => 413,
            Self::Unavailable(_) => 503,
            Self::Internal(_) => 500,
        }
    }

    /// A short title of the kind of error, the same for each error of this kind.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "Not found",
            Self::Conflict(_) => "Conflict",
            Self::Invalid(_) => "Invalid request",
            Self::Forbidden(_) => "Forbidden",
            Self::TooLarge(_) => "Request too large",
            Self::Unavailable(_) => "Unavailable",
            Self::Internal(_) => "Internal error",
        }
    }

    /// The sentence for a person.
    pub fn detail(&self) -> &str {
        match self {
            Self::Unknown(text)
            | Self::Conflict(text)
            | Self::Invalid(text)
            | Self::Forbidden(text)
            | Self::TooLarge(text)
            | Self::Unavailable(text)
            | Self::Internal(text) => text,
        }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let text = error.to_string();
        match error {
            RequestError::Unknown { .. } | RequestError::Unmatched { .. } => Self::Unknown(text),
            RequestError::Ambiguous { .. } | RequestError::Conflict(_) => Self::Conflict(text),
            RequestError::Invalid(_) => Self::Invalid(text),
        }
    }
}

/// An error as a JSON body, with the members of RFC 9457 that say something here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The kind of error, in a few words.
    pub title: String,
    /// What is wrong with this request, in a sentence for a person.
    pub detail: String,
    /// The id of the request, which the host's log has too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// Makes the body of an error.
    pub fn new(status: u16, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status, title: title.into(), detail: detail.into(), request_id: None }
    }
}

impl From<&ApiError> for Problem {
    fn from(error: &ApiError) -> Self {
        Self::new(error.status(), error.title(), error.detail())
    }
}

impl From<Problem> for ApiError {
    /// The error with this status. One that this version does not know is the caller's fault below
    /// 500, else the host's.
    fn from(problem: Problem) -> Self {
        let text = problem.detail;
        match problem.status {
            404 => Self::Unknown(text),
            409 => Self::Conflict(text),
            401 | 403 => Self::Forbidden(text),
            413 => Self::TooLarge(text),
            429 | 503 => Self::Unavailable(text),
            0..500 => Self::Invalid(text),
            _ => Self::Internal(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_way_over_the_wire() {
        let make: [fn(String) -> ApiError; 7] = [
            ApiError::Unknown,
            ApiError::Conflict,
            ApiError::Invalid,
            ApiError::Forbidden,
            ApiError::TooLarge,
            ApiError::Unavailable,
            ApiError::Internal,
        ];
        for make in make {
            let error = make("there is no alert \"7\"".to_owned());
            let body = serde_json::to_vec(&Problem::from(&error)).expect("plain data");
            let problem: Problem = serde_json::from_slice(&body).expect("what was written");
            assert_eq!(ApiError::from(problem), error);
        }
    }

    #[test]
    fn statuses_of_other_versions_are_somebodys_fault() {
        let problem = |status| Problem::new(status, "", "");
        assert_eq!(ApiError::from(problem(418)).status(), 400);
        assert_eq!(ApiError::from(problem(599)).status(), 500);
    }

    #[test]
    fn refusals_of_the_book_have_a_status() {
        let unknown = RequestError::Unknown { what: "alert".into(), id: "7".into() };
        let ambiguous = RequestError::Ambiguous { id: "7".into(), candidates: vec!["71".into(), "72".into()] };
        assert_eq!(ApiError::from(unknown), ApiError::Unknown("there is no alert \"7\"".to_owned()));
        assert_eq!(ApiError::from(ambiguous).status(), 409);
        assert_eq!(ApiError::from(RequestError::Invalid("no".into())).status(), 400);
    }
}
