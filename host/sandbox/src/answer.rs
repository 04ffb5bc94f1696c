//! From a guest's answer to the model's flat batch of alerts: every index and span is checked, and the
//! text is taken over as it is.

use std::collections::HashSet;

use lifesigns_model::{Change, InstanceError, Limits, RuleAlertBatch, RuleAlertRow, Span};
use lifesigns_text::{count_text, quoted};

use crate::bindings::lifesigns::rule::types as wit;

/// What an answer is checked against.
pub(crate) struct AnswerBounds<'a> {
    /// Events of the batch.
    pub(crate) events: usize,
    /// Symptoms that the rule declares.
    pub(crate) symptoms: usize,
    pub(crate) limits: &'a Limits,
}

/// Checks a guest's answer and moves it into `answer`, which is empty.
///
/// # Errors
/// Names the alert and what is wrong with it.
pub(crate) fn accept(
    returned: wit::Answer,
    bounds: &AnswerBounds<'_>,
    answer: &mut RuleAlertBatch,
) -> Result<(), InstanceError> {
    let checked = fill(&returned, bounds, answer);
    answer.text = returned.text;
    checked.map_err(InstanceError::Answer)
}

fn fill(returned: &wit::Answer, bounds: &AnswerBounds<'_>, answer: &mut RuleAlertBatch) -> Result<(), String> {
    let AnswerBounds { events, limits, .. } = *bounds;
    let alerts = returned.alerts.len();
    if alerts > limits.alerts_per_event.saturating_mul(events) {
        let limit = limits.alerts_per_event;
        let (alerts, events) = (count_text(alerts as u64, "alert"), count_text(events as u64, "event"));
        return Err(format!("{alerts} for {events}; the limit is {limit} an event"));
    }
    answer.rows.reserve(alerts);
    answer.attributes.reserve(returned.attributes.len());
    let mut spans = SpanReader { text: &returned.text, end: 0 };
    let mut rest = &returned.attributes[..];
    for (number, alert) in returned.alerts.iter().enumerate() {
        let Some((attributes, after)) = rest.split_at_checked(alert.attributes as usize) else {
            let (wanted, left) = (alert.attributes, rest.len());
            return Err(format!("alert {number} has {wanted} attributes, and {left} are left in the list"));
        };
        rest = after;
        row(number, alert, attributes, bounds, &mut spans, answer)?;
    }
    if !rest.is_empty() {
        return Err(format!("{} attributes that no alert has", rest.len()));
    }
    if spans.end < returned.text.len() {
        return Err(format!("{} bytes at the end of its text belong to no span", returned.text.len() - spans.end));
    }
    Ok(())
}

/// Checks one alert and appends it to `answer`.
fn row(
    number: usize,
    alert: &wit::Alert,
    attributes: &[wit::Attribute],
    bounds: &AnswerBounds<'_>,
    spans: &mut SpanReader<'_>,
    answer: &mut RuleAlertBatch,
) -> Result<(), String> {
    let AnswerBounds { events, symptoms, limits } = *bounds;
    if alert.event as usize >= events {
        return Err(format!("alert {number} names event {} of a batch of {events}", alert.event));
    }
    if alert.symptom as usize >= symptoms {
        return Err(format!("alert {number} names symptom {}; {symptoms} are declared", alert.symptom));
    }
    let change = match alert.change {
        0 => Change::Raise,
        1 => Change::Clear,
        other => return Err(format!("alert {number} says change {other}; there are 0 (raise) and 1 (clear)")),
    };
    let summary = spans.next(alert.summary).map_err(|why| format!("the summary of alert {number} {why}"))?;
    let attributes_start = answer.attributes.len() as u32;
    let mut bytes = summary.len as usize;
    for (nth, attribute) in attributes.iter().enumerate() {
        let what = |part: &str, why: String| format!("the {part} of attribute {nth} of alert {number} {why}");
        let name = spans.next(attribute.name).map_err(|why| what("name", why))?;
        let value = spans.next(attribute.value).map_err(|why| what("value", why))?;
        bytes += name.len as usize + value.len as usize;
        answer.attributes.push((name, value));
    }
    if bytes > limits.alert_bytes {
        return Err(format!("an alert of {bytes} bytes; the limit is {}", limits.alert_bytes));
    }
    if let Some(name) = repeated(spans.text, &answer.attributes[attributes_start as usize..]) {
        return Err(format!("an alert with two attributes `{}`", quoted(name, 128)));
    }
    let attributes_end = answer.attributes.len() as u32;
    let (event, symptom) = (alert.event, alert.symptom);
    answer.rows.push(RuleAlertRow { event, symptom, change, summary, attributes_start, attributes_end });
    Ok(())
}

/// Reads the spans of an answer, which follow one another without a gap. So whether an alert is accepted depends
/// on its own texts, and not on others of the batch.
struct SpanReader<'a> {
    text: &'a str,
    /// Where the span before ended.
    end: usize,
}

