//! What happens to a file that is followed, as values: lines, states, and what was not read.

use std::{fmt, path::PathBuf};

use crate::{cursor::Cursor, encoding::Encoding, followed::Followed};

/// What following a file brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowEvent {
    /// Whole lines, and the place after them. No lines, where reading begins.
    Lines {
        /// The lines: UTF-8, as far as the file is.
        bytes: Vec<u8>,
        /// Where a later run goes on.
        cursor: Cursor,
    },
    /// Something was not read and cannot be, or may not have been.
    Gap(Gap),
    /// The state of the file; comes when it changes.
    State(FileState),
    /// Everything that was there when the look began has been passed on, and there is nothing more now.
    /// Comes from a [`PollingTail`](crate::PollingTail), after each look.
    Looked {
        /// When the look began, by the follower's clock, nanoseconds since the Unix epoch.
        began_ns: u64,
        /// What was counted so far.
        followed: Followed,
        /// How the file is read.
        encoding: Encoding,
    },
    /// Following was stopped within a line, which has no end yet. The cursor is at its start: a later run
    /// reads it whole.
    Unfinished {
        /// The line, as far as it was written.
        bytes: Vec<u8>,
        /// The start of the line.
        cursor: Cursor,
    },
}

/// How a file that is followed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// There is no file.
    Absent,
    /// It cannot be opened or read now; it is tried again.
    Unreadable(String),
    /// What is at the path cannot be followed: a folder, a pipe or a device. It is looked at again.
    NotAFile(&'static str),
    /// It is read. The file may have another name meanwhile.
    Reading(PathBuf),
}

/// Bytes that were not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The file, under the last name that is known.
    pub file: PathBuf,
    /// Its inode, where it is known.
    pub inode: u64,
    /// It was read up to here.
    pub offset: u64,
    /// How many bytes after that were not read; `None` if that cannot be known, and may be none.
    pub bytes: Option<u64>,
    /// Why.
    pub cause: GapCause,
}

/// Why bytes were not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapCause {
    /// The file is gone, and was not found under another name.
    Gone,
    /// It was truncated, or rewritten in place, and no copy of what it held was found.
    Rewritten,
    /// It was compressed, and compressed files are not read.
    Compressed,
    /// It was written to after the file that took its place had been read.
    Late,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, inode, offset, bytes, cause } = self;
        write!(f, "{} (inode {inode}) ", file.display())?;
        match cause {
            GapCause::Gone => f.write_str("is gone and was not found under another name")?,
            GapCause::Rewritten => f.write_str("was truncated or rewritten, and no copy of what it held was found")?,
            GapCause::Compressed => f.write_str("is compressed, and compressed files are not read")?,
            GapCause::Late => f.write_str("was written to after another file had taken its place")?,
        }
        match bytes {
            Some(1) => write!(f, ": byte {offset} was not read"),
            Some(bytes) => write!(f, ": {bytes} bytes from byte {offset} on were not read"),
            None => write!(f, ": what it held after byte {offset}, if anything, was not read"),
        }
    }
}
