//! The inventory's files: read as one, and only when they seem to be whole, so that one which is still
//! being written is not taken for the fleet.

use std::{
    fs::File,
    io::{Read as _, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lifesigns::model::ObjectFacts;
use lifesigns_intake::inventory;

use crate::exit::Failure;

/// A file that has changed is read when it has been as it is for so long.
const STILL: Duration = Duration::from_millis(400);
/// The same for one in which something is missing that was there before, which does not end with a line
/// end, or in which something is wrong: it may be half written.
const STILL_IN_DOUBT: Duration = Duration::from_secs(3);

/// What the files say.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) objects: Vec<ObjectFacts>,
    /// A table that ends in the middle of a line.
    unfinished: bool,
    /// There is a file.
    some: bool,
}

/// Reads all inventories as one.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Read, Failure> {
    let mut read = Read { some: !paths.is_empty(), ..Read::default() };
    for path in paths {
        read.objects.extend(inventory::load(path).map_err(Failure::configuration)?);
        read.unfinished |= is_table(path) && !ends_with_a_line(path);
    }
    Ok(read)
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

fn ends_with_a_line(path: &Path) -> bool {
    let mut last = [0];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)
    });
    read.is_ok() && last == *b"\n"
}

impl Read {
    /// Whether nothing says that more is to come.
    pub(crate) fn is_whole(&self) -> bool {
        !self.unfinished && (!self.some || !self.objects.is_empty())
    }

    /// An inventory that names no object at all is hardly meant, if one did before.
    pub(crate) fn refuse_nothing(&self, before: &[ObjectFacts]) -> Result<(), Failure> {
        match self.some && self.objects.is_empty() && !before.is_empty() {
            false => Ok(()),
            true => Err(Failure::Configuration(format!(
                "the inventory names no object any more, and named {} before: write it elsewhere and rename it into \
                 place; if no object is to be listed, take `inventory` out of the configuration",
                before.len()
            ))),
        }
    }
}

/// Waits until files that have changed have been as they are for long enough.
#[derive(Debug)]
pub(crate) struct Settling<V> {
    since: Option<(V, Instant)>,
    in_doubt: bool,
}

impl<V> Default for Settling<V> {
    fn default() -> Self {
        Self { since: None, in_doubt: false }
    }
}

impl<V: PartialEq> Settling<V> {
    /// Whether `version` has been as it is for long enough. `is_sure` is asked once about each version.
    pub(crate) fn is_over(&mut self, version: V, now: Instant, is_sure: impl FnOnce() -> bool) -> bool {
        let since = match &self.since {
            Some((known, since)) if *known == version => *since,
            _ => {
                (self.since, self.in_doubt) = (Some((version, now)), false);
                return false;
            }
        };
        let still = now.saturating_duration_since(since);
        if !self.in_doubt && still >= STILL {
            self.in_doubt = !is_sure();
        }
        still >= if self.in_doubt { STILL_IN_DOUBT } else { STILL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(object: &str, names: &[&str]) -> ObjectFacts {
        let properties = names.iter().map(|name| ((*name).to_owned(), Some("x".to_owned())));
        ObjectFacts { object: object.to_owned(), properties: properties.collect(), ..ObjectFacts::default() }
    }

    #[test]
    fn what_changes_is_waited_for_and_what_is_in_doubt_for_longer() {
        let (mut settling, start) = (Settling::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let unasked = || -> bool { panic!("it is not still yet") };
        assert!(!settling.is_over(1, at(0), unasked));
        assert!(!settling.is_over(1, at(300), unasked));
        assert!(settling.is_over(1, at(500), || true), "nothing speaks against it");
        assert!(!settling.is_over(2, at(1000), unasked));
        assert!(!settling.is_over(2, at(1500), || false), "something is missing");
        assert!(!settling.is_over(3, at(2000), unasked), "it goes on");
        assert!(!settling.is_over(3, at(2500), || false));
        assert!(!settling.is_over(3, at(4900), unasked));
        assert!(settling.is_over(3, at(5000), unasked), "it is meant");
    }

    #[test]
    fn a_table_that_ends_in_a_line_and_one_without_rows_are_not_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("inv.csv");
        let of = |text: &str| {
            std::fs::write(&path, text).expect("it is written");
            read(std::slice::from_ref(&path)).expect("it is sound")
        };
        assert!(of("id,kind\nvm1,vm\n").is_whole());
        assert!(!of("id,kind\nvm1,vm\nvm2,v").is_whole());
        let empty = of("id,kind\n");
        assert!(!empty.is_whole());
        assert!(empty.refuse_nothing(&[facts("a", &[])]).is_err() && empty.refuse_nothing(&[]).is_ok());
        assert!(read(&[]).expect("there is none").is_whole(), "no inventory is as good as any");
    }
}