impl SpanReader<'_> {
    fn next(&mut self, span: wit::Span) -> Result<Span, String> {
        let wit::Span { offset, length } = span;
        let end = match offset.checked_add(length) {
            Some(end) if end as usize <= self.text.len() => end as usize,
            _ => {
                let bytes = self.text.len();
                return Err(format!("takes {length} bytes from byte {offset} on, of a text of {bytes} bytes"));
            }
        };
        if offset as usize != self.end {
            return Err(format!("begins at byte {offset}; the span before it ends at byte {}", self.end));
        }
        if !self.text.is_char_boundary(end) {
            return Err(format!("ends at byte {end}, inside a character"));
        }
        self.end = end;
        Ok(Span { offset, len: length })
    }
}

/// Returns a name that comes twice. A few names are compared with each other, many through a set: a
/// hostile answer can have thousands of them.
fn repeated<'a>(text: &'a str, attributes: &[(Span, Span)]) -> Option<&'a str> {
    const FEW: usize = 8;
    let name = |(name, _): &(Span, Span)| name.str(text);
    if attributes.len() > FEW {
        let mut seen = HashSet::with_capacity(attributes.len());
        return attributes.iter().map(name).find(|name| !seen.insert(*name));
    }
    let before = |index: usize, other: &str| attributes[..index].iter().any(|earlier| name(earlier) == other);
    attributes.iter().map(name).enumerate().find(|(index, name)| before(*index, name)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "summarynamevälue";

    fn span(offset: u32, length: u32) -> wit::Span {
        wit::Span { offset, length }
    }

    fn alert(summary: wit::Span, attributes: u32) -> wit::Alert {
        wit::Alert { event: 3, symptom: 4, change: 1, summary, attributes }
    }

    fn accepted(alerts: Vec<wit::Alert>, attributes: &[[wit::Span; 2]]) -> Result<RuleAlertBatch, String> {
        let attributes = attributes.iter().map(|[name, value]| wit::Attribute { name: *name, value: *value }).collect();
        let bounds = AnswerBounds { events: 4, symptoms: 5, limits: &Limits::default() };
        let mut answer = RuleAlertBatch::default();
        match accept(wit::Answer { text: TEXT.to_owned(), alerts, attributes }, &bounds, &mut answer) {
            Ok(()) => Ok(answer),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn spans_in_order_are_taken_over() {
        let attributes = [[span(7, 4), span(11, 6)], [span(17, 0), span(17, 0)]];
        let alerts = vec![alert(span(0, 7), 1), alert(span(17, 0), 0), alert(span(17, 0), 1)];
        let answer = accepted(alerts, &attributes).expect("a sound answer");
        assert_eq!(answer.text, TEXT);
        let shown = answer.rows.iter().map(|row| {
            let pairs = &answer.attributes[row.attributes_start as usize..row.attributes_end as usize];
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.str(TEXT), value.str(TEXT))).collect();
            (row.event, row.symptom, row.change, row.summary.str(TEXT), pairs)
        });
        let shown: Vec<_> = shown.collect();
        let expected = [("summary", vec![("name", "välue")]), ("", vec![]), ("", vec![("", "")])];
        assert_eq!(shown, expected.map(|(summary, pairs)| (3, 4, Change::Clear, summary, pairs)));
        let why = accepted(Vec::new(), &[]).expect_err("text without alerts");
        assert!(why.contains("17 bytes at the end of its text"), "{why}");
    }

    /// Every span of a small grid, as an alert's summary between two others: accepted if and only if it is in the
    /// text, in order, and of whole characters.
    #[test]
    fn no_span_gets_in_that_does_not_name_text() {
        let edges = (0..22).chain([u32::MAX - 1, u32::MAX]);
        for (offset, length) in edges.clone().flat_map(|offset| edges.clone().map(move |length| (offset, length))) {
            let end = u64::from(offset) + u64::from(length);
            let text = TEXT.get(offset as usize..end as usize);
            let rest = span(end as u32, 17_u32.saturating_sub(end as u32));
            let outcome = accepted(vec![alert(span(0, 7), 0), alert(span(offset, length), 0), alert(rest, 0)], &[]);
            assert_eq!(outcome.is_ok(), text.is_some() && offset == 7, "{offset} {length}: {outcome:?}");
        }
    }

    fn found(names: impl IntoIterator<Item = u32>) -> Option<u32> {
        let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
        let mut answer = RuleAlertBatch::default();
        answer.push(0, 0, Change::Raise, "", names.iter().map(|name| (name.as_str(), "")));
        repeated(&answer.text, &answer.attributes).map(|name| name.parse().expect("a number"))
    }

    #[test]
    fn the_first_name_that_comes_twice_is_found() {
        assert_eq!(found([]), None);
        assert_eq!(found([7]), None);
        assert_eq!(found([1, 2, 3, 3, 1]), Some(3));
        assert_eq!(found((0..100).chain([50, 40])), Some(50));
    }

    /// Comparing each with each would take minutes.
    #[test]
    fn many_names_do_not_block_the_host() {
        assert_eq!(found(0..400_000), None);
        assert_eq!(found((0..400_000).chain([399_999])), Some(399_999));
    }
}
