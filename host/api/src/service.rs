//! What can be asked of a host and what can be done there.

use std::{path::Path, sync::Arc};

use lifesigns_compliance::{
    Alert, BadgeOwner, BadgePoint, CommandAction,
    query::{AnswerPage, ComplianceReport, Query, QueryAnswer, SilenceDetails},
};
use lifesigns_model::TapPage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    agents::AgentList,
    config_mistake::ConfigMistake,
    error::ApiError,
    event_search::{EventPage, EventQuery},
    explanation::{AlertExplanation, ExplainedCall, LineExplanation, LineQuestion},
    history::{
        AlertHistoryQuery, AuditMark, AuditReport, AuditTrailQuery, AuditTrailRow, BadgeHistoryQuery, OutboxFilter,
        UndeliveredNotice,
    },
    rule_status::RuleDiff,
    rules::{RuleChange, RuleSymptom, RuleVersion, TapQuery},
    status::HostStatus,
    token::{AgentCredentials, CreatedToken, NewToken, TokenInfo},
};

/// A host as one caller sees it. A running host implements it, and so do a store that no host has open
/// (which refuses what changes something, with the reason) and a client of a host in another process.
///
/// Every method returns when the answer is there; what changes something returns after its commit. Only a host or
/// a connection that ends in between leaves open whether it was done. Who does it is decided when the service is
/// made, see [`ServiceFactory`].
pub trait Service: Send + Sync {
    /// Returns the state of the host: rules, sources, store, receivers.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if no host is running.
    fn status(&self) -> Result<HostStatus, ApiError>;

    /// Compares a rule with its shadow, over the time in which both ran.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if there is no such rule, [`ApiError::Conflict`] if not both of them run, and
    /// [`ApiError::Unavailable`] if no host is running.
    fn rule_diff(&self, rule: &str) -> Result<RuleDiff, ApiError>;

    /// Lists the versions of a rule that were live, the oldest first.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if there is no such rule, [`ApiError::Unavailable`] if no host is running.
    fn rule_history(&self, rule: &str) -> Result<Vec<RuleVersion>, ApiError>;

    /// Lists the symptoms that the rules which run can raise, by name.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if no host is running.
    fn symptoms(&self) -> Result<Vec<RuleSymptom>, ApiError> {
        Err(no_rules())
    }

    /// Changes a rule. What can be checked is checked before anything is changed. Returns what was done, in a line
    /// for a person.
    ///
    /// # Errors
    /// See [`ApiError`]: why it was not done.
    fn change_rule(&self, rule: &str, change: &RuleChange) -> Result<String, ApiError>;

    /// Returns what a rule was given and answered since the last call. The first one opens the tap; it ends some
    /// seconds after the last.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if no such rule runs.
    fn tap_rule(&self, rule: &str, query: &TapQuery) -> Result<TapPage, ApiError>;

    /// Reads configuration, inventories and rules folder now. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if the configuration has mistakes: nothing of it is in force then.
    fn reload(&self) -> Result<String, ApiError>;

    /// Returns what is wrong with a text of `lifesigns.toml`, as if it stood in the host's file, with `conf.d` and the
    /// environment of the host; an empty list if nothing is. Nothing is applied.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if no host is running, or it has no file of a configuration.
    fn validate_config(&self, text: &str) -> Result<Vec<ConfigMistake>, ApiError>;

    /// Answers a question about objects, groups, policies, alerts and silences as of the last commit, and says
    /// where the list goes on if the question's limit cut it short. Pages are each as of the commit before they
    /// were asked for; a list without a limit is of one.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] or [`ApiError::Conflict`] if a name matches nothing, or several things.
    fn page(&self, query: &Query) -> Result<AnswerPage, ApiError>;

    /// Answers a question as [`Self::page`] does, where it does not matter what comes after a limit.
    ///
    /// # Errors
    /// As of [`Self::page`].
    fn query(&self, query: &Query) -> Result<QueryAnswer, ApiError> {
        Ok(self.page(query)?.answer)
    }

    /// Finds log events that rules were given lately, the latest first.
    ///
    /// # Errors
    /// [`ApiError::Conflict`] if the host keeps none, [`ApiError::Invalid`] if the limit is too high, and
    /// [`ApiError::Unavailable`] if no host is running.
    fn find_events(&self, query: &EventQuery) -> Result<EventPage, ApiError>;

    /// Explains an alert: runs its rules again from what was kept of the raises that made it.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if there is no such alert, [`ApiError::Unavailable`] if no host is running.
    fn explain_alert(&self, _alert: &str) -> Result<AlertExplanation, ApiError> {
        Err(no_rules())
    }

    /// Explains the last failures of a rule: runs it again from what was kept of the events on which it failed, the
    /// latest first.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if there is no such rule, [`ApiError::Unavailable`] if no host is running.
    fn explain_failures(&self, _rule: &str) -> Result<Vec<ExplainedCall>, ApiError> {
        Err(no_rules())
    }

    /// Says of each rule whether it would be given a line, and why.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if the line is too long, [`ApiError::Unavailable`] if no host is running.
    fn explain_line(&self, _question: &LineQuestion) -> Result<LineExplanation, ApiError> {
        Err(no_rules())
    }

    /// Lists cancelled alerts, also those that only the store remembers; the latest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn past_alerts(&self, which: &AlertHistoryQuery) -> Result<Vec<Alert>, ApiError>;

