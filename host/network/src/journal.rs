//! The journal of systemd: what `journalctl` writes, from where it was committed.

use std::{
    io::{self, Read},
    process::{Child, ChildStdout, Command, Stdio},
};

use lifesigns_intake::{FollowFrom, JournalSettings, LineChunks};
use lifesigns_model::Backoff;
use lifesigns_sources::{Activity, Content, SourceError, SourceFeed, Submission};
use memchr::{memchr, memmem};

use crate::{retry, stoppable::Stoppable};

/// How the journal's place stands in a line, as all versions write it.
const CURSORS: [&[u8]; 2] = [b"\"__CURSOR\":\"", b"\"__CURSOR\" : \""];
/// Longest cursor that is kept; they have some 150 bytes.
const CURSOR_BYTES: usize = 1024;
/// As much is shown of what the command says of its end.
const REASON_BYTES: u64 = 4096;

/// Reads the journal until the source is stopped. A command that ends is started again.
pub(crate) fn run(settings: &JournalSettings, feed: &SourceFeed) -> Result<(), SourceError> {
    let mut cursor = feed.position().map(<[u8]>::to_vec);
    let mut backoff = retry::backoff();
    while !feed.stop().is_stopped() {
        match read(settings, &mut cursor, &mut backoff, feed) {
            Ok(Submission::Closed) => break,
            Ok(Submission::Accepted) => {}
            Err(error) => {
                feed.set_activity(Activity::Refused(format!("{} cannot be run: {error}", settings.command.display())));
            }
        }
        feed.stop().wait(backoff.pause());
    }
    Ok(())
}

/// Reads until the command ends, the source is stopped, or nothing more is taken.
fn read(
    settings: &JournalSettings,
    cursor: &mut Option<Vec<u8>>,
    backoff: &mut Backoff,
    feed: &SourceFeed,
) -> io::Result<Submission> {
    let (child, output) = start(settings, cursor.as_deref())?;
    let mut child = Ended(child);
    let mut lines = LineChunks::new(Stoppable::new(output, feed.stop().clone()));
    feed.set_activity(Activity::Reading);
    while let Some(chunk) = lines.next_chunk()? {
        if let Some(last) = last_cursor(&chunk) {
            *cursor = Some(last.to_vec());
        }
        backoff.reset();
        if feed.submit(Content::Lines(chunk), cursor.clone()) == Submission::Closed {
            return Ok(Submission::Closed);
        }
    }
    if !feed.stop().is_stopped() {
        let why = child.reason();
        let what = format!("{} has ended{why}", settings.command.display());
        tracing::warn!(source = %feed.name(), "{what}; it is started again");
        feed.set_activity(Activity::Waiting(what));
    }
    Ok(Submission::Accepted)
}

fn start(settings: &JournalSettings, cursor: Option<&[u8]>) -> io::Result<(Child, ChildStdout)> {
    let mut command = Command::new(&settings.command);
    // With `--all`, long fields come whole.
    command.args(["--output=json", "--follow", "--all", "--no-pager", "--quiet"]);
    match (cursor.and_then(|cursor| str::from_utf8(cursor).ok()), settings.from) {
        (Some(cursor), _) => command.arg(format!("--after-cursor={cursor}")).arg("--no-tail"),
        (None, FollowFrom::Start) => command.arg("--no-tail"),
        (None, FollowFrom::End) => command.arg("--lines=0"),
    };
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C").spawn()?;
    let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
    Ok((child, output))
}

/// The cursor of the last line of a chunk. The quotes of its key cannot stand within a text, where they are escaped.
fn last_cursor(chunk: &[u8]) -> Option<&[u8]> {
    let chunk = chunk.strip_suffix(b"\n").unwrap_or(chunk);
    let start = memchr::memrchr(b'\n', chunk).map_or(0, |end| end + 1);
    let line = &chunk[start..];
    let begins = |key: &&[u8]| Some(memmem::find(line, key)? + key.len());
    let rest = &line[CURSORS.iter().find_map(begins)?..];
    let cursor = &rest[..memchr(b'"', rest)?];
    (cursor.len() <= CURSOR_BYTES && !cursor.contains(&b'\\')).then_some(cursor)
}

/// A command that ends with this value.
struct Ended(Child);

impl Ended {
    /// Waits for the end of a command that has closed its output, and returns what it said.
    fn reason(&mut self) -> String {
        let mut said = Vec::new();
        let _ = self.0.kill();
        if let Some(errors) = self.0.stderr.take() {
            let _ = errors.take(REASON_BYTES).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        match said.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!(": {}", line.trim()),
            None => String::new(),
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_the_cursor() {
        let text = b"{\"__CURSOR\":\"s=1;i=1\",\"MESSAGE\":\"a\"}\n{\"MESSAGE\":\"x \\\"__CURSOR\\\":\\\"no\\\"\",\"__CURSOR\" : \"s=1;i=2\"}\n";
        assert_eq!(last_cursor(text), Some(&b"s=1;i=2"[..]));
        assert_eq!(last_cursor(b"{\"MESSAGE\":\"a\"}\n"), None);
        assert_eq!(last_cursor(b""), None);
    }
}
