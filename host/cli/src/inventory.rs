//! Reads the inventory's files as one, and only when they seem to be complete: a file that is still being
//! written must not remove objects.

use std::{
    fs::File,
    io::{Read as _, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lifesigns::model::ObjectFacts;
use lifesigns_intake::inventory;

use crate::exit::Failure;

/// A file that has changed is read when it has not changed for this long.
const QUIET: Duration = Duration::from_millis(400);
/// The same for one that lacks something of the last one, does not end with a line end, or has a mistake:
/// it may be half written.
const QUIET_IN_DOUBT: Duration = Duration::from_secs(3);

/// The content of the files.
#[derive(Debug, Default)]
pub(crate) struct InventoryContent {
    pub(crate) objects: Vec<ObjectFacts>,
    /// A table ends in the middle of a line.
    unfinished: bool,
    /// A file is configured.
    some: bool,
}

/// Reads all inventories as one.
pub(crate) fn read(paths: &[PathBuf]) -> Result<InventoryContent, Failure> {
    let mut read = InventoryContent { some: !paths.is_empty(), ..InventoryContent::default() };
    for path in paths {
        read.objects.extend(inventory::load(path).map_err(Failure::configuration)?);
        read.unfinished |= is_table(path) && !ends_with_a_line(path);
    }
    match inventory::name_conflict(&read.objects) {
        None => Ok(read),
        Some(what) => Err(Failure::Configuration(format!("the inventory: {what}"))),
    }
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

impl InventoryContent {
    /// Whether it seems to be complete.
    pub(crate) fn is_complete(&self) -> bool {
        !self.unfinished && (!self.some || !self.objects.is_empty())
    }

    /// Refuses an inventory without any object if there was one with objects before: that is hardly meant.
    pub(crate) fn refuse_empty(&self, before: &[ObjectFacts]) -> Result<(), Failure> {
        match self.some && self.objects.is_empty() && !before.is_empty() {
            false => Ok(()),
            true => Err(Failure::Configuration(format!(
                "the inventory has no object, and had {} before: write it elsewhere and rename it into place; to list \
                 no object, remove `inventory` from the configuration",
                before.len()
            ))),
        }
    }
}

/// Waits until files that have changed have not changed again for long enough.
#[derive(Debug)]
pub(crate) struct Debounce<V> {
    since: Option<(V, Instant)>,
    in_doubt: bool,
}

impl<V> Default for Debounce<V> {
    fn default() -> Self {
        Self { since: None, in_doubt: false }
    }
}

impl<V: PartialEq> Debounce<V> {
    /// Whether `version` has been the same for long enough. `is_sure` is called once for each version.
    pub(crate) fn is_over(&mut self, version: V, now: Instant, is_sure: impl FnOnce() -> bool) -> bool {
        let since = match &self.since {
            Some((known, since)) if *known == version => *since,
            _ => {
                (self.since, self.in_doubt) = (Some((version, now)), false);
                return false;
            }
        };
        let still = now.saturating_duration_since(since);
        if !self.in_doubt && still >= QUIET {
            self.in_doubt = !is_sure();
        }
        still >= if self.in_doubt { QUIET_IN_DOUBT } else { QUIET }
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
        let (mut debounce, start) = (Debounce::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let unasked = || -> bool { panic!("it is not still yet") };
        assert!(!debounce.is_over(1, at(0), unasked));
        assert!(!debounce.is_over(1, at(300), unasked));
        assert!(debounce.is_over(1, at(500), || true), "nothing speaks against it");
        assert!(!debounce.is_over(2, at(1000), unasked));
        assert!(!debounce.is_over(2, at(1500), || false), "something is missing");
        assert!(!debounce.is_over(3, at(2000), unasked), "it goes on");
        assert!(!debounce.is_over(3, at(2500), || false));
        assert!(!debounce.is_over(3, at(4900), unasked));
        assert!(debounce.is_over(3, at(5000), unasked), "it is meant");
    }

    #[test]
    fn a_table_that_ends_in_a_line_and_one_without_rows_are_not_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("inv.csv");
        let of = |text: &str| {
            std::fs::write(&path, text).expect("it is written");
            read(std::slice::from_ref(&path)).expect("it is sound")
        };
        assert!(of("id,kind\nvm1,vm\n").is_complete());
        assert!(!of("id,kind\nvm1,vm\nvm2,v").is_complete());
        let empty = of("id,kind\n");
        assert!(!empty.is_complete());
        assert!(empty.refuse_empty(&[facts("a", &[])]).is_err() && empty.refuse_empty(&[]).is_ok());
        assert!(read(&[]).expect("there is none").is_complete(), "no inventory is as good as any");
    }
}
