//! What the commands about alerts, objects and the rest can do, as typed.

mod agents;
mod alerts;
mod tokens;

use clap::{Args, Subcommand};

pub(crate) use agents::AgentsCommand;
pub(crate) use alerts::{AlertSelectionArgs, AlertsCommand, AlertsFilter, SilenceCommand};
pub(crate) use tokens::{Expiry, TokenCommand};

use super::{matcher, when};

#[derive(Subcommand)]
pub(crate) enum ObjectsCommand {
    /// List objects (the default of `objects`).
    List(ObjectsFilter),
    /// Show one object: facts, groups, symptoms, alerts.
    Show {
        /// The object.
        id: String,
    },
    /// Forget an object that is gone, with its facts, symptoms and alerts; not one of the inventory.
    Forget {
        /// The object.
        id: String,
        /// The reason, for the audit log.
        #[arg(long)]
        why: String,
    },
    /// Clear a symptom that its rule does not clear. A later raise makes it active again.
    Clear {
        /// The object.
        id: String,
        /// The symptom, RULE/SYMPTOM.
        symptom: String,
        /// The reason, for the audit log.
        #[arg(long)]
        why: String,
    },
}

/// The objects to list.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ObjectsFilter {
    /// Only objects of this id; may have *.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// Only members of this group; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Only of this kind: vm, host, container, or another one of the inventory; may have *.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only those with this symptom (RULE/SYMPTOM) active now; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) symptom: Option<String>,
    /// Only those that no inventory names.
    #[arg(long)]
    pub(crate) discovered: bool,
}

#[derive(Subcommand)]
pub(crate) enum GroupsCommand {
    /// List groups with their badges (the default of `groups`).
    List,
    /// Show one group: badge, policies, members.
    Show {
        /// The group.
        name: String,
    },
    /// List the members of a group.
    Members {
        /// The group.
        name: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// All policies in the order in which they are evaluated: what each decides, when, and where it is
    /// written.
    #[command(after_help = "Example:\n  lifesigns policy list")]
    List,
    /// Explain the policies of an alert on an object: what each decides, and where it is written.
    Why {
        /// The object.
        object: String,
        /// The alert's name, or RULE/SYMPTOM.
        alert: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum RouteCommand {
    /// Explain who is notified of an alert, by which route, and what suppresses it.
    #[command(after_help = "Example:\n  lifesigns route why 4be1")]
    Why {
        /// The alert's id, or enough of its beginning.
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List entries, the latest last (the default of `audit`).
    List(AuditFilter),
    /// Check the chain of hashes: whether any entry was changed, removed or put in.
    Verify {
        /// An entry that was noted down before, as an earlier `verify` printed it; it has to be there.
        #[arg(long, value_name = "NUMBER:HASH", value_parser = matcher::mark)]
        known: Option<lifesigns_api::AuditMark>,
    },
}

/// The entries to list.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    /// Only about this alert, silence or object; may have *.
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<String>,
    /// Only by this person or part of the host; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
    /// Only since a time (RFC 3339), or this long ago (7d).
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub(crate) since: Option<u64>,
    /// List at most this many, the latest; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Subcommand)]
pub(crate) enum OutboxCommand {
    /// List notifications that wait (the default of `outbox`).
    List {
        /// Only for this receiver; may have *.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
    },
    /// List notifications that were given up.
    Dead {
        /// Only for this receiver; may have *.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
    },
    /// Drop notifications that were given up: they are never sent.
    Drop {
        /// Numbers, as `outbox dead` shows them.
        #[arg(value_name = "NUMBER", required_unless_present = "receiver")]
        ids: Vec<u64>,
        /// All that were given up for this receiver.
        #[arg(long, value_name = "NAME", conflicts_with = "ids")]
        receiver: Option<String>,
    },
    /// Send notifications again, now.
    Resend {
        /// Numbers, as `outbox` shows them.
        #[arg(value_name = "NUMBER", required_unless_present = "receiver")]
        ids: Vec<u64>,
        /// All that were given up for this receiver.
        #[arg(long, value_name = "NAME", conflicts_with = "ids")]
        receiver: Option<String>,
    },
}
