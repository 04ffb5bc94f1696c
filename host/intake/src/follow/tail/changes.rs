//! What has become of a file that is followed: emptied, rewritten, copied and truncated, replaced, gone.

use std::{fs::File, io};

use super::{
    super::{
        locate::{FoundFile, Located, Surroundings},
        path::{folder_ns, is_another, is_changed},
        reading::OpenFile,
        start_position::StartPosition,
    },
    DONE, Emit, Step, Tail,
};
use crate::gap::{FollowEvent, GapCause};

impl Tail {
    /// Continues after the open file was emptied. The unread rest of it may be in a copy, or in files that were rotated
    /// since.
    pub(super) fn emptied(&mut self, emit: Emit<'_>) -> io::Result<Step> {
        let Some(open) = self.open.as_ref().filter(|_| is_changed(&self.path, &mut self.others_ns)) else {
            return Ok(Step::Wait);
        };
        let last = open.whereabouts();
        let around = Surroundings::of(&self.path, open.end(), Some(&last), &self.done);
        let mut located = around.copy(None)?;
        if located.is_none() {
            let next = around.next(GapCause::Rewritten)?;
            located = Some(next).filter(|next| next.found.as_ref().is_some_and(|found| found.path != self.path));
        }
        let Some(located) = located else { return Ok(Step::Wait) };
        self.followed.truncations += 1;
        self.go_on(located, emit)
    }

    /// Whether files were rotated since the open one, though the one at the path is empty yet.
    pub(super) fn is_followed_by_others(&mut self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        if !is_another(&self.path, open) || !is_changed(&self.path, &mut self.others_ns) {
            return Ok(false);
        }
        let last = open.whereabouts();
        let next = Surroundings::of(&self.path, open.end(), Some(&last), &self.done).after(&last, true)?;
        Ok(next.found.is_some_and(|found| found.path != self.path))
    }

    /// Finds the copy of a file that was truncated and whose new content begins like the old one: then only the copy
    /// shows it.
    /// One that has not changed was not truncated; it is looked for when it has.
    pub(super) fn truncated_alike(&mut self) -> io::Result<Option<Located>> {
        if self.open.as_ref().is_some_and(OpenFile::is_done) {
            return Ok(None);
        }
        let folder_ns = folder_ns(&self.path);
        if std::mem::replace(&mut self.folder_ns, folder_ns) == folder_ns {
            return Ok(None);
        }
        let Some(open) = &self.open else { return Ok(None) };
        let last = open.whereabouts();
        Surroundings::of(&self.path, open.end(), Some(&last), &self.done).copy(Some(&open.file))
    }

    /// Continues after what was read is not in the open file any more.
    pub(super) fn rewritten(&mut self, emit: Emit<'_>) -> io::Result<Step> {
        let Some(open) = self.open.take() else { return Ok(Step::More) };
        self.followed.truncations += 1;
        let (place, last) = (open.end(), open.whereabouts());
        let around = Surroundings::of(&self.path, place, Some(&last), &self.done);
        if let Some(copy) = around.copy(None)? {
            return self.go_on(copy, emit);
        }
        let again = around.again(&open.file)?;
        let mut located = match again {
            Some(_) => Located::default(),
            None => around.next(GapCause::Rewritten)?,
        };
        if located.found.is_none() {
            let (offset, known) = (again.unwrap_or(0), again.is_some());
            located.found = Some(FoundFile { file: open.file, path: last, offset, known });
        }
        self.go_on(located, emit)
    }

    /// Continues after the open file was read to its end and another file has the path.
    pub(super) fn turn(&mut self, emit: Emit<'_>) -> io::Result<Step> {
        self.leaving = false;
        let Some(old) = &self.open else { return Ok(Step::More) };
        let Ok(present) = File::open(&self.path) else { return Ok(Step::Wait) };
        let (place, last) = (old.end(), old.whereabouts());
        let around = Surroundings::of(&self.path, place, Some(&last), &self.done);
        // What was rotated goes on in no other file; what was replaced may.
        let is_gone = std::os::unix::fs::MetadataExt::nlink(&old.file.metadata()?) == 0;
        let distinct = is_gone || !around.is_rotated(&last);
        let again = if distinct && around.copy(None)?.is_none() { around.again(&present)? } else { None };
        if let Some(offset) = again {
            let path = self.path.clone();
            return self.go_to(FoundFile { file: present, path, offset, known: true }, emit);
        }
        let located = around.after(&last, distinct)?;
        self.followed.rotations += 1;
        self.done.push(place);
        self.done.drain(..self.done.len().saturating_sub(DONE));
        // What is left of it is its last line.
        if let Some(bytes) = self.buffer.rest() {
            self.followed.cursor = Some(place);
            if emit(FollowEvent::Lines { bytes, cursor: place }).is_break() {
                return Ok(Step::Ended);
            }
        }
        if let Some(old) = self.open.take() {
            self.late.add(old, self.buffer.encoding());
        }
        self.go_on(located, emit)
    }

    /// The file could not be opened or read: where to begin when it can be again.
    pub(super) fn lose(&mut self, error: &io::Error) {
        let was_open = self.open.take().is_some();
        self.buffer.forget();
        self.position = match (self.followed.cursor, self.position) {
            (Some(cursor), _) if was_open => StartPosition::At(cursor),
            (None, StartPosition::End) if error.kind() == io::ErrorKind::NotFound => StartPosition::Start,
            (_, position) => position,
        };
    }
}
