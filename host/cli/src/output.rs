//! The output of raises and clears: a file that may be rotated, or standard output.

use std::io::{self, Write, stdout};

use lifesigns::model::RuleAlert;
use lifesigns_notifications::{Durable, LineFile, ndjson};
use lifesigns_settings::OutputSettings;
use lifesigns_text::count_text;

use crate::{exit::Failure, terminal};

/// How many bytes are written at a time.
const WRITE_BYTES: usize = 256 << 10;

/// Writes raises and clears, a line each. After a failed write each further one is tried; lost lines are
/// counted and reported.
pub(crate) struct OutputWriter {
    /// `None` is standard output.
    file: Option<LineFile>,
    lost: LostLines,
}

/// Lines that could not be written since the last successful write.
#[derive(Debug, Default)]
struct LostLines(u64);

impl OutputWriter {
    /// Opens the file, or creates it with this mode.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(output: &OutputSettings, mode: u32) -> Result<Self, Failure> {
        let lost = LostLines::default();
        let Some(path) = &output.file else { return Ok(Self { file: None, lost }) };
        let mut file = LineFile::new(path, mode);
        match file.open() {
            Ok(()) => Ok(Self { file: Some(file), lost }),
            Err(error) => {
                Err(Failure::Configuration(format!("[output] file {} cannot be opened: {error}", path.display())))
            }
        }
    }

    /// Writes raises and clears, many lines at a time.
    pub(crate) fn write_alerts(&mut self, alerts: &[&RuleAlert]) {
        let mut lines = Vec::new();
        for alert in alerts {
            alert.lend(|alert| ndjson::write(alert, &mut lines));
            if lines.len() >= WRITE_BYTES {
                self.write(&lines);
                lines.clear();
            }
        }
        if !lines.is_empty() {
            self.write(&lines);
        }
    }

    /// Writes whole lines. Where that fails, as many of them as can be.
    fn write(&mut self, lines: &[u8]) {
        let written = self.try_write(lines);
        if written.is_ok() {
            return self.note(&written);
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let written = self.try_write(line);
            self.note(&written);
        }
    }

    fn try_write(&mut self, lines: &[u8]) -> io::Result<()> {
        match &mut self.file {
            None => stdout().write_all(lines).and_then(|()| stdout().flush()),
            Some(file) => file.write(lines, Durable::No),
        }
    }

    /// Notes the result of a write. The number of lost lines is logged with the first one, whenever it has grown
    /// tenfold, and at the end.
    fn note(&mut self, written: &io::Result<()>) {
        if let Some(text) = self.lost.note(written) {
            match written {
                Ok(()) => tracing::warn!("{text}"),
                Err(_) => tracing::error!("{text}"),
            }
        }
    }
}

impl LostLines {
    /// Notes the result of a write, and returns what is to be logged about it, if anything.
    fn note(&mut self, written: &io::Result<()>) -> Option<String> {
        match written {
            Err(error) => {
                self.0 += 1;
                let is_worth_it = 10_u64.pow(self.0.ilog10()) == self.0;
                let lost = count_text(self.0, terminal::RAISES);
                is_worth_it.then(|| format!("the output cannot be written: {error}; lost so far: {lost}"))
            }
            Ok(()) => match std::mem::take(&mut self.0) {
                0 => None,
                lost => Some(format!(
                    "the output can be written again; lost meanwhile: {}",
                    count_text(lost, terminal::RAISES)
                )),
            },
        }
    }
}

impl Drop for OutputWriter {
    fn drop(&mut self) {
        if self.lost.0 > 0 {
            tracing::error!(
                "the output could not be written to the end; lost: {}",
                count_text(self.lost.0, terminal::RAISES)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt};

    use super::*;

    #[test]
    fn what_is_rotated_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.ndjson");
        let mut lines = OutputWriter::open(&OutputSettings { file: Some(path.clone()) }, 0o600).expect("it opens");
        lines.write(b"one\n");
        fs::rename(&path, folder.path().join("out.1")).expect("it is rotated");
        lines.write(b"two\n");
        fs::remove_file(&path).expect("it is removed");
        fs::create_dir(&path).expect("something else is there");
        lines.write(b"lost\n");
        assert_eq!(lines.lost.0, 1);
        fs::remove_dir(&path).expect("it goes");
        lines.write(b"three\n");
        assert_eq!(lines.lost.0, 0);
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it reads");
        assert_eq!((text("out.1"), text("out.ndjson")), ("one\n".to_owned(), "three\n".to_owned()));
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o600);
        let gone = OutputSettings { file: Some(folder.path().join("none/out")) };
        assert!(OutputWriter::open(&gone, 0o600).is_err());
    }

    #[test]
    fn half_a_line_of_an_earlier_life_stays_a_line_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.ndjson");
        for line in ["one\n", "two\n"] {
            let before = fs::read_to_string(&path).unwrap_or_default();
            fs::write(&path, before + "{\"half").expect("half a line");
            OutputWriter::open(&OutputSettings { file: Some(path.clone()) }, 0o600)
                .expect("it opens")
                .write(line.as_bytes());
        }
        let text = fs::read_to_string(&path).expect("it reads");
        assert_eq!(text, "{\"half\none\n{\"half\ntwo\n");
    }

    #[test]
    fn what_is_lost_is_said_with_its_number() {
        let mut lost = LostLines::default();
        let full = || Err(io::Error::other("it is full"));
        let said: Vec<String> = (0..120).filter_map(|_| lost.note(&full())).collect();
        let ends = |number: &str| said.iter().any(|text| text.ends_with(&format!("lost so far: {number}")));
        assert!(said.len() == 3 && ends("1 raise or clear") && ends("10 raises and clears"), "{said:?}");
        assert!(ends("100 raises and clears"), "{said:?}");
        let again = lost.note(&Ok(()));
        assert!(again.is_some_and(|text| text.ends_with("lost meanwhile: 120 raises and clears")));
        assert_eq!(lost.note(&Ok(())), None);
    }
}
