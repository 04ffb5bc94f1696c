//! Files that come late, are renamed, truncated, and written in pieces. Every step waits for what
//! must have come of the step before, never for time.

#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use lifesigns_intake::{Cursor, FollowError, Followed, Follower, Position, Stop};

/// Only a failing test waits this long.
const DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);

struct Following {
    stop: Stop,
    chunks: Receiver<(Vec<u8>, Cursor)>,
    thread: JoinHandle<Result<Followed, FollowError>>,
    seen: String,
    cursor: Option<Cursor>,
}

impl Following {
    fn start(path: &Path, position: Position) -> Self {
        let (sender, chunks) = channel();
        let stop = Stop::new();
        let (follower, signal) = (Follower::new(path, position).poll(POLL), stop.clone());
        let thread = std::thread::spawn(move || {
            follower.run(&signal, |bytes, cursor| {
                sender.send((bytes, cursor)).map_or(ControlFlow::Break(()), ControlFlow::Continue)
            })
        });
        Self { stop, chunks, thread, seen: String::new(), cursor: None }
    }

    /// Waits until all that has come is exactly `text`, and forgets it.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let until = Instant::now() + DEADLINE;
        while self.seen.len() < text.len() {
            match self.chunks.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((bytes, cursor)) => {
                    self.seen.push_str(str::from_utf8(&bytes).unwrap());
                    self.cursor = Some(cursor);
                }
                Err(RecvTimeoutError::Timeout) => panic!("waited for {text:?}, saw {:?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        assert_eq!(self.seen, text);
        self.seen.clear();
    }

    /// Stops it; what comes on stop must be `text`.
    #[track_caller]
    fn ends(mut self, text: &str) -> Followed {
        self.stop.stop();
        let followed = self.thread.join().unwrap().unwrap();
        let left: Vec<u8> = self.chunks.try_iter().flat_map(|(bytes, _)| bytes).collect();
        self.seen.push_str(str::from_utf8(&left).unwrap());
        assert_eq!(self.seen, text);
        followed
    }
}

fn log() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    (folder, path)
}

