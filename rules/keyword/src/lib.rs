//! The general-purpose rule: a symptom for every log message that contains one of some literals,
//! or for a number of them within a window. Everything comes from settings; see the README.

mod settings;

use lifesigns_rule::{
    Alerts, Description, Event, Interest, Kinds, Rule, State, Symptom, Test,
    settings::{Duration, Values},
    text,
};
use settings::Flow;
pub use settings::Settings;

/// The rule.
pub struct Keyword {
    settings: Settings,
    flow: Option<Flow>,
    /// For each literal, how the summary of its alerts begins.
    openings: Vec<String>,
}

const KEY: &str = "matches";

impl Rule for Keyword {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        let flow = settings.check()?;
        let title = settings.title();
        let opening = |literal: &String| format!("{title}: \"{}\" in the log of ", visible(literal));
        let openings = settings.contains.0.iter().map(opening).collect();
        Ok(Self { settings, flow, openings })
    }

    fn describe(&self) -> Description {
        let settings = &self.settings;
        let symptom = Symptom::new(&settings.symptom, settings.title())
            .criticality(settings.criticality)
            .impact(settings.impact)
            .recommendation(&settings.recommendation)
            .controls(&settings.controls.0)
            .hold_ms(settings.hold.map_or(0, Duration::ms));
        let mut interest = Interest::of(Kinds::LOG).contains(&settings.contains.0).ignore_case(settings.ignore_case);
        for (name, Values(values)) in &settings.fields.0 {
            interest = interest.field(name, Test::one_of(values));
        }
        for (name, Values(values)) in &settings.properties.0 {
            interest = interest.property(name, Test::one_of(values));
        }
        Description::new("keyword", env!("CARGO_PKG_VERSION"))
            .symptom(symptom)
            .interest(interest)
            .fields(self.flow.as_ref().and_then(|flow| flow.distinct.as_ref()))
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        // The host delivers what the interest asks for and nothing else: conditions are not asked again.
        let count = match &self.flow {
            None => None,
            Some(flow) => match reached(flow, event) {
                Some(count) => Some((count, flow.window)),
                None => return,
            },
        };
        let which = self.which(event.message());
        let (opening, object) = (&self.openings[which], event.object());
        let mut summary = String::with_capacity(opening.len() + object.len() + if count.is_some() { 32 } else { 0 });
        summary.push_str(opening);
        summary.push_str(object);
        if let Some((count, window)) = count {
            use std::fmt::Write;
            let _ = write!(summary, ", {count} within {window}");
        }
        let raised = alerts.raise(&self.settings.symptom, summary).attribute("keyword", self.literal(which));
        if let Some((count, _)) = count {
            raised.attribute("count", count.to_string());
        }
    }
}

impl Keyword {
    fn literal(&self, which: usize) -> &str {
        &self.settings.contains.0[which]
    }

    /// The first literal, in the order of the settings, that stands in the message. One of them
    /// does, the host has made sure of that: so a single literal, and the last one, need no search.
    fn which(&self, message: &str) -> usize {
        let literals = &self.settings.contains.0;
        let last = literals.len() - 1;
        let found = |literal: &String| {
            if self.settings.ignore_case {
                contains_ignoring_case(message.as_bytes(), literal.as_bytes())
            } else {
                text::contains(message, literal)
            }
        };
        literals[..last].iter().position(found).unwrap_or(last)
    }
}

/// Counts this event. The count if this event brought it from below the threshold to it or over it.
///
/// Below means below for at least a millisecond: an event that leaves the window in the same
/// instant in which the next one comes does not make a steady stream cross again and again. It is
/// the longer window that is counted in, because the host keeps what the longest one needs.
fn reached(flow: &Flow, event: &Event<'_>) -> Option<u64> {
    let state: State<'_> = event.state();
    let (now_ms, before_ms) = (flow.window.ms(), flow.window.ms() + 1);
    let (before, after) = match &flow.distinct {
        None => {
            let after = state.count(KEY, 1, before_ms);
            (after.saturating_sub(1), after)
        }
        Some(field) => {
            let value = event.field(field)?;
            (state.distinct_now(KEY, before_ms), state.distinct(KEY, value, before_ms))
        }
    };
    if before >= flow.threshold || after < flow.threshold {
        return None;
    }
    let count = match &flow.distinct {
        None => state.count(KEY, 0, now_ms),
        Some(_) => state.distinct_now(KEY, now_ms),
    };
    (count >= flow.threshold).then_some(count)
}

/// A literal as a summary shows it: on one line, and within quotes.
fn visible(literal: &str) -> String {
    let mut out = String::with_capacity(literal.len());
    for character in literal.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

fn contains_ignoring_case(text: &[u8], literal: &[u8]) -> bool {
    text.windows(literal.len()).any(|window| window.eq_ignore_ascii_case(literal))
}

lifesigns_rule::export!(Keyword);

#[cfg(test)]
mod tests;
