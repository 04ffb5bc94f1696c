//! Names that people type: patterns, and whether anything is called so.

use std::collections::BTreeSet;

use super::{Book, page::Page};
use crate::{change::RequestError, limits::NAME_BYTES, pattern::Pattern, suggest::suggestion};

/// Of more names than this, no suggestion is looked for.
const COMPARED: usize = 50_000;
/// Bytes of a name that a message repeats.
const SHOWN_BYTES: usize = 64;

/// What a name is a name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Alert,
    Control,
    Group,
    Kind,
    Object,
    Owner,
    Symptom,
}

/// A name that is asked for; `*` stands for any run of characters, alike in all filters.
pub(super) struct Wanted(Pattern);

impl Wanted {
    pub(super) fn new(text: &str) -> Self {
        Self(Pattern::new(text))
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

impl Subject {
    const fn noun(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Control => "control",
            Self::Group => "group",
            Self::Kind => "kind of object",
            Self::Object => "object",
            Self::Owner => "owner",
            Self::Symptom => "symptom",
        }
    }
}

impl Book {
    /// Refuses a name or pattern that matches nothing, where everything that it could match is known.
    pub(super) fn check_name(&self, subject: Subject, text: &str) -> Result<(), RequestError> {
        if text.len() > NAME_BYTES {
            return Err(RequestError::Useless(format!(
                "{:?}… has {} bytes: the name of {} {} has at most {NAME_BYTES}",
                shown(text),
                text.len(),
                if matches!(subject, Subject::Alert | Subject::Object | Subject::Owner) { "an" } else { "a" },
                subject.noun(),
            )));
        }
        match subject {
            Subject::Group => {
                let groups = || self.compiled.config().groups.iter().map(|group| group.name.as_str());
                self.among(subject, text, groups)
            }
            Subject::Object => {
                if self.registry.object(text).is_some() || self.pages.contains_key(text) {
                    return Ok(());
                }
                // Alerts of an object that is forgotten are there as long as its page is.
                let objects =
                    || self.registry.objects().map(|one| one.id.as_str()).chain(self.pages.keys().map(|id| &**id));
                self.among(subject, text, objects)
            }
            Subject::Kind => {
                let kinds: BTreeSet<&str> = self.registry.objects().filter_map(|one| one.kind.as_deref()).collect();
                self.among(subject, text, || kinds.iter().copied())
            }
            Subject::Alert => self.check_alert(text),
            Subject::Symptom => self.check_symptom(text),
            Subject::Control | Subject::Owner => Ok(()),
        }
    }

    /// The object of this id.
    pub(super) fn known_object(&self, id: &str) -> Result<&crate::Object, RequestError> {
        let names = || self.registry.objects().map(|object| object.id.as_str());
        self.registry.object(id).ok_or_else(|| unmatched(Subject::Object, id, hint(id, names())))
    }

    /// That there is no such group.
    pub(super) fn no_group(&self, name: &str) -> RequestError {
        let groups = self.compiled.config().groups.iter().map(|group| group.name.as_str());
        unmatched(Subject::Group, name, hint(name, groups))
    }

    /// A definition, a symptom that is an alert of its own, or what an alert of the past was called.
    fn check_alert(&self, text: &str) -> Result<(), RequestError> {
        let known = self.known_alerts();
        let wanted = Wanted::new(text);
        if known.iter().any(|name| wanted.matches(name)) {
            return Ok(());
        }
        if !text.contains('/') {
            return self.among(Subject::Alert, text, || known.iter().copied());
        }
        match self.named_by(text)[..] {
            [] => self.check_symptom(text),
            [definition, ..] => Err(unmatched(
                Subject::Alert,
                text,
                format!(": the symptom belongs to the alert `{definition}`; name that one, or filter by symptom"),
            )),
        }
    }

    /// Rules say which symptoms they have when they raise them, so one that was never raised is
    /// refused only if it is close to one that was.
    fn check_symptom(&self, text: &str) -> Result<(), RequestError> {
        if !text.contains('/') && !text.contains('*') {
            return Err(unmatched(Subject::Symptom, text, ": a symptom is written RULE/SYMPTOM".to_owned()));
        }
        let known = self.known_symptoms();
        let wanted = Wanted::new(text);
        if known.iter().any(|name| wanted.matches(name)) {
            return Ok(());
        }
        match hint(text, known.iter().map(|name| &**name)) {
            hint if hint.is_empty() => Ok(()),
            hint => Err(unmatched(Subject::Symptom, text, hint)),
        }
    }

    /// That nothing is called so yet, where it may be called so one day.
    pub(super) fn remark(&self, subject: Subject, text: &str) -> Option<String> {
        let alerts = || self.pages.values().flat_map(Page::alerts);
        let known: BTreeSet<String> = match subject {
            Subject::Alert if text.contains('/') => {
                let named = self.known_alerts().into_iter().map(str::to_owned);
                named.chain(self.known_symptoms().iter().map(|name| name.to_string())).collect()
            }
            Subject::Symptom => self.known_symptoms().iter().map(|name| name.to_string()).collect(),
            Subject::Control => alerts().flat_map(|alert| alert.controls.iter().cloned()).collect(),
            Subject::Owner => alerts().filter_map(|alert| alert.owner.clone()).collect(),
            _ => return None,
        };
        let wanted = Wanted::new(text);
        if known.iter().any(|name| wanted.matches(name)) {
            return None;
        }
        let shown = shown(text);
        let hint = hint(text, known.iter().map(String::as_str));
        Some(match subject {
            Subject::Control => format!("no alert so far names the control {shown:?}{hint}"),
            Subject::Owner => format!("no alert so far belongs to {shown:?}{hint}"),
            _ => format!("no rule so far has raised {shown:?}{hint}"),
        })
    }

    /// Names that alerts have or can have.
    fn known_alerts(&self) -> BTreeSet<&str> {
        let definitions = self.compiled.config().definitions.iter().map(|one| one.name.as_str());
        let alerts = self.pages.values().flat_map(Page::alerts).map(|alert| alert.definition.as_str());
        definitions.chain(alerts).collect()
    }

    fn among<'a, I: Iterator<Item = &'a str>>(
        &self,
        subject: Subject,
        text: &str,
        names: impl Fn() -> I,
    ) -> Result<(), RequestError> {
        let wanted = Wanted::new(text);
        match names().any(|name| wanted.matches(name)) {
            true => Ok(()),
            false => Err(unmatched(subject, text, hint(text, names()))),
        }
    }
}

/// `; did you mean …?`, without a search that could take long.
pub(super) fn hint<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    // A pattern is no slip of the pen for a name.
    if text.contains('*') || text.len() > NAME_BYTES {
        return String::new();
    }
    let near = |name: &&str| name.len().abs_diff(text.len()) <= 3;
    suggestion(text, names.filter(near).take(COMPARED))
}

pub(super) fn unmatched(subject: Subject, text: &str, hint: String) -> RequestError {
    let noun = subject.noun();
    let what = if text.contains('*') { format!("{noun} that matches") } else { noun.to_owned() };
    RequestError::Unmatched { what, id: shown(text), hint }
}

fn shown(text: &str) -> String {
    text[..text.floor_char_boundary(SHOWN_BYTES)].to_owned()
}
