//! The demo's script: prints alerts as they open and end, all badges at the end, and the objects whose
//! badge changed because a fact did.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use lifesigns::{
    compliance::{
        Alert, BadgeOwner, BadgePoint, Book, BookInput, ComplianceConfig, EndCause,
        query::{Query, QueryAnswer},
    },
    model::{ObjectFacts, Observation},
};
use lifesigns_notifications::terminal::{self as rule_alerts, Colour};
use lifesigns_text::{time_text, visible};

use crate::{compliance::drawn_badges, exit::Failure, summary::Summary};

/// An object where Docker is allowed and one where it is not; the policies of both are explained at the end.
const WHY: [(&str, &str); 2] = [("vm-play-01", "docker"), ("vm-prod-02", "docker-on-production")];

/// Applies the observations of a replay to a book, and prints what they change.
pub(super) struct DemoScript {
    book: Book,
    pub(super) summary: Summary,
    colour: Colour,
    /// Whether alerts counted as violations, by id.
    violations: BTreeMap<String, bool>,
    /// The last scores of objects.
    scores: BTreeMap<String, u8>,
    /// Badges that changed by facts alone, with the score before.
    turned: Vec<(BadgePoint, u8)>,
}

impl DemoScript {
    pub(super) fn new(config: ComplianceConfig, known: &[ObjectFacts], colour: Colour) -> Result<Self, Failure> {
        let mut book = Book::new(Arc::new(config)).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.place, error.message)).collect();
            Failure::Configuration(lines.join("\n"))
        })?;
        // Only commands are refused.
        let _ = book.apply(BookInput::Inventory(known.to_vec()));
        book.take();
        let (summary, violations, scores, turned) = Default::default();
        Ok(Self { book, summary, colour, violations, scores, turned })
    }

    /// Applies an observation, and prints its effect.
    pub(super) fn take(&mut self, sign: Observation, out: &mut impl Write) -> io::Result<()> {
        let facts = matches!(sign, Observation::Facts(..));
        let time_ns = match &sign {
            Observation::RuleAlert(alert) => alert.time_ns,
            Observation::Facts(facts, _) => facts.time_ns,
            // The book has the inventory from the start.
            Observation::Inventory(_) => return Ok(()),
            Observation::Seen { time_ns, .. } => *time_ns,
        };
        // A replay's observations are sorted: everything before this one has been applied.
        let _ = self.book.apply(BookInput::Time(time_ns));
        let input = match sign {
            Observation::RuleAlert(alert) => {
                let mut line = String::new();
                alert.lend(|alert| {
                    self.summary.note(alert);
                    rule_alerts::write(alert, self.colour, &mut line);
                });
                out.write_all(line.as_bytes())?;
                BookInput::Symptom(alert)
            }
            Observation::Facts(facts, source) => BookInput::Of { source, input: Box::new(BookInput::Facts(facts)) },
            Observation::Inventory(_) => return Ok(()),
            Observation::Seen { object, source, time_ns } => {
                BookInput::Of { source, input: Box::new(BookInput::Seen { object, time_ns }) }
            }
        };
        let _ = self.book.apply(input);
        let changes = self.book.take();
        let before_ns = self.book.event_ns();
        for alert in &changes.alerts {
            let now = alert.is_violation();
            let before = self.violations.insert(alert.id.clone(), now).unwrap_or(false);
            // An alert of a rule's symptom was printed with the raise or clear.
            let is_printed = alert.definition.contains('/') && (now || alert.cause == Some(EndCause::Clear));
            if now != before && !is_printed {
                out.write_all(self.alert_line(alert, now, before_ns).as_bytes())?;
            }
        }
        for point in changes.badges.into_iter().filter(|point| point.of == BadgeOwner::Object) {
            let before = self.scores.insert(point.name.clone(), point.badge.score).unwrap_or(100);
            let by_fact = |alert: &Alert| alert.is_violation() || alert.cause == Some(EndCause::Fact);
            let on_it = changes.alerts.iter().filter(|alert| alert.object == point.name);
            if facts && before != point.badge.score && on_it.into_iter().any(|alert| by_fact(alert)) {
                self.turned.push((point, before));
            }
        }
        Ok(())
    }

    fn alert_line(&self, alert: &Alert, opened: bool, time_ns: u64) -> String {
        let (date, clock) = stamp(time_ns);
        let over = match alert.cause {
            Some(EndCause::Clear) => "is over: its rule cleared it",
            Some(EndCause::Hold) => "is over: it was not reported again",
            Some(EndCause::Fact) => "is over: a fact changed",
            Some(EndCause::Policy) => "is over: the configuration changed",
            Some(EndCause::RuleRemoved) => "is over: its rule was removed",
            Some(EndCause::Hand | EndCause::MetricExpired | EndCause::ObjectForgotten) | None => "is over",
        };
        let (what, tail) = match opened {
            true => (self.colour.criticality(alert.criticality), format!("- {}", alert.recommendations.join(", or "))),
            false => (self.colour.paint("32", &format!("{:<11}", "cancelled")), over.to_owned()),
        };
        let (object, title) = (format!("{:<14}", visible(&alert.object)), visible(&alert.title));
        format!(
            "{} {what} {} {} {tail} {}\n",
            self.colour.paint("2", &format!("{date} {clock}")),
            self.colour.paint("1", &object),
            self.colour.paint("1", &title),
            self.colour.paint("2", &format!("[alert {}]", alert.definition)),
        )
    }

    /// Returns all badges at the end, and those that changed by facts alone.
    pub(super) fn end(&self) -> Result<String, Failure> {
        let answer = self.book.answer(&Query::Badges { limit: 0 }).map_err(Failure::failed)?;
        let QueryAnswer::Badges(badges) = answer else { return Ok(String::new()) };
        let mut text = String::from("\n");
        text.push_str(&drawn_badges(&badges, self.colour));
        if !self.turned.is_empty() {
            text.push_str("\nColours that changed because a fact did, with no new line in any log:\n\n");
        }
        for (point, before) in &self.turned {
            let (_, clock) = stamp(point.time_ns);
            text.push_str(&format!("{clock}  {}: {before} → {}\n", visible(&point.name), point.badge.score));
        }
        for (object, alert) in WHY {
            let query = Query::Why { object: object.to_owned(), alert: alert.to_owned() };
            if let QueryAnswer::Why(resolution) = self.book.answer(&query).map_err(Failure::failed)? {
                text.push_str(&format!("\n{resolution}"));
            }
        }
        Ok(text)
    }
}

fn stamp(time_ns: u64) -> (String, String) {
    let time = time_text(time_ns);
    let (date, clock) = time.split_once(' ').unwrap_or(("", &time));
    (date.to_owned(), clock.to_owned())
}
