//! What the commands about alerts, objects and the rest can do, as typed.

use clap::{Args, Subcommand};
use lifesigns_compliance::Matcher;

use super::{matcher, when};

#[derive(Subcommand)]
pub(crate) enum AlertsCommand {
    /// List alerts, the worst first (this is what `alerts` does).
    List(AlertsFilter),
    /// All about one alert: evidence, recommendations, why.
    Show {
        /// Its id, or enough of its beginning.
        id: String,
    },
    /// Acknowledge an alert: somebody knows.
    Ack {
        /// Its id, or enough of its beginning.
        id: String,
        /// Whose it is from now on.
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
    },
    /// Write a note on an alert.
    Note {
        /// Its id, or enough of its beginning.
        id: String,
        /// The note.
        text: String,
    },
    /// Cancel an alert by hand; it opens again when its symptom is seen anew.
    Cancel {
        /// Its id, or enough of its beginning.
        id: String,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Alerts of the past, the latest first.
    History {
        /// Only of this object.
        #[arg(long, value_name = "ID")]
        object: Option<String>,
        /// Only this alert; may have *.
        #[arg(long, value_name = "NAME")]
        alert: Option<String>,
        /// Cancelled since then: a time (RFC 3339), or so long ago (30d).
        #[arg(long, value_name = "TIME", value_parser = when::since)]
        since: Option<u64>,
        /// At most so many; 0 for all.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
}

/// Which alerts.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AlertsFilter {
    /// Only of members of this group.
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Only of this object.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// Only this alert; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) alert: Option<String>,
    /// At least this bad: information, warning, immediate or critical.
    #[arg(long, value_name = "CRITICALITY", value_parser = matcher::criticality)]
    pub(crate) at_least: Option<lifesigns::model::Criticality>,
    /// Cancelled ones too.
    #[arg(long)]
    pub(crate) cancelled: bool,
    /// Those that are allowed too.
    #[arg(long)]
    pub(crate) allowed: bool,
    /// At most so many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: usize,
}

#[derive(Subcommand)]
pub(crate) enum SilenceCommand {
    /// Add one.
    Add {
        /// What it is about, such as object=vm-*, alert!=x, group=production.
        #[arg(required = true, value_name = "MATCHER", value_parser = matcher::parse)]
        matchers: Vec<Matcher>,
        /// For so long: 30m, 2h, 7d.
        #[arg(long = "for", value_name = "TIME", value_parser = when::duration, required_unless_present = "until", conflicts_with = "until")]
        length: Option<u64>,
        /// Until then (RFC 3339).
        #[arg(long, value_name = "TIME", value_parser = when::time)]
        until: Option<u64>,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// List those that are in force or to come (this is what `silence` does).
    List,
    /// End one now.
    Expire {
        /// Its id, or enough of its beginning.
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ObjectsCommand {
    /// List objects (this is what `objects` does).
    List(ObjectsFilter),
    /// All about one object.
    Show {
        /// The object.
        id: String,
    },
}

/// Which objects.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ObjectsFilter {
    /// Only members of this group.
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Only of this kind: vm, host, container, or what the inventory says.
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
    /// List groups with their badges (this is what `groups` does).
    List,
    /// One group: badge, policies, members.
    Show {
        /// The group.
        name: String,
    },
    /// The members of a group.
    Members {
        /// The group.
        name: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// What is decided about an alert on an object, by which line of which file, over what.
    Why {
        /// The object.
        object: String,
        /// The alert's name, or RULE/SYMPTOM.
        alert: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List entries, the latest last (this is what `audit` does).
    List(AuditFilter),
    /// Check the chain of hashes: whether any entry was changed, removed or put in.
    Verify {
        /// An entry that was noted down before, as an earlier `verify` printed it; it has to be there.
        #[arg(long, value_name = "NUMBER:HASH", value_parser = matcher::mark)]
        known: Option<lifesigns_control::AuditMark>,
    },
}

/// Which entries.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    /// Only about this alert, silence or object.
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<String>,
    /// Only by this person or part of the host.
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
    /// Since then: a time (RFC 3339), or so long ago (7d).
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub(crate) since: Option<u64>,
    /// At most so many, the latest; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Subcommand)]
pub(crate) enum OutboxCommand {
    /// List what waits (this is what `outbox` does).
    List {
        /// Only for this receiver.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
    },
    /// List what was given up.
    Dead {
        /// Only for this receiver.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
    },
    /// Tell it again, now.
    Resend {
        /// Numbers, as `outbox` shows them.
        #[arg(value_name = "NUMBER", required_unless_present = "receiver")]
        ids: Vec<u64>,
        /// Everything that was given up for this receiver.
        #[arg(long, value_name = "NAME", conflicts_with = "ids")]
        receiver: Option<String>,
    },
}
