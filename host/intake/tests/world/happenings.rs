//! What happens to the file: written, rotated in every way, truncated, rewritten, replaced, removed.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, symlink},
    path::{Path, PathBuf},
};

use super::World;

/// Generations that number rotation keeps.
const GENERATIONS: u64 = 4;

impl World {
    /// One thing happens.
    pub(crate) fn step(&mut self) {
        // Half a line is followed by its rest, or by a look, or by the host's end.
        let what = if self.half.is_some() { [0, 2, 3, 4][self.below(4) as usize] } else { self.below(24) };
        const NAMES: [&str; 24] = [
            "write",
            "half",
            "look",
            "stop or start",
            "crash or start",
            "commit",
            "write",
            "write",
            "write",
            "write",
            "look",
            "look",
            "look",
            "number",
            "date",
            "folder",
            "copytruncate",
            "rewrite",
            "restore",
            "edit",
            "truncate",
            "remove",
            "compress",
            "reopen",
        ];
        self.history.push(format!("{} (up: {}, lines to {})", NAMES[what as usize], self.is_up(), self.next));
        match what {
            0 | 6..=9 => (0..=self.below(5)).for_each(|_| self.write(true)),
            1 => self.write(false),
            2 | 10..=12 => self.look(),
            3 => self.toggle(false),
            4 => self.toggle(true),
            5 => {
                let pieces = self.below(4) as usize;
                self.commit_some(pieces);
            }
            13..=20 if self.linked.is_some() => self.retarget(),
            13 => self.rename_to_number(),
            14 => self.rename_to_date(),
            15 => self.rename_to_folder(),
            16 => self.copy_and_truncate(),
            17 => self.rewrite(),
            18 => self.restore(),
            19 => self.edit(),
            20 => self.truncate(),
            21 => self.remove(),
            22 => self.compress(),
            _ => self.reopen(),
        }
    }

    fn commit_some(&mut self, pieces: usize) {
        let pieces = pieces.min(self.read.len());
        self.commit(pieces);
    }

    fn toggle(&mut self, crash: bool) {
        if self.is_up() {
            self.stop(crash);
        } else {
            self.start();
            self.look();
        }
    }

