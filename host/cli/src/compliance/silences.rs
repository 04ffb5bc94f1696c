//! `lifesigns silence`: each answer says what the silence matches, and says it loudly if that is
//! nothing.

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_api::ActOutcome;
use lifesigns_compliance::{
    CommandAction,
    query::{Query, QueryAnswer, SilenceDetails},
};

use super::{
    answers::{act, query},
    args::TargetArgs,
    parts::SilenceCommand,
    service_target::{ServiceTarget, unexpected},
    show,
    write::{emit, emit_text},
};
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

pub(crate) fn run(command: Option<&SilenceCommand>, place: &TargetArgs) -> Outcome {
    match command {
        None | Some(SilenceCommand::List) => list(place),
        Some(SilenceCommand::Show { id }) => {
            let page = page(id, place)?;
            emit(&page, place, |view| show::silence(&page, view))
        }
        Some(SilenceCommand::Preview { matchers }) => {
            let QueryAnswer::Matches(matches) = query(Query::Preview(matchers.clone()), place)? else {
                return Err(unexpected());
            };
            emit(&matches, place, |view| show::preview(&matches, view))?;
            matches.notes.iter().for_each(|note| terminal::warning(&lifesigns_text::visible(note)));
            Ok(())
        }
        Some(SilenceCommand::Add { matchers, from, length, until, why }) => {
            let now_ns = SystemClock.now_ns();
            let from_ns = from.unwrap_or(now_ns);
            let until_ns = until.unwrap_or_else(|| from_ns.saturating_add(length.unwrap_or(0)));
            if until_ns <= now_ns || until_ns <= from_ns {
                let why = "the silence would be over before it begins: choose a later end";
                return Err(Failure::Usage(why.to_owned()));
            }
            changed(
                CommandAction::Silence { matchers: matchers.clone(), from_ns: *from, until_ns, why: why.clone() },
                place,
            )
        }
        Some(SilenceCommand::Edit { id, matchers, from, until, why }) => {
            let matchers = (!matchers.is_empty()).then(|| matchers.clone());
            let edit = CommandAction::Edit {
                silence: id.clone(),
                matchers,
                from_ns: *from,
                until_ns: *until,
                why: why.clone(),
            };
            changed(edit, place)
        }
        Some(SilenceCommand::Extend { id, length }) => {
            let page = page(id, place)?;
            let until_ns = Some(page.silence.until_ns.saturating_add(*length));
            changed(
                CommandAction::Edit { silence: page.silence.id, matchers: None, from_ns: None, until_ns, why: None },
                place,
            )
        }
        Some(SilenceCommand::Expire { id }) => act(CommandAction::Expire { silence: id.clone() }, place),
    }
}

fn list(place: &TargetArgs) -> Outcome {
    let QueryAnswer::Silences(silences) = query(Query::Silences, place)? else { return Err(unexpected()) };
    emit(&silences, place, |view| show::silences(&silences, view))
}

fn page(id: &str, place: &TargetArgs) -> Result<SilenceDetails, Failure> {
    match query(Query::Silence(id.to_owned()), place)? {
        QueryAnswer::Silence(page) => Ok(*page),
        _ => Err(unexpected()),
    }
}

/// Makes or changes one, and says what it matches.
fn changed(action: CommandAction, place: &TargetArgs) -> Outcome {
    match ServiceTarget::new(place)?.ask(|host| host.act(action))? {
        ActOutcome::Silence(page) => {
            emit(&page, place, |view| show::silenced(&page, view))?;
            if page.matches.objects == 0 || page.matches.alerts.is_empty() {
                terminal::warning(&show::matches_little(&page.matches));
            }
            page.matches.notes.iter().for_each(|note| terminal::warning(&lifesigns_text::visible(note)));
            Ok(())
        }
        ActOutcome::Done(text) => emit_text(&text, place),
    }
}
