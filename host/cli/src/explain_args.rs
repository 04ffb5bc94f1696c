//! What `lifesigns explain` is asked, as typed.

use std::path::PathBuf;

use clap::Args;
use lifesigns_intake::Format;
use lifesigns_text::visible;

use crate::compliance::TargetArgs;

/// What is explained, and of which host.
#[derive(Args)]
#[command(after_help = "\
Examples:
  lifesigns explain 34340b68                                     an alert: what its rules were given, run again
  lifesigns explain --poison keyword                             the events on which a rule failed, run again
  lifesigns explain --line 'dockerd: create web-1' --object vm-7 which rules would see this line, and why
  lifesigns explain --line 'docker run' --rules rules.d --property env=production

A rule is run again from what was kept when it raised the symptom or failed: the event, the state of the object before
it, the settings, and the module by its digest. The answer is `reproduced`, what differs, or why it was not run.")]
pub(crate) struct ExplainArgs {
    /// The alert: its id, of which the beginning is enough.
    #[arg(value_name = "ALERT", required_unless_present_any = ["line", "poison"], conflicts_with_all = ["line", "poison"])]
    pub(crate) alert: Option<String>,
    /// A rule: explain the last events on which it failed.
    #[arg(long, value_name = "RULE", conflicts_with = "line")]
    pub(crate) poison: Option<String>,
    /// A log line: say of each rule whether it would see it.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) line: Option<String>,
    /// The object of the line, if it names none.
    #[arg(long, value_name = "ID", requires = "line")]
    pub(crate) object: Option<String>,
    /// The format of the line.
    #[arg(long, default_value_t = Format::Auto, value_name = "auto|plain|syslog|logfmt|ndjson", requires = "line")]
    pub(crate) format: Format,
    /// A property of the object, in place of the one that it has; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, requires = "line")]
    pub(crate) property: Vec<(String, String)>,
    /// Ask the rules of this folder, not those of a host.
    #[arg(long, value_name = "DIR", requires = "line")]
    pub(crate) rules: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: TargetArgs,
}

/// Parses `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("\"{}\" is no property: write NAME=VALUE", visible(text))),
    }
}
