//! `lifesigns.toml`: as typed, then checked. Paths are relative to the file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lifesigns_intake::Format;
use serde::Deserialize;

use crate::exit::Failure;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Typed {
    rules: PathBuf,
    inventory: Option<PathBuf>,
    cache: Option<PathBuf>,
    #[serde(default)]
    output: Output,
    #[serde(default, rename = "source")]
    sources: Vec<TypedSource>,
    #[serde(default)]
    engine: Engine,
}

/// Threads and bounds.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Engine {
    /// Scanner threads.
    pub(crate) scanners: Option<usize>,
    /// Shards, each with a thread.
    pub(crate) shards: Option<usize>,
    /// Bytes in flight.
    pub(crate) inflight_bytes: Option<usize>,
    /// Whether threads are pinned to cores.
    pub(crate) pin: Option<bool>,
}

/// Where alerts go.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Output {
    /// A file that is appended to; standard output if there is none.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TypedSource {
    file: Option<PathBuf>,
    #[serde(default)]
    stdin: bool,
    name: Option<String>,
    format: Option<String>,
    object: Option<String>,
    app: Option<String>,
    #[serde(default = "yes")]
    follow: bool,
    #[serde(default)]
    from: From,
}

const fn yes() -> bool {
    true
}

/// Where following a file begins.
#[derive(Clone, Copy, Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum From {
    /// With what is there.
    #[default]
    Start,
    /// With what is new.
    End,
}

/// What a source reads.
pub(crate) enum Door {
    /// Standard input, to its end.
    Stdin,
    /// A file, once.
    File(PathBuf),
    /// A file, as it grows.
    Follow(PathBuf, From),
}

/// A checked source.
pub(crate) struct SourceConfig {
    pub(crate) door: Door,
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) object: String,
    pub(crate) app: Option<String>,
}

/// A checked configuration.
pub(crate) struct Config {
    pub(crate) rules: PathBuf,
    pub(crate) inventory: Option<PathBuf>,
    pub(crate) cache: Option<PathBuf>,
    pub(crate) output: Output,
    pub(crate) sources: Vec<SourceConfig>,
    pub(crate) engine: Engine,
}

/// Reads and checks a configuration.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    let at = |what: String| Failure::Configuration(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| at(format!("cannot be read: {error}")))?;
    let typed: Typed = toml::from_str(&text).map_err(|error| {
        let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
        Failure::Configuration(format!("{}:{line}:{column}: {}", path.display(), error.message()))
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    let mut sources = Vec::new();
    for (number, source) in typed.sources.into_iter().enumerate() {
        sources.push(check(source, base).map_err(|what| at(format!("[[source]] number {}: {what}", number + 1)))?);
    }
    if sources.is_empty() {
        return Err(at("there is no [[source]], so nothing would be read: add one with `file` or `stdin`".into()));
    }
    Ok(Config {
        rules: base.join(typed.rules),
        inventory: typed.inventory.map(|path| base.join(path)),
        cache: typed.cache.map(|path| base.join(path)),
        output: Output { file: typed.output.file.map(|path| base.join(path)) },
        sources,
        engine: typed.engine,
    })
}

fn check(typed: TypedSource, base: &Path) -> Result<SourceConfig, String> {
    let format = match &typed.format {
        Some(word) => word.parse::<Format>().map_err(|error| format!("`format`: {error}"))?,
        None => Format::Auto,
    };
    let (door, name, stem) = match (typed.file, typed.stdin) {
        (Some(_), true) => return Err("`file` and `stdin` exclude each other: make two sources of it".into()),
        (None, false) => return Err("it reads nothing: give `file = \"…\"` or `stdin = true`".into()),
        (None, true) => (Door::Stdin, "stdin".to_owned(), "stdin".to_owned()),
        (Some(file), false) => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let path = base.join(file);
            let name = path.display().to_string();
            (if typed.follow { Door::Follow(path, typed.from) } else { Door::File(path) }, name, stem)
        }
    };
    Ok(SourceConfig {
        door,
        name: typed.name.unwrap_or(name),
        format,
        object: typed.object.unwrap_or(stem),
        app: typed.app,
    })
}

/// Line and column, from 1, of a byte in `text`.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one() {
        assert_eq!(place("ab\ncd", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
    }

    #[test]
    fn sources_say_what_they_read() {
        let source = |text: &str| check(toml::from_str(text).expect("TOML"), Path::new("/etc")).map(|_| ());
        assert_eq!(source("file = 'a.log'"), Ok(()));
        assert!(source("").is_err_and(|why| why.contains("reads nothing")));
        assert!(source("file = 'a'\nstdin = true").is_err_and(|why| why.contains("exclude")));
        assert!(source("stdin = true\nformat = 'xml'").is_err_and(|why| why.contains("format")));
    }
}
