//! A log file, its writer, what rotates it, and a host that follows it, with what each line has become.

mod happenings;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    ops::{AddAssign, ControlFlow},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use lifesigns_intake::{Cursor, FollowEvent, Look, StartPosition, Tail};
use lifesigns_model::WakeSignal;

/// What sequences came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Lines that were written.
    pub(crate) lines: u64,
    /// Lines that were destroyed before they were read.
    pub(crate) lost: u64,
    /// Gaps that were reported.
    pub(crate) gaps: u64,
    /// Starts of the host.
    pub(crate) restarts: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.lost += other.lost;
        self.gaps += other.gaps;
        self.restarts += other.restarts;
    }
}

/// See the module.
pub(crate) struct World {
    seed: u64,
    random: u64,
    folder: tempfile::TempDir,
    /// What is followed; a link in some worlds.
    pub(crate) path: PathBuf,
    /// The target that a link leads to; its number.
    pub(crate) linked: Option<u64>,
    pub(crate) banner: String,
    /// Seconds.
    clock: u64,
    writer: Option<File>,
    /// The writer goes on at its own place, as without O_APPEND.
    pub(crate) keeps_place: bool,
    /// Lines by the inode that holds them.
    files: BTreeMap<u64, Vec<u64>>,
    next: u64,
    /// The first half of a line is written.
    pub(crate) half: Option<String>,
    host: Option<Tail>,
    cursor: Option<Cursor>,
    /// Lines that are committed, and that are read and not committed yet, each with the place after it.
    committed: BTreeSet<u64>,
    /// Inodes that had the path when the host looked.
    looked: BTreeSet<u64>,
    read: Vec<(Vec<u64>, Cursor)>,
    /// Lines that were destroyed before they were committed.
    destroyed: BTreeSet<u64>,
    /// Of those, lines that the host must miss, because it knew the file.
    missed: BTreeSet<u64>,
    /// Inodes of which the host said that something was not read.
    said: BTreeSet<u64>,
    tally: Tally,
    pub(crate) history: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let shm = Path::new("/dev/shm");
        let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
        let mut world = Self {
            seed,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            path: folder.path().join("app.log"),
            folder,
            linked: None,
            banner: String::new(),
            clock: 1_795_000_000,
            writer: None,
            keeps_place: false,
            files: BTreeMap::new(),
            next: 0,
            half: None,
            host: None,
            cursor: None,
            committed: BTreeSet::new(),
            looked: BTreeSet::new(),
            read: Vec::new(),
            destroyed: BTreeSet::new(),
            said: BTreeSet::new(),
            missed: BTreeSet::new(),
            tally: Tally::default(),
            history: Vec::new(),
        };
        world.banner = match world.below(4) {
            0 => "# the same banner\n".to_owned(),
            1 => format!("# {} long\n", "a banner that is ".repeat(20)),
            _ => String::new(),
        };
        world.keeps_place = world.below(3) == 0;
        if world.below(6) == 0 {
            world.retarget();
        }
        // What lay there before the first start is not the host's.
        world.write(true);
        world.start();
        world.look();
        world.commit(world.read.len());
        world
    }

    /// A number below `bound` (xorshift).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % bound
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn inode(path: &Path) -> Option<u64> {
        fs::metadata(path).ok().map(|metadata| metadata.ino())
    }

    pub(crate) fn lines_of(&self, inode: u64) -> Vec<u64> {
        self.files.get(&inode).cloned().unwrap_or_default()
    }

    pub(crate) fn set_lines(&mut self, inode: u64, lines: Vec<u64>) {
        self.files.insert(inode, lines);
    }

    pub(crate) fn is_committed(&self, line: u64) -> bool {
        self.committed.contains(&line)
    }

    /// Time goes on, and the file and its folder are written to now.
    pub(crate) fn touch(&mut self, path: &Path) {
        self.clock += 1;
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.clock);
        if path.exists() {
            File::open(path).unwrap().set_modified(now).unwrap();
        }
        File::open(self.folder.path()).unwrap().set_modified(now).unwrap();
    }

    fn open_writer(&mut self) -> &mut File {
        if self.writer.is_none() {
            let mut file =
                OpenOptions::new().create(true).append(!self.keeps_place).write(true).open(&self.path).unwrap();
            if file.metadata().unwrap().len() == 0 {
                file.write_all(self.banner.as_bytes()).unwrap();
            }
            file.seek(SeekFrom::End(0)).unwrap();
            self.files.entry(file.metadata().unwrap().ino()).or_default();
            self.writer = Some(file);
        }
        self.writer.as_mut().unwrap()
    }

    /// A new line's text.
    pub(crate) fn line(&mut self) -> (u64, String) {
        self.next += 1;
        self.tally.lines += 1;
        let filler = "x".repeat(10 + self.below(30) as usize);
        (self.next, format!("{:07} {filler}\n", self.next))
    }

    /// Writes a line, or half of one.
    pub(crate) fn write(&mut self, whole: bool) {
        let text = match self.half.take() {
            Some(rest) => rest,
            None => {
                let (number, text) = self.line();
                let inode = self.open_writer().metadata().unwrap().ino();
                self.files.entry(inode).or_default().push(number);
                text
            }
        };
        let part = if whole { text.len() } else { text.len() / 2 };
        let file = self.open_writer();
        file.write_all(&text.as_bytes()[..part]).unwrap();
        let inode = file.metadata().unwrap().ino();
        if part < text.len() {
            self.half = Some(text[part..].to_owned());
        }
        self.clock += 1;
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.clock);
        self.writer.as_ref().unwrap().set_modified(now).unwrap();
        self.files.entry(inode).or_default();
    }

    /// The writer opens the path again with its next line.
    pub(crate) fn reopen(&mut self) {
        self.writer = None;
    }

    /// A writer that still had this file open opens the path again.
    pub(crate) fn leave(&mut self, inode: u64) {
        if self.writer.as_ref().is_some_and(|file| file.metadata().unwrap().ino() == inode) {
            self.writer = None;
        }
    }

    /// The file's content goes, and with it what was not committed; a copy of it may be left.
    pub(crate) fn destroy(&mut self, inode: u64) {
        let lines = self.files.remove(&inode).unwrap_or_default();
        let kept: BTreeSet<u64> = self.files.values().flatten().copied().collect();
        let gone: Vec<u64> = lines.iter().copied().filter(|line| !kept.contains(line)).collect();
        let known = self.looked.contains(&inode) && gone.iter().any(|line| self.committed.contains(line));
        let lost = gone.into_iter().filter(|line| !self.committed.contains(line));
        let lost: Vec<u64> = lost.collect();
        if known {
            self.missed.extend(&lost);
        }
        self.destroyed.extend(lost);
    }

    pub(crate) fn is_up(&self) -> bool {
        self.host.is_some()
    }

    pub(crate) fn start(&mut self) {
        self.tally.restarts += 1;
        let position = self.cursor.map_or(StartPosition::Start, StartPosition::At);
        self.host = Some(Tail::new(&self.path, position));
    }

    /// The host looks, and sees lines in their order, none of them twice.
    pub(crate) fn look(&mut self) {
        let Some(mut host) = self.host.take() else { return };
        self.looked.extend(Self::inode(&self.path));
        let mut events = Vec::new();
        let look = host.look(&WakeSignal::new(), &mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        });
        assert_eq!(look, Look::Wait);
        self.host = Some(host);
        for event in events {
            match event {
                FollowEvent::Lines { bytes, cursor } => self.take(&bytes, cursor),
                FollowEvent::Gap(gap) => {
                    self.tally.gaps += 1;
                    self.said.insert(gap.inode);
                    self.history.push(format!("  gap: {gap}"));
                }
                FollowEvent::State(_) | FollowEvent::Looked { .. } | FollowEvent::Unfinished { .. } => {}
            }
        }
    }

    fn take(&mut self, bytes: &[u8], cursor: Cursor) {
        let mut lines = Vec::new();
        for line in str::from_utf8(bytes).unwrap().lines().filter(|line| !line.starts_with('#')) {
            let number = line.get(..7).and_then(|number| number.parse().ok());
            let number = number.unwrap_or_else(|| self.fail(&format!("half a line: {line:?}")));
            let twice = self.committed.contains(&number) || lines.contains(&number);
            if twice || self.read.iter().any(|(before, _)| before.contains(&number)) {
                self.fail(&format!("line {number} came twice"));
            }
            lines.push(number);
        }
        self.history.push(format!("  read {lines:?}"));
        self.read.push((lines, cursor));
    }

    /// Commits the first pieces of what was read, as many as this.
    pub(crate) fn commit(&mut self, pieces: usize) {
        for (lines, cursor) in self.read.drain(..pieces) {
            self.committed.extend(lines);
            self.cursor = Some(cursor);
        }
    }

    /// The host ends: after a commit, or at once, with a part of what it read committed.
    pub(crate) fn stop(&mut self, crash: bool) {
        let pieces = self.read.len();
        let pieces = if crash { self.below(pieces as u64 + 1) as usize } else { pieces };
        self.commit(pieces);
        self.read.clear();
        self.host = None;
    }

    /// Everything that can be read has been read.
    pub(crate) fn end(mut self) -> Tally {
        while self.half.is_some() {
            self.write(true);
        }
        // Rotated files are read when the next one is there, though it be empty.
        self.reopen();
        if self.below(2) == 0 || fs::metadata(&self.path).is_err() {
            self.write(true);
        }
        self.history.push("end".to_owned());
        if self.host.is_none() {
            self.start();
        }
        for _ in 0..3 {
            self.look();
        }
        self.commit(self.read.len());
        let lost: Vec<u64> = (1..=self.next).filter(|line| !self.committed.contains(line)).collect();
        // What is there still is read, or said by the name of its file.
        let is_said = |line: &u64| self.said.iter().any(|inode| self.lines_of(*inode).contains(line));
        if let Some(line) = lost.iter().find(|line| !self.destroyed.contains(line) && !is_said(line)) {
            self.fail(&format!("line {line} is lost"));
        }
        // Of a file that is empty now, what comes next tells what has become of it.
        let is_empty = fs::metadata(&self.path).is_ok_and(|file| file.len() == 0);
        if self.tally.gaps == 0
            && !is_empty
            && let Some(line) = lost.iter().find(|line| self.missed.contains(line))
        {
            self.fail(&format!("line {line} is lost, and nothing is said"));
        }
        self.tally.lost = lost.len() as u64;
        self.tally
    }

    fn fail(&self, what: &str) -> ! {
        panic!("seed {}: {what}\n{}", self.seed, self.history.join("\n"));
    }
}
