//! Silences as people ask for them: checked before they are added or changed, and with what they
//! match. Matchers that no alert can ever have are refused.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    Book,
    answer::worst_first,
    commands::{checked, is_long, one_of},
    life::derived_id,
    limits,
    names::{Subject, hint},
    page::Page,
    route::{DETAIL, NAMES},
};
use crate::{
    change::RequestError,
    pattern::Pattern,
    query::{FilterMatches, SilencePage},
    record::{Alert, AlertStatus, Matcher, Object, Signature, Silence},
};

/// What changes about a silence.
pub(super) struct Edit {
    pub(super) matchers: Option<Vec<Matcher>>,
    pub(super) from_ns: Option<u64>,
    pub(super) until_ns: Option<u64>,
    pub(super) why: Option<String>,
}

fn useless<T>(text: impl Into<String>) -> Result<T, RequestError> {
    Err(RequestError::Useless(text.into()))
}

impl Book {
    /// The id of the silence that this is the id of, or a prefix.
    pub(super) fn find_silence(&self, id: &str) -> Result<String, RequestError> {
        one_of("silence", id, self.silences.keys().map(String::as_str)).map(str::to_owned)
    }

    pub(super) fn add_silence(&mut self, silence: Silence, now_ns: u64) -> Result<(), RequestError> {
        let mut silence = self.sound(silence, now_ns)?;
        let said = serde_json::to_string(&silence.matchers).unwrap_or_default();
        let (from_ns, until_ns) = (silence.from_ns.to_string(), silence.until_ns.to_string());
        silence.id = derived_id(&["silence", &said, &from_ns, &until_ns, &silence.who, &silence.why]);
        if self.silences.contains_key(&silence.id) {
            return Ok(());
        }
        if self.silences.len() >= limits::SILENCES {
            return useless("there are too many silences: expire some first");
        }
        self.advance_clock(now_ns);
        self.silence(silence, now_ns);
        Ok(())
    }

    pub(super) fn edit_silence(&mut self, id: &str, edit: Edit, by: &Signature) -> Result<(), RequestError> {
        let id = self.find_silence(id)?;
        let Some(before) = self.silences.get(&id).cloned() else { return useless(format!("silence {id} has ended")) };
        let after = Silence {
            matchers: edit.matchers.unwrap_or_else(|| before.matchers.clone()),
            from_ns: edit.from_ns.unwrap_or(before.from_ns),
            until_ns: edit.until_ns.unwrap_or(before.until_ns),
            why: edit.why.unwrap_or_else(|| before.why.clone()),
            ..before.clone()
        };
        let after = self.sound(after, by.time_ns)?;
        if after == before {
            return useless(format!("silence {id} is like that already: nothing would change"));
        }
        self.advance_clock(by.time_ns);
        let said = |silence: &Silence| json!({ "matchers": silence.matchers, "from_ns": silence.from_ns, "until_ns": silence.until_ns, "why": silence.why });
        self.note(by.time_ns, &by.who, "silence changed", &id, said(&before), said(&after));
        self.replace_silence(before, after);
        Ok(())
    }

    /// The silence with its matchers as they are kept, or why it makes no sense.
    fn sound(&self, silence: Silence, now_ns: u64) -> Result<Silence, RequestError> {
        let why = checked("the reason", silence.why)?;
        if silence.until_ns <= now_ns.max(self.clock_ns) {
            return useless("the silence would be over before it begins: its end is in the past");
        }
        if silence.until_ns <= silence.from_ns {
            return useless("the silence would be over before it begins: it ends before it starts");
        }
        Ok(Silence { matchers: self.sound_matchers(&silence.matchers)?, why, ..silence })
    }

    fn sound_matchers(&self, matchers: &[Matcher]) -> Result<Vec<Matcher>, RequestError> {
        if matchers.is_empty() {
            return useless("a silence needs at least one matcher: without one it would silence everything");
        }
        if matchers.len() > limits::MATCHERS
            || matchers.iter().any(|one| is_long(&one.name) || is_long(one.pattern.as_str()))
        {
            return useless("the matchers are too many or too long");
        }
        matchers.iter().map(|matcher| self.sound_matcher(matcher)).collect()
    }

