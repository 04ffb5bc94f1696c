//! The commands about rules of a running host, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::compliance::TargetArgs;

#[derive(Subcommand)]
pub(crate) enum HostRuleCommand {
    /// Put a module into the rules folder of a running host, as the live version or as a shadow.
    #[command(after_help = "\
Examples:
  lifesigns rule load keyword.wasm keyword
  lifesigns rule load --manifest keyword.toml keyword.wasm keyword
  lifesigns rule load --shadow keyword-2.wasm keyword      beside the live version, to be compared

The module is compiled, described with its settings and shown recent events first; if it is refused, nothing
has changed. Module and manifest are put into the host's rules folder, which stays the truth: the module as
versions/NAME/DIGEST.wasm, named by NAME.toml. A new live version goes on with the state of the one before.")]
    Load {
        /// Run it beside the live version, as its shadow.
        #[arg(long)]
        shadow: bool,
        /// The manifest. Default: the one that is there, else an empty one.
        #[arg(long, value_name = "FILE", conflicts_with = "shadow")]
        manifest: Option<PathBuf>,
        /// The module.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        rule: NamedRule,
    },
    /// Take a rule out of the rules folder. Its versions and its state are kept.
    #[command(after_help = "Example:\n  lifesigns rule unload keyword")]
    Unload(NamedRule),
    /// Run a rule that is disabled.
    #[command(after_help = "Example:\n  lifesigns rule enable keyword")]
    Enable(NamedRule),
    /// Keep a rule in the rules folder and do not run it, also after a restart.
    #[command(after_help = "Example:\n  lifesigns rule disable keyword")]
    Disable(NamedRule),
    /// Show a rule nothing until it is released, also after a restart; what it misses is counted.
    #[command(after_help = "Example:\n  lifesigns rule quarantine keyword")]
    Quarantine(NamedRule),
    /// End a pause of a rule, whether an operator, its failures or its budget caused it.
    #[command(after_help = "Example:\n  lifesigns rule release keyword")]
    Release(NamedRule),
    /// Put the shadow of a rule in the place of its live version, with the state that the shadow has.
    #[command(after_help = "\
Example:
  lifesigns rule promote keyword

The state of the shadow goes on, because it is what the new version made of the events that it saw. The state
of the version before it is set aside, for `rule rollback`.")]
    Promote(NamedRule),
    /// Go back to the version before the live one, with the state that it had.
    #[command(after_help = "\
Examples:
  lifesigns rule rollback keyword
  lifesigns rule rollback keyword --to 3      a version of `rule history`; it goes on with the present state")]
    Rollback {
        #[command(flatten)]
        rule: NamedRule,
        /// The number of the version.
        #[arg(long, value_name = "N")]
        to: Option<u64>,
    },
    /// List the versions of a rule that were live: module, digest, when, who.
    #[command(after_help = "Example:\n  lifesigns rule history keyword")]
    History(NamedRule),
    /// Compare a rule of a running host with its shadow: what both, and what only one of them raised and
    /// cleared since both run, and what each costs.
    #[command(after_help = "\
Examples:
  lifesigns rule diff keyword
  lifesigns rule diff keyword --output json | jq .diff.only_shadow

A rule has a shadow after `lifesigns rule load --shadow FILE NAME`, or if its manifest in the rules folder says
`shadow = \"NEW.wasm\"`: that module runs beside the live one on the same events. What it raises and clears goes
nowhere but here.")]
    Diff(NamedRule),
}

impl HostRuleCommand {
    /// Whether programs read the answer.
    pub(crate) fn wants_json(&self) -> bool {
        let (Self::Load { rule, .. }
        | Self::Unload(rule)
        | Self::Enable(rule)
        | Self::Disable(rule)
        | Self::Quarantine(rule)
        | Self::Release(rule)
        | Self::Promote(rule)
        | Self::Rollback { rule, .. }
        | Self::History(rule)
        | Self::Diff(rule)) = self;
        rule.place.wants_json()
    }
}

/// Which rule, and of which host.
#[derive(Args)]
pub(crate) struct NamedRule {
    /// The name of the rule.
    #[arg(id = "of", value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) place: TargetArgs,
}

/// How rules are shown by cost.
#[derive(Args)]
pub(crate) struct TopArgs {
    /// Show it once, also on a terminal.
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub(crate) every: u64,
    #[command(flatten)]
    pub(crate) place: TargetArgs,
}

/// What of a rule is watched.
#[derive(Args)]
pub(crate) struct TapArgs {
    /// The name of the rule.
    #[arg(id = "of", value_name = "RULE")]
    pub(crate) name: String,
    /// Watch its shadow.
    #[arg(long)]
    pub(crate) shadow: bool,
    /// End after this many events.
    #[arg(long, short = 'n', value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    pub(crate) count: u64,
    #[command(flatten)]
    pub(crate) place: TargetArgs,
}
