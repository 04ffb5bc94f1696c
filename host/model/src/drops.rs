//! Data that was dropped at a bound: one table of all kinds, and counters of them. Every such counter
//! is here, so that `status`, `doctor` and the log show all of them.

use std::fmt;

/// Bytes of an example at most.
const EXAMPLE_BYTES: usize = 80;

/// A kind of dropped data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropKind {
    /// Lines longer than [`crate::limits::LINE_BYTES`], which were truncated.
    LinesCut,
    /// Objects that a shard forgot, with their state, because there were too many.
    StreamObjects,
    /// Facts that rules cannot see because their object has too many.
    StreamFacts,
    /// Entries of rule state that went because a rule had too many on one object.
    StateKeys,
    /// Entries of rule state from before the start that could not be read.
    StateUnreadable,
    /// Entries and reminders of a rule whose state had another version than the rule.
    StateVersion,
    /// Reminders that went because a rule had set too many on one object.
    Reminders,
    /// Reminders that were deferred because too many were due at once.
    RemindersPutOff,
    /// Lines that rules wrote to the log beyond what a call may.
    RuleLogLines,
    /// Raises, clears and facts about an object without a name or with too long a one.
    ObjectNames,
    /// Objects that were not taken up because there are too many.
    Objects,
    /// Facts that were not kept because their object has too many.
    Facts,
    /// Facts with too long a name or value, or a metric that is no number.
    UnfitFacts,
    /// Last samples of metrics that are not reported any more, because their object has too many.
    StaleMetrics,
    /// Raises and clears of symptoms for which their object has no room.
    Symptoms,
    /// Alerts that were not opened because their object has too many.
    Alerts,
}

/// What people read of a kind.
struct Row {
    kind: DropKind,
    key: &'static str,
    /// What happened to one, and to several.
    happened: [&'static str; 2],
    /// The rest of the sentence.
    why: &'static str,
    advice: &'static str,
}

const fn row(
    kind: DropKind,
    key: &'static str,
    happened: [&'static str; 2],
    why: &'static str,
    advice: &'static str,
) -> Row {
    Row { kind, key, happened, why, advice }
}

/// One row a kind, in their order.
const TABLE: [Row; 16] = [
    row(
        DropKind::LinesCut,
        "lines-cut",
        ["line longer than 64 KiB was truncated", "lines longer than 64 KiB were truncated"],
        "",
        "rules do not see the rest of such a line: let the program write shorter lines",
    ),
    row(
        DropKind::StreamObjects,
        "stream-objects",
        ["object was forgotten by the stream", "objects were forgotten by the stream"],
        ", with all rule state, because there are too many",
        "list the objects that matter in the inventory: those are never forgotten; or run more hosts",
    ),
    row(
        DropKind::StreamFacts,
        "stream-facts",
        ["fact is not seen by rules", "facts are not seen by rules"],
        ", because the object has too many",
        "send fewer properties and metrics of one object; 512 of each are kept",
    ),
    row(
        DropKind::StateKeys,
        "state-keys",
        ["entry of rule state was dropped", "entries of rule state were dropped"],
        ", because a rule had more than 1024 on one object",
        "the rule counts too many things of one object: ask its author for fewer keys",
    ),
    row(
        DropKind::StateUnreadable,
        "state-unreadable",
        [
            "entry of rule state from before the start could not be read",
            "entries of rule state from before the start could not be read",
        ],
        "",
        "rules begin again with these: expect counts that are too low for a while",
    ),
    row(
        DropKind::StateVersion,
        "state-version",
        ["entry or reminder of rule state was discarded", "entries and reminders of rule state were discarded"],
        ", because a new version of the rule could not take over what there was",
        "the rule begins again with these; the log says which rule, and why: `state = \"discard\"`, or a `migrate` that failed",
    ),
    row(
        DropKind::Reminders,
        "reminders",
        ["reminder was dropped", "reminders were dropped"],
        ", because a rule had set more than 1024 on one object",
        "what the rule waits for may be missed: ask its author for fewer reminders",
    ),
    row(
        DropKind::RemindersPutOff,
        "reminders-put-off",
        ["reminder was deferred", "reminders were deferred"],
        ", because too many were due at once",
        "rules see these reminders later than they asked for",
    ),
    row(
        DropKind::RuleLogLines,
        "rule-log-lines",
        ["log line of a rule was dropped", "log lines of rules were dropped"],
        ", because a call wrote more than 64, or the rule more than its budget",
        "ask the rule's author for fewer log lines, or raise `[limits] log-lines-per-s` of its manifest",
    ),
    row(
        DropKind::ObjectNames,
        "object-names",
        ["raise, clear or fact was dropped", "raises, clears and facts were dropped"],
        ", because the object has no name or one longer than 512 bytes",
        "no alert opens for these: correct what names the object in the log (the source's `object`, the decoder) or \
         in the inventory",
    ),
    row(
        DropKind::Objects,
        "objects",
        ["event came of an object that is not kept", "events came of objects that are not kept"],
        ", because there are too many",
        "no alert opens for these: list the objects that matter in the inventory, or run more hosts",
    ),
    row(
        DropKind::Facts,
        "facts",
        ["fact was not kept", "facts were not kept"],
        ", because the object has too many",
        "groups and conditions do not see them: send fewer properties and metrics of one object; 1024 of each are kept",
    ),
    row(
        DropKind::UnfitFacts,
        "unfit-facts",
        ["fact was not kept", "facts were not kept"],
        ": a name over 512 bytes, a value over 4096, or a metric that is no number",
        "groups and conditions do not see them: shorten them where they come from",
    ),
    row(
        DropKind::StaleMetrics,
        "stale-metrics",
        [
            "last sample of a metric that is not reported any more was dropped",
            "last samples of metrics that are not reported any more were dropped",
        ],
        ", because the object has 1024 of them",
        "`lifesigns objects show` does not list them: something makes up a new name for each sample; give metrics \
         names that stay",
    ),
    row(
        DropKind::Symptoms,
        "symptoms",
        ["raise or clear was dropped", "raises and clears were dropped"],
        ", because the object has 1024 symptoms",
        "no alert opens for these: a rule declares or names too many symptoms; look at `lifesigns objects show`",
    ),
    row(
        DropKind::Alerts,
        "alerts",
        ["alert was not opened", "alerts were not opened"],
        ", because the object has 1024 open ones",
        "cancel or fix what is open on the object; look at `lifesigns alerts --object`",
    ),
];

impl DropKind {
    /// All kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.kind)
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// A short name for programs, kebab-case.
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// What happened to `count` of this kind, as it follows that number.
    pub fn text(self, count: u64) -> String {
        let Row { happened: [one, many], why, .. } = self.row();
        format!("{}{why}", if count == 1 { one } else { many })
    }

    /// What it means and what a person should do.
    pub fn advice(self) -> &'static str {
        self.row().advice
    }
}

/// How much was dropped, by kind, with the first example of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    counts: [u64; TABLE.len()],
    examples: [Option<Box<str>>; TABLE.len()],
}

