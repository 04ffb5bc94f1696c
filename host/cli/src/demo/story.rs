//! The fleet's story as the book sees it: what opens and ends, what colour everything has at the
//! end, and whose colour changed because a fact did.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use lifesigns::{
    compliance::{
        Alert, BadgeOf, BadgePoint, Book, Config, Input,
        query::{Answer, Query},
    },
    model::{ObjectFacts, Sign},
};
use lifesigns_outlets::{
    people::{self, Colour, printable},
    rfc3339,
};

use crate::{compliance::drawn_badges, exit::Failure, summary::Summary};

/// The book, told the story line by line.
pub(super) struct Story {
    book: Book,
    pub(super) summary: Summary,
    colour: Colour,
    /// Alerts that counted when they were last looked at, by id.
    violations: BTreeMap<String, bool>,
    /// Badges that changed while only facts came.
    turned: Vec<BadgePoint>,
}

impl Story {
    pub(super) fn new(config: Config, known: &[ObjectFacts], colour: Colour) -> Result<Self, Failure> {
        let mut book = Book::new(Arc::new(config)).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.place, error.message)).collect();
            Failure::Configuration(lines.join("\n"))
        })?;
        // Only commands are refused.
        let _ = book.apply(Input::Inventory(known.to_vec()));
        book.take();
        let (summary, violations, turned) = Default::default();
        Ok(Self { book, summary, colour, violations, turned })
    }

    /// What a rule said, or what became known; written as it happens.
    pub(super) fn take(&mut self, sign: Sign, out: &mut impl Write) -> io::Result<()> {
        let facts = matches!(sign, Sign::Facts(_));
        let input = match sign {
            Sign::Alert(alert) => {
                let mut line = String::new();
                alert.lend(|alert| {
                    self.summary.note(alert);
                    people::write(alert, self.colour, &mut line);
                });
                out.write_all(line.as_bytes())?;
                Input::Symptom(Box::new(alert))
            }
            Sign::Facts(facts) => Input::Facts(facts),
            Sign::Seen { object, time_ns } => Input::Seen { object, time_ns },
        };
        let _ = self.book.apply(input);
        let changes = self.book.take();
        let before_ns = self.book.event_ns();
        for alert in &changes.alerts {
            let now = alert.is_violation();
            let before = self.violations.insert(alert.id.clone(), now).unwrap_or(false);
            // A symptom that is its own alert has just been told.
            if now != before && !alert.definition.contains('/') {
                out.write_all(self.told(alert, now, before_ns).as_bytes())?;
            }
        }
        if facts {
            self.turned.extend(changes.badges.into_iter().filter(|point| point.of == BadgeOf::Object));
        }
        Ok(())
    }

    fn told(&self, alert: &Alert, opened: bool, time_ns: u64) -> String {
        let (date, clock) = stamp(time_ns);
        let (what, tail) = match (opened, alert.cause) {
            (true, _) => {
                (self.colour.criticality(alert.criticality), format!("opened; {}", alert.recommendations.join(", or ")))
            }
            (false, Some(cause)) => {
                let cause = format!("{cause:?}").to_lowercase();
                (self.colour.paint("32", &format!("{:<11}", "cancelled")), format!("is over, by {cause}"))
            }
            (false, None) => (self.colour.paint("32", &format!("{:<11}", "cancelled")), "is over".to_owned()),
        };
        let (object, title) = (format!("{:<14}", printable(&alert.object)), printable(&alert.title));
        format!(
            "{} {what} {} {} {tail} {}\n",
            self.colour.paint("2", &format!("{date} {clock}")),
            self.colour.paint("1", &object),
            self.colour.paint("1", &title),
            self.colour.paint("2", &format!("[alert {}]", alert.definition)),
        )
    }

    /// Everything's badge at the end, and whose changed by facts alone.
    pub(super) fn end(&self) -> Result<String, Failure> {
        let answer = self.book.answer(&Query::Badges).map_err(Failure::failed)?;
        let Answer::Badges(badges) = answer else { return Ok(String::new()) };
        let mut text = String::from("\n");
        text.push_str(&drawn_badges(&badges, self.colour));
        let mut last: BTreeMap<&str, u8> = BTreeMap::new();
        let mut turns = String::new();
        for point in &self.turned {
            let before = last.insert(&point.name, point.badge.score).unwrap_or(100);
            if before != point.badge.score {
                let (_, clock) = stamp(point.time_ns);
                let score = point.badge.score;
                turns.push_str(&format!("{clock}  {}: {before} → {score}\n", printable(&point.name)));
            }
        }
        if !turns.is_empty() {
            text.push_str("\nColours that changed because a fact did, with no new line in any log:\n\n");
            text.push_str(&turns);
        }
        Ok(text)
    }
}

fn stamp(time_ns: u64) -> (String, String) {
    let time = rfc3339(time_ns);
    let (date, clock) = time.split_once('T').unwrap_or(("", &time));
    (date.to_owned(), clock.get(..8).unwrap_or(clock).to_owned())
}
