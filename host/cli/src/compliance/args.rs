//! The commands about objects, groups, policies and alerts, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lifesigns_report::ReportFormat;

use super::parts::{
    AgentsCommand, AlertsCommand, AlertsFilter, AuditCommand, AuditFilter, GroupsCommand, ObjectsCommand,
    ObjectsFilter, OutboxCommand, PolicyCommand, RouteCommand, SilenceCommand, TokenCommand,
};

use super::{search_args::SearchArgs, when};

/// The host or store to ask, and the form of the answer.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TargetArgs {
    /// The configuration of the host, which names its socket and its store.
    #[arg(long, global = true, value_name = "FILE", env = "LIFESIGNS_CONFIG", help_heading = "Where")]
    pub(crate) config: Option<PathBuf>,
    /// The host's control socket.
    #[arg(long, global = true, value_name = "PATH", env = "LIFESIGNS_CONTROL", help_heading = "Where")]
    pub(crate) socket: Option<PathBuf>,
    /// The host's store, which is read where no host is running.
    #[arg(long, global = true, value_name = "FILE", env = "LIFESIGNS_STORE", help_heading = "Where")]
    pub(crate) store: Option<PathBuf>,
    /// A host in the network, such as https://lifesigns.example:9123, in place of one on this machine.
    #[arg(long, global = true, value_name = "URL", env = "LIFESIGNS_SERVER", help_heading = "Where")]
    pub(crate) server: Option<String>,
    /// The file of the token to show there; default the token in LIFESIGNS_TOKEN.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where")]
    pub(crate) token_file: Option<PathBuf>,
    /// The certificates (PEM) to trust there; default those of the web's authorities.
    #[arg(long, global = true, value_name = "FILE", env = "LIFESIGNS_CA", help_heading = "Where")]
    pub(crate) ca: Option<PathBuf>,
    /// A table for people, or JSON for programs (times in nanoseconds since 1970).
    #[arg(long, short, global = true, value_name = "FORM", default_value = "table", help_heading = "Where")]
    pub(crate) output: Output,
    /// Act in the name of this user; only for root. Default: under sudo, the user who called it.
    #[arg(long = "as", global = true, value_name = "NAME", help_heading = "Where")]
    pub(crate) name: Option<String>,
}

impl TargetArgs {
    /// Whether programs read the answer.
    pub(crate) fn wants_json(&self) -> bool {
        self.output == Output::Json
    }
}

