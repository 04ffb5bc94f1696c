//! Files that are rotated, copied, restored, edited and rewritten, while they are followed and while
//! it is not looked at: nothing is lost, nothing is read twice, and gaps are reported.

#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use common::{Following, append, log, run_sees};
use lifesigns_intake::{Cursor, GapCause, StartPosition};

#[test]
fn a_later_run_finds_the_renamed_file() {
    let (folder, path) = log();
    append(&path, "one\n");
    let cursor = run_sees(&path, StartPosition::Start, "one\n").unwrap();
    append(&path, "two, while it was closed\n");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    append(&path, "three\n");
    let cursor = run_sees(&path, StartPosition::At(cursor), "two, while it was closed\nthree\n").unwrap();
    // Any name will do, also in a folder of its own.
    append(&path, "four\n");
    fs::create_dir(folder.path().join("old")).unwrap();
    fs::rename(&path, folder.path().join("old/some name")).unwrap();
    append(&path, "five\n");
    let cursor = run_sees(&path, StartPosition::At(cursor), "four\nfive\n").unwrap();
    // Gone for good: the present file is all there is, and that is said. As long as the old file is open, no new one
    // gets its inode.
    let held = File::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    append(&path, "six\n");
    drop(held);
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("six\n");
    assert_eq!(again.gaps(), [(GapCause::Gone, None)]);
    let cursor = again.ends("").cursor.unwrap();
    // Truncated between two runs.
    fs::write(&path, "x\n").unwrap();
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("x\n");
    assert_eq!(again.gaps(), [(GapCause::Rewritten, None)]);
    assert_eq!(again.ends("").truncations, 1);
}

/// Lines of a few words, each different, more than a fingerprint's worth.
fn story(words: &str, count: usize) -> String {
    (0..count).map(|number| format!("2026-11-26T10:00:{number:02}Z {words} {number}\n")).collect()
}

#[test]
fn a_file_with_the_same_content_is_the_same_file() {
    let (folder, path) = log();
    append(&path, &story("before", 20));
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees(&story("before", 20));
    let replace = |edit: &dyn Fn(String) -> String| {
        let copy = folder.path().join("sedXYZ");
        fs::write(&copy, edit(fs::read_to_string(&path).unwrap())).unwrap();
        fs::rename(&copy, &path).unwrap();
    };
    // While it is open: restored, then edited before the place.
    replace(&|text| text);
    append(&path, "one\n");
    following.sees("one\n");
    replace(&|text| text.lines().skip(3).map(|line| format!("{line}\n")).collect());
    append(&path, "two\n");
    following.sees("two\n");
    assert_eq!(following.gaps(), []);
    let cursor = following.ends("").cursor.unwrap();
    // And between two runs.
    replace(&|text| text.replace("before 5", "something else"));
    append(&path, "three\n");
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("three\n");
    // In place: the last lines are kept.
    let kept: String = fs::read_to_string(&path).unwrap().lines().skip(9).map(|line| format!("{line}\n")).collect();
    fs::write(&path, kept + "four\n").unwrap();
    again.sees("four\n");
    assert_eq!(again.gaps(), []);
    again.ends("");
}

#[test]
fn a_file_that_is_rewritten_in_place_is_read_from_its_start() {
    let (_folder, path) = log();
    append(&path, &story("old", 2));
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees(&story("old", 2));
    fs::write(&path, story("new, and longer", 5)).unwrap();
    following.sees(&story("new, and longer", 5));
    // As long as before, to the byte.
    fs::write(&path, story("NEW, AND LONGER", 5)).unwrap();
    later(&path, &path);
    following.sees(&story("NEW, AND LONGER", 5));
    assert_eq!(following.gaps(), [(GapCause::Rewritten, None); 2]);
    assert_eq!(following.ends("").truncations, 2);
}

#[test]
fn what_was_written_before_a_truncation_is_read_from_the_copy() {
    let (folder, path) = log();
    let banner = "# a banner\n";
    append(&path, &format!("{banner}one\n"));
    let cursor = run_sees(&path, StartPosition::Start, "# a banner\none\n").unwrap();
    // Twice between two runs; the writer goes on at its old offset, and leaves a hole.
    append(&path, "two\n");
    fs::copy(&path, folder.path().join("app.log.2")).unwrap();
    fs::write(&path, format!("{}{banner}three\n", "\0".repeat(19))).unwrap();
    fs::copy(&path, folder.path().join("app.log.1")).unwrap();
    later(&folder.path().join("app.log.1"), &folder.path().join("app.log.2"));
    fs::write(&path, format!("{}{banner}four\n", "\0".repeat(5000))).unwrap();
    later(&path, &folder.path().join("app.log.1"));
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("two\n# a banner\nthree\n# a banner\nfour\n");
    assert_eq!(again.gaps(), []);
    assert_eq!(again.ends("").nul_bytes, 5019);
}

/// Makes one file look as if it had been written a second after the other.
fn later(one: &Path, other: &Path) {
    let modified = fs::metadata(other).unwrap().modified().unwrap() + Duration::from_secs(1);
    File::options().append(true).open(one).unwrap().set_modified(modified).unwrap();
}

#[test]
fn rotation_with_a_date_before_the_extension_is_rotation() {
    let (folder, path) = log();
    append(&path, "one\n");
    let cursor = run_sees(&path, StartPosition::Start, "one\n").unwrap();
    append(&path, "two\n");
    let rotated = |day: u32| folder.path().join(format!("app-202611{day}.log"));
    fs::rename(&path, rotated(25)).unwrap();
    append(&path, "three\n");
    later(&path, &rotated(25));
    fs::rename(&path, rotated(26)).unwrap();
    append(&path, "four\n");
    append(&folder.path().join("app-2.log"), "another log\n");
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("two\nthree\nfour\n");
    assert_eq!(again.gaps(), []);
    again.ends("");
}

