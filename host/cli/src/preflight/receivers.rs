//! Receivers: whether they can be made, and whether their secrets can be read.

use std::path::Path;

use lifesigns::model::SystemClock;
use lifesigns_notifications::{EgressPolicy, ReceiverConfig, ReceiverKind};
use lifesigns_settings::Settings;

use super::problem::Problem;

/// Why receivers cannot be made. Nothing is sent, and no connection is opened.
pub(super) fn refusals(settings: &Settings) -> Vec<String> {
    let (egress, clock) = (EgressPolicy::new(settings.outbound.clone()), SystemClock::shared());
    let mut refusals = Vec::new();
    for config in &settings.receivers {
        if let Err(why) = lifesigns_notifications::receiver(config, &egress, Box::new(()), &clock) {
            refusals.push(format!("receiver {}: {why}", config.name));
        }
    }
    refusals
}

/// What a receiver needs for each delivery and does not have: a host starts without it.
pub(super) fn problems(settings: &Settings) -> Vec<Problem> {
    settings.receivers.iter().flat_map(of_receiver).collect()
}

fn of_receiver(config: &ReceiverConfig) -> Vec<Problem> {
    let fix = "nothing is delivered until it can be read; it is read by the user that lifesigns runs as";
    let secrets = config.unreadable().into_iter();
    let mut problems: Vec<Problem> = secrets
        .map(|why| Problem::new("receiver", &config.name, format!("a secret cannot be read: {why}"), fix))
        .collect();
    if let ReceiverKind::Ndjson(lines) = &config.kind
        && let Some(folder) = lines.file.as_deref().and_then(Path::parent)
        && !folder.as_os_str().is_empty()
        && !folder.is_dir()
    {
        let what = format!("there is no folder {}", folder.display());
        problems.push(Problem::new("receiver", &config.name, what, "create it; nothing is delivered until it exists"));
    }
    problems
}
