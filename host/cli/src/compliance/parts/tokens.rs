//! The commands about tokens, as typed.

use clap::Subcommand;
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
        #[arg(long = "role", required = true, value_name = "viewer|operator|author|admin|ingest|agent")]
        roles: Vec<Role>,
        /// When it expires: a time, how long from now, or `never`.
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = expiry)]
        expires: Expiry,
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

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    when::coming(text).map(Expiry::At).map_err(|why| format!("{why}, nor `never`"))
}
