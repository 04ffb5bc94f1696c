//! Commands about alerts and silences, as typed.

use clap::{ArgGroup, Args, Subcommand};
use lifesigns::model::{Criticality, Impact};
use lifesigns_compliance::{
    Matcher,
    query::{AlertFilter, AlertStateFilter},
};

use super::super::{matcher, when};

#[derive(Subcommand)]
pub(crate) enum AlertsCommand {
    /// List alerts, the worst first (the default of `alerts`).
    #[command(after_help = "Example:\n  lifesigns alerts list --state unacknowledged --at-least immediate")]
    List(AlertsFilter),
    /// Show one alert: evidence, recommendations, policies, who was notified of it and when.
    #[command(after_help = "Example:\n  lifesigns alerts show 4be1")]
    Show {
        /// Its id, or enough of its beginning.
        id: String,
    },
    /// Acknowledge alerts: by id, or all that match a filter.
    #[command(after_help = "\
Examples:
  lifesigns alerts ack 4be1 77c0 --owner alice
  lifesigns alerts ack --group playground --symptom 'docker-*/*'        shows what would be acknowledged
  lifesigns alerts ack --group playground --symptom 'docker-*/*' --yes  does it")]
    Ack {
        #[command(flatten)]
        which: AlertSelectionArgs,
        /// The new owner.
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
    },
    /// Remove the acknowledgement of alerts; their owners stay, and routes that repeat notify again.
    #[command(after_help = "Example:\n  lifesigns alerts unack 4be1")]
    Unack {
        #[command(flatten)]
        which: AlertSelectionArgs,
    },
    /// Write a note on an alert.
    #[command(after_help = "Example:\n  lifesigns alerts note 4be1 'moved tonight'")]
    Note {
        /// Its id, or enough of its beginning.
        id: String,
        /// The note.
        text: String,
    },
    /// Cancel alerts by hand, by id, or all that match a filter; one opens again when its symptom is
    /// raised again.
    #[command(after_help = "\
Examples:
  lifesigns alerts cancel 4be1 --why 'false alarm'
  lifesigns alerts cancel --object 'vm-lab-*' --why 'lab was rebuilt' --yes")]
    Cancel {
        #[command(flatten)]
        which: AlertSelectionArgs,
        /// The reason, for the audit log.
        #[arg(long)]
        why: String,
    },
    /// List alerts of the past, the latest first.
    #[command(after_help = "Example:\n  lifesigns alerts history --object 'vm-*' --since 30d --until 7d")]
    History {
        /// Only of objects of this id; may have *.
        #[arg(long, value_name = "ID")]
        object: Option<String>,
        /// Only this alert; may have *.
        #[arg(long, value_name = "NAME")]
        alert: Option<String>,
        /// Only cancelled since a time (RFC 3339), or this long ago (30d).
        #[arg(long, value_name = "TIME", value_parser = when::since)]
        since: Option<u64>,
        /// Only cancelled before a time (RFC 3339), or this long ago (7d).
        #[arg(long, value_name = "TIME", value_parser = when::since)]
        until: Option<u64>,
        /// List at most this many; 0 for all.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
}

/// The subjects of alerts. A name that does not exist is refused.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Only of members of this group; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Only of objects of this id; may have *.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// Only this alert; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) alert: Option<String>,
    /// Only those that this symptom (RULE/SYMPTOM) makes; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) symptom: Option<String>,
    /// Only those that show a breach of this control; may have *.
    #[arg(long, value_name = "ID")]
    pub(crate) control: Option<String>,
    /// Only with this impact: health, risk or efficiency.
    #[arg(long, value_name = "IMPACT", value_parser = matcher::impact)]
    pub(crate) impact: Option<Impact>,
    /// Only of this criticality: information, warning, immediate or critical.
    #[arg(long, value_name = "CRITICALITY", value_parser = matcher::criticality)]
    pub(crate) criticality: Option<Criticality>,
    /// Only of at least this criticality.
    #[arg(long, value_name = "CRITICALITY", value_parser = matcher::criticality)]
    pub(crate) at_least: Option<Criticality>,
    /// Only opened since a time (RFC 3339), or this long ago (2h).
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub(crate) since: Option<u64>,
    /// Only opened before a time (RFC 3339), or this long ago (30m).
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub(crate) until: Option<u64>,
}

impl Selection {
    /// Returns the filter of the request to a host.
    pub(crate) fn filter(&self) -> AlertFilter {
        let it = self.clone();
        AlertFilter {
            object: it.object,
            group: it.group,
            alert: it.alert,
            symptom: it.symptom,
            control: it.control,
            impact: it.impact,
            criticality: it.criticality,
            at_least: it.at_least,
            since_ns: it.since,
            until_ns: it.until,
            ..AlertFilter::default()
        }
    }
}

