//! A service that says what it was asked, served over a real socket.
#![allow(dead_code, clippy::unwrap_used)]

use std::{
    fmt::Write as _,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lifesigns_api::{
    ActOutcome, AlertHistoryQuery, ApiError, AuditMark, AuditReport, AuditTrailQuery, AuditTrailRow, BadgeHistoryQuery,
    ConfigMistake, CreatedToken, EventPage, EventQuery, HostStatus, NewToken, NoticeSelection, OutboxFilter,
    RuleChange, RuleDiff, RuleVersion, Service, ServiceFactory, TapPage, TapQuery, TokenInfo, UndeliveredNotice,
};
use lifesigns_compliance::{
    Alert, BadgePoint, CommandAction,
    query::{AnswerPage, Query, QueryAnswer},
};
use lifesigns_gateway::{ApiSocket, Gateway, GatewayLimits};

/// Answers a status, findings that repeat the question, and acts with who does what.
pub(crate) struct Echo(String);

impl Service for Echo {
    fn status(&self) -> Result<HostStatus, ApiError> {
        Ok(HostStatus { pid: 7, ..HostStatus::default() })
    }

    fn rule_diff(&self, rule: &str) -> Result<RuleDiff, ApiError> {
        Err(ApiError::Unavailable(format!("{rule:?}")))
    }

    fn rule_history(&self, rule: &str) -> Result<Vec<RuleVersion>, ApiError> {
        Ok(vec![RuleVersion { who: rule.to_owned(), ..RuleVersion::default() }])
    }

    fn change_rule(&self, rule: &str, change: &RuleChange) -> Result<String, ApiError> {
        Ok(format!("{}: {rule:?} {}", self.0, change.as_str()))
    }

    fn tap_rule(&self, _: &str, query: &TapQuery) -> Result<TapPage, ApiError> {
        Ok(TapPage { next: query.from, ..TapPage::default() })
    }

    fn reload(&self) -> Result<String, ApiError> {
        Ok(format!("{}: reload", self.0))
    }

    fn validate_config(&self, text: &str) -> Result<Vec<ConfigMistake>, ApiError> {
        Ok(vec![ConfigMistake { message: text.to_owned(), ..ConfigMistake::default() }])
    }

    fn page(&self, query: &Query) -> Result<AnswerPage, ApiError> {
        match query {
            Query::Alert(id) if id == "unknown" => Err(ApiError::Unknown("there is no alert".to_owned())),
            Query::Alert(id) if id == "several" => Err(ApiError::Conflict("it names several".to_owned())),
            Query::Alert(id) if id == "panic" => panic!("this panic is part of a test"),
            _ => {
                let answer = QueryAnswer::Findings(vec![format!("{query:?}")]);
                Ok(AnswerPage { answer, next: None })
            }
        }
    }

    fn find_events(&self, query: &EventQuery) -> Result<EventPage, ApiError> {
        Err(ApiError::Unavailable(format!("{query:?}")))
    }

    fn past_alerts(&self, which: &AlertHistoryQuery) -> Result<Vec<Alert>, ApiError> {
        Err(ApiError::Unavailable(format!("{which:?}")))
    }

    fn past_badges(&self, which: &BadgeHistoryQuery) -> Result<Vec<BadgePoint>, ApiError> {
        Err(ApiError::Unavailable(format!("{which:?}")))
    }

    fn audit(&self, which: &AuditTrailQuery) -> Result<Vec<AuditTrailRow>, ApiError> {
        Err(ApiError::Unavailable(format!("{which:?}")))
    }

    fn verify_audit(&self, known: Option<&AuditMark>) -> Result<AuditReport, ApiError> {
        Ok(AuditReport { entries: known.map_or(0, |mark| mark.number), ..AuditReport::default() })
    }

    fn outbox(&self, which: &OutboxFilter) -> Result<Vec<UndeliveredNotice>, ApiError> {
        Err(ApiError::Unavailable(format!("{which:?}")))
    }

    fn act(&self, act: CommandAction) -> Result<ActOutcome, ApiError> {
        Ok(ActOutcome::Done(format!("{}: {act:?}", self.0)))
    }

    fn resend(&self, which: &NoticeSelection) -> Result<String, ApiError> {
        Ok(format!("{}: {which:?}", self.0))
    }

    fn drop_dead(&self, which: &NoticeSelection) -> Result<String, ApiError> {
        Ok(format!("{}: {which:?}", self.0))
    }

    fn tokens(&self) -> Result<Vec<TokenInfo>, ApiError> {
        Ok(Vec::new())
    }

    fn add_token(&self, new: &NewToken) -> Result<CreatedToken, ApiError> {
        Err(ApiError::Unavailable(format!("{}: {new:?}", self.0)))
    }

    fn revoke_token(&self, name: &str) -> Result<String, ApiError> {
        Ok(format!("{}: {name}", self.0))
    }

    fn backup(&self, to: &Path) -> Result<String, ApiError> {
        Ok("x".repeat(to.to_str().unwrap().parse().unwrap_or(0)))
    }
}

/// A service for every caller.
pub(crate) fn services() -> ServiceFactory {
    Arc::new(|who| Box::new(Echo(who.to_owned())))
}

/// A gateway at a socket in a folder of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifesigns.sock");
        Self { folder, path }
    }

    pub(crate) fn serve(&self) -> Gateway {
        self.serve_with(GatewayLimits::default())
    }

    pub(crate) fn serve_with(&self, limits: GatewayLimits) -> Gateway {
        ApiSocket::bind(&self.path).unwrap().serve(services(), limits).unwrap()
    }

    /// What the server says to these bytes before it closes.
    pub(crate) fn said(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // The server may close before it has taken all of it.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8(said).unwrap()
    }

    /// Sends a request as `curl --unix-socket` does.
    pub(crate) fn curl(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for header in headers {
            let _ = write!(request, "{header}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(request, "Content-Length: {}\r\n", body.len());
        }
        let _ = write!(request, "\r\n{body}");
        self.said(request.as_bytes())
    }
}

/// The status and the body of an answer.
pub(crate) fn parts(answer: &str) -> (u16, &str) {
    let status = answer.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{answer:?}"));
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status[..3].parse().unwrap(), body)
}
