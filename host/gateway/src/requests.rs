//! What the client sends for each request, and how it reads the answer.

use std::{collections::BTreeMap, path::Path};

use hyper::Method;
use lifesigns_api::{
    ActOutcome, AgentCredentials, AgentList, AlertExplanation, AlertHistoryQuery, ApiError, AuditMark, AuditReport,
    AuditTrailQuery, AuditTrailRow, BadgeHistoryQuery, ConfigMistake, CreatedToken, EventPage, EventQuery,
    ExplainedCall, HostStatus, LineExplanation, LineQuestion, NewToken, NoticeSelection, OutboxFilter, RuleChange,
    RuleDiff, RuleSymptom, RuleVersion, Service, TapPage, TapQuery, TokenInfo, UndeliveredNotice,
};
use lifesigns_compliance::{
    Alert, BadgeOwner, BadgePoint, CommandAction,
    query::{AnswerPage, Query, QueryAnswer},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    body::{
        AlertIds, AlertsOwner, AlertsReason, BackupTo, DecisionParams, HistoryParams, LimitParams, MarkParams,
        MatcherList, NewSilence, NoteText, Reason, SilencePatch,
    },
    client::{HostClient, Outgoing},
    paths::path,
    rule_routes::ChangeBody,
};

impl HostClient {
    fn get<T: DeserializeOwned>(&self, target: String) -> Result<T, ApiError> {
        self.exchange(Method::GET, target, Vec::new())
    }

    fn exchange<T: DeserializeOwned>(&self, method: Method, target: String, body: Vec<u8>) -> Result<T, ApiError> {
        let body = self.send(Outgoing { method, target, body })?;
        serde_json::from_slice(&body).map_err(garbled)
    }

    /// The one member that the answer has.
    fn member<T: DeserializeOwned>(&self, name: &str, target: String) -> Result<T, ApiError> {
        let mut answer: BTreeMap<String, T> = self.get(target)?;
        answer.remove(name).ok_or_else(|| garbled(format_args!("`{name}` is missing")))
    }

    /// The rows of a list, of which a limit may have cut off the rest.
    fn rows<T: DeserializeOwned>(&self, target: String) -> Result<Vec<T>, ApiError> {
        let page: ListPage<T> = self.get(target)?;
        Ok(page.rows)
    }

    fn done(&self, segments: &[&str], body: &impl Serialize) -> Result<String, ApiError> {
        match self.exchange(Method::POST, path(segments), json(body)?)? {
            ActOutcome::Done(text) => Ok(text),
            ActOutcome::Silence(_) => Err(garbled("it is about a silence")),
        }
    }

    fn deleted(&self, target: String) -> Result<String, ApiError> {
        match self.exchange(Method::DELETE, target, Vec::new())? {
            ActOutcome::Done(text) => Ok(text),
            ActOutcome::Silence(_) => Err(garbled("it is about a silence")),
        }
    }
}

impl Service for HostClient {
    fn status(&self) -> Result<HostStatus, ApiError> {
        self.member("status", path(&["status"]))
    }

    fn rule_diff(&self, rule: &str) -> Result<RuleDiff, ApiError> {
        self.member("diff", path(&["rules", named(rule)?, "diff"]))
    }

    fn rule_history(&self, rule: &str) -> Result<Vec<RuleVersion>, ApiError> {
        self.member("versions", path(&["rules", named(rule)?, "history"]))
    }

    fn symptoms(&self) -> Result<Vec<RuleSymptom>, ApiError> {
        self.member("symptoms", path(&["symptoms"]))
    }

    fn change_rule(&self, rule: &str, change: &RuleChange) -> Result<String, ApiError> {
        self.done(&["rules", named(rule)?, change.as_str()], &ChangeBody::of(change))
    }

    fn tap_rule(&self, rule: &str, query: &TapQuery) -> Result<TapPage, ApiError> {
        self.member("tap", with(path(&["rules", named(rule)?, "tap"]), query)?)
    }

    fn reload(&self) -> Result<String, ApiError> {
        self.done(&["reload"], &ChangeBody::default())
    }

    fn validate_config(&self, text: &str) -> Result<Vec<ConfigMistake>, ApiError> {
        let target = path(&["config", "validate"]);
        let mut answer: BTreeMap<String, _> = self.exchange(Method::POST, target, text.as_bytes().to_vec())?;
        answer.remove("mistakes").ok_or_else(|| garbled("`mistakes` is missing"))
    }

