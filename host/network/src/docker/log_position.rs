//! How far the output of each container was read: the daemon's time of the last piece of each stream, and how many
//! pieces of this very time were read.

use std::collections::HashMap;

use super::frames::OutputStream;

/// The first byte of a position: its format.
const FORMAT: u8 = 1;
/// Containers that a position has; of more, those that have been silent for longest are dropped.
const CONTAINERS: usize = 1000;
/// A container in a position: its id, and time and count of both streams.
const ENTRY_BYTES: usize = 32 + 2 * (8 + 4);
/// The streams of a container are read by the daemon side by side: a line of one that is stored behind one of the other
/// may be older than it by less than this.
const DISORDER_NS: u64 = 5_000_000_000;

/// The id of a container.
pub(super) type ContainerId = [u8; 32];

/// Returns the id that 64 hexadecimal digits are.
pub(super) fn container_id(text: &str) -> Option<ContainerId> {
    let mut id = ContainerId::default();
    hex::decode_to_slice(text, &mut id).ok()?;
    Some(id)
}

/// How far one stream was read; nothing of it if both are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamPosition {
    pub(super) time_ns: u64,
    pub(super) count: u32,
}

impl StreamPosition {
    /// Returns the position behind another piece.
    pub(super) const fn after(self, time_ns: u64) -> Self {
        let count = if time_ns == self.time_ns { self.count.saturating_add(1) } else { 1 };
        Self { time_ns, count }
    }
}

/// How far both streams of a container were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ContainerPosition([StreamPosition; 2]);

impl ContainerPosition {
    pub(super) const fn of(&self, stream: OutputStream) -> StreamPosition {
        self.0[stream as usize]
    }

    pub(super) const fn set(&mut self, stream: OutputStream, position: StreamPosition) {
        self.0[stream as usize] = position;
    }

    fn latest_ns(&self) -> u64 {
        self.0[0].time_ns.max(self.0[1].time_ns)
    }

    /// Returns the time from which the daemon has to send again, so that nothing of either stream is missing.
    pub(super) fn since_ns(&self) -> u64 {
        let earliest = self.0[0].time_ns.min(self.0[1].time_ns);
        earliest.max(self.latest_ns().saturating_sub(DISORDER_NS))
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogPositions {
    /// Where containers begin of which nothing was read.
    base_ns: u64,
    containers: HashMap<ContainerId, ContainerPosition>,
}

impl LogPositions {
    /// Returns positions of no container; what was written before `base_ns` is left out.
    pub(super) fn beginning_at(base_ns: u64) -> Self {
        Self { base_ns, ..Self::default() }
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [FORMAT, rest @ ..] = bytes else { return None };
        let (base, entries) = rest.split_first_chunk::<8>()?;
        let mut positions = Self::beginning_at(u64::from_le_bytes(*base));
        for entry in entries.as_chunks::<ENTRY_BYTES>().0 {
            let (id, streams) = entry.split_first_chunk::<32>()?;
            let mut position = ContainerPosition::default();
            for (stream, bytes) in position.0.iter_mut().zip(streams.as_chunks::<12>().0) {
                let (time, count) = bytes.split_first_chunk::<8>()?;
                stream.time_ns = u64::from_le_bytes(*time);
                stream.count = u32::from_le_bytes(*count.first_chunk()?);
            }
            positions.containers.insert(*id, position);
        }
        Some(positions)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.base_ns.to_le_bytes());
        for (id, position) in &self.containers {
            bytes.extend(id);
            for stream in position.0 {
                bytes.extend(stream.time_ns.to_le_bytes());
                bytes.extend(stream.count.to_le_bytes());
            }
        }
        bytes
    }

    /// Returns how far a container was read, and from which time the daemon has to send.
    pub(super) fn of(&self, id: &ContainerId) -> (ContainerPosition, u64) {
        match self.containers.get(id) {
            Some(position) => (*position, position.since_ns().max(1)),
            None => (ContainerPosition::default(), self.base_ns),
        }
    }

    /// Notes that a piece of a container was read.
    pub(super) fn advance(&mut self, id: &ContainerId, stream: OutputStream, position: StreamPosition) {
        if self.containers.len() >= CONTAINERS && !self.containers.contains_key(id) {
            self.drop_oldest();
        }
        self.containers.entry(*id).or_default().set(stream, position);
    }

    fn drop_oldest(&mut self) {
        let oldest = self.containers.iter().min_by_key(|(_, position)| position.latest_ns());
        let Some((id, latest_ns)) = oldest.map(|(id, position)| (*id, position.latest_ns())) else { return };
        self.containers.remove(&id);
        self.base_ns = self.base_ns.max(latest_ns);
    }

    /// Forgets a container that is gone.
    pub(super) fn forget(&mut self, id: &ContainerId) {
        self.containers.remove(id);
    }

    /// Forgets all containers but these.
    pub(super) fn retain(&mut self, is_there: impl Fn(&ContainerId) -> bool) {
        self.containers.retain(|id, _| is_there(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_were_written() {
        let mut positions = LogPositions::beginning_at(7);
        positions.advance(&[1; 32], OutputStream::Out, StreamPosition { time_ns: 10, count: 2 });
        positions.advance(&[1; 32], OutputStream::Err, StreamPosition { time_ns: 12, count: 1 });
        positions.advance(&[2; 32], OutputStream::Err, StreamPosition { time_ns: 9, count: 1 });
        assert_eq!(LogPositions::from_bytes(&positions.to_bytes()), Some(positions.clone()));
        assert_eq!(LogPositions::from_bytes(b"\x02nonsense"), None);
        assert_eq!(LogPositions::from_bytes(b"\x01"), None);
        assert_eq!(positions.of(&[3; 32]), (ContainerPosition::default(), 7));
        positions.forget(&[2; 32]);
        assert_eq!(positions.of(&[2; 32]).1, 7);
    }

    #[test]
    fn reading_goes_on_early_enough_for_the_stream_that_is_behind() {
        let second = 1_000_000_000;
        let position = |out, err| {
            let stream = |time_ns| StreamPosition { time_ns, count: 1 };
            ContainerPosition([stream(out), stream(err)]).since_ns() / second
        };
        assert_eq!(position(100 * second, 98 * second), 98);
        assert_eq!(position(100 * second, 7 * second), 95);
        assert_eq!(position(100 * second, 0), 95);
        assert_eq!(StreamPosition { time_ns: 5, count: 1 }.after(5), StreamPosition { time_ns: 5, count: 2 });
        assert_eq!(StreamPosition { time_ns: 5, count: 9 }.after(4), StreamPosition { time_ns: 4, count: 1 });
    }

    #[test]
    fn a_position_has_a_bound_and_what_is_dropped_does_not_come_again() {
        let mut positions = LogPositions::default();
        for number in 0..CONTAINERS as u64 + 5 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_le_bytes());
            positions.advance(&id, OutputStream::Out, StreamPosition { time_ns: 100 + number, count: 1 });
        }
        assert_eq!(positions.to_bytes().len(), 1 + 8 + CONTAINERS * ENTRY_BYTES);
        assert_eq!(positions.of(&[0; 32]).1, 104);
    }

    #[test]
    fn ids_have_64_digits() {
        assert_eq!(container_id(&"0f".repeat(32)), Some([15; 32]));
        for wrong in ["", "0f", &"0g".repeat(32), &"0f".repeat(33), &"é".repeat(32)] {
            assert_eq!(container_id(wrong), None, "{wrong}");
        }
    }
}
