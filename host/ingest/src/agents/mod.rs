//! Agents ask for their configuration, report how they are and send what they read: what is known of them, and the routes.

mod registry;
mod routes;

pub use registry::{AgentRegistry, KnownAgentChange};
pub use routes::{agent_route_rules, agent_router};
