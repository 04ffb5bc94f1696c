//! `lifesigns rule …`, `top`, `tap` and `reload` of a running host.

use std::{
    io::{IsTerminal as _, Write as _, stdout},
    path::Path,
    time::Duration,
};

use lifesigns::model::{
    RuleLane, WakeSignal, Wakeup,
    limits::{MANIFEST_BYTES, MODULE_BYTES},
};
use lifesigns_api::{RuleChange, RuleUpload, TapQuery};

use crate::{
    bounded_file::bounded,
    compliance::{ServiceTarget, TargetArgs, clear_screen, emit, emit_text, show},
    exit::{Failure, Outcome},
    rule_args::{HostRuleCommand, NamedRule, TapArgs, TopArgs},
    signals,
};

/// How often a tap is read.
const TAP_PAUSE: Duration = Duration::from_millis(250);

pub(crate) fn run(command: &HostRuleCommand) -> Outcome {
    match command {
        HostRuleCommand::Load { shadow, manifest, file, rule } => {
            change(rule, &upload(file, manifest.as_deref(), *shadow)?)
        }
        HostRuleCommand::Unload(rule) => change(rule, &RuleChange::Unload),
        HostRuleCommand::Enable(rule) => change(rule, &RuleChange::Enable),
        HostRuleCommand::Disable(rule) => change(rule, &RuleChange::Disable),
        HostRuleCommand::Quarantine(rule) => change(rule, &RuleChange::Quarantine),
        HostRuleCommand::Release(rule) => change(rule, &RuleChange::Release),
        HostRuleCommand::Promote(rule) => change(rule, &RuleChange::Promote),
        HostRuleCommand::Rollback { rule, to } => change(rule, &RuleChange::Rollback(*to)),
        HostRuleCommand::History(NamedRule { name, place }) => {
            let versions = ServiceTarget::new(place)?.ask(|host| host.rule_history(name))?;
            emit(&versions, place, |view| show::rule_history(&versions, view))
        }
        HostRuleCommand::Diff(NamedRule { name, place }) => {
            let diff = ServiceTarget::new(place)?.ask(|host| host.rule_diff(name))?;
            emit(&diff, place, |view| show::rule_diff(&diff, view))
        }
    }
}

/// Asks the host to change a rule, and says what was done.
fn change(NamedRule { name, place }: &NamedRule, change: &RuleChange) -> Outcome {
    let host = ServiceTarget::new(place)?.patient();
    emit_text(&host.ask(|host| host.change_rule(name, change))?, place)
}

/// Lists the rules of a running host.
pub(crate) fn list(place: &TargetArgs) -> Outcome {
    let status = ServiceTarget::new(place)?.ask(|host| host.status())?;
    let list = serde_json::json!({
        "rules": &status.rules,
        "disabled": &status.disabled,
        "refused": &status.refused,
        "compiling": &status.compiling,
    });
    emit(&list, place, |view| show::rule_list(&status, view))
}

/// Reads a module, and a manifest, of files here.
fn upload(file: &Path, manifest: Option<&Path>, shadow: bool) -> Result<RuleChange, Failure> {
    let module = bounded(file, MODULE_BYTES)?;
    let manifest = match manifest {
        Some(path) => Some(String::from_utf8(bounded(path, MANIFEST_BYTES)?).map_err(Failure::failed)?),
        None => None,
    };
    Ok(RuleChange::Load(Box::new(RuleUpload { module, manifest, shadow })))
}

/// Has configuration, inventories and rules folder read now.
pub(crate) fn reload(place: &TargetArgs) -> Outcome {
    emit_text(&ServiceTarget::new(place)?.patient().ask(|host| host.reload())?, place)
}

/// Shows rules by cost: again and again on a terminal, otherwise once.
pub(crate) fn top(args: &TopArgs) -> Outcome {
    let place = &args.place;
    let host = ServiceTarget::new(place)?;
    let again = stdout().is_terminal() && !place.wants_json() && !args.once;
    let stop = WakeSignal::new();
    if again {
        signals::stop_on_signal(&stop)?;
    }
    let mut before = None;
    loop {
        let status = host.ask(|host| host.status())?;
        let lines = show::by_cost(&status, before.as_ref());
        if again {
            clear_screen();
        }
        emit(&lines, place, |view| show::top(&status, &lines, view))?;
        if !again || stop.wait(Duration::from_secs(args.every.max(1))) == Wakeup::Stopped {
            return Ok(());
        }
        before = Some(status);
    }
}

/// Shows what a rule is given and answers, until it is stopped or has shown enough.
pub(crate) fn tap(args: &TapArgs) -> Outcome {
    let host = ServiceTarget::new(&args.place)?;
    let stop = WakeSignal::new();
    signals::stop_on_signal(&stop)?;
    let lane = if args.shadow { RuleLane::Shadow } else { RuleLane::Live };
    let (mut query, mut shown) = (TapQuery { from: 0, lane }, 0);
    loop {
        let page = host.ask(|host| host.tap_rule(&args.name, &query))?;
        query.from = page.next;
        let mut out = String::new();
        for event in page.events.iter().take((args.count - shown.min(args.count)) as usize) {
            shown += 1;
            if args.place.wants_json() {
                out.push_str(&lifesigns_text::visible_json(&serde_json::to_string(event).map_err(Failure::failed)?));
                out.push('\n');
            } else {
                out.push_str(&show::tap_event(event));
            }
        }
        if page.left_out > 0 && !args.place.wants_json() {
            out.push_str(&format!("({} more that came too fast are left out)\n", page.left_out));
        }
        // A reader that has gone away ends it.
        if stdout().lock().write_all(out.as_bytes()).and_then(|()| stdout().flush()).is_err() {
            return Ok(());
        }
        if shown >= args.count || stop.wait(TAP_PAUSE) == Wakeup::Stopped {
            return Ok(());
        }
    }
}
