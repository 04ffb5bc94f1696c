//! The API of a host as plain data: the trait [`Service`], its requests and answers, and errors that
//! an HTTP status can be made of.

mod access;
mod changes;
mod error;
mod history;
mod rules;
mod service;
mod status;
mod token;

pub use access::{Authenticate, Caller, Role, RoleSet, RouteRule, SenderAddress, TokenRefusal};
pub use changes::{ChangeBatch, ChangeEvent, ChangeFeed};
pub use error::{ApiError, Problem};
pub use history::{
    AuditMark, AuditReport, AuditTrailRow, ChainBreak, DeliveryState, OutboxFilter, PastAlerts, PastAudit, PastBadges,
    UndeliveredNotice,
};
pub use lifesigns_model::TapPage;
pub use rules::{RuleChange, RuleUpload, RuleVersion, TapQuery};
pub use service::{ActOutcome, NoticeSelection, Service, ServiceFactory};
pub use status::{
    AlertCounts, CompilingRule, ConfigStatus, DisabledRule, DropStatus, EngineStatus, HostStatus, MemoryStatus,
    ReceiverStatus, RecorderStatus, RefusedRule, RuleDiff, RuleStatus, SourceState, SourceStatus, StoreState,
    StoreStatus, TrafficStatus, WatchStatus,
};
pub use token::{CreatedToken, NewToken, TokenInfo};
