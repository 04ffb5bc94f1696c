//! Commands that change something: they need a host.

use std::path::Path;

use lifesigns_compliance::Act;
use lifesigns_control::Request;

use super::{
    args::Where,
    ask::Host,
    at_rest, done,
    parts::{AlertsCommand, SilenceCommand},
    when, write,
};
use crate::exit::{Failure, Outcome};

/// Acknowledge, note, cancel.
pub(crate) fn alert(command: &AlertsCommand, place: &Where) -> Outcome {
    let act = match command {
        AlertsCommand::Ack { id, owner } => Act::Acknowledge { alert: id.clone(), owner: owner.clone() },
        AlertsCommand::Note { id, text } => Act::Note { alert: id.clone(), text: text.clone() },
        AlertsCommand::Cancel { id, why } => Act::Cancel { alert: id.clone(), why: why.clone() },
        AlertsCommand::List(_) | AlertsCommand::Show { .. } | AlertsCommand::History { .. } => return Ok(()),
    };
    act_on(act, place)
}

/// Add and expire silences.
pub(crate) fn silence(command: &SilenceCommand, place: &Where) -> Outcome {
    let act = match command {
        SilenceCommand::List => return Ok(()),
        SilenceCommand::Expire { id } => Act::Expire { silence: id.clone() },
        SilenceCommand::Add { matchers, length, until, why } => {
            let now_ns = when::now_ns();
            let until_ns = until.unwrap_or_else(|| now_ns.saturating_add(length.unwrap_or(0)));
            if until_ns <= now_ns {
                return Err(Failure::Usage("the silence would be over already: choose a later --until".to_owned()));
            }
            Act::Silence { matchers: matchers.clone(), until_ns, why: why.clone() }
        }
    };
    act_on(act, place)
}

fn act_on(act: Act, place: &Where) -> Outcome {
    done(&Host::new(place)?.ask(&Request::Command(act))?, place)
}

/// Takes notices to their receivers again.
pub(crate) fn resend(ids: &[u64], receiver: Option<&str>, place: &Where) -> Outcome {
    let request = Request::Resend { ids: ids.to_vec(), receiver: receiver.map(str::to_owned) };
    done(&Host::new(place)?.ask(&request)?, place)
}

/// Copies the store: by the host if one runs, else from the file.
pub(crate) fn backup(file: &Path, place: &Where) -> Outcome {
    let path = std::path::absolute(file)
        .map_err(|error| Failure::Usage(format!("{} is no path for a copy: {error}", file.display())))?;
    let host = Host::new(place)?.patient();
    match host.ask_live(&Request::Backup { path: path.clone() })? {
        Some(reply) => done(&reply, place),
        None => write::emit_text(&at_rest::backup(host.places(), &path)?, place),
    }
}
