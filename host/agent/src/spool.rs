//! The spool: segments in a folder, by number. One is removed when the host has committed what is in it, and a damaged one
//! is set aside.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    segment::{SegmentBuilder, SegmentHeader, is_damaged},
    state::AgentState,
};

const SUFFIX: &str = ".segment";
/// The number of segments that are kept after they were set aside, the last ones.
const KEPT: usize = 16;
/// What the file of a segment takes at least: their number is bounded too.
const BLOCK_BYTES: u64 = 4096;

/// See the module.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    segments: BTreeMap<u64, KnownSegment>,
    next: u64,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct KnownSegment {
    bytes: u64,
    since_ms: u64,
}

impl Spool {
    /// Opens the spool of a folder, and takes over the checkpoints of segments that `state` does not have yet.
    pub(crate) fn open(folder: &Path, state: &mut AgentState) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut spool =
            Self { folder: folder.to_owned(), segments: BTreeMap::new(), next: state.through + 1, bytes: 0 };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(lifesigns_files::UNFINISHED) {
                // A crash has left it: it is in no checkpoint.
                fs::remove_file(folder.join(name))?;
            }
            numbers.extend(name.strip_suffix(SUFFIX).and_then(|number| u64::from_str_radix(number, 16).ok()));
        }
        numbers.sort_unstable();
        for number in numbers {
            spool.next = spool.next.max(number + 1);
            match SegmentHeader::read(&spool.path(number)) {
                Ok(header) => spool.take_over(number, header, state)?,
                Err(error) if is_damaged(&error) => spool.set_aside(number, "damaged", &error.to_string(), state)?,
                Err(error) => return Err(error),
            }
        }
        Ok(spool)
    }

    fn take_over(&mut self, number: u64, header: SegmentHeader, state: &mut AgentState) -> io::Result<()> {
        if number > state.through {
            apply(&header, state);
            state.through = number;
        }
        let bytes = fs::metadata(self.path(number))?.len().max(BLOCK_BYTES);
        self.segments.insert(number, KnownSegment { bytes, since_ms: header.since_ms });
        self.bytes += bytes;
        Ok(())
    }

    /// Writes a segment as the newest; it is on disk when this returns, and its checkpoints are in `state`.
    pub(crate) fn append(
        &mut self,
        builder: &mut SegmentBuilder,
        state: &mut AgentState,
        now_ms: u64,
    ) -> io::Result<()> {
        let number = self.next;
        let (header, bytes) = builder.write(&self.folder, &name(number), now_ms)?;
        let bytes = bytes.max(BLOCK_BYTES);
        self.next += 1;
        apply(&header, state);
        state.through = number;
        self.segments.insert(number, KnownSegment { bytes, since_ms: header.since_ms });
        self.bytes += bytes;
        Ok(())
    }

    /// Returns the number and the file of the oldest segment.
    pub(crate) fn oldest(&self) -> Option<(u64, PathBuf)> {
        self.segments.keys().next().map(|number| (*number, self.path(*number)))
    }

    /// Removes a segment. The state is written first: it has the checkpoints of the segment.
    pub(crate) fn remove(&mut self, number: u64, state: &AgentState, folder: &Path) -> io::Result<()> {
        state.save(folder)?;
        fs::remove_file(self.path(number))?;
        self.forget(number);
        Ok(())
    }

    /// Renames a segment so that it is not sent: a person may look at it.
    pub(crate) fn set_aside(&mut self, number: u64, why: &str, detail: &str, state: &mut AgentState) -> io::Result<()> {
        let aside = self.folder.join(format!("{number:016x}.{why}"));
        tracing::error!(file = %aside.display(), "a segment of the spool is set aside and not sent: {why}: {detail}");
        fs::rename(self.path(number), aside)?;
        if why == "damaged" {
            state.damaged_segments += 1;
        }
        self.forget(number);
        self.thin_out(why)
    }

    /// Removes the oldest of those that were set aside.
    fn thin_out(&self, why: &str) -> io::Result<()> {
        let ending = format!(".{why}");
        let all = fs::read_dir(&self.folder)?.flatten().map(|entry| entry.path());
        let mut aside: Vec<PathBuf> = all.filter(|path| path.to_string_lossy().ends_with(&ending)).collect();
        aside.sort();
        let many = aside.len().saturating_sub(KEPT);
        aside[..many].iter().try_for_each(fs::remove_file)
    }

    fn forget(&mut self, number: u64) {
        if let Some(known) = self.segments.remove(&number) {
            self.bytes -= known.bytes;
        }
    }

    /// Bytes of all segments.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When the first event of the oldest segment came, milliseconds since the Unix epoch.
    pub(crate) fn since_ms(&self) -> Option<u64> {
        self.segments.values().next().map(|known| known.since_ms)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(name(number))
    }
}

fn name(number: u64) -> String {
    format!("{number:016x}{SUFFIX}")
}

