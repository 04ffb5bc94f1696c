//! How chunks and facts come into a running engine: waiting for room, trying, or as a task.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use lifesigns_model::{Chunk, EventSource, ObjectFacts};

use super::Engine;
use crate::{
    scanned::{ScannedChunk, ScannedLine},
    sequencer::SequencedItem,
    submit::{EngineClosed, Reservation, ReserveError, TrySubmitError},
};

impl Engine {
    /// Submits a chunk; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order.
    ///
    /// # Errors
    /// When the engine is closed; the chunk is dropped, and never acknowledged.
    pub fn submit(&self, chunk: Chunk) -> Result<(), EngineClosed> {
        let permit = self.shared.ingress.reserve(chunk.bytes.len()).ok_or(EngineClosed)?;
        self.shared.ingress.submit(permit, chunk).map_err(|_| EngineClosed)
    }

    /// Submits a chunk if there is room for it now. For callers that must not wait, such as an
    /// asynchronous handler that answers "429 Too Many Requests" instead.
    ///
    /// # Errors
    /// When too much is in flight, or the engine is closed. The chunk is given back.
    pub fn try_submit(&self, chunk: Chunk) -> Result<(), TrySubmitError> {
        match self.try_reserve(chunk.bytes.len()) {
            Ok(Reservation(permit)) => self.shared.ingress.submit(permit, chunk).map_err(TrySubmitError::Closed),
            Err(ReserveError::Full) => Err(TrySubmitError::Full(chunk)),
            Err(ReserveError::Closed) => Err(TrySubmitError::Closed(chunk)),
        }
    }

    /// Reserves room for a chunk of `bytes`, before it is read or decoded. Never waits.
    ///
    /// # Errors
    /// When too much is in flight, or the engine is closed.
    pub fn try_reserve(&self, bytes: usize) -> Result<Reservation, ReserveError> {
        Ok(Reservation(self.shared.ingress.try_reserve(bytes)?))
    }

    /// Reserves room for a chunk of `bytes` for a task, which is woken when it should poll again: the asynchronous
    /// counterpart of the wait in [`Self::submit`].
    ///
    /// # Errors
    /// When the engine is closed.
    pub fn poll_reserve(&self, bytes: usize, context: &mut Context<'_>) -> Poll<Result<Reservation, EngineClosed>> {
        let permit = ready!(self.shared.ingress.poll_reserve(bytes, context));
        Poll::Ready(permit.map(Reservation).ok_or(EngineClosed))
    }

    /// Submits a chunk for which room is reserved. Never waits: bytes beyond the reservation are taken
    /// whether or not there is room.
    ///
    /// # Errors
    /// See [`Self::submit`].
    pub fn submit_reserved(&self, reservation: Reservation, chunk: Chunk) -> Result<(), EngineClosed> {
        let beyond = chunk.bytes.len().saturating_sub(reservation.bytes());
        let permit = reservation.0.merge(self.shared.semaphore.overdraw(beyond));
        self.shared.ingress.submit(permit, chunk).map_err(|_| EngineClosed)
    }

    /// Submits facts about one object that hold from `facts.time_ns` on; the rules that watch them are
    /// notified. Waits while too much is in flight.
    ///
    /// # Errors
    /// When the engine is closed.
    pub fn submit_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> Result<(), EngineClosed> {
        self.take_facts(source, facts, false)
    }

    /// As [`Self::submit_facts`], for facts of the inventory: checkpoints have them as
    /// [`lifesigns_model::Observation::Inventory`], whatever the name of `source`.
    ///
    /// # Errors
    /// When the engine is closed.
    pub fn submit_inventory(&self, source: &Arc<EventSource>, facts: ObjectFacts) -> Result<(), EngineClosed> {
        self.take_facts(source, facts, true)
    }

    fn take_facts(&self, source: &Arc<EventSource>, facts: ObjectFacts, listed: bool) -> Result<(), EngineClosed> {
        let permit = self.shared.ingress.reserve(1).ok_or(EngineClosed)?;
        let stamp = self.shared.ingress.stamp(&permit);
        let mut scanned = ScannedChunk::new(stamp.rules, Arc::clone(source));
        scanned.handed_in_ns = stamp.handed_in_ns;
        scanned.listed = listed;
        scanned.ack_guard.permit = Some(permit);
        scanned.lines.push(ScannedLine::of_facts(&mut scanned.text, &facts));
        scanned.scan_counts.kept = 1;
        scanned.facts.push(facts);
        self.shared.handover.put(stamp.number, SequencedItem::Chunk(Box::new(scanned), None));
        Ok(())
    }
}