impl Drops {
    /// Counts one.
    pub fn add(&mut self, kind: DropKind, count: u64) {
        self.counts[kind as usize] += count;
    }

    /// Counts one, of which `example` says what it was.
    pub fn note(&mut self, kind: DropKind, example: impl fmt::Display) {
        self.add(kind, 1);
        let slot = &mut self.examples[kind as usize];
        if slot.is_none() {
            let mut text = example.to_string();
            if text.len() > EXAMPLE_BYTES {
                text.truncate(text.floor_char_boundary(EXAMPLE_BYTES));
                text.push('…');
            }
            *slot = Some(text.into());
        }
    }

    /// How many of a kind.
    pub fn count(&self, kind: DropKind) -> u64 {
        self.counts[kind as usize]
    }

    /// How many of all kinds.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The first example of a kind.
    pub fn example(&self, kind: DropKind) -> Option<&str> {
        self.examples[kind as usize].as_deref()
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: Self) {
        for (mine, more) in self.counts.iter_mut().zip(other.counts) {
            *mine += more;
        }
        for (mine, other) in self.examples.iter_mut().zip(other.examples) {
            if mine.is_none() {
                *mine = other;
            }
        }
    }

    /// The kinds of which there are some, with how many.
    pub fn iter(&self) -> impl Iterator<Item = (DropKind, u64)> + '_ {
        DropKind::all().map(|kind| (kind, self.count(kind))).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_row() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.kind as usize, at, "{}", row.key);
            assert_ne!(row.happened[0], row.happened[1], "{}", row.key);
            assert!(!row.advice.is_empty(), "{}", row.key);
            assert_eq!(TABLE.iter().filter(|other| other.key == row.key).count(), 1, "{}", row.key);
        }
        assert_eq!(DropKind::Alerts.text(1), "alert was not opened, because the object has 1024 open ones");
        assert_eq!(DropKind::Alerts.text(2), "alerts were not opened, because the object has 1024 open ones");
        // The last kind: a kind without a row would be behind it.
        assert_eq!(DropKind::Alerts as usize + 1, TABLE.len());
    }

    #[test]
    fn counts_and_examples_are_kept_and_merged() {
        let mut one = Drops::default();
        one.note(DropKind::ObjectNames, "ü".repeat(600));
        let mut other = Drops::default();
        other.note(DropKind::ObjectNames, "other");
        other.add(DropKind::Facts, 3);
        one.merge(other);
        assert_eq!(one.iter().collect::<Vec<_>>(), [(DropKind::ObjectNames, 2), (DropKind::Facts, 3)]);
        assert!(one.example(DropKind::ObjectNames).is_some_and(|text| text.len() < 100 && text.starts_with('ü')));
        assert_eq!((one.total(), one.example(DropKind::Facts)), (5, None));
    }
}
