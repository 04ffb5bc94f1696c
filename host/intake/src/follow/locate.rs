//! Where reading goes on when the file at the path is not the one that was read, or not any more what
//! it was: renamed, copied and truncated, restored from a copy, edited, or gone.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{
    cursor::{Cursor, modified_ns},
    family::{Member, Scope, by_name, members},
    fingerprint::{FINGERPRINT_BYTES, find},
    gap::{Gap, GapCause},
};

/// A beginning of at most this length may be common to all files.
const BANNER_BYTES: u64 = 4096;

/// Where reading goes on.
#[derive(Debug)]
pub(super) struct FoundFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) offset: u64,
    /// The content before is what was read: what was pending of an unfinished line goes on.
    pub(super) known: bool,
}

/// What was found, and what was not.
#[derive(Debug, Default)]
pub(super) struct Located {
    pub(super) found: Option<FoundFile>,
    pub(super) gaps: Vec<Gap>,
}

/// The surroundings of a file, looked at once.
pub(super) struct Surroundings<'a> {
    path: &'a Path,
    /// How far it was read.
    place: Cursor,
    last: Option<&'a Path>,
    members: Vec<Member>,
    /// Ends of files that have been read to them.
    done: &'a [Cursor],
}

impl<'a> Surroundings<'a> {
    /// Looks around `path`, and where the file that `place` is in was `last` seen.
    pub(super) fn of(path: &'a Path, place: Cursor, last: Option<&'a Path>, done: &'a [Cursor]) -> Self {
        Self { path, place, last, members: members(path, last, Scope::Named), done }
    }

    fn present(&self) -> Option<(File, fs::Metadata)> {
        let file = File::open(self.path).ok()?;
        let metadata = file.metadata().ok()?;
        Some((file, metadata))
    }

    /// Where reading goes on after a time without looks. `None` found: there is nothing to
    /// read yet.
    pub(super) fn resume(&self) -> io::Result<Located> {
        let present = self.present();
        if let Some((file, metadata)) = &present
            && self.place.is_of(metadata)
            && self.place.fits(file)
        {
            // Files that begin alike fit, too; then the copy that a truncation left says more.
            if let Some(copy) = self.copy(Some(file))? {
                return Ok(copy);
            }
            let found = self.known(file.try_clone()?, self.path, self.place.offset);
            return Ok(Located { found: Some(found), gaps: self.late() });
        }
        if let Some(renamed) = self.renamed() {
            return Ok(self.copy(Some(&renamed.file))?.unwrap_or_else(|| renamed.into()));
        }
        if let Some(copy) = self.copy(None)? {
            return Ok(copy);
        }
        if let Some((file, metadata)) = present {
            if let Some(offset) = self.again(&file)?.filter(|offset| self.is_distinct(*offset)) {
                return Ok(self.known(file, self.path, offset).into());
            }
            let cause = if self.place.is_of(&metadata) { GapCause::Rewritten } else { GapCause::Gone };
            return self.next(cause);
        }
        Ok(Located::default())
    }

    /// Rotated files that were written to after the present one had been read: by a writer that was slow
    /// to reopen it, or instead of the present one, if that only begins like the one that was read.
    fn late(&self) -> Vec<Gap> {
        let late = self.later().filter(|member| !member.alike && member.modified_ns() > self.place.modified_ns);
        late.map(late_gap).collect()
    }

    /// Whether what was read, which is before `offset` in the file at the path, is more than a beginning
    /// that is common to all files. Where there are no others, it does not matter.
    fn is_distinct(&self, offset: u64) -> bool {
        let least = if offset == self.place.offset { BANNER_BYTES } else { FINGERPRINT_BYTES };
        self.place.offset >= least || self.later().next().is_none()
    }

    /// Returns the file itself under another name. Of one of which nothing was read only the inode is known, and any
    /// new file may have that: then it has to be a name that rotation makes.
    fn renamed(&self) -> Option<FoundFile> {
        for member in members(self.path, self.last, Scope::All) {
            let is_named = self.place.offset > 0 || member.rotated.is_some();
            if !is_named || !self.place.is_of(&member.metadata) {
                continue;
            }
            let Ok(file) = File::open(&member.path) else { continue };
            if self.place.fits(&file) {
                return Some(self.known(file, &member.path, self.place.offset));
            }
        }
        None
    }

