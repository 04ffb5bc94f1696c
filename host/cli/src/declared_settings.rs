//! What a module declares of its settings and its state, for people.

use lifesigns::model::{DeclaredSetting, Description};

use crate::terminal;

/// Shows the settings that a module declares: key, what is written for it, and what holds without it.
pub(crate) fn show(settings: &[DeclaredSetting]) {
    let (names, kinds) = (width(settings, |one| &one.name), width(settings, |one| &one.kind));
    for one in settings {
        let DeclaredSetting { name, kind, summary, .. } = one;
        let otherwise = match (&one.default, one.required) {
            (Some(default), _) => format!("[{default}]"),
            (None, true) => "must be given".to_owned(),
            (None, false) => "[none]".to_owned(),
        };
        terminal::out(format!("setting   {name:names$}  {kind:kinds$}  {otherwise:<14}  {summary}").trim_end());
    }
}

/// Returns the length of the longest text of some kind.
fn width(settings: &[DeclaredSetting], text: fn(&DeclaredSetting) -> &str) -> usize {
    settings.iter().map(|one| text(one).chars().count()).max().unwrap_or(0)
}

/// Returns what a module says of the version of its state, if it does.
pub(crate) fn state_text(description: &Description) -> Option<String> {
    let (version, from) = (description.state_version, description.migrates_from);
    match from {
        _ if version == 0 => None,
        from if from < version => {
            Some(format!("version {version}; takes over what versions {from} to {} kept", version - 1))
        }
        _ => Some(format!("version {version}; takes over none of an older version")),
    }
}
