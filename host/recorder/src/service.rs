//! The service of a running host: questions are answered from the book as it was committed last and from
//! the store, what changes something is a request to the recorder and answered after its commit.

use std::{path::Path, sync::Arc};

use lifesigns_api::{
    ActOutcome, AgentCredentials, AlertExplanation, AlertHistoryQuery, ApiError, AuditMark, AuditReport,
    AuditTrailQuery, AuditTrailRow, BadgeHistoryQuery, ConfigMistake, CreatedToken, EventPage, EventQuery,
    ExplainedCall, HostStatus, LineExplanation, LineQuestion, NewToken, NoticeSelection, OutboxFilter, RuleChange,
    RuleDiff, RuleSymptom, RuleVersion, Service, TapQuery, TokenInfo, UndeliveredNotice,
};
use lifesigns_compliance::{
    Alert, BadgePoint, Command, CommandAction,
    query::{AnswerPage, Query, QueryAnswer},
};
use lifesigns_model::TapPage;
use lifesigns_record::RecordReader;
use lifesigns_text::count_text;

use crate::{
    crash, enrolment, event_search, explain, history,
    request::{Act, RequestSender},
    rule_audit::RuleAudit,
    rule_status,
    shared::RecorderShared,
    status, tokens,
};

/// A running host as one caller sees it.
#[derive(Clone)]
pub(crate) struct HostService {
    pub(crate) shared: Arc<RecorderShared>,
    pub(crate) requests: RequestSender,
    /// Who acts.
    pub(crate) who: String,
}

impl HostService {
    fn reader(&self) -> Result<Box<dyn RecordReader>, ApiError> {
        self.shared.record.open().map_err(history::unreadable)
    }

    /// Carries out a command; it is committed when this returns.
    pub(crate) fn command(&self, action: CommandAction) -> Result<(), ApiError> {
        let command = Command { who: self.who.clone(), time_ns: self.shared.clock.now_ns(), act: action };
        self.requests.ask(Act::Command(command))?;
        Ok(())
    }

    /// Returns the silence that was just made or changed.
    fn silence(&self, action: &CommandAction) -> ActOutcome {
        let view = self.shared.view();
        let id = match action {
            CommandAction::Edit { silence, .. } => Some(silence.clone()),
            CommandAction::Silence { until_ns, why, .. } => {
                let Ok(QueryAnswer::Silences(all)) = view.answer(&Query::Silences) else { return ended() };
                let mine =
                    all.into_iter().filter(|one| one.who == self.who && one.why == *why && one.until_ns == *until_ns);
                mine.max_by_key(|one| one.from_ns).map(|one| one.id)
            }
            _ => None,
        };
        match id.map(|id| view.answer(&Query::Silence(id))) {
            Some(Ok(QueryAnswer::Silence(page))) => ActOutcome::Silence(page),
            _ => ended(),
        }
    }
}

impl Service for HostService {
    fn status(&self) -> Result<HostStatus, ApiError> {
        Ok(status::status(&self.shared))
    }

    fn rule_diff(&self, rule: &str) -> Result<RuleDiff, ApiError> {
        rule_status::diff(&self.shared, rule)
    }

    fn symptoms(&self) -> Result<Vec<RuleSymptom>, ApiError> {
        Ok(rule_status::symptoms(&self.shared))
    }

    fn rule_history(&self, rule: &str) -> Result<Vec<RuleVersion>, ApiError> {
        self.shared.overview.control()?.history(rule)
    }

    fn change_rule(&self, rule: &str, change: &RuleChange) -> Result<String, ApiError> {
        let (waiting, health) = (&self.shared.rule_audit, &self.shared.health);
        let audit = RuleAudit { requests: &self.requests, waiting, health };
        let done = self.shared.overview.control()?.change(rule, change, &self.who, &audit)?;
        let committed = audit.wait_committed();
        crash::point(crash::RULE_CHANGED);
        Ok(match committed {
            Ok(()) => done,
            Err(error) => format!("{done}; it is not in the store yet: {error}"),
        })
    }

    fn tap_rule(&self, rule: &str, query: &TapQuery) -> Result<TapPage, ApiError> {
        rule_status::tap(&self.shared, rule, query)
    }

    fn reload(&self) -> Result<String, ApiError> {
        let reload = self.shared.reload.lock().clone();
        let configuration = reload.map(|reload| reload()).transpose()?;
        let rules = self.shared.overview.control()?.reload()?;
        Ok(configuration.into_iter().chain([rules]).collect::<Vec<_>>().join("; "))
    }

    fn validate_config(&self, text: &str) -> Result<Vec<ConfigMistake>, ApiError> {
        let validate = self.shared.validate.lock().clone();
        let none = || ApiError::Unavailable("this host has no configuration in a file".to_owned());
        Ok(validate.ok_or_else(none)?(text))
    }

    fn page(&self, query: &Query) -> Result<AnswerPage, ApiError> {
        Ok(self.shared.view().page(query)?)
    }

    fn find_events(&self, query: &EventQuery) -> Result<EventPage, ApiError> {
        event_search::find(&self.shared, query)
    }

