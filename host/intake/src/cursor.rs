//! A place in a file, and how the file is known again.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt,
};

use crate::fingerprint::{before, fingerprint, head};

/// A place in a file that survives renaming, copying and restoring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The device that the file is on.
    pub device: u64,
    /// The file's inode on it.
    pub inode: u64,
    /// Bytes from the start of the file. The start of a line, unless the line before was cut or
    /// following began in its middle.
    pub offset: u64,
    /// A fingerprint of the file's first bytes (256 of them, fewer while `offset` is less): inodes are used
    /// again, and another file must not be taken for this one.
    pub head: u64,
    /// A fingerprint of the bytes before `offset` (256 of them, or fewer): files may begin alike.
    pub tail: u64,
    /// When the file had last been written to as it was read, nanoseconds since the Unix epoch. Files
    /// that were rotated before that have been read.
    pub modified_ns: u64,
}

impl Cursor {
    /// As bytes, for a store.
    pub fn to_bytes(self) -> Vec<u8> {
        let parts = [self.device, self.inode, self.offset, self.head, self.tail, self.modified_ns];
        parts.iter().flat_map(|part| part.to_le_bytes()).collect()
    }

    /// What [`Cursor::to_bytes`] made; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let parts: &[[u8; 8]; 6] = bytes.as_chunks().0.try_into().ok().filter(|_| bytes.len() == 48)?;
        let [device, inode, offset, head, tail, modified_ns] = parts.map(u64::from_le_bytes);
        Some(Self { device, inode, offset, head, tail, modified_ns })
    }

    /// Returns the place `offset` bytes from the start of a regular file.
    ///
    /// # Errors
    /// When the file is shorter, or cannot be read.
    pub fn of(file: &File, offset: u64) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        let (head, tail) = (head(file, offset)?, fingerprint(&before(file, offset)?));
        Ok(Self { device, inode, offset, head, tail, modified_ns: modified_ns(&metadata) })
    }

    /// Whether it is a place in this file, which was not replaced or rewritten since.
    pub fn is_in(self, file: &File) -> bool {
        file.metadata().is_ok_and(|metadata| self.is_of(&metadata)) && self.fits(file)
    }

    /// Whether the file has this place's inode.
    pub(crate) fn is_of(&self, metadata: &Metadata) -> bool {
        metadata.dev() == self.device && metadata.ino() == self.inode
    }

    /// Whether the content before the place is in this file too, whatever its inode.
    pub(crate) fn fits(&self, file: &File) -> bool {
        self.try_fits(file).unwrap_or(false)
    }

    fn try_fits(&self, file: &File) -> io::Result<bool> {
        Ok(file.metadata()?.len() >= self.offset
            && head(file, self.offset)? == self.head
            && fingerprint(&before(file, self.offset)?) == self.tail)
    }
}

/// When a file was last written to, nanoseconds since the Unix epoch; 0 before it.
pub(crate) fn modified_ns(metadata: &Metadata) -> u64 {
    let ns = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    u64::try_from(ns).unwrap_or_default()
}
