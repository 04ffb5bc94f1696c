//! The origin of an event: the line that its alerts show.

use std::sync::Arc;

use lifesigns_model::EvidenceRef;

use crate::{evidence::OwnedEvidence, scanned::ScannedChunk};

/// What is shown of a line on which a rule failed.
const PLACE_BYTES: usize = 200;

/// The origin of an event.
#[derive(Clone)]
pub(crate) enum EventOrigin {
    /// A line, as one of [`ScannedChunk::lines`].
    Line(Arc<ScannedChunk>, u32),
    /// A reminder, and so the line that it was set for.
    Reminder(Arc<OwnedEvidence>, Paid),
}

/// Whether a reminder has an allowance of its own: [`crate::reminders::ReminderSpec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paid(pub(crate) bool);

impl EventOrigin {
    /// Returns the line, and the rank of its source.
    pub(crate) fn evidence(&self) -> (u32, EvidenceRef<'_>) {
        match self {
            Self::Line(scanned, line) => {
                let line = &scanned.lines[*line as usize];
                let (source, text) = (&scanned.source, line.raw.str(&scanned.text));
                let number = scanned.first_line + u64::from(line.number);
                (source.rank, source.decoder.evidence(text).or_at(&source.name, number))
            }
            Self::Reminder(kept, _) => {
                (kept.rank, EvidenceRef { source: &kept.source, line: kept.line, text: &kept.text })
            }
        }
    }

    /// Returns the line for a person who looks for the cause of a failure: `on a.log:7: "…"`. Control characters are
    /// escaped.
    pub(crate) fn place(&self) -> String {
        let (_, evidence) = self.evidence();
        let EvidenceRef { source, line, text } = evidence;
        let what = if matches!(self, Self::Reminder(..)) { "on a reminder that was set on" } else { "on" };
        let start = &text[..text.floor_char_boundary(PLACE_BYTES)];
        let rest = if start.len() < text.len() { "…" } else { "" };
        format!("{what} {source}:{line}: {start:?}{rest}")
    }

    /// Returns whether the event has an allowance, as lines and facts have.
    pub(crate) const fn pays(&self) -> bool {
        matches!(self, Self::Line(..) | Self::Reminder(_, Paid(true)))
    }

    /// Returns the same line without its chunk.
    pub(crate) fn kept(&self) -> Arc<OwnedEvidence> {
        if let Self::Reminder(kept, _) = self {
            return Arc::clone(kept);
        }
        let (rank, evidence) = self.evidence();
        let (source, text) = (evidence.source.to_owned(), evidence.text.to_owned());
        Arc::new(OwnedEvidence { source, rank, line: evidence.line, text })
    }
}