    fn page(&self, query: &Query) -> Result<AnswerPage, ApiError> {
        if is_whole(query) {
            return Ok(AnswerPage { answer: self.query(query)?, next: None });
        }
        self.get(target(query)?)
    }

    fn query(&self, query: &Query) -> Result<QueryAnswer, ApiError> {
        if !is_whole(query) {
            return Ok(self.page(query)?.answer);
        }
        if let Query::Preview(matchers) = query {
            let body = json(&MatcherList { matchers: matchers.clone() })?;
            return self.exchange(Method::POST, path(&["matches"]), body);
        }
        self.get(target(query)?)
    }

    fn find_events(&self, query: &EventQuery) -> Result<EventPage, ApiError> {
        let mut answer: BTreeMap<String, _> = self.exchange(Method::POST, path(&["query"]), json(query)?)?;
        answer.remove("found").ok_or_else(|| garbled("`found` is missing"))
    }

    fn explain_alert(&self, alert: &str) -> Result<AlertExplanation, ApiError> {
        self.member("explanation", path(&["alerts", named(alert)?, "explanation"]))
    }

    fn explain_failures(&self, rule: &str) -> Result<Vec<ExplainedCall>, ApiError> {
        self.member("failures", path(&["rules", named(rule)?, "failures"]))
    }

    fn explain_line(&self, question: &LineQuestion) -> Result<LineExplanation, ApiError> {
        let mut answer: BTreeMap<String, _> = self.exchange(Method::POST, path(&["explain"]), json(question)?)?;
        answer.remove("explained").ok_or_else(|| garbled("`explained` is missing"))
    }

    fn past_alerts(&self, which: &AlertHistoryQuery) -> Result<Vec<Alert>, ApiError> {
        self.rows(with(path(&["history", "alerts"]), which)?)
    }

    fn past_badges(&self, which: &BadgeHistoryQuery) -> Result<Vec<BadgePoint>, ApiError> {
        let kind = match which.of {
            BadgeOwner::Object => "objects",
            BadgeOwner::Group => "groups",
        };
        let params = HistoryParams { since_ns: which.since_ns, limit: which.limit };
        self.member("badges", with(path(&[kind, &which.name, "badges"]), &params)?)
    }

    fn audit(&self, which: &AuditTrailQuery) -> Result<Vec<AuditTrailRow>, ApiError> {
        self.rows(with(path(&["audit"]), which)?)
    }

    fn verify_audit(&self, known: Option<&AuditMark>) -> Result<AuditReport, ApiError> {
        let params = MarkParams { number: known.map(|mark| mark.number), hash: known.map(|mark| mark.hash.clone()) };
        self.member("verified", with(path(&["audit", "verify"]), &params)?)
    }

    fn outbox(&self, which: &OutboxFilter) -> Result<Vec<UndeliveredNotice>, ApiError> {
        self.rows(with(path(&["outbox"]), which)?)
    }

    fn act(&self, act: CommandAction) -> Result<ActOutcome, ApiError> {
        let Outgoing { method, target, body } = outgoing(act)?;
        self.exchange(method, target, body)
    }

    fn resend(&self, which: &NoticeSelection) -> Result<String, ApiError> {
        self.done(&["outbox", "resend"], which)
    }

    fn drop_dead(&self, which: &NoticeSelection) -> Result<String, ApiError> {
        self.done(&["outbox", "drop"], which)
    }

    fn backup(&self, to: &Path) -> Result<String, ApiError> {
        self.done(&["backup"], &BackupTo { path: to.to_owned() })
    }

    fn tokens(&self) -> Result<Vec<TokenInfo>, ApiError> {
        self.member("tokens", path(&["tokens"]))
    }

    fn add_token(&self, new: &NewToken) -> Result<CreatedToken, ApiError> {
        let mut answer: BTreeMap<String, CreatedToken> = self.exchange(Method::POST, path(&["tokens"]), json(new)?)?;
        answer.remove("token").ok_or_else(|| garbled("`token` is missing"))
    }

    fn revoke_token(&self, name: &str) -> Result<String, ApiError> {
        self.deleted(path(&["tokens", named(name)?]))
    }

    fn enrol_agent(&self, name: &str, credentials: &AgentCredentials) -> Result<String, ApiError> {
        self.done(&["agents", named(name)?, "enrol"], credentials)
    }

    fn revoke_agent(&self, name: &str) -> Result<String, ApiError> {
        self.deleted(path(&["agents", named(name)?, "credentials"]))
    }

    fn agents(&self) -> Result<AgentList, ApiError> {
        self.get(path(&["agents"]))
    }
}

