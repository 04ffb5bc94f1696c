//! The commands about tokens, as typed.

use clap::Subcommand;
use lifesigns::model::NS_PER_S;
use lifesigns_api::Role;

use super::super::when;

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token, and print it: it is shown this once.
    Add {
        /// Its name, which the audit log shows: small letters, digits and `-`.
        #[arg(id = "of", value_name = "NAME")]
        name: String,
        /// What its bearer may do; may be repeated.
        #[arg(long = "role", required = true, value_name = "viewer|operator|author|admin|ingest|agent|enrol")]
        roles: Vec<Role>,
        /// When it expires: a time, how long from now, or `never`. Default: 90d; of the role enrol, 1d.
        #[arg(long, value_name = "TIME", value_parser = expiry)]
        expires: Option<Expiry>,
    },
    /// List tokens, without their secrets.
    List,
    /// Revoke a token: it is refused from now on.
    Revoke {
        /// Its name.
        #[arg(id = "of", value_name = "NAME")]
        name: String,
    },
}

/// When a token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    Never,
    At(u64),
}

impl Expiry {
    /// Returns when a token with these roles expires for which no time is given.
    pub(crate) fn default_of(roles: &[Role], now_ns: u64) -> Self {
        const DAY_NS: u64 = 24 * 3600 * NS_PER_S;
        let days = if roles.contains(&Role::Enrol) { 1 } else { 90 };
        Self::At(now_ns.saturating_add(days * DAY_NS))
    }
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    when::coming(text).map(Expiry::At).map_err(|why| format!("{why}, nor `never`"))
}
