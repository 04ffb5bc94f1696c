//! The command line as typed.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand};
use lifesigns_text::visible;

use crate::{
    agent::AgentArgs,
    authoring, compliance,
    exit::Outcome,
    explain_args::ExplainArgs,
    log_inputs::{LogInputs, time},
    rule_args::{HostRuleCommand, TapArgs, TopArgs},
};

/// Sandboxed WebAssembly rules over log events: symptoms in, alerts out.
#[derive(Parser)]
#[command(name = "lifesigns", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  lifesigns demo                                     a small fleet, from its logs to its alerts
  lifesigns replay --rules rules.d /var/log/syslog   what would these rules have said?
  lifesigns rule build rules/keyword --out rules.d   build a rule and put it in the rules folder
  lifesigns alerts                                   what is wrong, the worst first
  lifesigns policy why vm-7 docker-on-production     why it is, or is not

Exit codes: 0 fine, 1 failed, 2 usage, 78 bad configuration.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run rules over logs once; what they raise and clear as NDJSON on standard output, a summary on standard error.
    Replay(Replay),
    /// Run rules over live sources until SIGTERM; drains, then exits 0.
    #[command(
        after_help = "Example:\n  lifesigns run --config lifesigns.toml\n\nRules that are dropped into the rules folder are live within a moment; see docs/run.md."
    )]
    Run {
        /// Sources, rules folder, inventory and output.
        #[arg(long, value_name = "FILE", default_value = "lifesigns.toml")]
        config: PathBuf,
    },
    /// Run the agent of a machine: it follows what its group on a host is to collect, and sends it there.
    Agent(AgentArgs),
    /// Show what lifesigns does: a small fleet, from its logs to its alerts.
    #[command(after_help = "Run it from a checkout: it builds the rules there and reads examples/fleet.")]
    Demo {
        /// Keep running: follow the fleet's logs, and load what is dropped into the rules folder.
        #[arg(long)]
        follow: bool,
    },
    /// Make, test, try, build, inspect, load and change rules; compare a new version with the live one.
    Rule {
        #[command(subcommand)]
        command: RuleCommand,
    },
    /// Show the rules of a running host by what they cost, again and again on a terminal.
    #[command(after_help = "Examples:\n  lifesigns top\n  lifesigns top --once --output json | jq '.[0]'")]
    Top(TopArgs),
    /// Show what a rule of a running host is given and what it answers, as it happens.
    #[command(after_help = "\
Examples:
  lifesigns tap keyword
  lifesigns tap keyword -n 10 --output json | jq .message

Recording begins with this command and ends with it. If more comes than is read, the latest 256 events are kept
and the others counted; long texts are shortened. A rule in quarantine is given nothing.")]
    Tap(TapArgs),
    /// Explain why an alert is there, why a rule failed, or which rules would see a line.
    Explain(ExplainArgs),
    /// Have a running host read its configuration, inventories and rules folder now, as SIGHUP does.
    #[command(
        after_help = "Example:\n  lifesigns reload\n\nWhat has mistakes changes nothing: they are listed, and the exit code is 1."
    )]
    Reload {
        #[command(flatten)]
        place: compliance::TargetArgs,
    },
    #[command(flatten)]
    Compliance(Box<compliance::Command>),
    /// Print a completion script for your shell.
    #[command(after_help = "Example:\n  lifesigns completions bash > /etc/bash_completion.d/lifesigns")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Sources are merged by event time, so that facts stand as of each event. The same input gives the
/// same bytes, whatever the number of threads.
#[derive(ClapArgs)]
#[command(after_help = "\
Examples:
  lifesigns replay --rules rules.d dockerd.log
  lifesigns replay --rules rules.d --inventory fleet.toml --object vm-7 dockerd.log facts.ndjson
  lifesigns replay --rules rules.d --time-format '%y/%m/%d %H:%M:%S' spark.log
  lifesigns replay --rules rules.d --format syslog syslog.2.gz syslog.1.gz syslog | jq .summary")]
