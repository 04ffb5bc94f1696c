//! The API of a host as plain data: the trait [`Service`], its requests and answers, and errors that
//! an HTTP status can be made of.

mod access;
mod agents;
mod changes;
mod config_mistake;
mod error;
mod event_search;
mod explanation;
mod history;
mod host_url;
mod route_wire;
mod rule_status;
mod rules;
mod service;
mod status;
mod token;
mod traffic_loss;

pub use access::{Authenticate, Caller, Role, RoleSet, RouteRule, SenderAddress, TokenRefusal};
pub use agents::{
    AgentConfiguration, AgentGroup, AgentList, AgentOrders, AgentReport, AgentSource, AgentStatus, FileCollection,
    JournalCollection, RevokedAgent, RevokedAgents,
};
pub use changes::{ChangeBatch, ChangeEvent, ChangeFeed};
pub use config_mistake::ConfigMistake;
pub use error::{ApiError, Problem};
pub use event_search::{EventPage, EventQuery, FieldPattern, FoundEvent, KeptEventsStatus};
pub use explanation::{AlertExplanation, CallVerdict, ExplainedCall, LineExplanation, LineQuestion, RuleSight};
pub use history::{
    AlertHistoryQuery, AuditMark, AuditReport, AuditTrailQuery, AuditTrailRow, BadgeHistoryQuery, ChainBreak,
    DeliveryState, OutboxFilter, UndeliveredNotice,
};
pub use host_url::{HostUrl, HostUrlError};
pub use lifesigns_model::TapPage;
pub use route_wire::{RouteWire, WireAnswer, WireBody, WireParameter};
pub use rule_status::{CompilingRule, DisabledRule, RefusedRule, RuleDiff, RuleStatus};
pub use rules::{RuleChange, RuleSymptom, RuleUpload, RuleVersion, TapQuery};
pub use service::{ActOutcome, NoticeSelection, Service, ServiceFactory};
pub use status::{
    AlertCounts, CallBucket, CallTimesStatus, ConfigStatus, DropStatus, EngineStatus, HostStatus, MemoryStatus,
    ReceiverStatus, RecorderStatus, SourceState, SourceStatus, StoreState, StoreStatus, TrafficStatus, WatchStatus,
};
pub use token::{AgentCredentials, CreatedToken, NewToken, TOKEN_PREFIX, TokenInfo, token_text};
pub use traffic_loss::TrafficLoss;
