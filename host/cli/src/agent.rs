//! `lifesigns agent`: the agent of a machine, until a signal comes.

use std::{collections::BTreeMap, env, os::unix::process::CommandExt as _, path::PathBuf, process::Command, sync::Arc};

use clap::Args as ClapArgs;
use lifesigns::model::{SystemClock, WakeSignal};
use lifesigns_agent::{AgentError, AgentOptions};
use lifesigns_intake::host_name;
use lifesigns_network::NetworkDriver;
use lifesigns_text::visible;

use crate::{
    exit::{Failure, Outcome},
    open_files, signals, terminal,
};

/// Run the agent of a machine.
#[derive(ClapArgs)]
#[command(after_help = "\
Examples:
  lifesigns token add web-1 --role enrol > web-1.enrol     on the host, for each agent
  lifesigns agent --server https://lifesigns.example:9123 --enrol-token-file web-1.enrol --group linux
  lifesigns agent --server http://127.0.0.1:9123 --token-file agent.token --tag stage=live --state ./agent

What it collects is in the [[agent-group]] tables of the host's configuration, and changes with them. What it has read
is in its spool on disk until the host has committed it. docs/agent.md has the rest.")]
pub(crate) struct AgentArgs {
    /// The host, such as https://lifesigns.example:9123.
    #[arg(long, value_name = "URL", env = "LIFESIGNS_SERVER")]
    server: String,
    /// The file of a token of the role enrol, for an agent without credentials: it is used up for credentials of the
    /// agent's own, which stay in its state. Default: the token in LIFESIGNS_ENROL_TOKEN.
    #[arg(long, value_name = "FILE")]
    enrol_token_file: Option<PathBuf>,
    /// The file of a token of the role agent, in place of credentials of its own; default the token in LIFESIGNS_TOKEN.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The certificates (PEM) to trust; default those of the system.
    #[arg(long, value_name = "FILE", env = "LIFESIGNS_CA")]
    ca: Option<PathBuf>,
    /// The agent group to be in. Default: the first that admits this machine.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The agent's name, the object of what it sends. Default: the machine's name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A tag by which groups choose agents; may be repeated.
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// The folder of spool and state. Default: lifesigns-agent in $XDG_STATE_HOME or ~/.local/state; of root, in /var/lib.
    #[arg(long, value_name = "DIR", env = "LIFESIGNS_AGENT_STATE")]
    state: Option<PathBuf>,
    /// The most that the spool takes on disk; when it is full, sources wait.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    spool_size: u64,
}

pub(crate) fn run(args: &AgentArgs) -> Outcome {
    without_huge_pages();
    let stop = WakeSignal::new();
    signals::stop_on_signal(&stop)?;
    open_files::raise_limit(&[]);
    let host = host_name();
    let variable = |name: &str| env::var(name).ok().filter(|token| !token.is_empty());
    let options = AgentOptions {
        server: args.server.clone(),
        token: variable("LIFESIGNS_TOKEN").filter(|_| args.token_file.is_none()),
        token_file: args.token_file.clone(),
        enrol_token: variable("LIFESIGNS_ENROL_TOKEN").filter(|_| args.enrol_token_file.is_none()),
        enrol_token_file: args.enrol_token_file.clone(),
        ca: args.ca.clone(),
        group: args.group.clone(),
        name: args.name.clone().unwrap_or_else(|| host.clone()),
        host,
        tags: args.tags.iter().cloned().collect::<BTreeMap<_, _>>(),
        state: args.state.clone().map_or_else(state, Ok)?,
        spool_bytes: args.spool_size,
    };
    let name = visible(&options.name);
    terminal::line(&format!("running: agent {name}, state in {}", options.state.display()));
    let ended = lifesigns_agent::run(options, SystemClock::shared(), Arc::new(NetworkDriver), &stop);
    ended.map_err(|error| match error {
        AgentError::Url(_) => Failure::Usage(error.to_string()),
        _ => Failure::failed(error),
    })?;
    terminal::line("stopped");
    Ok(())
}

/// Runs this program again with an allocator that takes no huge pages, if it may take some: it takes one for each thread,
/// and all of an agent fits into half of one.
fn without_huge_pages() {
    const VARIABLE: &str = "MIMALLOC_ALLOW_THP";
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    // It returns only if that fails; the agent has some megabytes more then.
    let error = Command::new(program).args(env::args_os().skip(1)).env(VARIABLE, "0").exec();
    tracing::debug!("huge pages are not switched off: {error}");
}

/// Parses `NAME=VALUE`.
fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
    let (name, value) = parts.ok_or_else(|| format!("\"{}\" is no tag: write stage=live", visible(text)))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Parses a size of at least a mebibyte.
fn size(text: &str) -> Result<u64, String> {
    lifesigns_text::size_bytes(text)
        .filter(|bytes| *bytes >= 1 << 20)
        .ok_or_else(|| format!("\"{}\" is no size of at least 1MiB: write 64MiB, 1GiB", visible(text)))
}

/// Returns the folder of the state where none is named.
fn state() -> Result<PathBuf, Failure> {
    const FOLDER: &str = "lifesigns-agent";
    if rustix::process::getuid().is_root() {
        return Ok(PathBuf::from("/var/lib").join(FOLDER));
    }
    let folder = |name: &str| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")));
    let base = base.ok_or_else(|| Failure::Usage("there is no home folder: name one with `--state DIR`".to_owned()))?;
    Ok(base.join(FOLDER))
}