/// The form of an answer.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// A table for people.
    #[default]
    Table,
    /// JSON for programs.
    Json,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// See alerts, acknowledge them, write on them, cancel them.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  lifesigns alerts                                   open violations, the worst first
  lifesigns alerts --group production --at-least immediate
  lifesigns alerts --state unacknowledged --since 2h
  lifesigns alerts --pending                         what waits to open or to be cancelled
  lifesigns alerts show 4be1                         all about one; a prefix of its id is enough
  lifesigns alerts ack 4be1 --owner alice
  lifesigns alerts unack 4be1
  lifesigns alerts note 4be1 'moved tonight'
  lifesigns alerts cancel 4be1 --why 'false alarm'
  lifesigns alerts history --object vm-7 --since 30d"
    )]
    Alerts {
        #[command(subcommand)]
        command: Option<AlertsCommand>,
        #[command(flatten)]
        filter: Box<AlertsFilter>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Keep receivers from being notified of alerts for a while. The alerts stay visible and count.
    #[command(after_help = "\
Examples:
  lifesigns silence preview 'object=vm-lab-*' 'alert!=untrusted-registry'
  lifesigns silence add 'object=vm-lab-*' 'alert!=untrusted-registry' --for 2h --why 'lab rebuild'
  lifesigns silence add group=production --from 2026-11-28T22:00:00Z --for 4h --why 'change 4711'
  lifesigns silence
  lifesigns silence show 9c01
  lifesigns silence extend 9c01 --for 2h
  lifesigns silence expire 9c01

A matcher is NAME=PATTERN or NAME!=PATTERN. NAME is alert, symptom, object, group, criticality, impact,
control, id, or the name of a detail of alerts; in PATTERN, * stands for any run of characters. All
matchers have to match. A name that nothing has is refused.")]
    Silence {
        #[command(subcommand)]
        command: Option<SilenceCommand>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See objects: virtual machines, hosts, containers and others.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  lifesigns objects --kind vm --symptom 'docker-*'   all VMs that run Docker
  lifesigns objects --group production
  lifesigns objects --discovered                     what logs, and is in no inventory
  lifesigns objects show vm-7
  lifesigns objects forget vm-9 --why 'deleted in vCenter'
  lifesigns objects clear vm-7 docker-keyword/docker-present --why 'removed by hand'"
    )]
    Objects {
        #[command(subcommand)]
        command: Option<ObjectsCommand>,
        #[command(flatten)]
        filter: ObjectsFilter,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See groups and their members.
    #[command(after_help = "\
Examples:
  lifesigns groups
  lifesigns groups show production
  lifesigns groups members production --output json | jq -r '.[].object.id'")]
    Groups {
        #[command(subcommand)]
        command: Option<GroupsCommand>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See the compliance badge of everything, or of one group or object with its history.
    #[command(after_help = "\
Examples:
  lifesigns badge
  lifesigns badge production
  lifesigns badge vm-7")]
    Badge {
        /// The name of a group or an object.
        #[arg(id = "of", value_name = "NAME")]
        name: Option<String>,
        /// List at most this many objects, the worst; 0 for all. Without it, a table has 1000 and JSON all.
        #[arg(long, value_name = "N", conflicts_with = "of")]
        limit: Option<usize>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See what policies decide, and why.
    #[command(after_help = "\
Examples:
  lifesigns policy list
  lifesigns policy why vm-7 docker-on-production")]
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See who is notified of an alert, and why.
    #[command(after_help = "Example:\n  lifesigns route why 4be1")]
    Route {
        #[command(subcommand)]
        command: RouteCommand,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Write a compliance report for auditors: scope, controls, findings, evidence, exceptions.
    #[command(after_help = "\
Examples:
  lifesigns report --group production --out production.html
  lifesigns report --group production --format csv > production.csv
  lifesigns report --group production --from 2026-10-01 --to 2026-11-01 --out october.html")]
    Report {
        /// The group.
        #[arg(long, value_name = "NAME")]
        group: String,
        /// One HTML file that prints well, a table for spreadsheets, or JSON.
        #[arg(long, value_name = "html|csv|json", default_value = "html")]
        format: ReportFormat,
        /// Report over a period that begins at a time (RFC 3339), on a day (UTC), or this long ago (30d).
        #[arg(long, value_name = "TIME", value_parser = when::day)]
        from: Option<u64>,
        /// The end of the period; default now.
        #[arg(long, value_name = "TIME", value_parser = when::day, requires = "from")]
        to: Option<u64>,
        /// The file to write to. Default: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See who changed what, and verify that the audit log itself was not changed.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  lifesigns audit --since 7d --who alice
  lifesigns audit --subject 4be1c0a97d3f2e10
  lifesigns audit verify"
    )]
    Audit {
        #[command(subcommand)]
        command: Option<AuditCommand>,
        #[command(flatten)]
        filter: AuditFilter,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See the status of a running host: rules, sources, store, receivers.
    #[command(after_help = "Examples:\n  lifesigns status\n  lifesigns status --output json | jq .store.state")]
    Status {
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See the agents of a running host: version, group, last seen, how far behind, what was refused. Revoke them.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  lifesigns agents
  lifesigns agents web-1                                    all about one, with its effective configuration
  lifesigns agents --output json | jq '.[] | select(.is_away) | .name'
  lifesigns agents revoke web-1                             its credentials are refused from now on"
    )]
    Agents {
        #[command(subcommand)]
        command: Option<AgentsCommand>,
        /// Only this agent, with what it reads.
        #[arg(id = "agent", value_name = "NAME")]
        agent: Option<String>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// See notifications that wait and those that were given up; send them again.
    #[command(after_help = "\
Examples:
  lifesigns outbox                       what waits
  lifesigns outbox dead                  what was given up
  lifesigns outbox resend 4711 4712
  lifesigns outbox resend --receiver hotline
  lifesigns outbox drop --receiver old-hotline")]
    Outbox {
        #[command(subcommand)]
        command: Option<OutboxCommand>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Search the log events that rules were given lately, the latest first.
    #[command(after_help = "\
Examples:
  lifesigns query containers/create --since 1h
  lifesigns query --object 'vm-7*' --field app=dockerd --limit 20
  lifesigns query 'access denied' --output json | jq -r '.events[].text'

Only events that some rule's interest matched are kept, in memory: `keep-events` in [engine] says how much, and
the last line how far back they go. A restart begins with none.")]
    Query {
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Copy the store to a new file, while the host runs or not.
    #[command(after_help = "\
Example:
  lifesigns backup /backup/lifesigns-$(date +%F).db

To restore it, stop the host, put the copy where the store is (removing NAME-wal and NAME-shm), and start
the host.")]
    Backup {
        /// The file of the copy, which must not exist yet.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Make, list and revoke the tokens of those who ask the API in the network.
    #[command(after_help = "\
Examples:
  lifesigns token add grafana --role viewer --expires 365d
  lifesigns token add shipper --role ingest --expires never > shipper.token
  lifesigns token add web-1 --role enrol > web-1.enrol      for one agent, once; docs/agent.md
  lifesigns token list
  lifesigns token revoke grafana

A token is printed once, alone on standard output. Where no host runs it is made in the store, which need not exist
yet: a host that listens beyond loopback needs one to start.")]
    Token {
        #[command(subcommand)]
        command: Option<TokenCommand>,
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Find problems of configuration, store and host, and how to fix them.
    #[command(after_help = "Example:\n  lifesigns doctor --config /etc/lifesigns/lifesigns.toml")]
    Doctor {
        #[command(flatten)]
        place: TargetArgs,
    },
    /// Check a configuration: all mistakes at once, each with file, line and column.
    #[command(after_help = "\
Examples:
  lifesigns validate --config /etc/lifesigns/lifesigns.toml
  lifesigns validate --config edited.toml --what-if    which alerts and badges it would change; changes nothing")]
    Validate {
        /// Show the alerts and badges that it would change if it were in force now; nothing is written.
        #[arg(long)]
        what_if: bool,
        #[command(flatten)]
        place: TargetArgs,
    },
}