    /// Lists the badges that an object or a group had, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn past_badges(&self, which: &BadgeHistoryQuery) -> Result<Vec<BadgePoint>, ApiError>;

    /// Adds to a group's report what happened in a period.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn add_period(&self, report: &mut ComplianceReport, from_ns: u64, to_ns: u64) -> Result<(), ApiError> {
        let past = self.past_alerts(&AlertHistoryQuery { from_ns: Some(from_ns), ..AlertHistoryQuery::default() })?;
        let name = report.group.line.name.clone();
        let badges =
            self.past_badges(&BadgeHistoryQuery { of: BadgeOwner::Group, name, since_ns: from_ns, limit: 0 })?;
        report.over(from_ns, to_ns, past, badges);
        Ok(())
    }

    /// Lists entries of the audit log, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn audit(&self, which: &AuditTrailQuery) -> Result<Vec<AuditTrailRow>, ApiError>;

    /// Checks the chain of hashes of the audit log. `known` is an entry that was noted down before and
    /// has to be there. A broken chain is an answer, not an error.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn verify_audit(&self, known: Option<&AuditMark>) -> Result<AuditReport, ApiError>;

    /// Lists notices that wait for delivery or that were given up, oldest first.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if there is no such receiver.
    fn outbox(&self, which: &OutboxFilter) -> Result<Vec<UndeliveredNotice>, ApiError>;

    /// Acknowledges, cancels, silences and the rest, in the caller's name.
    ///
    /// # Errors
    /// See [`ApiError`]. Nothing has changed then, nor will it later: what a failed commit held of it is undone.
    fn act(&self, act: CommandAction) -> Result<ActOutcome, ApiError>;

    /// Delivers notices again, now: those that were given up, or that wait for their next attempt.
    /// Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// See [`ApiError`]. Nothing has changed then, nor will it later: what a failed commit held of it is undone.
    fn resend(&self, which: &NoticeSelection) -> Result<String, ApiError>;

    /// Drops notices that were given up; they are never delivered. Returns what was done, in a line
    /// for a person.
    ///
    /// # Errors
    /// See [`ApiError`]. Nothing has changed then, nor will it later: what a failed commit held of it is undone.
    fn drop_dead(&self, which: &NoticeSelection) -> Result<String, ApiError>;

    /// Copies the store to a new file, an absolute path as the host sees it. Returns what was done, in
    /// a line for a person. It takes as long as the store is large.
    ///
    /// # Errors
    /// If the file exists, or cannot be written.
    fn backup(&self, to: &Path) -> Result<String, ApiError>;

    /// Lists the tokens of the API, by name.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn tokens(&self) -> Result<Vec<TokenInfo>, ApiError>;

    /// Makes a token. Its text is in this answer and nowhere else.
    ///
    /// # Errors
    /// [`ApiError::Conflict`] if there is one of this name, [`ApiError::Invalid`] if the name, the roles or the time
    /// make no sense.
    fn add_token(&self, new: &NewToken) -> Result<CreatedToken, ApiError>;

    /// Revokes a token: it is refused from now on. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if there is none of this name.
    fn revoke_token(&self, name: &str) -> Result<String, ApiError>;

    /// Gives the agent `name` credentials of its own and uses up the caller's token, which is one of the role
    /// [`Enrol`](crate::Role::Enrol). Asked again with the same token, name and credentials, it answers the same: an
    /// agent that got no answer asks again. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] if the caller's token is none for that, [`ApiError::Conflict`] if it was used up or if the
    /// agent has credentials already, [`ApiError::Invalid`] if they make no sense.
    fn enrol_agent(&self, _name: &str, _credentials: &AgentCredentials) -> Result<String, ApiError> {
        Err(ApiError::Unavailable("only a running host enrols agents".to_owned()))
    }

    /// Revokes the credentials of an agent: it is refused from now on. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] if it has none.
    fn revoke_agent(&self, _name: &str) -> Result<String, ApiError> {
        Err(ApiError::Unavailable("only a running host revokes credentials of agents".to_owned()))
    }

    /// Lists the agents that the host knows, by name; of a store at rest, as they were known last. Of a running host, only
    /// where its receivers of events are can it be asked; a service that cannot ask there says so.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if no host is running.
    fn agents(&self) -> Result<AgentList, ApiError> {
        Err(ApiError::Unavailable("only a running host knows its agents: start it with `lifesigns run`".to_owned()))
    }
}

/// The error of a service without rules.
fn no_rules() -> ApiError {
    ApiError::Unavailable("only a running host has rules: start it with `lifesigns run`".to_owned())
}

/// Makes the service of a caller. The name goes into the audit log, so it has to be authenticated.
pub type ServiceFactory = Arc<dyn Fn(&str) -> Box<dyn Service> + Send + Sync>;

/// The result of [`Service::act`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActOutcome {
    /// It is done; what exactly, in a line for a person.
    Done(String),
    /// The silence that was made or changed, with what it matches now.
    Silence(Box<SilenceDetails>),
}

/// Which notices of the outbox are sent again or dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoticeSelection {
    /// Numbers of the outbox; if there are none, all dead letters of `receiver`.
    pub ids: Vec<u64>,
    /// Only notices for this receiver.
    pub receiver: Option<String>,
}
