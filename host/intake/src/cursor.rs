//! A place in a file, and how the file is known again.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
};

/// How much of a file's start tells it from another.
pub(crate) const HEAD_BYTES: u64 = 256;

/// A place in a file that survives renaming.
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
}

impl Cursor {
    /// As bytes, for whoever writes it down.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.device, self.inode, self.offset, self.head].iter().flat_map(|part| part.to_le_bytes()).collect()
    }

    /// The place `offset` bytes from the start of a regular file.
    ///
    /// # Errors
    /// When the file is shorter, or cannot be read.
    pub fn of(file: &File, offset: u64) -> io::Result<Self> {
        Ok(Self { offset, head: head(file, offset)?, ..cursor(&file.metadata()?) })
    }

    /// Whether it is a place in this file, and nobody has written it anew.
    pub fn is_in(self, file: &File) -> bool {
        file.metadata().is_ok_and(|metadata| is_it(file, &metadata, self))
    }

    /// What [`Cursor::to_bytes`] made; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let parts: &[[u8; 8]; 4] = bytes.as_chunks().0.try_into().ok().filter(|_| bytes.len() == 32)?;
        let [device, inode, offset, head] = parts.map(u64::from_le_bytes);
        Some(Self { device, inode, offset, head })
    }
}

pub(crate) fn cursor(metadata: &Metadata) -> Cursor {
    Cursor { device: metadata.dev(), inode: metadata.ino(), offset: 0, head: 0 }
}

/// A fingerprint (FNV-1a) of a file's first bytes.
pub(crate) fn head(file: &File, offset: u64) -> io::Result<u64> {
    let mut bytes = [0; HEAD_BYTES as usize];
    let bytes = &mut bytes[..offset.min(HEAD_BYTES) as usize];
    file.read_exact_at(bytes, 0)?;
    Ok(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)))
}

/// Whether it is the file that `from` is a place in.
pub(crate) fn is_it(file: &File, metadata: &Metadata, from: Cursor) -> bool {
    same(metadata, from) && metadata.len() >= from.offset && head(file, from.offset).is_ok_and(|head| head == from.head)
}

pub(crate) fn same(metadata: &Metadata, file: Cursor) -> bool {
    metadata.dev() == file.device && metadata.ino() == file.inode
}
