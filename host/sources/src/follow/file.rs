//! One followed file: what it brings goes to the sink, a look at a time.

use std::{ops::ControlFlow, path::PathBuf};

use lifesigns_intake::{FileState, FollowEvent, FollowFrom, Look, StartPosition, Tail};

use super::schedule::LookResult;
use crate::{reader::SourceReader, state::Phase};

/// A file gives way to others after this many bytes.
const TURN_BYTES: u64 = 4 << 20;

/// See the module.
pub(crate) struct FollowedFile {
    reader: SourceReader,
    tail: Tail,
    pub(super) path: PathBuf,
    /// Where the file that is read is now, if that is not its path: it was renamed, or a link leads to it.
    pub(super) elsewhere: Option<PathBuf>,
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterLook {
    /// It is looked at again.
    Again(LookResult),
    /// It was stopped, or its sink is closed.
    Ended,
}

impl FollowedFile {
    /// Goes on where the source was read to. An unfinished line at the end of the file is left to the next
    /// run, which reads it whole.
    pub(crate) fn new(reader: SourceReader, path: PathBuf, start: FollowFrom) -> Self {
        let position = match (reader.state.lock().read, start) {
            (Some(cursor), _) => StartPosition::At(cursor),
            (None, FollowFrom::Start) => StartPosition::Start,
            (None, FollowFrom::End) => StartPosition::End,
        };
        let tail = Tail::new(&path, position).turn_bytes(TURN_BYTES);
        Self { reader, tail, path, elsewhere: None }
    }

    /// Reads what is there.
    pub(super) fn look(&mut self) -> AfterLook {
        let Self { reader, tail, path, elsewhere } = self;
        let began_ns = reader.clock.now_ns();
        let look = tail.look(&reader.stop, &mut |event| match event {
            FollowEvent::State(state) => {
                *elsewhere = match &state {
                    FileState::Reading(file) if file != path => Some(file.clone()),
                    _ => None,
                };
                reader.on_event(FollowEvent::State(state))
            }
            event => reader.on_event(event),
        });
        match look {
            Look::Wait => {
                let (followed, encoding) = (tail.followed(), tail.encoding());
                let looked = FollowEvent::Looked { began_ns, followed, encoding };
                match reader.on_event(looked) {
                    ControlFlow::Continue(()) => AfterLook::Again(LookResult::AtEnd),
                    ControlFlow::Break(()) => AfterLook::Ended,
                }
            }
            Look::More => AfterLook::Again(LookResult::More),
            Look::Stopped | Look::Ended => AfterLook::Ended,
        }
    }

    /// Whether its changes show where it is watched.
    pub(super) fn is_settled(&self) -> bool {
        self.tail.is_settled()
    }

    /// Notes that it is read no longer.
    pub(super) fn end(&self) {
        self.reader.state.lock().phase = Phase::Ended;
    }
}
