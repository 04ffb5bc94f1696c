//! `lifesigns explain`: why an alert is there, why a rule failed, and which rules would see a line.

use std::path::Path;

use lifesigns::model::{Clock as _, SystemClock, TapEvent};
use lifesigns_api::{LineExplanation, LineQuestion};
use lifesigns_recorder::RuleModules as _;

use crate::{
    compliance::{ServiceTarget, emit, show},
    exit::{Failure, Outcome},
    explain_args::ExplainArgs,
    folder_rules::FolderRules,
};

pub(crate) fn run(args: &ExplainArgs) -> Outcome {
    let place = &args.place;
    if let Some(rule) = &args.poison {
        let failures = ServiceTarget::new(place)?.patient().ask(|host| host.explain_failures(rule))?;
        return emit(&failures, place, |_| show::failures(rule, &failures));
    }
    if let Some(line) = &args.line {
        let question = question(args, line);
        let explained = match &args.rules {
            Some(folder) => of_folder(folder, &question)?,
            None => ServiceTarget::new(place)?.ask(|host| host.explain_line(&question))?,
        };
        return emit(&explained, place, |_| show::line_explanation(&explained));
    }
    let Some(alert) = &args.alert else {
        return Err(Failure::Usage("name an alert, or --line or --poison".to_owned()));
    };
    let explained = ServiceTarget::new(place)?.patient().ask(|host| host.explain_alert(alert))?;
    emit(&explained, place, |_| show::alert_explanation(&explained))
}

/// Returns the line as a source of that format would decode it.
fn question(args: &ExplainArgs, line: &str) -> LineQuestion {
    let decoder = args.format.decoder(SystemClock.now_ns());
    let record = decoder.decode(line);
    let named = record.object.as_deref().map(str::to_owned);
    LineQuestion {
        object: named.or_else(|| args.object.clone()).unwrap_or_default(),
        app: record.app.as_deref().map(str::to_owned),
        message: record.message.as_deref().unwrap_or_default().to_owned(),
        fields: record.fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        properties: args.property.clone(),
    }
}

/// Holds the rules of a folder against a line.
fn of_folder(folder: &Path, question: &LineQuestion) -> Result<LineExplanation, Failure> {
    let folder = FolderRules::load(folder.to_owned(), Vec::new())?;
    let (object, properties) = (question.object.clone(), question.properties.clone());
    let event = TapEvent {
        kind: "log".to_owned(),
        app: question.app.clone(),
        message: Some(question.message.clone()),
        fields: question.fields.clone(),
        properties: properties.clone(),
        ..TapEvent::default()
    };
    Ok(LineExplanation { object, known: false, properties, rules: folder.sights(&event) })
}
