//! The settings of the rule, and what is wrong with them.

use lifesigns_rule::{
    Criticality, Impact,
    settings::{Duration, Table, Values, check_kebab},
};

lifesigns_rule::settings! {
    /// The `[settings]` table. The README has the same list for those who write it.
    #[derive(Debug)]
    pub struct Settings {
        /// Any of these in the message.
        pub contains: Values,
        /// Without regard to ASCII case.
        pub ignore_case: bool = false,
        /// And each of these fields has one of these values.
        pub fields: Table<Values> = {},
        /// And each of these properties of the object has one of these values.
        pub properties: Table<Values> = {},
        /// Raise only when this many came within `window`.
        pub threshold: Option<u32>,
        /// The window of `threshold`.
        pub window: Option<Duration>,
        /// Count different values of this field rather than events.
        pub distinct: Option<String>,
        /// The symptom's id.
        pub symptom: String = "keyword",
        /// The symptom's title.
        pub title: Option<String>,
        /// The symptom's criticality.
        pub criticality: Criticality = "warning",
        /// The symptom's impact.
        pub impact: Impact = "risk",
        /// What a person should do.
        pub recommendation: String = "",
        /// Controls that the symptom is evidence for.
        pub controls: Values = [],
        /// The symptom clears when it was not raised again for so long.
        pub hold: Option<Duration>,
    }
}

/// Threshold and window, checked.
pub(crate) struct Flow {
    pub(crate) threshold: u64,
    pub(crate) window: Duration,
    pub(crate) distinct: Option<String>,
}

/// A literal's length, from the contract.
const LITERAL_BYTES: usize = 1024;
/// One less than the additions that a counter remembers, from the contract.
const COUNT: u32 = 65_535;
/// The values that a `distinct` window remembers, from the contract.
const DISTINCT: u32 = 4096;

impl Settings {
    /// The title, or what stands for it.
    pub(crate) fn title(&self) -> &str {
        self.title.as_deref().unwrap_or("Keyword")
    }

    /// Refuses what cannot work; the flow if there is a threshold.
    pub(crate) fn check(&self) -> Result<Option<Flow>, String> {
        self.check_literals()?;
        check_kebab("symptom", &self.symptom)?;
        if self.title.as_ref().is_some_and(|title| title.trim_ascii().is_empty()) {
            return Err("`title` is empty: write one line for a person, or leave it out".into());
        }
        check_conditions("fields", &self.fields)?;
        check_conditions("properties", &self.properties)?;
        if self.hold.is_some_and(|hold| hold.ms() == 0) {
            return Err("`hold` is 0: give a length of time such as \"15m\", or leave it out".into());
        }
        self.check_flow()
    }

    fn check_literals(&self) -> Result<(), String> {
        if self.contains.0.is_empty() {
            return Err(
                "`contains` is empty: give at least one text to look for, such as contains = [\"Out of memory\"]"
                    .into(),
            );
        }
        let mut seen = Vec::new();
        for literal in &self.contains.0 {
            if literal.is_empty() {
                return Err("`contains` has an empty text, which would match every line: take it out".into());
            }
            if literal.len() > LITERAL_BYTES {
                return Err(format!(
                    "`contains` has a text of {} bytes: shorten it to at most {LITERAL_BYTES}",
                    literal.len()
                ));
            }
            let same = if self.ignore_case { literal.to_ascii_lowercase() } else { literal.clone() };
            match seen.binary_search(&same) {
                Ok(_) => return Err(format!("`contains` has `{literal}` twice: take one out")),
                Err(at) => seen.insert(at, same),
            }
        }
        Ok(())
    }

    fn check_flow(&self) -> Result<Option<Flow>, String> {
        let Some(threshold) = self.threshold else {
            let without = [("window", self.window.is_some()), ("distinct", self.distinct.is_some())];
            return match without.iter().find(|(_, given)| *given) {
                Some((name, _)) => {
                    Err(format!("`{name}` means nothing without `threshold`: add threshold = 5, or take `{name}` out"))
                }
                None => Ok(None),
            };
        };
        let most = if self.distinct.is_some() { DISTINCT } else { COUNT };
        if !(1..=most).contains(&threshold) {
            return Err(format!("`threshold` is {threshold}: give a number from 1 to {most}"));
        }
        let Some(window) = self.window.filter(|window| window.ms() > 0) else {
            return Err("`threshold` needs a `window` over 0: add, for example, window = \"60s\"".into());
        };
        if self.distinct.as_ref().is_some_and(String::is_empty) {
            return Err("`distinct` is empty: name the field whose different values are counted".into());
        }
        Ok(Some(Flow { threshold: threshold.into(), window, distinct: self.distinct.clone() }))
    }
}

fn check_conditions(setting: &str, conditions: &Table<Values>) -> Result<(), String> {
    for (name, Values(values)) in &conditions.0 {
        if name.is_empty() {
            return Err(format!("`{setting}` has an entry without a name: name what is compared, such as `level`"));
        }
        if values.is_empty() {
            return Err(format!("`{setting}.{name}` has no value, so nothing could match: give at least one"));
        }
    }
    Ok(())
}