    /// Whether a file has a name that rotation makes.
    pub(super) fn is_rotated(&self, path: &Path) -> bool {
        self.members.iter().any(|member| member.path == path && member.rotated.is_some())
    }

    /// Returns the copy that was made before the file was truncated: of those that hold what was read, the one that was
    /// written first. None that `present` goes on from. Where nothing had been read, it is what came since. `None`:
    /// there is no such copy.
    pub(super) fn copy(&self, present: Option<&File>) -> io::Result<Option<Located>> {
        // A copy was made before the file was truncated and written to again.
        let until_ns = present.map_or(Ok(u64::MAX), |file| file.metadata().map(|file| modified_ns(&file)))?;
        let since = |member: &&Member| {
            let written_ns = member.modified_ns();
            written_ns <= until_ns && (self.place.offset > 0 || written_ns > self.place.modified_ns)
        };
        let copies = self.later().filter(|member| !member.compressed && !member.alike);
        let mut copies: Vec<&Member> = copies.filter(since).collect();
        copies.sort_by_key(|member| (member.modified_ns(), member.rotated.clone()));
        let mut others = false;
        for member in copies {
            let Some(file) = File::open(&member.path).ok().filter(|file| self.place.fits(file)) else {
                others = true;
                continue;
            };
            let len = member.metadata.len();
            let Ok(whole) = Cursor::of(&file, len) else { continue };
            if present.is_some_and(|present| len <= self.place.offset || whole.fits(present)) {
                continue;
            }
            // This may be another file with the same banner: then what was written before it comes first.
            if others && self.place.offset < BANNER_BYTES {
                return self.next(GapCause::Rewritten).map(Some);
            }
            return Ok(Some(self.known(file, &member.path, self.place.offset).into()));
        }
        Ok(None)
    }

    /// Where what was read is in another file: a copy of it that was put in its place, or an edited
    /// one.
    pub(super) fn again(&self, file: &File) -> io::Result<Option<u64>> {
        if self.place.offset == 0 {
            return Ok(None);
        }
        if self.place.fits(file) {
            return Ok(Some(self.place.offset));
        }
        find(file, self.place.offset.min(FINGERPRINT_BYTES) as usize, self.place.tail)
    }

    /// Returns the first file that was written after the one that was read, of which the rest is lost; the one at the
    /// path if there is no other.
    pub(super) fn next(&self, cause: GapCause) -> io::Result<Located> {
        if let Some(edited) = self.edited()? {
            return Ok(edited.into());
        }
        let Cursor { inode, offset, .. } = self.place;
        // The oldest compressed file is what became of it, if it is no shorter.
        let mut compressed: Vec<&Member> = self.later().filter(|member| member.compressed).collect();
        compressed.sort_by_key(|member| (member.modified_ns(), member.rotated.clone()));
        let became = compressed.first().and_then(|member| Some((*member, member.uncompressed_bytes()?)));
        let became = became.filter(|(_, bytes)| *bytes >= offset);
        let mut located = self.between(None, became.map(|(member, _)| member))?;
        let gap = match became {
            // Everything of it had been read. Short files may be of the same length by chance.
            Some((member, bytes))
                if bytes == offset && (offset >= BANNER_BYTES || member.modified_ns() == self.place.modified_ns) =>
            {
                return Ok(located);
            }
            Some((_, bytes)) if bytes == offset => {
                Gap { file: self.path.to_owned(), inode, offset, bytes: None, cause }
            }
            Some((member, bytes)) => {
                let (file, inode) = (member.path.clone(), member.metadata.ino());
                Gap { file, inode, offset, bytes: Some(bytes - offset), cause: GapCause::Compressed }
            }
            None => Gap { file: self.path.to_owned(), inode, offset, bytes: None, cause },
        };
        located.gaps.insert(0, gap);
        Ok(located)
    }

