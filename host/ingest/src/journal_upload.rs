//! Uploads of the journal of systemd, as `systemd-journal-upload` sends them: of any length, submitted in pieces while they
//! come, and answered when the last piece is committed. An entry that comes again is left out.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use lifesigns_intake::{ExportedEntry, JournalCursor, JournalExport};
use lifesigns_model::AckCallback;
use lifesigns_sources::{Content, ObjectLines, Pushed, TrySubmission};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    batch::ItemCounts,
    body::HeldRoom,
    error::IngestError,
    incoming::IncomingRequest,
    receiver::Receiver,
    seen_entries::SeenEntries,
    unpacked::{self, BodyPieces},
};

/// Pieces that are submitted and not committed; more are not read.
const PENDING: usize = 4;
/// Room that an upload takes: what was read, and the piece that is made of it.
const ROOM_BYTES: usize = 2 << 20;
/// The pause before a piece is submitted again for which there was no room.
const PAUSE: Duration = Duration::from_millis(20);

/// Entries that are submitted together.
#[derive(Clone, Debug, Default)]
struct Piece {
    lines: ObjectLines,
    /// The last entry of each journal.
    last: SeenEntries,
}

/// An upload on its way.
struct JournalUpload<'r> {
    receiver: &'r Receiver,
    object: String,
    counts: ItemCounts,
    full: Vec<Piece>,
    open: Piece,
    /// Entries that were taken before.
    known: u64,
    pending: VecDeque<oneshot::Receiver<()>>,
}

impl Receiver {
    /// Takes an upload of the journal. Returns when all of it is committed.
    pub(crate) async fn receive_journal(self: &Arc<Self>, incoming: IncomingRequest) -> Result<(), IngestError> {
        let _open = self.counters.open();
        let mut upload = JournalUpload {
            receiver: self,
            object: self.object_of(&incoming),
            counts: ItemCounts::default(),
            full: Vec::new(),
            open: Piece::default(),
            known: 0,
            pending: VecDeque::new(),
        };
        let taken = upload.take(incoming).await;
        // What came before a fault counts.
        self.counters.note(&upload.counts);
        if let Err(error) = &taken {
            self.counters.note_failure(error);
        }
        taken
    }
}

impl JournalUpload<'_> {
    async fn take(&mut self, incoming: IncomingRequest) -> Result<(), IngestError> {
        let encoding = incoming.encoding().map_err(|_| unpacked::unknown_encoding())?;
        let mut held = HeldRoom::new(self.receiver.room());
        held.grow(ROOM_BYTES)?;
        let pieces = BodyPieces::new(incoming.body, encoding, self.receiver.limits.idle, self.receiver.room())?;
        let read = self.read(pieces).await;
        // Also behind a fault: these entries are whole, and the sender begins again with the next upload.
        let rest = self.submit_rest().await;
        read.and(rest)?;
        while let Some(ack) = self.pending.pop_front() {
            self.committed(ack).await?;
        }
        Ok(())
    }

    async fn read(&mut self, mut pieces: BodyPieces) -> Result<(), IngestError> {
        let mut export = JournalExport::default();
        while let Some(piece) = pieces.next().await {
            let data = piece?;
            self.receiver.counters.note_bytes(data.len());
            let read = export.read(&data, |entry| self.add(entry));
            for piece in std::mem::take(&mut self.full) {
                self.submit(piece).await?;
            }
            read.map_err(|error| IngestError::malformed(error.to_string()))?;
        }
        export.finish(|entry| self.add(entry)).map_err(|error| IngestError::malformed(error.to_string()))
    }

    fn add(&mut self, entry: ExportedEntry) {
        if entry.cursor.is_some_and(|at| self.is_known(at)) {
            self.known += 1;
            return;
        }
        if self.open.lines.push(&self.object, &entry.line) == Pushed::Full {
            self.full.push(std::mem::take(&mut self.open));
            // Entries are bounded: one has room in an empty piece.
            let _ = self.open.lines.push(&self.object, &entry.line);
        }
        self.counts.accepted += 1;
        self.counts.cut += u64::from(entry.is_cut);
        if let Some(at) = entry.cursor {
            self.open.last.advance(at);
        }
    }

    fn is_known(&self, at: JournalCursor) -> bool {
        self.open.last.has(at) || self.full.iter().any(|piece| piece.last.has(at)) || self.receiver.entries().has(at)
    }

    async fn submit_rest(&mut self) -> Result<(), IngestError> {
        let last = std::mem::take(&mut self.open);
        for piece in std::mem::take(&mut self.full) {
            self.submit(piece).await?;
        }
        // Entries that came again may be on their way: a piece without lines is committed behind them.
        if !last.lines.is_empty() || self.known > 0 {
            self.submit(last).await?;
        }
        Ok(())
    }

    /// Submits a piece as soon as there is room for it; meanwhile nothing is read.
    async fn submit(&mut self, piece: Piece) -> Result<(), IngestError> {
        while self.pending.len() >= PENDING
            && let Some(ack) = self.pending.pop_front()
        {
            self.committed(ack).await?;
        }
        let most = self.receiver.limits.commit;
        timeout(most, self.submit_with_room(&piece)).await.unwrap_or(Err(IngestError::Busy))
    }

    async fn submit_with_room(&mut self, piece: &Piece) -> Result<(), IngestError> {
        loop {
            match self.try_submit(piece) {
                TrySubmission::Accepted => return Ok(()),
                TrySubmission::Closed => return Err(IngestError::Stopping),
                TrySubmission::Full => sleep(PAUSE).await,
            }
        }
    }

    fn try_submit(&mut self, piece: &Piece) -> TrySubmission {
        let (ack, acked) = oneshot::channel();
        let ack: AckCallback = Box::new(move || _ = ack.send(()));
        let submitted = self.receiver.submit_entries(Content::ObjectLines(piece.lines.clone()), &piece.last, ack);
        if submitted == TrySubmission::Accepted {
            self.pending.push_back(acked);
        }
        submitted
    }

    async fn committed(&self, ack: oneshot::Receiver<()>) -> Result<(), IngestError> {
        match timeout(self.receiver.limits.commit, ack).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(IngestError::Stopping),
            Err(_) => Err(IngestError::NotCommitted),
        }
    }
}
