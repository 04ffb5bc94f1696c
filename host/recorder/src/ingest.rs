//! What the book hears: what a cut brought, which rules there are, and how far time has come.

use lifesigns_compliance::{BookInput, KnownRule};
use lifesigns_model::{Observation, PendingAcks};
use lifesigns_store::Commit;

use crate::{recorder::Recorder, source_progress::ProgressSnapshot};

/// The book hears the time at least this often.
const HEARD_NS: u64 = 1_000_000_000;

impl Recorder {
    /// Cuts the stream, and hands the book what came. Says whether there is more behind it that was handed
    /// in before.
    pub(crate) fn take_cut(&mut self, commit: &mut Commit) -> (PendingAcks, bool) {
        let forgotten = self.shared.book().forgotten().to_vec();
        if !forgotten.is_empty() {
            // Before the cut: what it has of them would make them known again, with what they were.
            self.shared.engine.forget(&forgotten);
        }
        let cut = self.shared.engine.checkpoint();
        let early = cut.early;
        let (signs, held) = commit.take(cut);
        let now_ns = self.now_ns();
        if let Some(on_rule_alert) = &self.on_rule_alert {
            // Whoever is shown may be slow: nobody waits for the book meanwhile.
            for sign in &signs {
                if let Observation::RuleAlert(alert) = sign {
                    on_rule_alert(alert);
                }
            }
        }
        let mut book = self.shared.book();
        // What came until the cut was made is not ahead of the clock.
        let _ = book.apply(BookInput::Clock(now_ns));
        for sign in signs {
            let (source, input) = match sign {
                Observation::RuleAlert(alert) => (String::new(), BookInput::Symptom(Box::new(alert))),
                Observation::Facts(facts, source) => (source, BookInput::Facts(facts)),
                Observation::Seen { object, source, time_ns } => (source, BookInput::Seen { object, time_ns }),
                // The book has the inventory itself.
                Observation::Inventory(_) => continue,
            };
            // Only commands are refused.
            let _ = book.apply(BookInput::Of { source, input: Box::new(input) });
        }
        (held, early)
    }

    /// Informs the book which rules exist, when that changed.
    pub(crate) fn note_rules(&mut self) {
        let Some((version, mut names)) = self.shared.overview.present_since(self.rules_seen) else { return };
        let rules = self.shared.engine.rules();
        let symptoms = |name: &str| {
            let rule = rules.rules().iter().find(|rule| rule.name == name)?;
            Some(rule.description.symptoms.iter().map(|symptom| symptom.id.clone()).collect())
        };
        names.extend(rules.rules().iter().map(|rule| rule.name.clone()));
        let known = names.into_iter().map(|name| KnownRule { symptoms: symptoms(&name), name }).collect();
        let _ = self.shared.book().apply(BookInput::Rules(known));
        self.rules_seen = version;
    }

    /// Tells the book what time it is, where something waits for it and now and then.
    pub(crate) fn advance_wall_clock(&self, now_ns: u64) {
        let mut book = self.shared.book();
        let (_, due_ns) = book.next_due();
        if due_ns.is_some_and(|due_ns| due_ns <= now_ns) || now_ns.abs_diff(book.clock_ns()) >= HEARD_NS {
            let _ = book.apply(BookInput::Clock(now_ns));
        }
    }

    /// Lets time pass for what nothing is heard of, where something waits for it: everything that came
    /// before `until_ns` has been told, but of sources that are behind.
    pub(crate) fn advance_event_time(&self, until_ns: u64, progressed: ProgressSnapshot, commit: &Commit) {
        let mut book = self.shared.book();
        let is_due = book.next_due().1.is_some_and(|due_ns| due_ns <= until_ns);
        if progressed.caught_up.is_empty() && !is_due {
            return;
        }
        for source in progressed.caught_up {
            let moved = commit.places.iter().rev().find(|place| place.source == source);
            let time_ns = match moved {
                Some(place) => place.time_ns,
                None => self.shared.health.get().places.get(&source).and_then(|place| place.time_ns),
            };
            if let Some(time_ns) = time_ns {
                let _ = book.apply(BookInput::CaughtUp { source, time_ns });
            }
        }
        let _ = book.apply(BookInput::Quiet { until_ns, behind: progressed.until });
    }
}
