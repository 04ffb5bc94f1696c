//! The commands about agents, as typed.

use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum AgentsCommand {
    /// Revoke the credentials of an agent: it is refused from now on, until it is enrolled again.
    Revoke {
        /// Its name.
        #[arg(id = "of", value_name = "NAME")]
        name: String,
    },
}
