//! Who may do what: roles, callers, and the table of routes and the roles that they need.

use std::{str::FromStr, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::route_wire::RouteWire;

/// What a caller may do. See [`RoleSet::permits`] for what includes what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Reads, and works on alerts, silences, objects and the outbox.
    Operator,
    /// Reads, and changes rules and configuration.
    Author,
    /// Everything, tokens and backups included.
    Admin,
    /// Sends events, and reads nothing.
    Ingest,
    /// Sends events, and fetches the configuration of its agent group.
    Agent,
    /// Enrols one agent, once, and does nothing else.
    Enrol,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 7] =
        [Self::Viewer, Self::Operator, Self::Author, Self::Admin, Self::Ingest, Self::Agent, Self::Enrol];

    /// Returns its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Author => "author",
            Self::Admin => "admin",
            Self::Ingest => "ingest",
            Self::Agent => "agent",
            Self::Enrol => "enrol",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|role| role.as_str()).collect();
            format!("there is no role {text:?}; there are {}", known.join(", "))
        })
    }
}

/// Roles of one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<Role>", into = "Vec<Role>")]
pub struct RoleSet(u8);

impl RoleSet {
    /// Returns the set with another role.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// Returns whether exactly this role was given.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }

    /// Returns whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the roles that were given.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// Returns whether what needs the role `needed` is allowed: an admin may do everything, operators and authors
    /// may read, and agents may send events.
    pub const fn permits(self, needed: Role) -> bool {
        let included = match needed {
            Role::Viewer => self.contains(Role::Operator) || self.contains(Role::Author),
            Role::Ingest => self.contains(Role::Agent),
            Role::Operator | Role::Author | Role::Admin | Role::Agent | Role::Enrol => false,
        };
        included || self.contains(needed) || self.contains(Role::Admin)
    }
}

impl From<Vec<Role>> for RoleSet {
    fn from(roles: Vec<Role>) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

impl From<RoleSet> for Vec<Role> {
    fn from(roles: RoleSet) -> Self {
        roles.iter().collect()
    }
}

impl std::fmt::Display for RoleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.iter().map(Role::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

/// An authenticated caller of the API, or one without a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name that requests are carried out in and that the audit log shows: a user of the host, `token NAME`,
    /// or `anonymous`.
    pub name: String,
    /// What it may do.
    pub roles: RoleSet,
    /// The agent whose own credentials it showed: it may do what an agent does, in this name alone.
    pub agent: Option<String>,
}

impl Caller {
    /// The name of callers without a token.
    pub const ANONYMOUS: &str = "anonymous";
    /// What the names of callers with a token begin with.
    pub const TOKEN: &str = "token ";

    /// Returns the caller of this name with these roles, which is no enrolled agent.
    pub fn new(name: impl Into<String>, roles: RoleSet) -> Self {
        Self { name: name.into(), roles, agent: None }
    }

    /// Returns why it may not act as the agent `name`; `None` if it may.
    pub fn refusal_as_agent(&self, name: &str) -> Option<String> {
        let own = self.agent.as_deref().filter(|own| *own != name)?;
        Some(format!("these are the credentials of the agent {own:?}, and not of {name:?}"))
    }

    /// Whether it is known who it is.
    pub fn is_authenticated(&self) -> bool {
        self.name != Self::ANONYMOUS
    }
}

/// The address that a request comes from, an extension of requests from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderAddress(pub std::net::IpAddr);

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// There is no such token: it never was one, or it was revoked.
    Unknown,
    /// It has expired.
    Expired,
    /// It is the credentials of an agent, which were revoked.
    Revoked,
}

/// Finds the caller that a token names. It is called for each request, so it is quick and takes the same time
/// for any token that is wrong.
pub type Authenticate = Arc<dyn Fn(&str) -> Result<Caller, TokenRefusal> + Send + Sync>;

/// A route of the API and what it needs. A route that no rule names is refused to every caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// `GET`, `POST` and so on. `HEAD` follows the rule of `GET`.
    pub method: &'static str,
    /// The path, with parameters in braces, as the router has it.
    pub path: &'static str,
    /// The role that it needs; `None` if everyone may ask, without a token.
    pub needs: Option<Role>,
    /// What it does, in a few words, for the documentation.
    pub summary: &'static str,
    /// How it speaks, if that is not the API's own JSON.
    pub wire: Option<&'static RouteWire>,
}

impl RouteRule {
    /// Makes the rule of a route that needs a role.
    pub const fn new(method: &'static str, path: &'static str, needs: Role, summary: &'static str) -> Self {
        Self { method, path, needs: Some(needs), summary, wire: None }
    }

    /// Makes the rule of a route that is open to everyone.
    pub const fn open(method: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self { method, path, needs: None, summary, wire: None }
    }

    /// Says how the route speaks.
    #[must_use]
    pub const fn speaking(self, wire: &'static RouteWire) -> Self {
        Self { wire: Some(wire), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_include_what_they_say() {
        let permitted = |role: Role| -> Vec<&str> {
            let all = Role::ALL.into_iter().filter(|needed| RoleSet::default().with(role).permits(*needed));
            all.map(Role::as_str).collect()
        };
        assert_eq!(permitted(Role::Viewer), ["viewer"]);
        assert_eq!(permitted(Role::Operator), ["viewer", "operator"]);
        assert_eq!(permitted(Role::Author), ["viewer", "author"]);
        assert_eq!(permitted(Role::Admin).len(), Role::ALL.len());
        assert_eq!(permitted(Role::Ingest), ["ingest"]);
        assert_eq!(permitted(Role::Agent), ["ingest", "agent"]);
        assert_eq!(permitted(Role::Enrol), ["enrol"]);
        assert!(Role::ALL.into_iter().all(|needed| !RoleSet::default().permits(needed)));
    }

    #[test]
    fn a_set_of_roles_is_a_list_in_json() {
        let roles = RoleSet::default().with(Role::Ingest).with(Role::Viewer);
        let text = serde_json::to_string(&roles).expect("plain data");
        assert_eq!(text, r#"["viewer","ingest"]"#);
        assert_eq!(serde_json::from_str::<RoleSet>(&text).expect("what was written"), roles);
        assert_eq!(roles.to_string(), "viewer, ingest");
        assert!("root".parse::<Role>().expect_err("there is none").contains("viewer, operator"));
    }
}