fn append(path: &Path, text: &str) -> File {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn lines_come_as_they_are_written() {
    let (_folder, path) = log();
    append(&path, "one\ntwo\n");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\ntwo\n");
    append(&path, "three\n");
    following.sees("three\n");
    let followed = following.ends("");
    assert_eq!((followed.rotations, followed.truncations, followed.cut_lines), (0, 0, 0));
    assert_eq!(followed.cursor.unwrap().offset, 14);
}

#[test]
fn from_the_end_only_what_comes_is_seen() {
    let (_folder, path) = log();
    append(&path, "old\n");
    let following = Following::start(&path, Position::End);
    // Nothing shows when following has begun, so lines are written until one comes.
    let until = Instant::now() + DEADLINE;
    let (first, _) = loop {
        assert!(Instant::now() < until, "nothing came");
        append(&path, "new\n");
        if let Ok(chunk) = following.chunks.recv_timeout(POLL) {
            break chunk;
        }
    };
    assert!(first.starts_with(b"new\n"));
    following.stop.stop();
    following.thread.join().unwrap().unwrap();
}

#[test]
fn a_file_that_comes_late_is_read_from_its_start() {
    let (_folder, path) = log();
    let mut following = Following::start(&path, Position::Start);
    append(&path, "first\n");
    following.sees("first\n");
    following.ends("");
}

#[test]
fn an_unfinished_line_waits_for_its_end() {
    let (_folder, path) = log();
    append(&path, "whole\nunfin");
    let mut following = Following::start(&path, Position::Start);
    following.sees("whole\n");
    append(&path, "ished\nrest");
    following.sees("unfinished\n");
    assert_eq!(following.cursor.unwrap().offset, 17);
    // The rest has been read with the line before it.
    let followed = following.ends("rest");
    assert_eq!(followed.cursor.unwrap().offset, 17, "a later run reads the unfinished line whole");
    append(&path, " of it\n");
    let mut again = Following::start(&path, Position::At(followed.cursor.unwrap()));
    again.sees("rest of it\n");
    again.ends("");
}

#[test]
fn the_old_file_is_drained_before_the_new_one_is_read() {
    let (folder, path) = log();
    let mut writer = append(&path, "one\n");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\n");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    writer.write_all(b"two, after the rename\n").unwrap();
    following.sees("two, after the rename\n");
    File::create(&path).unwrap();
    writer.write_all(b"three, beside an empty new file\nfour, without an end").unwrap();
    following.sees("three, beside an empty new file\n");
    append(&path, "five\n");
    following.sees("four, without an endfive\n");
    append(&path, "six\n");
    following.sees("six\n");
    let followed = following.ends("");
    assert_eq!((followed.rotations, followed.truncations), (1, 0));
    assert_eq!(followed.cursor.unwrap().offset, 9);
}

#[test]
fn a_deleted_file_may_come_back() {
    let (_folder, path) = log();
    append(&path, "one\n");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\n");
    fs::remove_file(&path).unwrap();
    append(&path, "two\n");
    following.sees("two\n");
    assert_eq!(following.ends("").rotations, 1);
}

#[test]
fn a_truncated_file_is_read_from_its_start() {
    let (_folder, path) = log();
    let file = append(&path, "one\ntwo\npart");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\ntwo\n");
    file.set_len(0).unwrap();
    append(&path, "three\n");
    following.sees("three\n");
    let followed = following.ends("");
    assert_eq!((followed.rotations, followed.truncations), (0, 1));
    assert_eq!(followed.cursor.unwrap().offset, 6);
}

#[test]
fn a_later_run_finds_the_renamed_file() {
    let (folder, path) = log();
    append(&path, "one\n");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\n");
    let cursor = following.ends("").cursor.unwrap();
    append(&path, "two, while nobody looked\n");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    append(&path, "three\n");
    let mut again = Following::start(&path, Position::At(cursor));
    again.sees("two, while nobody looked\nthree\n");
    let cursor = again.ends("").cursor.unwrap();
    // Gone for good: the present file is all there is.
    fs::rename(&path, folder.path().join("other.log")).unwrap();
    append(&path, "four\n");
    let mut again = Following::start(&path, Position::At(cursor));
    again.sees("four\n");
    again.ends("");
    // Truncated while nobody looked.
    let cursor = Cursor { offset: 1000, ..cursor };
    fs::rename(folder.path().join("other.log"), &path).unwrap();
    let mut again = Following::start(&path, Position::At(cursor));
    again.sees("three\n");
    assert_eq!(again.ends("").truncations, 1);
}

#[test]
fn files_that_came_and_went_in_between_are_read_in_their_order() {
    let (folder, path) = log();
    append(&path, "one\n");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\n");
    let cursor = following.ends("").cursor.unwrap();
    // Three rotations while nobody looked, and files that only look as if they belonged.
    append(&path, "two\n");
    let number = |number: u32| folder.path().join(format!("app.log.{number}"));
    for (line, depth) in [("three\n", 1), ("four\n", 2), ("five\n", 3)] {
        for number_ in (1..depth).rev() {
            fs::rename(number(number_), number(number_ + 1)).unwrap();
        }
        fs::rename(&path, number(1)).unwrap();
        // As far apart as the file system's clock can tell.
        let last = fs::metadata(number(1)).unwrap().modified().unwrap();
        while fs::metadata(&path).map_or(true, |file| file.modified().unwrap() <= last) {
            fs::write(&path, line).unwrap();
        }
    }
    append(&folder.path().join("app.log.bak"), "a copy\n");
    append(&folder.path().join("app.log2"), "another log\n");
    let mut again = Following::start(&path, Position::At(cursor));
    again.sees("two\nthree\nfour\nfive\n");
    again.ends("");
}

#[test]
fn another_file_of_the_same_inode_is_not_taken_for_the_old_one() {
    let (_folder, path) = log();
    append(&path, "one\n");
    let mut following = Following::start(&path, Position::Start);
    following.sees("one\n");
    let cursor = following.ends("").cursor.unwrap();
    assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), Some(cursor));
    assert_eq!(Cursor::from_bytes(b"short"), None);
    // As when an inode is used again: same file, other bytes, longer than the old place.
    fs::write(&path, "new, and longer\n").unwrap();
    let mut again = Following::start(&path, Position::At(cursor));
    again.sees("new, and longer\n");
    again.ends("");
}

#[test]
fn the_receiver_can_end_it() {
    let (_folder, path) = log();
    append(&path, "one\n");
    let followed = Follower::new(&path, Position::Start).run(&Stop::new(), |_, _| ControlFlow::Break(())).unwrap();
    assert_eq!(followed.cursor.unwrap().offset, 4);
}

#[test]
fn a_folder_cannot_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    let error = Follower::new(folder.path(), Position::Start).run(&Stop::new(), |_, _| ControlFlow::Continue(()));
    assert!(error.unwrap_err().to_string().contains("is not a regular file"));
}