    /// Returns the first rotated file that was written after the one that was read, if it is that one: edited, and then
    /// rotated.
    fn edited(&self) -> io::Result<Option<FoundFile>> {
        // A short beginning may be common to all files.
        if self.place.offset < FINGERPRINT_BYTES {
            return Ok(None);
        }
        let Some(first) = self.between(None, None)?.found.filter(|first| first.path != self.path) else {
            return Ok(None);
        };
        let offset = self.again(&first.file)?;
        Ok(offset.map(|offset| self.known(first.file, &first.path, offset)))
    }

    /// Returns the first file that was written after the one that was read to its end, which lies at `old` now; the one
    /// at the path if there is no other.
    /// `distinct`: a file that holds all that was read is a copy of it that goes on.
    pub(super) fn after(&self, old: &Path, distinct: bool) -> io::Result<Located> {
        let mut located = self.between(Some(old), None)?;
        if let Some(found) = &mut located.found
            && distinct
            && found.path != self.path
            && let Some(offset) = self.again(&found.file)?
        {
            (found.offset, found.known) = (offset, true);
        }
        Ok(located)
    }

    fn between(&self, old: Option<&Path>, except: Option<&Member>) -> io::Result<Located> {
        let present = self.present();
        let between = |member: &&Member| {
            self.is_between(member, old) && except.is_none_or(|except| except.identity() != member.identity())
        };
        let mut later: Vec<&Member> = self.later().filter(between).collect();
        later.sort_by_key(|member| (member.modified_ns(), member.rotated.clone()));
        let mut located = Located::default();
        for member in later {
            if member.compressed {
                located.gaps.push(unread(member));
            } else if let Ok(file) = File::open(&member.path) {
                located.found = Some(FoundFile { file, path: member.path.clone(), offset: 0, known: false });
                return Ok(located);
            }
        }
        located.found =
            present.map(|(file, _)| FoundFile { file, path: self.path.to_owned(), offset: 0, known: false });
        Ok(located)
    }

    /// Rotated files that were written to after the place was read, but for those that were read.
    fn later(&self) -> impl Iterator<Item = &Member> {
        let present = fs::metadata(self.path).ok().map(|present| (present.dev(), present.ino()));
        self.members.iter().filter(move |member| {
            member.rotated.is_some()
                && Some(member.identity()) != present
                && member.modified_ns() >= self.place.modified_ns
                && !self.was_read(member)
        })
    }

    /// Whether it is a file that was read. Inodes are used again.
    fn was_read(&self, member: &Member) -> bool {
        let mut places = self.done.iter().chain([&self.place]);
        places
            .any(|place| place.is_of(&member.metadata) && File::open(&member.path).is_ok_and(|file| place.fits(&file)))
    }

    /// Whether a file came between the old one and the present one, as far as names say.
    fn is_between(&self, member: &Member, old: Option<&Path>) -> bool {
        let name = |path: &Path| path.file_name().map(|name| by_name(&name.to_string_lossy()));
        if member.alike {
            let present = fs::canonicalize(self.path).ok();
            let (Some(old), Some(present)) = (old.and_then(name), present.as_deref().and_then(name)) else {
                return false;
            };
            return member.rotated.as_ref().is_some_and(|age| old < *age && *age < present);
        }
        if member.modified_ns() > self.place.modified_ns {
            return true;
        }
        // Written at the same time, as far as the file system can tell.
        let old = old.and_then(|old| self.members.iter().find(|member| member.path == old));
        old.is_some_and(|old| old.rotated.is_some() && old.rotated < member.rotated)
    }

    fn known(&self, file: File, path: &Path, offset: u64) -> FoundFile {
        FoundFile { file, path: path.to_owned(), offset, known: offset > 0 }
    }
}

fn late_gap(member: &Member) -> Gap {
    let (file, inode) = (member.path.clone(), member.metadata.ino());
    Gap { file, inode, offset: 0, bytes: None, cause: GapCause::Late }
}

/// Returns the gap of a compressed file, of which nothing was read.
fn unread(member: &Member) -> Gap {
    let (file, inode, bytes) = (member.path.clone(), member.metadata.ino(), member.uncompressed_bytes());
    Gap { file, inode, offset: 0, bytes, cause: GapCause::Compressed }
}

impl From<FoundFile> for Located {
    fn from(found: FoundFile) -> Self {
        Self { found: Some(found), gaps: Vec::new() }
    }
}
