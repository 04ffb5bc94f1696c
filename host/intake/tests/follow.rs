//! Files that come late, are renamed, truncated, and written in pieces. Every step waits for what
//! must have come of the step before, never for time.

#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs::{self, File},
    io::Write,
    ops::ControlFlow,
    path::Path,
    sync::mpsc::channel,
};

use common::{DEADLINE, Following, POLL, append, log, run_sees};
use lifesigns_intake::{Cursor, FileState, FollowEvent, PollingTail, StartPosition, Tail};
use lifesigns_model::WakeSignal;

#[test]
fn lines_come_as_they_are_written() {
    let (_folder, path) = log();
    append(&path, "one\ntwo\n");
    let mut following = Following::start(&path, StartPosition::Start);
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
    let mut following = Following::start(&path, StartPosition::End);
    let (bytes, cursor) = following.chunks.recv_timeout(DEADLINE).unwrap();
    assert_eq!((bytes.len(), cursor.offset), (0, 4), "the place where it begins");
    append(&path, "new\n");
    following.sees("new\n");
    following.ends("");
}

#[test]
fn a_file_that_comes_late_is_read_from_its_start() {
    let (_folder, path) = log();
    let mut following = Following::start(&path, StartPosition::Start);
    append(&path, "first\n");
    following.sees("first\n");
    following.ends("");
}

#[test]
fn an_unfinished_line_waits_for_its_end() {
    let (_folder, path) = log();
    append(&path, "whole\nunfin");
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees("whole\n");
    append(&path, "ished\nrest");
    following.sees("unfinished\n");
    assert_eq!(following.cursor.unwrap().offset, 17);
    // The rest has been read with the line before it.
    let followed = following.ends("rest");
    assert_eq!(followed.cursor.unwrap().offset, 17, "a later run reads the unfinished line whole");
    append(&path, " of it\n");
    run_sees(&path, StartPosition::At(followed.cursor.unwrap()), "rest of it\n");
}

#[test]
fn the_old_file_is_drained_before_the_new_one_is_read() {
    let (folder, path) = log();
    let mut writer = append(&path, "one\n");
    let mut following = Following::start(&path, StartPosition::Start);
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
    let mut following = Following::start(&path, StartPosition::Start);
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
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees("one\ntwo\n");
    file.set_len(0).unwrap();
    append(&path, "three\n");
    following.sees("three\n");
    let followed = following.ends("");
    assert_eq!((followed.rotations, followed.truncations), (0, 1));
    assert_eq!(followed.cursor.unwrap().offset, 6);
}

#[test]
fn the_receiver_can_end_it() {
    let (_folder, path) = log();
    append(&path, "one\n");
    let followed = PollingTail::new(&path, StartPosition::Start).run(&WakeSignal::new(), |event| match event {
        FollowEvent::Lines { bytes, .. } if !bytes.is_empty() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!(followed.cursor.unwrap().offset, 4);
}

/// Where a look began and what it read.
fn look(path: &Path, position: StartPosition) -> (Option<Cursor>, String) {
    let (mut place, mut text) = (None, String::new());
    let _ = Tail::new(path, position).look(&WakeSignal::new(), &mut |event| {
        if let FollowEvent::Lines { bytes, cursor } = event {
            place = Some(cursor);
            text.push_str(&String::from_utf8(bytes).unwrap());
        }
        ControlFlow::Continue(())
    });
    (place, text)
}

#[test]
fn a_run_without_a_line_leaves_its_place_too() {
    let (folder, path) = log();
    append(&path, "one\ntwo\n");
    let (place, text) = look(&path, StartPosition::End);
    let place = place.unwrap();
    assert_eq!((place.offset, &*text), (8, ""));

    append(&path, "while it was closed\n");
    assert_eq!(look(&path, StartPosition::At(place)).1, "while it was closed\n");

    // The same content as another file.
    let copy = folder.path().join("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    let (place, text) = look(&path, StartPosition::At(place));
    assert_eq!(text, "while it was closed\n");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    let (moved, text) = look(&path, StartPosition::At(place.unwrap()));
    assert_eq!((moved.unwrap().offset, &*text), (28, ""));
    assert_ne!(moved.unwrap().inode, place.unwrap().inode);
    assert_eq!(
        look(&path, StartPosition::At(moved.unwrap())),
        (None, String::new()),
        "what is known is not said again"
    );

    // A file that was empty, and was rotated with lines in it before the next run.
    let empty = folder.path().join("empty.log");
    append(&empty, "");
    let (place, text) = look(&empty, StartPosition::Start);
    assert_eq!((place.unwrap().offset, &*text), (0, ""));
    append(&empty, "one\n");
    fs::rename(&empty, folder.path().join("empty.log.1")).unwrap();
    append(&empty, "two\n");
    assert_eq!(look(&empty, StartPosition::At(place.unwrap())).1, "one\ntwo\n");
}

#[test]
fn an_inode_alone_is_no_file_that_was_renamed() {
    let (folder, path) = log();
    append(&path, "");
    let place = look(&path, StartPosition::End).0.unwrap();
    // As if another program had got the inode for a file of its own.
    fs::rename(&path, folder.path().join("store.db-wal")).unwrap();
    append(&folder.path().join("store.db-wal"), "not a log\n");
    append(&path, "new\n");
    assert_eq!(look(&path, StartPosition::At(place)).1, "new\n");

    let place = look(&path, StartPosition::Start).0.unwrap();
    fs::rename(&path, folder.path().join("any-name")).unwrap();
    append(&folder.path().join("any-name"), "the rest\n");
    append(&path, "next\n");
    assert_eq!(look(&path, StartPosition::At(place)).1, "the rest\nnext\n", "what was read is known again");
}

#[test]
fn what_is_no_file_is_said_and_looked_at_again() {
    let (folder, path) = log();
    fs::create_dir(&path).unwrap();
    let (sender, states) = channel();
    let stop = WakeSignal::new();
    let (follower, signal) = (PollingTail::new(&path, StartPosition::Start).poll(POLL), stop.clone());
    let thread = std::thread::spawn(move || {
        follower.run(&signal, |event| {
            if let FollowEvent::State(state) = event {
                sender.send(state).unwrap();
            }
            ControlFlow::Continue(())
        })
    });
    assert_eq!(states.recv_timeout(DEADLINE), Ok(FileState::NotAFile("a folder")));
    fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    assert_eq!(states.recv_timeout(DEADLINE), Ok(FileState::Absent));
    fs::write(&path, "one\n").unwrap();
    assert_eq!(states.recv_timeout(DEADLINE), Ok(FileState::Reading(path)));
    stop.stop();
    thread.join().unwrap();
}

#[test]
fn a_copy_and_what_was_renamed_after_it_are_read_in_their_order() {
    let (folder, path) = log();
    let at = |name: &str| folder.path().join(name);
    let first: String = (0..600).map(|number| format!("{number:06} a line that was read\n")).collect();
    append(&path, &first);
    let place = look(&path, StartPosition::Start).0.unwrap();
    append(&path, "rest\n");
    fs::copy(&path, at("app.log.2")).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    append(&path, "after\n");
    fs::rename(&path, at("app.log.1")).unwrap();
    append(&path, "");
    assert_eq!(look(&path, StartPosition::At(place)).1, "rest\nafter\n");
    append(&path, "now\n");
    assert_eq!(look(&path, StartPosition::At(place)).1, "rest\nafter\nnow\n");
}
