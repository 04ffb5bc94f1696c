//! The service of a store that no host has open: the same answers as those of a running host, as of
//! its last commit. What changes something needs a host.

use std::{path::Path, sync::Arc};

use lifesigns_api::{
    ActOutcome, AgentList, AlertExplanation, AlertHistoryQuery, ApiError, AuditMark, AuditReport, AuditTrailQuery,
    AuditTrailRow, BadgeHistoryQuery, ConfigMistake, CreatedToken, EventPage, EventQuery, ExplainedCall, HostStatus,
    LineExplanation, LineQuestion, NewToken, NoticeSelection, OutboxFilter, RuleChange, RuleDiff, RuleVersion, Service,
    TapQuery, TokenInfo, UndeliveredNotice,
};
use lifesigns_compliance::{
    Alert, BadgeOwner, BadgePoint, Book, BookInput, BookSnapshot, BookView, CommandAction, ComplianceConfig,
    ConfigError,
    query::{AnswerPage, Query},
};
use lifesigns_model::{SharedClock, TapPage};
use lifesigns_record::{RecordReader, RecordReaders, RecordWriter};

use crate::{enrolment, explain, history, rule_modules::RuleModules, tokens};

/// Points of a badge's history, as many as a running host keeps.
const BADGE_POINTS: usize = 64;

/// A remark on an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRestRemark {
    /// There is no configuration, so groups and policies are not known.
    NoConfiguration,
    /// The configuration is not the one that the host used last; answers follow the new one.
    OtherConfiguration,
}

/// See the module.
pub struct StoreAtRest {
    record: Arc<dyn RecordReaders>,
    config: Option<Arc<ComplianceConfig>>,
    clock: SharedClock,
    absence: String,
    remedy: String,
    on_remark: Box<dyn Fn(AtRestRemark) + Send + Sync>,
    acting: Option<(String, OpenWriter)>,
    rules: Option<OpenRules>,
}

/// Loads the rules that a host would run.
pub type OpenRules = Box<dyn Fn() -> Result<Box<dyn RuleModules>, ApiError> + Send + Sync>;

/// Opens a store that no host has open, for writing.
pub type OpenWriter = Box<dyn Fn() -> Result<Box<dyn RecordWriter>, ApiError> + Send + Sync>;

impl StoreAtRest {
    /// Makes the service of a record, of which a reader is opened for each request. `absence` says
    /// that no host is running, and `remedy` how to start one: both become part of errors.
    ///
    /// # Errors
    /// Mistakes in the configuration.
    pub fn new(
        record: Arc<dyn RecordReaders>,
        config: Option<Arc<ComplianceConfig>>,
        clock: SharedClock,
        absence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        if let Some(config) = &config {
            Book::new(Arc::clone(config))?;
        }
        let (absence, remedy) = (absence.into(), remedy.into());
        Ok(Self { record, config, clock, absence, remedy, on_remark: Box::new(|_| ()), acting: None, rules: None })
    }

    /// Receives remarks on answers, each time that they apply.
    #[must_use]
    pub fn on_remark(mut self, on_remark: impl Fn(AtRestRemark) + Send + Sync + 'static) -> Self {
        self.on_remark = Box::new(on_remark);
        self
    }

    /// Makes and revokes tokens in the name of `who`, in what `open` opens; without it, that needs a host.
    #[must_use]
    pub fn acting(mut self, who: impl Into<String>, open: OpenWriter) -> Self {
        self.acting = Some((who.into(), open));
        self
    }

    /// Explains with the rules that `open` loads; without it, that needs a host.
    #[must_use]
    pub fn explaining(mut self, open: OpenRules) -> Self {
        self.rules = Some(open);
        self
    }

    fn rules(&self) -> Result<Box<dyn RuleModules>, ApiError> {
        self.rules.as_ref().map_or_else(|| Err(self.needs_host()), |open| open())
    }

    /// Acts in the store itself.
    fn act_at_rest<T>(
        &self,
        act: impl FnOnce(&mut dyn RecordWriter, &str, u64) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let Some((who, open)) = &self.acting else { return Err(self.needs_host()) };
        act(&mut *open()?, who, self.clock.now_ns())
    }

    fn reader(&self) -> Result<Box<dyn RecordReader>, ApiError> {
        self.record
            .open()
            .map_err(|error| ApiError::Unavailable(format!("{}, and its store cannot be read: {error}", self.absence)))
    }

    /// Returns the book as of the last commit, with the history that a question needs.
    fn view(&self, reader: &dyn RecordReader, query: &Query) -> Result<BookView, ApiError> {
        let mut restored = reader.load().map_err(history::unreadable)?.restored;
        recall(reader, query, &mut restored)?;
        if self.config.is_none() {
            (self.on_remark)(AtRestRemark::NoConfiguration);
        }
        let mut book = Book::new(self.config.clone().unwrap_or_default())
            .map_err(|_| ApiError::Internal("the configuration was sound, and is no longer".to_owned()))?;
        book.restore(restored);
        if self.config.is_some() && !book.is_decided() {
            (self.on_remark)(AtRestRemark::OtherConfiguration);
            // All answers follow the configuration as it is now, not only those about what changes.
            book.review();
        }
        // Silences end and policies' hours pass while no host runs.
        let applied = book.apply(BookInput::Clock(self.clock.now_ns()));
        debug_assert!(applied.is_ok(), "only commands are refused");
        Ok(book.view())
    }

