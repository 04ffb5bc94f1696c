//! Agents ask for their configuration and report how they are: what is known of them, and the routes.

mod registry;
mod routes;

pub use registry::AgentRegistry;
pub use routes::{agent_route_rules, agent_router};