/// The alerts to list.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AlertsFilter {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only those of this owner; may have *.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Only those in these states: open, acknowledged, unacknowledged, silenced, inhibited, allowed,
    /// cancelled. Default: open.
    #[arg(long, value_name = "STATE", value_parser = matcher::state, value_delimiter = ',')]
    pub(crate) state: Vec<AlertStateFilter>,
    /// Include cancelled ones.
    #[arg(long)]
    pub(crate) cancelled: bool,
    /// Include those that are allowed.
    #[arg(long)]
    pub(crate) allowed: bool,
    /// List instead what is pending: alerts that wait to open or to be cancelled.
    #[arg(long, conflicts_with_all = ["state", "cancelled", "allowed", "owner"])]
    pub(crate) pending: bool,
    /// List at most this many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: usize,
}

impl AlertsFilter {
    /// Returns the filter of the request to a host.
    pub(crate) fn filter(&self) -> AlertFilter {
        AlertFilter {
            owner: self.owner.clone(),
            states: self.state.clone(),
            cancelled: self.cancelled,
            allowed: self.allowed,
            limit: self.limit,
            ..self.selection.filter()
        }
    }
}

/// The alerts to act on: by id, or by a filter.
#[derive(Args, Clone, Debug, Default)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args([
    "ids", "group", "object", "alert", "symptom", "control", "impact", "criticality", "at_least", "since", "until",
]))]
pub(crate) struct AlertSelectionArgs {
    /// The ids, or enough of the beginning of each.
    #[arg(value_name = "ID", conflicts_with_all = [
        "group", "object", "alert", "symptom", "control", "impact", "criticality", "at_least", "since", "until",
    ])]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Act on all that the filter matches; without it they are only listed.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Subcommand)]
pub(crate) enum SilenceCommand {
    /// Add a silence, and show what it matches.
    #[command(after_help = "\
Examples:
  lifesigns silence add 'object=vm-lab-*' --for 2h --why 'lab rebuild'
  lifesigns silence add group=production --from 2026-11-28T22:00:00Z --for 4h --why 'change 4711'
  lifesigns silence add 'symptom=docker-*/*' 'group!=production' --until 2026-11-24T06:00:00Z --why tests")]
    Add {
        /// Matchers, such as object=vm-*, alert!=x, group=production.
        #[arg(required = true, value_name = "MATCHER", value_parser = matcher::parse)]
        matchers: Vec<Matcher>,
        /// Begins at a time (RFC 3339), or this long from now (8h). Default: now.
        #[arg(long, value_name = "TIME", value_parser = when::coming)]
        from: Option<u64>,
        /// Lasts this long: 30m, 2h, 7d.
        #[arg(long = "for", value_name = "TIME", value_parser = when::duration, required_unless_present = "until", conflicts_with = "until")]
        length: Option<u64>,
        /// Ends at a time (RFC 3339).
        #[arg(long, value_name = "TIME", value_parser = when::time)]
        until: Option<u64>,
        /// The reason, for the audit log.
        #[arg(long)]
        why: String,
    },
    /// Show what a silence with these matchers would match now; changes nothing.
    #[command(after_help = "Example:\n  lifesigns silence preview 'object=vm-lab-*' 'alert!=untrusted-registry'")]
    Preview {
        /// The matchers.
        #[arg(required = true, value_name = "MATCHER", value_parser = matcher::parse)]
        matchers: Vec<Matcher>,
    },
    /// List those that are in force or to come (the default of `silence`).
    List,
    /// Show one: its matchers, its time, and the alerts that it matches now.
    #[command(after_help = "Example:\n  lifesigns silence show 9c01")]
    Show {
        /// Its id, or enough of its beginning.
        id: String,
    },
    /// Change the matchers, the time or the reason of one. What is not given stays.
    #[command(after_help = "\
Examples:
  lifesigns silence edit 9c01 'object=vm-lab-*' 'object!=vm-lab-7'
  lifesigns silence edit 9c01 --until 2026-11-24T06:00:00Z --why 'takes longer'",
        group = ArgGroup::new("what").required(true).multiple(true).args(["matchers", "from", "until", "why"]))]
    Edit {
        /// Its id, or enough of its beginning.
        id: String,
        /// All new matchers, which replace the old ones.
        #[arg(value_name = "MATCHER", value_parser = matcher::parse)]
        matchers: Vec<Matcher>,
        /// Begins at a time (RFC 3339), or this long from now.
        #[arg(long, value_name = "TIME", value_parser = when::coming)]
        from: Option<u64>,
        /// Ends at a time (RFC 3339), or this long from now.
        #[arg(long, value_name = "TIME", value_parser = when::coming)]
        until: Option<u64>,
        /// The reason, for the audit log.
        #[arg(long)]
        why: Option<String>,
    },
    /// Extend one.
    #[command(after_help = "Example:\n  lifesigns silence extend 9c01 --for 2h    two hours more than it has")]
    Extend {
        /// Its id, or enough of its beginning.
        id: String,
        /// Lasts this much longer: 30m, 2h, 7d.
        #[arg(long = "for", value_name = "TIME", value_parser = when::duration)]
        length: u64,
    },
    /// End one now.
    #[command(after_help = "Example:\n  lifesigns silence expire 9c01")]
    Expire {
        /// Its id, or enough of its beginning.
        id: String,
    },
}