pub(crate) struct Replay {
    /// The rules folder: NAME.toml manifests and NAME.wasm modules.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: PathBuf,
    /// Objects with their properties and metrics, known from the start (TOML, JSON or CSV).
    #[arg(long, value_name = "FILE")]
    pub(crate) inventory: Option<PathBuf>,
    /// Time passes up to then after the last line (RFC 3339): reminders come that are due by then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<u64>,
    /// Threads, at most 4. Default: as many as there are cores.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// How far from its place by time a line may stand in its file, such as 16MiB; memory grows with it.
    /// Default: 64MiB shared by all files, between 64KiB and 4MiB for each.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) disorder: Option<u64>,
    /// The folder that compiled modules are cached in.
    #[arg(long, value_name = "DIR", env = "LIFESIGNS_CACHE")]
    pub(crate) cache: Option<PathBuf>,
    /// A folder outside the rules folder that modules and links in it may lead to; may be repeated.
    #[arg(long = "module-folder", value_name = "DIR")]
    pub(crate) module_folders: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) inputs: LogInputs,
}

/// Parses a size such as `16MiB`.
fn size(text: &str) -> Result<u64, String> {
    lifesigns_text::size_bytes(text)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("\"{}\" is not a size: write 512KiB, 16MiB, 1GiB", visible(text)))
}

#[derive(Subcommand)]
pub(crate) enum RuleCommand {
    #[command(flatten)]
    Author(authoring::AuthorCommand),
    /// Build rule crates into modules: cargo, SIMD, component, strip.
    #[command(after_help = "Example:\n  lifesigns rule build rules/keyword rules/docker-keyword --out rules.d")]
    Build {
        /// Crates of rules, or folders of such crates.
        #[arg(required = true, value_name = "DIR")]
        crates: Vec<PathBuf>,
        /// The folder that NAME.wasm is written to.
        #[arg(long, default_value = ".", value_name = "DIR")]
        out: PathBuf,
    },
    /// List the rules of a running host, or of a rules folder: what loads, what is refused and why.
    #[command(
        after_help = "Examples:\n  lifesigns rule list           of the running host\n  lifesigns rule list rules.d   of a folder"
    )]
    List {
        /// A rules folder. Default: the rules of the running host.
        #[arg(value_name = "DIR")]
        rules: Option<PathBuf>,
        /// The folder that compiled modules are cached in.
        #[arg(long, value_name = "DIR", env = "LIFESIGNS_CACHE")]
        cache: Option<PathBuf>,
        /// A folder outside the rules folder that modules and links in it may lead to; may be repeated.
        #[arg(long = "module-folder", value_name = "DIR")]
        module_folders: Vec<PathBuf>,
        #[command(flatten)]
        place: compliance::TargetArgs,
    },
    /// Inspect a module: symptoms, settings, interests, wants, imports, size, compile time.
    #[command(after_help = "\
Examples:
  lifesigns rule inspect rules.d/keyword.wasm
  lifesigns rule inspect rules.d/ssh-failures.toml     with the settings of this manifest")]
    Inspect {
        /// A manifest (NAME.toml) or a module (NAME.wasm).
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    #[command(flatten)]
    Host(HostRuleCommand),
}

impl Command {
    /// Whether programs read the answer.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Compliance(command) => command.wants_json(),
            Self::Rule { command: RuleCommand::Host(command) } => command.wants_json(),
            Self::Rule { command: RuleCommand::Author(command) } => command.wants_json(),
            Self::Rule { command: RuleCommand::List { place, .. } } => place.wants_json(),
            Self::Top(TopArgs { place, .. })
            | Self::Tap(TapArgs { place, .. })
            | Self::Explain(ExplainArgs { place, .. })
            | Self::Reload { place } => place.wants_json(),
            _ => false,
        }
    }
}

/// Whether `--output json` is among arguments that could not be parsed.
pub(crate) fn json_is_asked_for(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.collect();
    let is = |at: usize, text: &str| arguments.get(at).is_some_and(|one| one == text);
    (0..arguments.len()).any(|at| {
        is(at, "--output=json")
            || is(at, "-ojson")
            || is(at, "-o=json")
            || (is(at, "--output") || is(at, "-o")) && is(at + 1, "json")
    })
}

/// Prints a completion script.
pub(crate) fn completions(shell: clap_complete::Shell) -> Outcome {
    clap_complete::generate(shell, &mut Args::command(), "lifesigns", &mut std::io::stdout());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
