//! One look after another at a file that is followed, without a thread and without waiting.

mod changes;

use std::{
    fs::{self, File},
    io,
    ops::ControlFlow,
    path::PathBuf,
};

use lifesigns_model::{WakeSignal, limits::CHUNK_BYTES};

use super::{
    late::RotatedFiles,
    locate::{FoundFile, Located, Surroundings},
    look::Look,
    path::{folder_ns, is_other, is_same, not_a_file},
    reading::{End, OpenFile},
    start_position::StartPosition,
};
use crate::{
    buffer::{LineBuffer, Pulled},
    cursor::Cursor,
    encoding::Encoding,
    followed::Followed,
    gap::{FileState, FollowEvent, Gap, GapCause},
};

/// Files that have been read to their ends and are remembered.
const DONE: usize = 64;

/// What a caller does with lines, gaps and states; a break ends following.
type Emit<'e> = &'e mut dyn FnMut(FollowEvent) -> ControlFlow<()>;

enum Step {
    More,
    Yield,
    Wait,
    Stopped,
    Ended,
}

/// Follows one file, a look at a time.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    position: StartPosition,
    buffer: LineBuffer,
    open: Option<OpenFile>,
    /// Another file with bytes in it has the path; at the next end the open one is done.
    leaving: bool,
    /// When the folder last changed: then a copy may have been made.
    folder_ns: u64,
    /// When it last was looked through for files that were rotated since.
    others_ns: u64,
    late: RotatedFiles,
    done: Vec<Cursor>,
    /// Bytes of one look, and those that were read in this one.
    turn_bytes: u64,
    turn_read: u64,
    state: Option<FileState>,
    followed: Followed,
}

