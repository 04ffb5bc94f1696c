//! Names that people type: patterns, and whether anything has the name.

use std::collections::BTreeSet;

use lifesigns_text::suggestion;

use crate::{
    book::{ids::Id, lookup::invalid, view::BookView},
    change::RequestError,
    config::AlertCondition,
    limits::NAME_BYTES,
    pattern::Pattern,
    record::Object,
};

/// How many names are compared for a suggestion.
const COMPARED: usize = 50_000;
/// How many bytes of a name a message repeats.
const SHOWN_BYTES: usize = 64;

/// The kind of thing that a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    Alert,
    Control,
    Group,
    Kind,
    Object,
    Owner,
    Symptom,
}

/// A name that is asked for; `*` stands for any run of characters, alike in all filters.
pub(crate) struct NameFilter(Pattern);

impl NameFilter {
    pub(crate) fn new(text: &str) -> Self {
        Self(Pattern::new(text))
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

impl NameKind {
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

    const fn article(self) -> &'static str {
        match self {
            Self::Alert | Self::Object | Self::Owner => "an",
            Self::Control | Self::Group | Self::Kind | Self::Symptom => "a",
        }
    }
}

/// Checks names against what the book knows.
#[derive(Clone, Copy)]
pub(crate) struct NameLookup<'a> {
    pub(crate) view: &'a BookView,
}

impl<'a> NameLookup<'a> {
    /// Refuses a name or pattern that matches nothing, where everything that it could match is known.
    pub(crate) fn check(self, subject: NameKind, text: &str) -> Result<(), RequestError> {
        if text.len() > NAME_BYTES {
            return invalid(format!(
                "{:?}… has {} bytes: the name of {} {} has at most {NAME_BYTES}",
                shortened(text),
                text.len(),
                subject.article(),
                subject.noun(),
            ));
        }
        let view = self.view;
        match subject {
            NameKind::Group => check_among(subject, text, || self.groups()),
            NameKind::Object if view.registry.object(text).is_some() || view.objects.id(text).is_some() => Ok(()),
            // The book may have alerts of objects that the registry does not know.
            NameKind::Object => check_among(subject, text, || self.objects().chain(view.objects.ids().map(|id| &**id))),
            NameKind::Kind => {
                let kinds = view.registry.objects().iter().filter_map(|object| object.kind.as_deref());
                let kinds: BTreeSet<&str> = kinds.collect();
                check_among(subject, text, || kinds.iter().copied())
            }
            NameKind::Alert => self.check_alert(text),
            NameKind::Symptom => self.check_symptom(text),
            NameKind::Control | NameKind::Owner => Ok(()),
        }
    }

    /// Checks the names of a filter that are given.
    pub(crate) fn check_each(self, names: &[(NameKind, &Option<String>)]) -> Result<(), RequestError> {
        for (subject, text) in names {
            if let Some(text) = text {
                self.check(*subject, text)?;
            }
        }
        Ok(())
    }

