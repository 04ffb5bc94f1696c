//! Checks matchers of silences, and finds what they match now.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    alert_rank::worst_first,
    book::{
        limits,
        lookup::{invalid, is_long},
        questions::names::{NameKind, NameLookup, hint},
        view::BookView,
    },
    change::RequestError,
    pattern::Pattern,
    query::FilterMatches,
    record::{Alert, AlertStatus, Object},
    silence::{DETAIL, Matcher, NAMES},
};

const CRITICALITIES: [&str; 4] = ["information", "warning", "immediate", "critical"];
const IMPACTS: [&str; 3] = ["health", "risk", "efficiency"];

/// Checks matchers against what the book knows.
#[derive(Clone, Copy)]
pub(crate) struct MatcherCheck<'a> {
    pub(crate) view: &'a BookView,
}

impl MatcherCheck<'_> {
    /// Returns the matchers as they are kept. The error says which one makes no sense.
    pub(crate) fn check_all(self, matchers: &[Matcher]) -> Result<Vec<Matcher>, RequestError> {
        if matchers.is_empty() {
            return invalid("a silence needs at least one matcher: without one it would silence everything");
        }
        let any_is_long = matchers.iter().any(|one| is_long(&one.name) || is_long(one.pattern.as_str()));
        if matchers.len() > limits::MATCHERS || any_is_long {
            return invalid("the matchers are too many or too long");
        }
        matchers.iter().map(|matcher| self.check(matcher)).collect()
    }

    /// Returns a matcher as it is kept. Names that nothing has are refused, in a negative matcher above all: it
    /// would match everything.
    fn check(self, matcher: &Matcher) -> Result<Matcher, RequestError> {
        let names = NameLookup { view: self.view };
        let value = matcher.pattern.as_str();
        match matcher.name.as_str() {
            "group" => names.check(NameKind::Group, value)?,
            "alert" => names.check(NameKind::Alert, value)?,
            "symptom" => names.check(NameKind::Symptom, value)?,
            "criticality" => check_word("criticality", &matcher.pattern, &CRITICALITIES)?,
            "impact" => check_word("impact", &matcher.pattern, &IMPACTS)?,
            "id" if matcher.pattern.is_literal() => {
                let (object, name) = self.view.alerts.find(value)?;
                let id = &self.view.alerts.existing(&object, &name).id;
                return Ok(Matcher { pattern: Pattern::new(id.as_str()), ..matcher.clone() });
            }
            "object" if matcher.negated => names.check(NameKind::Object, value)?,
            "object" | "control" | "id" => {}
            name if name.starts_with(DETAIL) => {}
            name => self.check_detail(name)?,
        }
        Ok(matcher.clone())
    }

    /// Refuses a detail that no symptom and no alert has: it is a typing error.
    fn check_detail(self, name: &str) -> Result<(), RequestError> {
        let details = self.details();
        if details.contains(name) {
            return Ok(());
        }
        let near = hint(name, NAMES.into_iter().chain(details.iter().copied()));
        let name = &name[..name.floor_char_boundary(64)];
        invalid(format!(
            "a matcher has no name {name:?}: it is one of {}, or a detail of alerts (write {DETAIL}{name}=… for one \
             that no alert has had so far){near}",
            NAMES.join(", ")
        ))
    }

    /// Returns the names of details that alerts and symptoms have.
    fn details(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for (.., alert) in self.view.alerts.all() {
            names.extend(alert.attributes.iter().map(|(name, _)| name.as_str()));
        }
        for (.., symptom) in self.view.objects.all() {
            names.extend(symptom.attributes.iter().map(|(name, _)| name.as_str()));
        }
        names
    }

    /// Returns what a silence with these matchers would match now.
    pub(crate) fn preview(self, matchers: &[Matcher]) -> Result<FilterMatches, RequestError> {
        Ok(self.matched(&self.check_all(matchers)?))
    }

    /// Returns what matchers match now.
    pub(crate) fn matched(self, matchers: &[Matcher]) -> FilterMatches {
        let is_matched =
            |alert: &Alert| alert.status == AlertStatus::Open && matchers.iter().all(|one| one.matches(alert));
        let matched = self.view.alerts.all_shared().filter(|alert| is_matched(alert));
        let mut alerts: Vec<Arc<Alert>> = matched.cloned().collect();
        alerts.sort_by(|one, other| worst_first(one, other));
        let objects = self.view.registry.objects().iter().filter(|object| self.could_match(matchers, object));
        let notes = matchers.iter().filter_map(|matcher| self.remark(matcher));
        FilterMatches { objects: objects.count(), notes: notes.collect(), alerts }
    }

    /// Returns whether an alert on the object could match, as far as object and groups say.
    fn could_match(self, matchers: &[Matcher], object: &Object) -> bool {
        matchers.iter().all(|matcher| match matcher.name.as_str() {
            "object" => matcher.pattern.matches(&object.id) != matcher.negated,
            "group" => self.is_in_group(&matcher.pattern, object) != matcher.negated,
            _ => true,
        })
    }

    /// Returns whether a group of the object matches. An object without groups has the group "".
    fn is_in_group(self, pattern: &Pattern, object: &Object) -> bool {
        let mut groups = self.view.registry.groups().of(&object.id).peekable();
        if groups.peek().is_none() {
            return pattern.matches("");
        }
        groups.any(|group| pattern.matches(&group.name))
    }

    /// Returns a remark on a matcher that matches nothing that is known.
    fn remark(self, matcher: &Matcher) -> Option<String> {
        let names = NameLookup { view: self.view };
        let value = matcher.pattern.as_str();
        match matcher.name.as_str() {
            "object" => names.check(NameKind::Object, value).err().map(|refused| refused.to_string()),
            "alert" => names.remark(NameKind::Alert, value),
            "symptom" => names.remark(NameKind::Symptom, value),
            "control" => names.remark(NameKind::Control, value),
            _ => None,
        }
    }
}

/// Refuses a pattern that matches none of the words that there can be.
fn check_word(what: &str, pattern: &Pattern, words: &[&str]) -> Result<(), RequestError> {
    if words.iter().any(|word| pattern.matches(word)) {
        return Ok(());
    }
    invalid(format!("no {what} is {:?}: it is one of {}", pattern.as_str(), words.join(", ")))
}