/// The answer to a question for a list. What else it has is not asked for.
#[derive(Deserialize)]
struct ListPage<T> {
    #[serde(alias = "alerts", alias = "audit", alias = "outbox")]
    rows: Vec<T>,
}

/// Returns whether the answer is never cut short: it has one member, and is read as it comes.
fn is_whole(query: &Query) -> bool {
    match query {
        Query::Alerts(filter) => filter.limit == 0,
        Query::Objects(filter) => filter.limit == 0,
        _ => true,
    }
}

/// Where a question is asked.
fn target(query: &Query) -> Result<String, ApiError> {
    Ok(match query {
        Query::Alerts(filter) => with(path(&["alerts"]), filter)?,
        Query::Alert(id) => path(&["alerts", named(id)?]),
        Query::Matches(filter) => with(path(&["matches"]), filter)?,
        Query::Pending(filter) => with(path(&["pending"]), filter)?,
        Query::Route(id) => path(&["alerts", named(id)?, "route"]),
        Query::Policies => path(&["policies"]),
        Query::Definitions => path(&["definitions"]),
        Query::Silences => path(&["silences"]),
        Query::Silence(id) => path(&["silences", named(id)?]),
        Query::Preview(_) => path(&["matches"]),
        Query::Objects(filter) => with(path(&["objects"]), filter)?,
        Query::Object(id) => path(&["objects", named(id)?]),
        Query::Groups => path(&["groups"]),
        Query::Group(name) => path(&["groups", named(name)?]),
        Query::Badges { limit: 0 } => path(&["badges"]),
        Query::Badges { limit } => with(path(&["badges"]), &LimitParams { limit: *limit })?,
        Query::Why { object, alert } => {
            let params = DecisionParams { object: object.clone(), alert: alert.clone() };
            with(path(&["policies", "why"]), &params)?
        }
        Query::Findings => path(&["findings"]),
        Query::Report { group } => path(&["groups", named(group)?, "report"]),
    })
}

/// How an act is sent. Alerts go by the path for many, which takes one as well.
fn outgoing(act: CommandAction) -> Result<Outgoing, ApiError> {
    let post = |segments: &[&str], body| Outgoing { method: Method::POST, target: path(segments), body };
    Ok(match act {
        CommandAction::Acknowledge { alerts, owner } => {
            post(&["bulk", "acknowledge"], json(&AlertsOwner { alerts, owner })?)
        }
        CommandAction::Unacknowledge { alerts } => post(&["bulk", "unacknowledge"], json(&AlertIds { alerts })?),
        CommandAction::Cancel { alerts, why } => post(&["bulk", "cancel"], json(&AlertsReason { alerts, why })?),
        CommandAction::Note { alert, text } => post(&["alerts", named(&alert)?, "notes"], json(&NoteText { text })?),
        CommandAction::Silence { matchers, from_ns, until_ns, why } => {
            post(&["silences"], json(&NewSilence { matchers, from_ns, until_ns, why })?)
        }
        CommandAction::Edit { silence, matchers, from_ns, until_ns, why } => Outgoing {
            method: Method::PATCH,
            target: path(&["silences", named(&silence)?]),
            body: json(&SilencePatch { matchers, from_ns, until_ns, why })?,
        },
        CommandAction::Expire { silence } => delete(path(&["silences", named(&silence)?])),
        CommandAction::ClearSymptom { object, symptom, why } => {
            let path = path(&["objects", named(&object)?, "symptoms", named(&symptom)?]);
            delete(with(path, &Reason { why })?)
        }
        CommandAction::Forget { object, why } => delete(with(path(&["objects", named(&object)?]), &Reason { why })?),
    })
}

fn delete(target: String) -> Outgoing {
    Outgoing { method: Method::DELETE, target, body: Vec::new() }
}

/// A name that can be a segment of a path.
fn named(name: &str) -> Result<&str, ApiError> {
    if name.is_empty() { Err(ApiError::Invalid("a name is empty".to_owned())) } else { Ok(name) }
}

fn with(path: String, params: &impl Serialize) -> Result<String, ApiError> {
    let query = serde_html_form::to_string(params).map_err(unsendable)?;
    Ok(if query.is_empty() { path } else { format!("{path}?{query}") })
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(body).map_err(unsendable)
}

fn unsendable(error: impl std::fmt::Display) -> ApiError {
    ApiError::Invalid(format!("the request cannot be sent: {error}"))
}

fn garbled(error: impl std::fmt::Display) -> ApiError {
    let text = format!("the host's answer cannot be read; is it of another version than this command? {error}");
    ApiError::Internal(text)
}
