//! What can be asked of a host, and what it answers.

use std::path::PathBuf;

use lifesigns_api::{AuditRow, AuditVerification, HostStatus, UndeliveredNotice};
use lifesigns_compliance::{
    Alert, BadgePoint, CommandAction,
    query::{Query, QueryAnswer, SilenceDetails},
};
use serde::{Deserialize, Serialize};

use crate::rows::Rows;

/// A line that a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// In whose name; only root may say so.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// What.
    pub(crate) ask: Request,
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// How the host is. Answered with [`Reply::Status`].
    Status,
    /// A question about the book. Answered with [`Reply::Answer`].
    Query(Query),
    /// Something that a person does; who it is, the host knows from the socket. Answered with
    /// [`Reply::Silence`] where it made or changed one, else with [`Reply::Done`].
    Command(CommandAction),
    /// A question about what only the store remembers.
    Rows(Rows),
    /// Take notices that were given up, or that wait for their next attempt, to their receivers
    /// again. Answered with [`Reply::Done`].
    Resend {
        /// Numbers of the outbox; empty: all dead letters of `receiver`.
        ids: Vec<u64>,
        /// Only of this receiver.
        receiver: Option<String>,
    },
    /// Let go of notices that were given up, undelivered. Answered with [`Reply::Done`].
    DropDead {
        /// Numbers of the outbox; empty: all dead letters of `receiver`.
        ids: Vec<u64>,
        /// Only of this receiver.
        receiver: Option<String>,
    },
    /// Copy the store to a file that is not there yet, while the host runs. Answered with
    /// [`Reply::Done`].
    Backup {
        /// Absolute, as the host sees it; written by the host's user.
        path: PathBuf,
    },
}

/// A line that the host answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// What was asked for.
    Ok(Reply),
    /// Why not; a sentence for a person.
    Refused(String),
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Box<HostStatus>),
    /// To [`Request::Query`].
    Answer(Box<QueryAnswer>),
    /// It is done; what exactly, in a line for a person.
    Done(String),
    /// The silence that was made or changed, with what it matches now.
    Silence(Box<SilenceDetails>),
    /// To [`Rows::Alerts`].
    Alerts(Vec<Alert>),
    /// To [`Rows::Badges`], oldest first.
    Badges(Vec<BadgePoint>),
    /// To [`Rows::Audit`], oldest first.
    Audit(Vec<AuditRow>),
    /// To [`Rows::AuditVerify`].
    Verified(AuditVerification),
    /// To [`Rows::Outbox`], oldest first.
    Outbox(Vec<UndeliveredNotice>),
}
