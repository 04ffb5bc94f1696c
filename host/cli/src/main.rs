//! The command line: it wires the crates together, and is the only place that owns the process.

mod agent;
mod args;
mod authoring;
mod bounded_file;
mod compliance;
mod declared_settings;
mod demo;
mod exit;
mod explain;
mod explain_args;
mod folder_rules;
mod inventory;
mod kept_agents;
mod load;
mod log_inputs;
mod open_files;
mod output;
mod preflight;
mod read_thread;
mod reload;
mod reload_requests;
mod replay;
mod replay_inputs;
mod rule_args;
mod rule_host;
mod rules;
mod run;
mod server;
mod signals;
mod source_driver;
mod summary;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

/// The book allocates much and in small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // First of all: a child that compiles has little memory, and needs nothing of the rest.
    if let Some(code) = lifesigns::compile_worker(std::env::args_os()) {
        return ExitCode::from(code);
    }
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misused(&error),
    };
    if args.command.wants_json() {
        terminal::in_json();
    }
    terminal::install_subscriber();
    let outcome = match args.command {
        args::Command::Replay(replay) => replay::run(&replay),
        args::Command::Run { config } => run::run(&config),
        args::Command::Agent(agent) => agent::run(&agent),
        args::Command::Demo { follow } => demo::run(follow),
        args::Command::Rule { command } => rules::run(&command),
        args::Command::Top(top) => rule_host::top(&top),
        args::Command::Tap(tap) => rule_host::tap(&tap),
        args::Command::Explain(explain) => explain::run(&explain),
        args::Command::Reload { place } => rule_host::reload(&place),
        args::Command::Compliance(command) => compliance::run(&command),
        args::Command::Completions { shell } => args::completions(shell),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::error(&failure);
            failure.code()
        }
    }
}

/// Reports a wrong command line, or prints the help that was asked for.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    if !args::json_is_asked_for(std::env::args_os()) {
        // It repeats arguments, which may come out of another program.
        let text = lifesigns_text::visible_lines(&error.render().to_string());
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        return exit::Failure::Usage(String::new()).code();
    }
    terminal::in_json();
    let text = error.render().to_string();
    let failure = exit::Failure::Usage(text.trim().trim_start_matches("error: ").to_owned());
    terminal::error(&failure);
    failure.code()
}