#[test]
fn a_link_that_leads_to_another_file_is_rotation() {
    let (folder, path) = log();
    let target = |day: u32| folder.path().join(format!("app-{day}.data"));
    let link = |day: u32| {
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(target(day), &path).unwrap();
    };
    append(&target(8), "one\n");
    link(8);
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees("one\n");
    append(&target(8), "two\n");
    append(&target(9), "three\n");
    link(9);
    following.sees("two\nthree\n");
    let cursor = following.ends("").cursor.unwrap();
    append(&target(9), "four\n");
    append(&target(10), "five\n");
    later(&target(10), &target(9));
    append(&target(11), "six\n");
    later(&target(11), &target(10));
    append(&target(12), "of another\n");
    later(&target(12), &target(11));
    link(11);
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("four\nfive\nsix\n");
    assert_eq!(again.gaps(), []);
    again.ends("");
}

#[test]
fn what_was_compressed_is_said_with_its_bytes() {
    let (folder, path) = log();
    append(&path, "one\n");
    let cursor = run_sees(&path, StartPosition::Start, "one\n").unwrap();
    // What gzip leaves: 18 bytes at least, of which the last four are the size before.
    let gzip = |name: &str, size: u32| {
        let bytes = [&[0x1f, 0x8b][..], &[0; 12], &size.to_le_bytes()].concat();
        fs::write(folder.path().join(name), bytes).unwrap();
    };
    fs::remove_file(&path).unwrap();
    gzip("app.log.2.gz", 24);
    gzip("app.log.1.gz", 100);
    later(&folder.path().join("app.log.1.gz"), &folder.path().join("app.log.2.gz"));
    append(&path, "four\n");
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("four\n");
    assert_eq!(again.gaps(), [(GapCause::Compressed, Some(20)), (GapCause::Compressed, Some(100))]);
    again.ends("");
    // Everything of it had been read: as long as that, and written to last when it was read.
    gzip("app.log.2.gz", 4);
    let read = UNIX_EPOCH + Duration::from_nanos(cursor.modified_ns);
    File::options().append(true).open(folder.path().join("app.log.2.gz")).unwrap().set_modified(read).unwrap();
    fs::remove_file(folder.path().join("app.log.1.gz")).unwrap();
    let mut again = Following::start(&path, StartPosition::At(cursor));
    again.sees("four\n");
    assert_eq!(again.gaps(), []);
    again.ends("");
}

#[test]
fn what_is_written_to_the_old_file_after_all_is_read() {
    let (folder, path) = log();
    let mut writer = append(&path, "one\n");
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees("one\n");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    append(&path, "two\n");
    following.sees("two\n");
    writer.write_all(b"three, late\nfo").unwrap();
    following.sees("three, late\n");
    writer.write_all(b"ur\n").unwrap();
    following.sees("four\n");
    append(&path, "five\n");
    following.sees("five\n");
    following.ends("");
}

#[test]
fn bytes_before_the_first_character_are_skipped() {
    let (_folder, path) = log();
    fs::write(&path, b"\xef\xbb\xbfone\n\0\0\0two\nth").unwrap();
    let mut following = Following::start(&path, StartPosition::Start);
    following.sees("one\ntwo\n");
    assert_eq!(following.cursor.unwrap().offset, 14);
    append(&path, "ree\n");
    following.sees("three\n");
    assert_eq!(following.ends("").nul_bytes, 3);
    // Room that was made beforehand is written to later.
    fs::write(&path, b"\0\0\0\0\0\0\0\0\0\0").unwrap();
    let mut following = Following::start(&path, StartPosition::Start);
    fs::write(&path, b"four\n\0\0\0\0\0\0").unwrap();
    following.sees("four\n");
    fs::write(&path, b"four\nfive\n\0\0").unwrap();
    following.sees("five\n");
    assert_eq!(following.gaps(), []);
    following.ends("");
}

#[test]
fn utf16_is_decoded_and_gone_on_with() {
    for big in [false, true] {
        let (_folder, path) = log();
        let utf16 = |text: &str| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let add = |bytes: &[u8]| append(&path, "").write_all(bytes).unwrap();
        add(&utf16("\u{feff}one \u{1f433}\r\ntw"));
        let mut following = Following::start(&path, StartPosition::Start);
        following.sees("one \u{1f433}\r\n");
        assert_eq!(following.cursor.unwrap().offset, 18);
        add(&utf16("o\nthree")[..9]);
        following.sees("two\n");
        let cursor = following.cursor.unwrap();
        following.ends("th");
        add(&utf16("o\nthree\n")[9..]);
        run_sees(&path, StartPosition::At(cursor), "three\n");
    }
}

#[test]
fn files_that_came_and_went_in_between_are_read_in_their_order() {
    let (folder, path) = log();
    append(&path, "one\n");
    let cursor = run_sees(&path, StartPosition::Start, "one\n").unwrap();
    // Three rotations between two runs, and files that only look as if they belonged.
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
    run_sees(&path, StartPosition::At(cursor), "two\nthree\nfour\nfive\n");
}

#[test]
fn another_file_of_the_same_inode_is_not_taken_for_the_old_one() {
    let (_folder, path) = log();
    append(&path, "one\n");
    let cursor = run_sees(&path, StartPosition::Start, "one\n").unwrap();
    assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), Some(cursor));
    assert_eq!(Cursor::from_bytes(b"short"), None);
    // As when an inode is used again: same file, other bytes, longer than the old place.
    fs::write(&path, "new, and longer\n").unwrap();
    run_sees(&path, StartPosition::At(cursor), "new, and longer\n");
}