    fn explain_alert(&self, alert: &str) -> Result<AlertExplanation, ApiError> {
        explain::alert(&self.shared.view(), &*self.shared, &*self.reader()?, alert)
    }

    fn explain_failures(&self, rule: &str) -> Result<Vec<ExplainedCall>, ApiError> {
        explain::failures(&*self.shared, &*self.reader()?, rule)
    }

    fn explain_line(&self, question: &LineQuestion) -> Result<LineExplanation, ApiError> {
        explain::line(&self.shared.view(), &*self.shared, question)
    }

    fn past_alerts(&self, which: &AlertHistoryQuery) -> Result<Vec<Alert>, ApiError> {
        history::past_alerts(&*self.reader()?, which)
    }

    fn past_badges(&self, which: &BadgeHistoryQuery) -> Result<Vec<BadgePoint>, ApiError> {
        history::past_badges(&*self.reader()?, which)
    }

    fn audit(&self, which: &AuditTrailQuery) -> Result<Vec<AuditTrailRow>, ApiError> {
        history::audit(&*self.reader()?, which)
    }

    fn verify_audit(&self, known: Option<&AuditMark>) -> Result<AuditReport, ApiError> {
        history::verify_audit(&*self.reader()?, known)
    }

    fn outbox(&self, which: &OutboxFilter) -> Result<Vec<UndeliveredNotice>, ApiError> {
        let mut which = which.clone();
        let running = self.shared.receivers.lock();
        which.configured.extend(running.iter().map(|receiver| receiver.name.clone()));
        drop(running);
        history::outbox(&*self.reader()?, &which)
    }

    fn act(&self, action: CommandAction) -> Result<ActOutcome, ApiError> {
        self.command(action.clone())?;
        Ok(ActOutcome::Done(match &action {
            CommandAction::Acknowledge { alerts, .. } => each(alerts, "acknowledged"),
            CommandAction::Unacknowledge { alerts } => each(alerts, "no longer acknowledged"),
            CommandAction::Note { alert, .. } => format!("alert {alert} has the note"),
            CommandAction::Cancel { alerts, .. } => each(alerts, "cancelled"),
            CommandAction::ClearSymptom { object, symptom, .. } => format!("symptom {symptom} of {object} is cleared"),
            CommandAction::Forget { object, .. } => format!("object {object} is forgotten"),
            CommandAction::Silence { .. } | CommandAction::Edit { .. } => return Ok(self.silence(&action)),
            CommandAction::Expire { silence } => format!("silence {silence} has ended"),
        }))
    }

    fn resend(&self, which: &NoticeSelection) -> Result<String, ApiError> {
        let NoticeSelection { ids, receiver } = which.clone();
        let count = self.requests.ask(Act::Resend(ids, receiver))?;
        Ok(format!("{} sent again", count_text(count as u64, "notice is|notices are")))
    }

    fn drop_dead(&self, which: &NoticeSelection) -> Result<String, ApiError> {
        let NoticeSelection { ids, receiver } = which.clone();
        let count = self.requests.ask(Act::Drop(ids, receiver, self.who.clone()))?;
        Ok(format!("{} dropped", count_text(count as u64, "dead letter is|dead letters are")))
    }

    fn backup(&self, to: &Path) -> Result<String, ApiError> {
        history::backup(&*self.reader()?, to)?;
        Ok(format!("backed up to {}", to.display()))
    }

    fn tokens(&self) -> Result<Vec<TokenInfo>, ApiError> {
        Ok(self.shared.tokens.list())
    }

    fn add_token(&self, new: &NewToken) -> Result<CreatedToken, ApiError> {
        let (token, text) = tokens::make(new, &self.who, self.shared.clock.now_ns())?;
        let answer = tokens::created(&token, text);
        self.requests.ask(Act::AddToken(Box::new(token)))?;
        Ok(answer)
    }

    fn revoke_token(&self, name: &str) -> Result<String, ApiError> {
        self.requests.ask(Act::RevokeToken(name.to_owned(), self.who.clone()))?;
        Ok(tokens::revoked_text(name))
    }

    fn enrol_agent(&self, name: &str, credentials: &AgentCredentials) -> Result<String, ApiError> {
        let enrolment = enrolment::Enrolment::new(name, credentials, &self.who)?;
        self.requests.ask(Act::Enrol(Box::new(enrolment)))?;
        crash::point(crash::ENROLLED);
        Ok(format!("agent {name} is enrolled"))
    }

    fn revoke_agent(&self, name: &str) -> Result<String, ApiError> {
        self.requests.ask(Act::RevokeAgent(name.to_owned(), self.who.clone()))?;
        Ok(enrolment::revoked_text(name))
    }
}

/// `alert 34340b68 is cancelled`, `3 alerts are cancelled`.
fn each(alerts: &[String], what: &str) -> String {
    match alerts {
        [one] => format!("alert {one} is {what}"),
        all => format!("{} alerts are {what}", all.len()),
    }
}

/// The silence was made, and has ended already.
fn ended() -> ActOutcome {
    ActOutcome::Done("it was done, and the silence has ended since".to_owned())
}
