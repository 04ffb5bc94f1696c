//! Commands that change something: they need a host.

use std::path::Path;

use lifesigns_compliance::CommandAction;
use lifesigns_control::Request;

use super::{answers::done, args::Where, ask::Host, at_rest, parts::ObjectsCommand, write};
use crate::exit::{Failure, Outcome};

/// Writes on an alert.
pub(crate) fn note(id: &str, text: &str, place: &Where) -> Outcome {
    let act = CommandAction::Note { alert: id.to_owned(), text: text.to_owned() };
    done(&Host::new(place)?.ask(&Request::Command(act))?, place)
}

/// Forget objects, clear symptoms.
pub(crate) fn object(command: &ObjectsCommand, place: &Where) -> Outcome {
    let act = match command {
        ObjectsCommand::List(_) | ObjectsCommand::Show { .. } => return Ok(()),
        ObjectsCommand::Forget { id, why } => CommandAction::Forget { object: id.clone(), why: why.clone() },
        ObjectsCommand::Clear { id, symptom, why } => {
            CommandAction::ClearSymptom { object: id.clone(), symptom: symptom.clone(), why: why.clone() }
        }
    };
    done(&Host::new(place)?.ask(&Request::Command(act))?, place)
}

/// Drops notices that were given up.
pub(crate) fn drop_dead(ids: &[u64], receiver: Option<&str>, place: &Where) -> Outcome {
    let request = Request::DropDead { ids: ids.to_vec(), receiver: receiver.map(str::to_owned) };
    done(&Host::new(place)?.ask(&request)?, place)
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