/// Takes over how far the sources are after a segment.
fn apply(header: &SegmentHeader, state: &mut AgentState) {
    for (source, checkpoint) in &header.checkpoints {
        match checkpoint {
            Some(checkpoint) => _ = state.checkpoints.insert(source.clone(), checkpoint.clone()),
            None => _ = state.checkpoints.remove(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::segment::Segment;
    use crate::state::SourceCheckpoint;

    fn checkpoint(cursor: &str) -> SourceCheckpoint {
        SourceCheckpoint { cursor: Some(cursor.into()), ..SourceCheckpoint::default() }
    }

    fn fill(spool: &mut Spool, state: &mut AgentState, event: &str, cursor: &str) {
        let mut builder = SegmentBuilder::default();
        builder.event(7, |out| out.extend_from_slice(event.as_bytes()));
        builder.checkpoints.insert("log".into(), Some(checkpoint(cursor)));
        spool.append(&mut builder, state, 7).expect("it is written");
    }

    fn texts(path: &Path) -> Vec<String> {
        let segment = Segment::read(path).expect("it is sound");
        let text = |(_, part): (u64, Vec<u8>)| {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&*part).read_to_string(&mut text).expect("gzip");
            text
        };
        segment.parts.into_iter().map(text).collect()
    }

    /// After each step of its life the agent may be killed: what is found then is what was acknowledged and no more.
    #[test]
    fn checkpoints_are_where_the_segments_are_after_any_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let spooled = folder.path().join("spool");
        let mut state = AgentState::load(folder.path()).expect("a new one");
        let mut spool = Spool::open(&spooled, &mut state).expect("a new one");
        fill(&mut spool, &mut state, "one\n", "01");
        fill(&mut spool, &mut state, "two\n", "02");
        // The state on disk knows of neither segment; both are found.
        let mut found = AgentState::load(folder.path()).expect("it is there");
        assert!(found.checkpoints.is_empty());
        let mut spool = Spool::open(&spooled, &mut found).expect("it is there");
        assert_eq!((found.checkpoints["log"].clone(), found.through), (checkpoint("02"), 2));
        let (number, path) = spool.oldest().expect("there are two");
        assert_eq!(texts(&path), ["one\n"]);
        // Killed between the state and the removal: the segment is sent again, and the checkpoint stays.
        found.save(folder.path()).expect("it is written");
        let mut again = AgentState::load(folder.path()).expect("it is there");
        assert_eq!(Spool::open(&spooled, &mut again).expect("it is there").segments.len(), 2);
        assert_eq!(again.checkpoints["log"], checkpoint("02"));
        spool.remove(number, &found, folder.path()).expect("it is removed");
        assert_eq!(spool.oldest().map(|(_, path)| texts(&path)), Some(vec!["two\n".to_owned()]));
        // A number is never used again, as keys are made of it.
        let (number, _) = spool.oldest().expect("there is one");
        spool.remove(number, &found, folder.path()).expect("it is removed");
        let mut last = AgentState::load(folder.path()).expect("it is there");
        assert_eq!(Spool::open(&spooled, &mut last).expect("it is there").next, 3);
    }

    #[test]
    fn half_of_a_segment_is_no_segment_and_a_damaged_one_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut state = AgentState::default();
        let mut spool = Spool::open(folder.path(), &mut state).expect("a new one");
        for number in 1..=3 {
            fill(&mut spool, &mut state, &format!("event {number}\n"), &format!("0{number}"));
        }
        let whole = fs::read(spool.path(1)).expect("it is there");
        fs::write(folder.path().join(".0000000000000004.segment.1.tmp"), &whole[..20]).expect("it is written");
        // One is cut short, and of another a byte has changed.
        fs::write(spool.path(1), &whole[..whole.len() - 1]).expect("it is written");
        let mut flipped = fs::read(spool.path(2)).expect("it is there");
        *flipped.last_mut().expect("bytes") ^= 1;
        fs::write(spool.path(2), flipped).expect("it is written");
        let mut found = AgentState::default();
        let mut spool = Spool::open(folder.path(), &mut found).expect("it is there");
        assert_eq!((found.damaged_segments, spool.segments.len(), spool.next), (1, 2, 4));
        let (number, path) = spool.oldest().expect("there are two");
        let error = Segment::read(&path).expect_err("it has another content");
        spool.set_aside(number, "damaged", &error.to_string(), &mut found).expect("it is renamed");
        assert_eq!((found.damaged_segments, spool.segments.len()), (2, 1));
        assert_eq!(spool.oldest().map(|(_, path)| texts(&path)), Some(vec!["event 3\n".to_owned()]));
        let damaged = fs::read_dir(folder.path()).expect("a folder").flatten();
        assert_eq!(damaged.filter(|entry| entry.path().extension().is_some_and(|it| it == "damaged")).count(), 2);
    }

    #[test]
    fn what_the_system_cannot_read_now_is_no_damage_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut state = AgentState::default();
        // It can be opened, and reading it fails.
        let path = folder.path().join(name(1));
        fs::create_dir(&path).expect("a folder");
        Spool::open(folder.path(), &mut state).expect_err("it cannot be read");
        assert!(path.exists() && state.damaged_segments == 0);
    }
}
