//! Applies input to the book: what a checkpoint brought, which rules exist, and the time.

use lifesigns_compliance::{BookInput, KnownRule};
use lifesigns_engine::RuleSet;
use lifesigns_model::{NS_PER_S, Observation, RuleKey};
use lifesigns_record::Commit;

use crate::{
    recorder::Recorder,
    source_progress::ProgressSnapshot,
    turn::{Coverage, InFlight, Turn},
};

/// The book learns the time at least this often.
const TIME_STEP_NS: u64 = NS_PER_S;

impl Recorder {
    /// Takes a checkpoint of the stream and applies what came to the book.
    pub(crate) fn take_checkpoint(&mut self, turn: &mut Turn) {
        let checkpoint = self.shared.engine.checkpoint();
        turn.coverage = if checkpoint.early { Coverage::Partial } else { Coverage::Complete };
        let (observations, acks) = turn.commit.take(checkpoint);
        turn.acks = acks;
        let now_ns = self.now_ns();
        // What came before the checkpoint is not ahead of the clock.
        let _ = self.book.apply(BookInput::Clock(now_ns));
        for observation in observations {
            let (source, input) = match observation {
                Observation::RuleAlert(alert) => {
                    // It names its source itself.
                    let _ = self.book.apply(BookInput::Symptom(alert));
                    continue;
                }
                Observation::Facts(facts, source) => (source, BookInput::Facts(facts)),
                Observation::Seen { object, source, time_ns } => (source, BookInput::Seen { object, time_ns }),
                // The book has the inventory itself.
                Observation::Inventory(_) => continue,
            };
            // Only commands are refused.
            let _ = self.book.apply(BookInput::Of { source, input: Box::new(input) });
        }
    }

    /// Informs the book which rules exist, when that changed.
    pub(crate) fn note_rules(&mut self) {
        let Some((version, mut names)) = self.shared.overview.present_since(self.rules_seen) else { return };
        let rules = self.shared.engine.rules();
        names.extend(rules.rules().iter().map(|rule| rule.name().to_owned()));
        let known = names.into_iter().map(|name| KnownRule { symptoms: symptoms(&rules, &name), name }).collect();
        let _ = self.book.apply(BookInput::Rules(known));
        self.rules_seen = version;
    }

    /// Applies the host's clock to the book when something is due, and at least once a second.
    pub(crate) fn advance_wall_clock(&mut self, now_ns: u64) {
        let (_, due_ns) = self.book.next_due();
        if due_ns.is_some_and(|due_ns| due_ns <= now_ns) || now_ns.abs_diff(self.book.clock_ns()) >= TIME_STEP_NS {
            let _ = self.book.apply(BookInput::Clock(now_ns));
        }
    }

    /// Advances event time for objects that are quiet, when something is due: everything that came before
    /// `until_ns` of the host's clock has been applied, except from sources that are behind.
    pub(crate) fn advance_event_time(&mut self, until_ns: u64, progressed: ProgressSnapshot, commit: &Commit) {
        let is_due = self.book.next_due().1.is_some_and(|due_ns| due_ns <= until_ns);
        if progressed.caught_up.is_empty() && !is_due {
            return;
        }
        for source in progressed.caught_up {
            let in_flight = self.in_flight.as_ref().map_or(&[][..], InFlight::offsets);
            let latest_first = commit.offsets.iter().rev().chain(in_flight.iter().rev());
            let moved = latest_first.clone().find(|offset| *offset.source == *source);
            let time_ns = match moved {
                Some(offset) => offset.time_ns,
                None => self.shared.health.get().offsets.get(&*source).and_then(|offset| offset.time_ns),
            };
            if let Some(time_ns) = time_ns {
                let _ = self.book.apply(BookInput::CaughtUp { source: source.to_string(), time_ns });
            }
        }
        let behind = progressed.until.into_iter().map(|(name, until_ns)| (name.to_string(), until_ns)).collect();
        let _ = self.book.apply(BookInput::Quiet { until_ns, behind });
    }
}

/// Returns the symptoms of a rule that runs.
fn symptoms(rules: &RuleSet, name: &str) -> Option<Vec<String>> {
    let rule = rules.rule(&RuleKey::live(name))?;
    Some(rule.description.symptoms.iter().map(|symptom| symptom.id.clone()).collect())
}