    /// Names of nothing and groups that are not there are refused, in a negative matcher above all: it
    /// would match everything.
    fn sound_matcher(&self, matcher: &Matcher) -> Result<Matcher, RequestError> {
        let value = matcher.pattern.as_str();
        match matcher.name.as_str() {
            "group" => self.check_name(Subject::Group, value)?,
            "alert" => self.check_name(Subject::Alert, value)?,
            "symptom" => self.check_name(Subject::Symptom, value)?,
            "criticality" => one_word("criticality", &matcher.pattern, &CRITICALITIES)?,
            "impact" => one_word("impact", &matcher.pattern, &IMPACTS)?,
            "id" if matcher.pattern.is_literal() => {
                let (object, name) = self.find(value)?;
                let alert = self.pages.get(&object).and_then(|page| page.alerts.get(&name));
                let pattern = alert.map_or_else(|| matcher.pattern.clone(), |alert| Pattern::new(alert.id.as_str()));
                return Ok(Matcher { pattern, ..matcher.clone() });
            }
            "object" if matcher.negated => self.check_name(Subject::Object, value)?,
            "object" | "control" | "id" => {}
            name if name.starts_with(DETAIL) => {}
            name => self.check_detail(name)?,
        }
        Ok(matcher.clone())
    }

    /// A detail that no symptom and no alert has is a typing error.
    fn check_detail(&self, name: &str) -> Result<(), RequestError> {
        let details = self.details();
        if details.contains(name) {
            return Ok(());
        }
        let near = hint(name, NAMES.into_iter().chain(details.iter().copied()));
        let name = &name[..name.floor_char_boundary(64)];
        useless(format!(
            "a matcher has no name {name:?}: it is one of {}, or a detail of alerts (write {DETAIL}{name}=… for one \
             that no alert has had so far){near}",
            NAMES.join(", ")
        ))
    }

    /// Names of details that alerts and symptoms have.
    fn details(&self) -> BTreeSet<&str> {
        let alerts = self.pages.values().flat_map(Page::alerts).flat_map(|alert| &alert.attributes);
        let symptoms = self.pages.values().flat_map(|page| page.symptoms.values());
        let symptoms = symptoms.flat_map(|symptom| &symptom.attributes);
        alerts.chain(symptoms).map(|(name, _)| name.as_str()).collect()
    }

    /// What a silence with these matchers would match now.
    pub(super) fn preview(&self, matchers: &[Matcher]) -> Result<FilterMatches, RequestError> {
        Ok(self.matched(&self.sound_matchers(matchers)?))
    }

    fn matched(&self, matchers: &[Matcher]) -> FilterMatches {
        let all = self.pages.values().flat_map(Page::alerts).filter(|alert| alert.status == AlertStatus::Open);
        let mut alerts: Vec<Alert> =
            all.filter(|alert| matchers.iter().all(|one| one.matches(alert))).cloned().collect();
        alerts.sort_by(worst_first);
        let notes = matchers.iter().filter_map(|matcher| self.matcher_remark(matcher)).collect();
        FilterMatches {
            objects: self.registry.objects().filter(|one| self.could_be(matchers, one)).count(),
            alerts,
            notes,
        }
    }

    /// Whether an alert on the object could be matched, as far as object and groups say.
    fn could_be(&self, matchers: &[Matcher], object: &Object) -> bool {
        matchers.iter().all(|matcher| {
            let found = match matcher.name.as_str() {
                "object" => matcher.pattern.matches(&object.id),
                "group" => {
                    let mut groups = self.registry.groups_of(&object.id).peekable();
                    match groups.peek() {
                        None => matcher.pattern.matches(""),
                        Some(_) => groups.any(|group| matcher.pattern.matches(&group.name)),
                    }
                }
                _ => return true,
            };
            found != matcher.negated
        })
    }

    fn matcher_remark(&self, matcher: &Matcher) -> Option<String> {
        let value = matcher.pattern.as_str();
        match matcher.name.as_str() {
            "object" => self.check_name(Subject::Object, value).err().map(|refused| refused.to_string()),
            "alert" => self.remark(Subject::Alert, value),
            "symptom" => self.remark(Subject::Symptom, value),
            "control" => self.remark(Subject::Control, value),
            _ => None,
        }
    }

    /// A silence with what it matches.
    pub(super) fn silence_page(&self, id: &str) -> Result<SilencePage, RequestError> {
        let id = self.find_silence(id)?;
        let Some(silence) = self.silences.get(&id) else { return useless(format!("silence {id} has ended")) };
        let (in_force, matches) = (silence.is_in_force(self.clock_ns), self.matched(&silence.matchers));
        Ok(SilencePage { silence: silence.clone(), in_force, matches })
    }
}

const CRITICALITIES: [&str; 4] = ["information", "warning", "immediate", "critical"];
const IMPACTS: [&str; 3] = ["health", "risk", "efficiency"];

/// Refuses a pattern that matches none of the words that there can be.
fn one_word(what: &str, pattern: &Pattern, words: &[&str]) -> Result<(), RequestError> {
    match words.iter().any(|word| pattern.matches(word)) {
        true => Ok(()),
        false => useless(format!("no {what} is {:?}: it is one of {}", pattern.as_str(), words.join(", "))),
    }
}