impl Tail {
    /// Follows `path` from `position` on. Nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>, position: StartPosition) -> Self {
        Self {
            path: path.into(),
            position,
            buffer: LineBuffer::new(CHUNK_BYTES),
            open: None,
            leaving: false,
            folder_ns: 0,
            others_ns: 0,
            late: RotatedFiles::default(),
            done: Vec::new(),
            turn_bytes: u64::MAX,
            turn_read: 0,
            state: None,
            followed: Followed::default(),
        }
    }

    /// What became of it so far.
    pub fn followed(&self) -> Followed {
        Followed { cut_lines: self.buffer.cut_lines(), nul_bytes: self.buffer.nul_bytes(), ..self.followed }
    }

    /// How the file is read.
    pub fn encoding(&self) -> Encoding {
        self.buffer.encoding()
    }

    /// Ends a look with [`Look::More`] after about this many bytes, so that other files have their turn; a
    /// look reads everything unless this is set.
    #[must_use]
    pub const fn turn_bytes(mut self, bytes: u64) -> Self {
        self.turn_bytes = bytes;
        self
    }

    /// Whether changes show at the path, and where [`FileState::Reading`] says that the file is. Otherwise
    /// they may show elsewhere as well: a file is being left, or was and may still be written to.
    pub fn is_settled(&self) -> bool {
        let is_found = self.open.is_none() || matches!(self.state, Some(FileState::Reading(_)));
        !self.leaving && self.late.is_empty() && is_found
    }

    /// Reads everything that is there now, and hands it to `emit`.
    pub fn look(&mut self, stop: &WakeSignal, emit: Emit<'_>) -> Look {
        if self.is_unchanged() {
            return Look::Wait;
        }
        self.turn_read = 0;
        let look = self.look_closely(stop, emit);
        self.buffer.park();
        look
    }

    /// Whether nothing has happened since the last look, as far as the file and its path show it.
    fn is_unchanged(&self) -> bool {
        let Some(open) = &self.open else { return false };
        self.is_settled() && open.is_done() && is_same(&self.path, open)
    }

    fn look_closely(&mut self, stop: &WakeSignal, emit: Emit<'_>) -> Look {
        loop {
            let step = match &self.open {
                None => self.begin(emit),
                Some(_) => self.advance(stop, emit),
            };
            match step {
                Ok(Step::More) => {}
                Ok(Step::Yield) => return Look::More,
                Ok(Step::Wait) => return Look::Wait,
                Ok(Step::Stopped) => return Look::Stopped,
                Ok(Step::Ended) => return Look::Ended,
                Err(error) => {
                    self.lose(&error);
                    let state = match error.kind() {
                        io::ErrorKind::NotFound => FileState::Absent,
                        _ => FileState::Unreadable(error.to_string()),
                    };
                    return if self.say(state, emit).is_break() { Look::Ended } else { Look::Wait };
                }
            }
        }
    }

    /// Passes on the unfinished last line as [`FollowEvent::Unfinished`], if the file was read to its end.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        let is_read = |open: &OpenFile| open.file.metadata().is_ok_and(|file| file.len() <= open.offset);
        if !self.open.as_ref().is_some_and(is_read) {
            return;
        }
        if let (Some(bytes), Some(cursor)) = (self.buffer.rest(), self.followed.cursor) {
            let _ = emit(FollowEvent::Unfinished { bytes, cursor });
        }
    }

    fn say(&mut self, state: FileState, emit: Emit<'_>) -> ControlFlow<()> {
        if self.state.as_ref() == Some(&state) {
            return ControlFlow::Continue(());
        }
        self.state = Some(state.clone());
        emit(FollowEvent::State(state))
    }

    fn say_gaps(&mut self, gaps: Vec<Gap>, emit: Emit<'_>) -> ControlFlow<()> {
        self.followed.gaps += gaps.len() as u64;
        gaps.into_iter().try_for_each(|gap| emit(FollowEvent::Gap(gap)))
    }

    /// Opens the file where the position says.
    fn begin(&mut self, emit: Emit<'_>) -> io::Result<Step> {
        // Opening a pipe would wait for its writer.
        if let Some(what) = fs::metadata(&self.path).ok().and_then(|metadata| not_a_file(&metadata)) {
            let ended = self.say(FileState::NotAFile(what), emit).is_break();
            return Ok(if ended { Step::Ended } else { Step::Wait });
        }
        let path = self.path.clone();
        let located = match self.position {
            StartPosition::At(cursor) => Surroundings::of(&path, cursor, None, &self.done).resume()?,
            StartPosition::Start => {
                FoundFile { file: File::open(&path)?, path: path.clone(), offset: 0, known: false }.into()
            }
            StartPosition::End => {
                let file = File::open(&path)?;
                let offset = file.metadata()?.len();
                FoundFile { file, path: path.clone(), offset, known: true }.into()
            }
        };
        if matches!(self.position, StartPosition::At(cursor) if located.gaps.iter().any(|gap| is_rewritten(gap, cursor)))
        {
            self.followed.truncations += 1;
        }
        let Located { found, gaps } = located;
        if self.say_gaps(gaps, emit).is_break() {
            return Ok(Step::Ended);
        }
        let Some(found) = found else { return File::open(&path).map(|_| Step::Wait) };
        let step = self.go_to(found, emit)?;
        let said = self.say_place(emit);
        Ok(if said.is_break() { Step::Ended } else { step })
    }

    /// Says where reading begins, so that a run without a line leaves its place as well: the file may be
    /// rotated before the next.
    fn say_place(&self, emit: Emit<'_>) -> ControlFlow<()> {
        let before = if let StartPosition::At(cursor) = self.position { Some(cursor) } else { None };
        match self.followed.cursor.filter(|place| Some(*place) != before) {
            Some(cursor) => emit(FollowEvent::Lines { bytes: Vec::new(), cursor }),
            None => ControlFlow::Continue(()),
        }
    }

    /// Says what was not read, and goes on with what was found; from the start of what is at the path, if
    /// there is nothing.
    fn go_on(&mut self, located: Located, emit: Emit<'_>) -> io::Result<Step> {
        let Located { found, gaps } = located;
        if self.say_gaps(gaps, emit).is_break() {
            return Ok(Step::Ended);
        }
        match found {
            Some(found) => self.go_to(found, emit),
            None => {
                self.position = StartPosition::Start;
                Ok(Step::More)
            }
        }
    }

    /// Goes on with a file. Where what came before is known, an unfinished line goes on with it.
    fn go_to(&mut self, found: FoundFile, emit: Emit<'_>) -> io::Result<Step> {
        if found.known {
            self.buffer.set_encoding(Encoding::of_file(&found.file)?);
        } else {
            self.buffer.forget();
        }
        let open = OpenFile::at(found.file, &found.path, found.offset)?;
        self.followed.cursor = Some(open.place(found.offset - self.buffer.pending().min(found.offset))?);
        self.open = Some(open);
        self.leaving = false;
        (self.folder_ns, self.others_ns) = (folder_ns(&self.path), 0);
        let said = self.say(FileState::Reading(found.path), emit);
        Ok(if said.is_break() { Step::Ended } else { Step::More })
    }

    /// Reads to the end of the open file, then looks what has become of it.
    fn advance(&mut self, stop: &WakeSignal, emit: Emit<'_>) -> io::Result<Step> {
        if let Some(copy) = self.truncated_alike()? {
            self.followed.truncations += 1;
            return self.go_on(copy, emit);
        }
        let Some(open) = &mut self.open else { return Ok(Step::More) };
        let signature = open.signature();
        while !open.is_quiet() {
            let saved = self.buffer.save();
            let Some(pulled) = open.read(|mut file| self.buffer.pull(&mut file))? else {
                self.buffer.restore(saved);
                return self.rewritten(emit);
            };
            match pulled {
                Pulled::Nothing => {}
                Pulled::End => break,
                Pulled::Chunk(bytes) => {
                    self.turn_read += bytes.len() as u64;
                    let cursor = open.place(open.offset - self.buffer.pending().min(open.offset))?;
                    self.followed.cursor = Some(cursor);
                    if emit(FollowEvent::Lines { bytes, cursor }).is_break() {
                        return Ok(Step::Ended);
                    }
                    if stop.is_stopped() {
                        return Ok(Step::Stopped);
                    }
                    if self.turn_read >= self.turn_bytes {
                        return Ok(Step::Yield);
                    }
                }
            }
        }
        let pending = self.buffer.pending();
        if self.buffer.forget_nuls() {
            open.go_back(open.offset - pending)?;
            open.since = signature;
        }
        match open.look()? {
            End::Same => {}
            End::Rewritten => return self.rewritten(emit),
            // What comes next may be what was there before, edited; or another file has the path.
            End::Empty if !self.leaving && !is_other(&self.path, open) => return self.emptied(emit),
            End::Empty => return self.rewritten(emit),
        }
        if self.leaving {
            return self.turn(emit);
        }
        if is_other(&self.path, open) || self.is_followed_by_others()? {
            self.leaving = true;
            return Ok(Step::More);
        }
        self.at_end(emit)
    }

    /// Nothing more is there: says how the path is, and looks at files that were left before.
    fn at_end(&mut self, emit: Emit<'_>) -> io::Result<Step> {
        let state = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(FileState::Absent),
            Err(error) => Some(FileState::Unreadable(error.to_string())),
            Ok(metadata) => not_a_file(&metadata).map(FileState::NotAFile),
        };
        let state = state.or_else(|| self.open.as_ref().map(|open| FileState::Reading(open.whereabouts())));
        let mut ended = state.is_some_and(|state| self.say(state, emit).is_break());
        if let Some(cursor) = self.followed.cursor {
            ended |= self.late.look(cursor, emit)?.is_break();
        }
        Ok(if ended { Step::Ended } else { Step::Wait })
    }
}

fn is_rewritten(gap: &Gap, cursor: Cursor) -> bool {
    gap.cause == GapCause::Rewritten && gap.inode == cursor.inode
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_file_that_comes_later_is_its_start() {
        let mut tail = Tail::new("/nowhere/app.log", StartPosition::End);
        assert_eq!(tail.look(&WakeSignal::new(), &mut |_| ControlFlow::Continue(())), Look::Wait);
        assert_eq!(tail.position, StartPosition::Start);
        let mut tail = Tail::new("/nowhere/app.log", StartPosition::End);
        tail.lose(&io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(tail.position, StartPosition::End);
    }
}
