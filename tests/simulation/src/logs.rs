//! The fleet's log files, as writers and logrotate treat them.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
};

use crate::random::Random;

/// One log file and how often it was rotated.
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    rotations: u32,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        fs::write(&path, "").expect("a log can be made");
        Self { path, rotations: 0 }
    }

    pub(crate) fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path).expect("a log can be opened");
        file.write_all(text.as_bytes()).expect("a log can be written");
    }

    /// Rotates in one of the forms that logrotate has: `create`, `dateext` with `extension`,
    /// `copytruncate`.
    pub(crate) fn rotate(&mut self, random: &mut Random) {
        if fs::metadata(&self.path).map_or(0, |file| file.len()) == 0 {
            return;
        }
        self.rotations += 1;
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dated = format!("{name}-202611{:02}{:02}.log", 20 + self.rotations / 24, self.rotations % 24);
        // Of numbers, the highest is the oldest.
        let suffixed = format!("{name}.log.{}", 1000 - self.rotations);
        match random.below(3) {
            0 => self.rename(&suffixed),
            1 => self.rename(&dated),
            _ => {
                fs::copy(&self.path, self.path.with_file_name(suffixed)).expect("a log can be copied");
                OpenOptions::new().write(true).truncate(true).open(&self.path).expect("a log can be truncated");
            }
        }
    }

    fn rename(&self, name: &str) {
        fs::rename(&self.path, self.path.with_file_name(name)).expect("a log can be renamed");
        fs::write(&self.path, "").expect("a log can be made");
    }

    /// Puts a copy with the same content and another inode in its place, as an editor does.
    pub(crate) fn replace(&self) {
        let copy = self.path.with_extension("copy");
        fs::copy(&self.path, &copy).expect("a log can be copied");
        fs::rename(&copy, &self.path).expect("a log can be renamed");
    }
}