    /// Returns the object of this id.
    pub(crate) fn object(self, id: &str) -> Result<&'a Object, RequestError> {
        let unknown = || unmatched(NameKind::Object, id, &hint(id, self.objects()));
        self.view.registry.object(id).ok_or_else(unknown)
    }

    /// Returns the refusal of a group that is not there.
    pub(crate) fn no_group(self, name: &str) -> RequestError {
        unmatched(NameKind::Group, name, &hint(name, self.groups()))
    }

    fn groups(self) -> impl Iterator<Item = &'a str> {
        self.view.config().groups.iter().map(|group| group.name.as_str())
    }

    fn objects(self) -> impl Iterator<Item = &'a str> {
        self.view.registry.objects().iter().map(|object| object.id.as_str())
    }

    /// Refuses what is neither a definition, nor a symptom that is an alert of its own, nor the name of an alert
    /// of the past.
    fn check_alert(self, text: &str) -> Result<(), RequestError> {
        let known = self.alerts();
        let filter = NameFilter::new(text);
        if known.iter().any(|name| filter.matches(name)) {
            return Ok(());
        }
        if !text.contains('/') {
            return check_among(NameKind::Alert, text, || known.iter().copied());
        }
        match self.definition_naming(text) {
            None => self.check_symptom(text),
            Some(definition) => Err(unmatched(
                NameKind::Alert,
                text,
                &format!(": the symptom belongs to the alert `{definition}`; name that one, or filter by symptom"),
            )),
        }
    }

    /// Refuses a symptom that is close to a known one and is none: rules may raise symptoms that they have not
    /// raised before.
    fn check_symptom(self, text: &str) -> Result<(), RequestError> {
        if !text.contains('/') && !text.contains('*') {
            return Err(unmatched(NameKind::Symptom, text, ": a symptom is written RULE/SYMPTOM"));
        }
        let known = self.symptoms();
        let filter = NameFilter::new(text);
        if known.iter().any(|name| filter.matches(name)) {
            return Ok(());
        }
        let hint = hint(text, known.iter().map(|name| &**name));
        if hint.is_empty() { Ok(()) } else { Err(unmatched(NameKind::Symptom, text, &hint)) }
    }

    /// Returns a remark on a name that nothing has so far, where something may have it one day.
    pub(crate) fn remark(self, subject: NameKind, text: &str) -> Option<String> {
        let alerts = || self.view.alerts.all().map(|(.., alert)| alert);
        let known: BTreeSet<String> = match subject {
            NameKind::Alert if text.contains('/') => {
                let alerts = self.alerts().into_iter().map(str::to_owned);
                alerts.chain(self.symptoms().iter().map(|name| name.to_string())).collect()
            }
            NameKind::Symptom => self.symptoms().iter().map(|name| name.to_string()).collect(),
            NameKind::Control => alerts().flat_map(|alert| alert.controls.iter().cloned()).collect(),
            NameKind::Owner => alerts().filter_map(|alert| alert.owner.clone()).collect(),
            _ => return None,
        };
        let filter = NameFilter::new(text);
        if known.iter().any(|name| filter.matches(name)) {
            return None;
        }
        let name = shortened(text);
        let hint = hint(text, known.iter().map(String::as_str));
        Some(match subject {
            NameKind::Control => format!("no alert so far names the control {name:?}{hint}"),
            NameKind::Owner => format!("no alert so far belongs to {name:?}{hint}"),
            _ => format!("no rule so far has raised {name:?}{hint}"),
        })
    }

    /// Returns the names that alerts have or can have.
    fn alerts(self) -> BTreeSet<&'a str> {
        let definitions = self.view.config().definitions.iter().map(|one| one.name.as_str());
        let alerts = self.view.alerts.all().map(|(.., alert)| alert.definition.as_str());
        definitions.chain(alerts).collect()
    }

    /// Returns the first definition that a symptom helps to meet: such a symptom is no alert of its own.
    fn definition_naming(self, symptom: &str) -> Option<&'a str> {
        let mut definitions = self.view.config().definitions.iter();
        definitions.find(|one| is_met_by(&one.when, symptom)).map(|one| one.name.as_str())
    }

    /// Returns the symptoms that rules raised or the configuration names.
    fn symptoms(self) -> BTreeSet<Id> {
        let mut known: BTreeSet<Id> = self.view.objects.all().map(|(_, name, _)| name.clone()).collect();
        for definition in &self.view.config().definitions {
            collect_literals(&definition.when, &mut known);
        }
        known
    }
}

fn check_among<'a, I: Iterator<Item = &'a str>>(
    subject: NameKind,
    text: &str,
    names: impl Fn() -> I,
) -> Result<(), RequestError> {
    let filter = NameFilter::new(text);
    if names().any(|name| filter.matches(name)) {
        return Ok(());
    }
    Err(unmatched(subject, text, &hint(text, names())))
}

/// Returns whether a symptom helps to meet a condition.
fn is_met_by(condition: &AlertCondition, symptom: &str) -> bool {
    match condition {
        AlertCondition::All(all) | AlertCondition::Any(all) | AlertCondition::Count(_, all) => {
            all.iter().any(|one| is_met_by(one, symptom))
        }
        AlertCondition::Symptom(pattern, _) => pattern.matches(symptom),
        AlertCondition::Not(_) | AlertCondition::Fact(..) => false,
    }
}

fn collect_literals(condition: &AlertCondition, known: &mut BTreeSet<Id>) {
    match condition {
        AlertCondition::All(all) | AlertCondition::Any(all) | AlertCondition::Count(_, all) => {
            all.iter().for_each(|one| collect_literals(one, known));
        }
        AlertCondition::Not(one) => collect_literals(one, known),
        AlertCondition::Symptom(pattern, _) if pattern.is_literal() => drop(known.insert(pattern.as_str().into())),
        AlertCondition::Symptom(..) | AlertCondition::Fact(..) => {}
    }
}

/// Returns `; did you mean …?` or nothing, without a search that could take long.
pub(crate) fn hint<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    // A pattern is not a misspelled name.
    if text.contains('*') || text.len() > NAME_BYTES {
        return String::new();
    }
    let near = |name: &&str| name.len().abs_diff(text.len()) <= 3;
    suggestion(text, names.filter(near).take(COMPARED))
}

fn unmatched(subject: NameKind, text: &str, hint: &str) -> RequestError {
    let noun = subject.noun();
    let what = if text.contains('*') { format!("{noun} that matches") } else { noun.to_owned() };
    RequestError::Unmatched { what, id: shortened(text), hint: hint.to_owned() }
}

/// Returns the beginning of a name that a message repeats.
pub(crate) fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(SHOWN_BYTES)].to_owned()
}
