//! The limit of open files: each followed file is open.

use lifesigns_intake::{SourceKind, SourceSettings};
use lifesigns_text::count_text;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::terminal;

/// Files that a host needs beside its sources: the store, sockets, connections to receivers, watches.
const OTHERS: u64 = 200;

/// Raises the limit as far as this process may, and warns if it is too low for these sources.
pub(crate) fn raise_limit(sources: &[SourceSettings]) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    let followed = sources.iter().filter(|source| matches!(source.kind, SourceKind::Follow(..))).count() as u64;
    if let Some(warning) = too_low(limit, followed) {
        terminal::warning(&warning);
    }
}

/// Returns what is wrong with a limit; `None` is no limit.
fn too_low(limit: Option<u64>, followed: u64) -> Option<String> {
    let limit = limit.filter(|limit| *limit < followed + OTHERS)?;
    Some(format!(
        "{} are followed, and this process may have {} open at once: raise the limit (`ulimit -Hn`, `LimitNOFILE=` of systemd)",
        count_text(followed, "file"),
        count_text(limit, "file"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_low_is_said() {
        assert_eq!(too_low(None, 1_000_000), None);
        assert_eq!(too_low(Some(1024), 800), None);
        let warning = too_low(Some(1024), 1000);
        assert!(
            warning.is_some_and(|text| text.starts_with("1,000 files are followed") && text.contains("1,024 files"))
        );
    }
}
