//! What is wrong with settings: every mistake, each with its place and what to do about it.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use lifesigns_compliance::config::ConfigLocation;
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::{
    shown::Shown,
    source::{At, Sources},
};

/// How many mistakes are kept; more are counted.
const KEPT: usize = 200;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: ConfigLocation,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    pub(crate) at: Option<At>,
    /// Its line may hold a secret and is not shown.
    pub(crate) hushed: bool,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.line {
            0 => write!(f, "{}: {}", self.place.file, self.message)?,
            _ => write!(f, "{}: {}", self.place, self.message)?,
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// All that is wrong, in the order of the files. Displayed as lines `file:line:column: message`.
#[derive(Clone, Debug, Default)]
pub struct Mistakes {
    mistakes: Vec<Mistake>,
    more: usize,
    /// What may be a secret.
    masked: Vec<At>,
    sources: Sources,
    files: Vec<PathBuf>,
}

impl Mistakes {
    pub(crate) fn new(mut notes: Notes, sources: Sources, files: Vec<PathBuf>) -> Self {
        notes.mistakes.sort_by(|a, b| a.at.cmp(&b.at));
        Self { mistakes: notes.mistakes, more: notes.more, masked: notes.masked, sources, files }
    }

    /// Each mistake; at most 200.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.mistakes.iter()
    }

    /// How many there are, with those that were only counted. Never 0.
    pub const fn count(&self) -> usize {
        self.mistakes.len() + self.more
    }

    /// The files and folders to watch for their being mended.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// For a terminal: each mistake with its line, a caret below it, and help. `width` in
    /// characters; with `colour`, ANSI colours.
    pub fn render(&self, width: usize, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
        let mut text = String::new();
        for mistake in &self.mistakes {
            // Writing into a string does not fail; what is missing then stands in the plain form.
            if handler.render_report(&mut text, &Shown::new(mistake, &self.sources, &self.masked)).is_err() {
                text.push_str(&format!("{mistake}\n"));
            }
        }
        text + &self.rest()
    }

    fn rest(&self) -> String {
        if self.more == 0 { String::new() } else { format!("and {} more mistakes\n", self.more) }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.mistakes.iter().map(Mistake::to_string).collect();
        f.write_str(&lines.join("\n"))?;
        if self.more > 0 {
            write!(f, "\n{}", self.rest().trim_end())?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Mistakes as they are found.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    mistakes: Vec<Mistake>,
    more: usize,
    masked: Vec<At>,
}

impl Notes {
    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Whether further mistakes are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.mistakes.len() >= KEPT
    }

    pub(crate) fn push(&mut self, mistake: Mistake) {
        if !self.is_full() {
            self.mistakes.push(mistake);
        } else {
            self.more += 1;
        }
    }

    /// A mistake about a whole file.
    pub(crate) fn file(&mut self, path: &Path, message: impl Into<String>) {
        let place = ConfigLocation { file: path.display().to_string().into(), line: 0, column: 0 };
        self.push(Mistake { place, message: message.into(), help: None, at: None, hushed: false });
    }

    /// What stands here may be a secret.
    pub(crate) fn mask(&mut self, at: At) {
        self.masked.push(at);
    }

    /// What was said about the lines of `file` from one to before another.
    pub(crate) fn between(&self, file: &str, lines: Range<u32>) -> impl Iterator<Item = &Mistake> {
        self.mistakes.iter().filter(move |one| *one.place.file == *file && lines.contains(&one.place.line))
    }
}