    fn needs_host(&self) -> ApiError {
        ApiError::Unavailable(format!("{}, and this needs one: {}", self.absence, self.remedy))
    }
}

impl Service for StoreAtRest {
    fn status(&self) -> Result<HostStatus, ApiError> {
        Err(self.needs_host())
    }

    fn rule_diff(&self, _: &str) -> Result<RuleDiff, ApiError> {
        Err(self.needs_host())
    }

    fn rule_history(&self, _: &str) -> Result<Vec<RuleVersion>, ApiError> {
        Err(self.needs_host())
    }

    fn change_rule(&self, _: &str, _: &RuleChange) -> Result<String, ApiError> {
        Err(self.needs_host())
    }

    fn tap_rule(&self, _: &str, _: &TapQuery) -> Result<TapPage, ApiError> {
        Err(self.needs_host())
    }

    fn reload(&self) -> Result<String, ApiError> {
        Err(self.needs_host())
    }

    fn validate_config(&self, _: &str) -> Result<Vec<ConfigMistake>, ApiError> {
        Err(self.needs_host())
    }

    fn page(&self, query: &Query) -> Result<AnswerPage, ApiError> {
        Ok(self.view(&*self.reader()?, query)?.page(query)?)
    }

    fn explain_alert(&self, alert: &str) -> Result<AlertExplanation, ApiError> {
        let reader = self.reader()?;
        let view = self.view(&*reader, &Query::Alert(alert.to_owned()))?;
        explain::alert(&view, &*self.rules()?, &*reader, alert)
    }

    fn explain_failures(&self, rule: &str) -> Result<Vec<ExplainedCall>, ApiError> {
        explain::failures(&*self.rules()?, &*self.reader()?, rule)
    }

    fn explain_line(&self, question: &LineQuestion) -> Result<LineExplanation, ApiError> {
        let view = self.view(&*self.reader()?, &Query::Object(question.object.clone()))?;
        explain::line(&view, &*self.rules()?, question)
    }

    fn find_events(&self, _: &EventQuery) -> Result<EventPage, ApiError> {
        Err(self.needs_host())
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
        history::outbox(&*self.reader()?, which)
    }

    fn act(&self, _: CommandAction) -> Result<ActOutcome, ApiError> {
        Err(self.needs_host())
    }

    fn resend(&self, _: &NoticeSelection) -> Result<String, ApiError> {
        Err(self.needs_host())
    }

    fn drop_dead(&self, _: &NoticeSelection) -> Result<String, ApiError> {
        Err(self.needs_host())
    }

    fn backup(&self, to: &Path) -> Result<String, ApiError> {
        history::backup(&*self.reader()?, to)?;
        Ok(format!("{} is a copy of {}", to.display(), self.record.location().display()))
    }

    fn tokens(&self) -> Result<Vec<TokenInfo>, ApiError> {
        let tokens = self.reader()?.tokens().map_err(history::unreadable)?;
        Ok(tokens.iter().map(tokens::info).collect())
    }

    fn add_token(&self, new: &NewToken) -> Result<CreatedToken, ApiError> {
        self.act_at_rest(|record, who, now_ns| tokens::add_at_rest(record, new, who, now_ns))
    }

    fn revoke_token(&self, name: &str) -> Result<String, ApiError> {
        self.act_at_rest(|record, who, now_ns| tokens::revoke_at_rest(record, name, who, now_ns))
    }

    /// As the host knew them last: what they read is of the moment and is not kept.
    fn agents(&self) -> Result<AgentList, ApiError> {
        let reader = self.reader()?;
        let stored = reader.agents().map_err(history::unreadable)?;
        let known = stored.iter().filter_map(|agent| serde_json::from_str(&agent.report).ok());
        let mut list = AgentList { agents: known.collect(), limit: AgentList::LIMIT as u64, forgotten: 0 };
        list.note_away(self.clock.now_ns());
        let tokens = reader.tokens().map_err(history::unreadable)?;
        list.note_revoked(tokens::revoked_agents(tokens.iter().map(|token| (token, 0))));
        Ok(list)
    }

    fn revoke_agent(&self, name: &str) -> Result<String, ApiError> {
        self.act_at_rest(|record, who, now_ns| enrolment::revoke_at_rest(record, name, who, now_ns))
    }
}

/// Adds the history of the badge that is asked about: a host starts from the last point alone.
fn recall(reader: &dyn RecordReader, query: &Query, restored: &mut BookSnapshot) -> Result<(), ApiError> {
    let (of, name) = match query {
        Query::Object(name) => (BadgeOwner::Object, name),
        Query::Group(name) | Query::Report { group: name } => (BadgeOwner::Group, name),
        _ => return Ok(()),
    };
    let points = reader.badges(of, name, 0, BADGE_POINTS).map_err(history::unreadable)?;
    if !points.is_empty() {
        restored.badges.retain(|point| point.of != of || point.name != *name);
        restored.badges.extend(points);
        restored.badges.sort_by_key(|point| point.time_ns);
    }
    Ok(())
}
