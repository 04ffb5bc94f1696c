//! The commands of rule authors, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::{
    compliance::Output,
    log_inputs::{LogInputs, time},
};

/// The beginnings that `rule new` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A line is a symptom; its user becomes an attribute.
    Keyword,
    /// Too many within a window; clears by itself.
    Stateful,
    /// A line on an object with a property; clears when the property changes.
    Facts,
}

#[derive(Subcommand)]
pub(crate) enum AuthorCommand {
    /// Make a new rule: a folder that builds, tests and runs at once, without the network.
    #[command(after_help = "\
Examples:
  lifesigns rule new many-logins
  lifesigns rule new many-logins --template keyword
  lifesigns rule new many-logins --sdk-path ../lifesigns/rules/sdk

Then: cd many-logins && lifesigns rule test")]
    New {
        /// The rule's name, and its folder's: lower-case letters, digits and hyphens.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it begins as.
        #[arg(long, default_value = "stateful", value_enum)]
        template: Template,
        /// The folder to make it in.
        #[arg(long = "in", default_value = ".", value_name = "DIR")]
        folder: PathBuf,
        /// Use the SDK in this folder, instead of the copy that this program writes beside the rule.
        #[arg(long, value_name = "DIR", conflicts_with_all = ["sdk_git", "sdk_version"])]
        sdk_path: Option<String>,
        /// Use the SDK of this git repository.
        #[arg(long, value_name = "URL", conflicts_with = "sdk_version")]
        sdk_git: Option<String>,
        /// Use this version of the SDK from the registry.
        #[arg(long, value_name = "VERSION")]
        sdk_version: Option<String>,
    },
    /// Build a rule, run its unit tests and its cases; a case moves the clock and says what must come out.
    #[command(after_help = "\
Examples:
  lifesigns rule test
  lifesigns rule test many-logins --case first
  lifesigns rule test --update                      what comes out is what must come out: read the difference
  lifesigns rule test --junit results.xml

A case is a file cases/NAME.case; see docs/writing-rules.md. Exit codes: 0 all as expected, 1 not.")]
    Test {
        /// The rule's crate, or a module beside a folder `cases`.
        #[arg(default_value = ".", value_name = "CRATE|MODULE")]
        rule: PathBuf,
        /// Only this case; may be repeated.
        #[arg(long = "case", value_name = "NAME")]
        cases: Vec<String>,
        /// Write what comes out into the cases.
        #[arg(long)]
        update: bool,
        /// Leave out `cargo test`.
        #[arg(long)]
        no_unit_tests: bool,
        /// Write the results as JUnit XML.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
    /// Run one rule over logs, without a folder or a manifest: what it raises and clears, and the line that shows it.
    #[command(after_help = "\
Examples:
  lifesigns rule try . /var/log/auth.log
  lifesigns rule try many-logins.wasm --set at-least=5 --set window=1m auth.log
  lifesigns rule try . --until 2026-11-27T12:00:00Z auth.log
  journalctl -o short | lifesigns rule try . -")]
    Try(Box<Try>),
    /// Measure what a rule costs on logs: time for an event and for a call, the share of lines that it sees, memory.
    #[command(after_help = "\
Examples:
  lifesigns rule bench . /var/log/auth.log
  lifesigns rule bench many-logins.wasm --set at-least=5 --rounds 20 auth.log
  lifesigns rule bench . auth.log --output json | jq .module.ns_per_event

The rule is run over the logs once, and its calls are recorded with what its state answered. Then the same calls are
made again on one core, in rounds after a warm-up; the figures are those of the median round. Of a crate, the same is
done with the rule linked natively.")]
    Bench(Box<Bench>),
    /// At every save, build the rule, run its cases, and put the module where a host loads it from. Ends with Ctrl-C.
    #[command(after_help = "\
Example:
  lifesigns rule dev --out /etc/lifesigns/rules.d

A module is put in its place only if its cases are as expected; until then the host keeps the old version.")]
    Dev {
        /// The rule's crate.
        #[arg(default_value = ".", value_name = "CRATE")]
        rule: PathBuf,
        /// The rules folder of a host. Without it, only build and test.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Check a rule: what it imports, describes and declares, and what would make it slow or useless.
    #[command(after_help = "\
Examples:
  lifesigns rule check
  lifesigns rule check many-logins.wasm --set at-least=5

Exit codes: 0 loads (there may be warnings), 1 would be refused.")]
    Check {
        /// The rule's crate, or a module.
        #[arg(default_value = ".", value_name = "CRATE|MODULE")]
        rule: PathBuf,
        /// A setting, as in a manifest; text needs no quotes. May be repeated.
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
    },
}

impl AuthorCommand {
    /// Whether programs read the answer.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self, Self::Bench(bench) if bench.output == Output::Json)
    }
}

/// A rule that is tried, with its settings.
#[derive(Args)]
pub(crate) struct ChosenRule {
    /// The rule's crate, or a module.
    #[arg(value_name = "CRATE|MODULE")]
    pub(crate) rule: PathBuf,
    /// A setting, as in a manifest; text needs no quotes. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Arguments of `rule bench`.
#[derive(Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) chosen: ChosenRule,
    /// How often the calls are made.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) rounds: u16,
    /// Write the figures as a table or as JSON.
    #[arg(long, short, value_name = "FORM", default_value = "table", value_enum)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) inputs: LogInputs,
}

/// Arguments of `rule try`.
#[derive(Args)]
pub(crate) struct Try {
    #[command(flatten)]
    pub(crate) chosen: ChosenRule,
    /// Time passes up to then after the last line (RFC 3339): reminders come that are due by then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<u64>,
    #[command(flatten)]
    pub(crate) inputs: LogInputs,
}
