//! Builders for descriptions.

use crate::{Condition, Criticality, Description, Impact, Interest, Kinds, Subject, Symptom, Test, Wants};

fn strings<I: IntoIterator<Item = S>, S: AsRef<str>>(items: I) -> Vec<String> {
    let mut texts = Vec::new();
    items.into_iter().for_each(|item| add(&mut texts, item.as_ref()));
    texts
}

/// One function for all kinds of lists keeps modules small.
#[inline(never)]
fn add(texts: &mut Vec<String>, text: &str) {
    texts.push(text.to_owned());
}

impl Description {
    /// Makes an empty description. `name` is the module's, kebab-case.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            symptoms: Vec::new(),
            interests: Vec::new(),
            wants: Wants { fields: Vec::new(), properties: Vec::new(), metrics: Vec::new() },
            state_version: 0,
            migrates_from: 0,
        }
    }

    /// Sets the version of what the rule keeps in [`State`](crate::State), a whole number that only grows: raise it when
    /// this version could not read what the one before wrote. The host then refuses the module while it holds state of
    /// the other version, unless [`Self::migrates_from`] is set.
    #[must_use]
    pub fn state_version(mut self, version: u32) -> Self {
        self.state_version = version;
        self.migrates_from = version;
        self
    }

    /// Sets the oldest version of state that [`Rule::migrate`](crate::Rule::migrate) takes over. Call it after
    /// [`Self::state_version`].
    #[must_use]
    pub fn migrates_from(mut self, version: u32) -> Self {
        self.migrates_from = version;
        self
    }

    /// Declares a symptom.
    #[must_use]
    pub fn symptom(mut self, symptom: Symptom) -> Self {
        self.symptoms.push(symptom);
        self
    }

    /// Declares an interest.
    #[must_use]
    pub fn interest(mut self, interest: Interest) -> Self {
        self.interests.push(interest);
        self
    }

    /// Declares several interests.
    #[must_use]
    pub fn interests(mut self, interests: impl IntoIterator<Item = Interest>) -> Self {
        self.interests.extend(interests);
        self
    }

    /// Asks to read these fields of log records.
    #[must_use]
    pub fn fields<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        names.into_iter().for_each(|name| add(&mut self.wants.fields, name.as_ref()));
        self
    }

    /// Asks to read these properties of the event's object.
    #[must_use]
    pub fn properties<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        names.into_iter().for_each(|name| add(&mut self.wants.properties, name.as_ref()));
        self
    }

    /// Asks to read these metrics of the event's object.
    #[must_use]
    pub fn metrics<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        names.into_iter().for_each(|name| add(&mut self.wants.metrics, name.as_ref()));
        self
    }
}

impl Symptom {
    /// Makes a symptom of criticality warning and impact risk that stays raised until it is cleared.
    pub fn new(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            criticality: Criticality::Warning,
            impact: Impact::Risk,
            recommendation: String::new(),
            controls: Vec::new(),
            hold_ms: 0,
        }
    }

    /// Sets the criticality.
    #[must_use]
    pub fn criticality(mut self, criticality: Criticality) -> Self {
        self.criticality = criticality;
        self
    }

    /// Sets the impact.
    #[must_use]
    pub fn impact(mut self, impact: Impact) -> Self {
        self.impact = impact;
        self
    }

    /// Sets the recommendation: what a person should do.
    #[must_use]
    pub fn recommendation(mut self, text: &str) -> Self {
        text.clone_into(&mut self.recommendation);
        self
    }

    /// Sets the controls that it is evidence for, such as `CIS-Docker-1.6:5.4`.
    #[must_use]
    pub fn controls<S: AsRef<str>>(mut self, controls: impl IntoIterator<Item = S>) -> Self {
        self.controls = strings(controls);
        self
    }

    /// Sets the time after which it clears without a further raise, in milliseconds of event time.
    #[must_use]
    pub fn hold_ms(mut self, hold_ms: u64) -> Self {
        self.hold_ms = hold_ms;
        self
    }
}

impl Interest {
    /// Makes an interest in events of these kinds.
    pub fn of(kinds: Kinds) -> Self {
        Self { kinds, contains: Vec::new(), ignore_case: false, conditions: Vec::new() }
    }

    /// Makes an interest in log records. Give it literals: without one, every line must be decoded.
    pub fn log() -> Self {
        Self::of(Kinds::LOG)
    }

    /// Makes an interest in changes of wanted properties and metrics.
    pub fn fact() -> Self {
        Self::of(Kinds::FACT)
    }

    /// Makes an interest in the rule's own reminders.
    pub fn reminder() -> Self {
        Self::of(Kinds::REMINDER)
    }

    /// Adds literals, one of which must occur in the message.
    #[must_use]
    pub fn contains<S: AsRef<str>>(mut self, literals: impl IntoIterator<Item = S>) -> Self {
        literals.into_iter().for_each(|literal| add(&mut self.contains, literal.as_ref()));
        self
    }

    /// Sets whether literals match without regard to ASCII case.
    #[must_use]
    pub fn ignore_case(mut self, ignore_case: bool) -> Self {
        self.ignore_case = ignore_case;
        self
    }

    /// Adds the condition that this field passes `test`.
    #[must_use]
    pub fn field(mut self, name: &str, test: Test) -> Self {
        self.conditions.push(Condition { subject: Subject::Field(name.to_owned()), test });
        self
    }

    /// Adds the condition that this property of the object passes `test`.
    #[must_use]
    pub fn property(mut self, name: &str, test: Test) -> Self {
        self.conditions.push(Condition { subject: Subject::Property(name.to_owned()), test });
        self
    }
}

impl Test {
    /// Tests that the value is one of these.
    pub fn one_of<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::OneOf(strings(values))
    }

    /// Tests that the value is none of these, or that there is none.
    pub fn none_of<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::NoneOf(strings(values))
    }

    /// Tests that the value begins with one of these.
    pub fn starts_with<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::StartsWith(strings(values))
    }

    /// Tests that the value contains one of these.
    pub fn containing<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::Contains(strings(values))
    }
}
