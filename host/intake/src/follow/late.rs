//! Files that were left because another one took their path, and whose writers go on for a while.

use std::{
    io,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use lifesigns_model::limits::CHUNK_BYTES;

use super::reading::{End, OpenFile};
use crate::{
    buffer::{LineBuffer, Pulled},
    cursor::Cursor,
    encoding::Encoding,
    gap::{FollowEvent, Gap, GapCause},
};

/// Files that are looked at, and for how long.
const FILES: usize = 4;
const KEPT: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct RotatedFiles(Vec<RotatedFile>);

#[derive(Debug)]
struct RotatedFile {
    file: OpenFile,
    encoding: Encoding,
    left: Instant,
    /// It is used for something else now.
    reused: bool,
}

impl RotatedFiles {
    /// A file was left at its end.
    pub(super) fn add(&mut self, file: OpenFile, encoding: Encoding) {
        self.0.push(RotatedFile { file, encoding, left: Instant::now(), reused: false });
        self.0.drain(..self.0.len().saturating_sub(FILES));
    }

    /// Whether none is looked at.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what was written to them since. It goes with the place in the present file, `cursor`.
    pub(super) fn look(
        &mut self,
        cursor: Cursor,
        emit: &mut dyn FnMut(FollowEvent) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        self.0.retain(|left| !left.reused && left.left.elapsed() < KEPT);
        for left in &mut self.0 {
            if !left.file.is_quiet() && left.read(cursor, emit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl RotatedFile {
    fn read(
        &mut self,
        cursor: Cursor,
        emit: &mut dyn FnMut(FollowEvent) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        let mut buffer = LineBuffer::new(CHUNK_BYTES);
        buffer.set_encoding(self.encoding);
        let signature = self.file.signature();
        loop {
            match self.file.read(|mut file| buffer.pull(&mut file))? {
                Some(Pulled::Chunk(bytes)) => {
                    if emit(FollowEvent::Lines { bytes, cursor }).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Some(Pulled::Nothing) => {}
                Some(Pulled::End) if self.file.look()? != End::Rewritten => break,
                _ => {
                    let Cursor { inode, offset, .. } = self.file.end();
                    let (file, cause) = (self.file.whereabouts(), GapCause::Late);
                    self.reused = true;
                    return Ok(emit(FollowEvent::Gap(Gap { file, inode, offset, bytes: None, cause })));
                }
            }
        }
        // An unfinished line waits for its end.
        let pending = buffer.pending();
        self.file.go_back(self.file.offset - pending)?;
        self.file.since = signature;
        Ok(ControlFlow::Continue(()))
    }
}