    fn there(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Makes room for `app.log.1`; the oldest generation goes.
    fn shift(&mut self) -> PathBuf {
        let name = |number: u64| format!("app.log.{number}");
        let oldest = self.at(&name(GENERATIONS));
        if let Some(inode) = Self::inode(&oldest) {
            fs::remove_file(&oldest).unwrap();
            self.leave(inode);
            self.destroy(inode);
        }
        for number in (1..GENERATIONS).rev() {
            if self.at(&name(number)).exists() {
                fs::rename(self.at(&name(number)), self.at(&name(number + 1))).unwrap();
            }
        }
        self.at(&name(1))
    }

    fn rename(&mut self, to: &Path) {
        fs::rename(&self.path, to).unwrap();
        if self.below(2) == 0 {
            self.reopen();
        }
        // As logrotate's `create`.
        if self.below(2) == 0 {
            File::create(&self.path).unwrap();
        }
        let path = self.path.clone();
        self.touch(&path);
    }

    fn rename_to_number(&mut self) {
        if self.there() {
            let to = self.shift();
            self.rename(&to);
        }
    }

    fn rename_to_date(&mut self) {
        if self.there() {
            let name = match self.below(2) {
                0 => format!("app-{}.log", self.clock),
                _ => format!("app.log-{}", self.clock),
            };
            let to = self.at(&name);
            self.rename(&to);
        }
    }

    fn rename_to_folder(&mut self) {
        if self.there() {
            let _ = fs::create_dir(self.at("old"));
            let to = self.at(&format!("old/app.log-{}", self.clock));
            self.rename(&to);
        }
    }

    /// A link leads to a new file.
    pub(crate) fn retarget(&mut self) {
        let number = self.linked.map_or(8, |number| number + 1);
        self.linked = Some(number);
        let _ = fs::remove_file(&self.path);
        symlink(self.at(&format!("app-{number}.data")), &self.path).unwrap();
        self.reopen();
        self.write(true);
    }

    fn copy_and_truncate(&mut self) {
        if !self.there() {
            return;
        }
        let to = match self.below(2) {
            0 => self.shift(),
            _ => self.at(&format!("app-{}.log", self.clock)),
        };
        fs::copy(&self.path, &to).unwrap();
        self.touch(&to);
        let (old, copy) = (Self::inode(&self.path).unwrap(), Self::inode(&to).unwrap());
        let lines = self.lines_of(old);
        self.set_lines(copy, lines);
        self.empty();
    }

    /// Empties the file; the writer goes on.
    fn empty(&mut self) {
        let inode = Self::inode(&self.path).unwrap();
        self.destroy(inode);
        self.set_lines(inode, Vec::new());
        File::options().write(true).open(&self.path).unwrap().set_len(0).unwrap();
        let path = self.path.clone();
        self.touch(&path);
    }

    fn truncate(&mut self) {
        // A new beginning has the banner.
        if !self.banner.is_empty() {
            self.rewrite();
        } else if self.there() {
            self.empty();
        }
    }

    /// New content in the place of the old, shorter or longer.
    fn rewrite(&mut self) {
        if !self.there() {
            return;
        }
        self.empty();
        let inode = Self::inode(&self.path).unwrap();
        let (mut text, mut numbers) = (self.banner.clone(), Vec::new());
        for _ in 0..1 + self.below(12) {
            let (number, line) = self.line();
            text.push_str(&line);
            numbers.push(number);
        }
        File::options().write(true).open(&self.path).unwrap().write_all_at(text.as_bytes(), 0).unwrap();
        self.set_lines(inode, numbers);
        self.reopen();
        let path = self.path.clone();
        self.touch(&path);
    }

    /// The same content in another file, and that in the place of the first.
    fn replace(&mut self, edit: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let (old, other) = (Self::inode(&self.path).unwrap(), self.at("sedXYZ"));
        fs::write(&other, edit(fs::read(&self.path).unwrap())).unwrap();
        self.touch(&other);
        let (lines, new) = (self.lines_of(old), Self::inode(&other).unwrap());
        self.set_lines(new, lines);
        fs::rename(&other, &self.path).unwrap();
        self.destroy(old);
        self.reopen();
    }

    fn restore(&mut self) {
        if self.there() {
            self.replace(|bytes| bytes);
        }
    }

    /// `sed -i 1d`, where enough has been read behind that line to know the rest again.
    fn edit(&mut self) {
        let Some(inode) = Self::inode(&self.path) else { return };
        let known = self.lines_of(inode).iter().filter(|line| self.is_committed(**line)).count();
        if known >= 20 && self.banner.is_empty() && !self.keeps_place {
            self.replace(|bytes| bytes[bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1..].to_vec());
        }
    }

    fn remove(&mut self) {
        if self.there() && self.linked.is_none() {
            let inode = Self::inode(&self.path).unwrap();
            fs::remove_file(&self.path).unwrap();
            self.destroy(inode);
            self.reopen();
            self.touch(&self.at("nothing"));
        }
    }

    /// Compresses the oldest generation: of that only the size is left to us.
    fn compress(&mut self) {
        let Some(path) =
            (1..=GENERATIONS).rev().map(|number| self.at(&format!("app.log.{number}"))).find(|path| path.exists())
        else {
            return;
        };
        let metadata = fs::metadata(&path).unwrap();
        let bytes = [&[0x1f, 0x8b][..], &[0; 12], &(metadata.len() as u32).to_le_bytes()].concat();
        let compressed = self.at(&format!("app.log.{}.gz", self.clock));
        fs::write(&compressed, bytes).unwrap();
        File::open(&compressed).unwrap().set_modified(metadata.modified().unwrap()).unwrap();
        let inode = Self::inode(&path).unwrap();
        fs::remove_file(&path).unwrap();
        self.leave(inode);
        self.destroy(inode);
    }
}
