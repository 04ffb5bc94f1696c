//! Commands that change something: they need a host.

use std::path::Path;

use lifesigns_api::NoticeSelection;
use lifesigns_compliance::CommandAction;

use super::{answers::act, args::TargetArgs, parts::ObjectsCommand, service_target::ServiceTarget, write::emit_text};
use crate::exit::{Failure, Outcome};

/// Writes on an alert.
pub(crate) fn note(id: &str, text: &str, place: &TargetArgs) -> Outcome {
    act(CommandAction::Note { alert: id.to_owned(), text: text.to_owned() }, place)
}

/// Forget objects, clear symptoms.
pub(crate) fn object(command: &ObjectsCommand, place: &TargetArgs) -> Outcome {
    let action = match command {
        ObjectsCommand::List(_) | ObjectsCommand::Show { .. } => return Ok(()),
        ObjectsCommand::Forget { id, why } => CommandAction::Forget { object: id.clone(), why: why.clone() },
        ObjectsCommand::Clear { id, symptom, why } => {
            CommandAction::ClearSymptom { object: id.clone(), symptom: symptom.clone(), why: why.clone() }
        }
    };
    act(action, place)
}

/// Drops notices that were given up.
pub(crate) fn drop_dead(ids: &[u64], receiver: Option<&str>, place: &TargetArgs) -> Outcome {
    let which = NoticeSelection { ids: ids.to_vec(), receiver: receiver.map(str::to_owned) };
    emit_text(&ServiceTarget::new(place)?.ask(|host| host.drop_dead(&which))?, place)
}

/// Takes notices to their receivers again.
pub(crate) fn resend(ids: &[u64], receiver: Option<&str>, place: &TargetArgs) -> Outcome {
    let which = NoticeSelection { ids: ids.to_vec(), receiver: receiver.map(str::to_owned) };
    emit_text(&ServiceTarget::new(place)?.ask(|host| host.resend(&which))?, place)
}

/// Copies the store: by the host if one runs, else from the file.
pub(crate) fn backup(file: &Path, place: &TargetArgs) -> Outcome {
    let path = std::path::absolute(file)
        .map_err(|error| Failure::Usage(format!("{} is no path for a copy: {error}", file.display())))?;
    emit_text(&ServiceTarget::new(place)?.patient().ask(|host| host.backup(&path))?, place)
}
