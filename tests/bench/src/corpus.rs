//! The lines that are replayed: real ones where there are any.

use std::{
    env, fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::dice::{Dice, WORDS};

/// Two files with the same lines.
#[derive(Debug)]
pub struct Corpus {
    /// The lines as they are.
    pub plain: PathBuf,
    /// Each line as the message of an NDJSON event.
    pub ndjson: PathBuf,
    /// Lines in each file.
    pub lines: usize,
    /// Bytes of the two files.
    pub bytes: [u64; 2],
    /// Where the lines come from, for a person.
    pub from: String,
    /// The lines of the two files, after which they come again.
    pub rounds: [Vec<String>; 2],
    _folder: TempDir,
}

impl Corpus {
    /// Interleaves the lines of all `*.log` files of the folders in `LIFESIGNS_BENCH_LINES` (like
    /// `PATH`; if it is not set, `../shared/corpus` and `../shared/samples`), and repeats them until
    /// there are at least `lines`. Without any such file the lines are synthetic.
    ///
    /// # Panics
    /// When a file cannot be read, or there is no room for the copies (1.9 GB for 5 million lines).
    pub fn new(lines: usize) -> Self {
        let files = line_files(&["corpus", "samples"]);
        let texts: Vec<Vec<u8>> = files
            .iter()
            .map(|path| fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
            .collect();
        let (round, from) = if texts.is_empty() {
            (synthetic(), "synthetic lines".to_owned())
        } else {
            (interleaved(&texts), format!("{} files of real lines, interleaved", files.len()))
        };
        Self::write(round, lines, from)
    }

    fn write(round: Vec<String>, lines: usize, from: String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (plain, ndjson) = (folder.path().join("fleet.log"), folder.path().join("fleet.ndjson"));
        let (mut raw, mut json) = (Vec::new(), Vec::new());
        let mut events = Vec::with_capacity(round.len());
        for (number, line) in round.iter().enumerate() {
            raw.extend_from_slice(line.as_bytes());
            raw.push(b'\n');
            let event = serde_json::json!({
                "time": format!("2026-11-23T{:02}:{:02}:{:02}.{:03}Z", number / 3_600_000 % 24, number / 60_000 % 60, number / 1000 % 60, number % 1000),
                "object": format!("vm-{}", number % 16),
                "app": "app",
                "message": line,
            });
            // serde_json sorts the keys; the order in the issue is `time` first, which costs the same.
            let event = event.to_string();
            json.extend_from_slice(event.as_bytes());
            json.push(b'\n');
            events.push(event);
        }
        let rounds = lines.div_ceil(round.len());
        for (path, bytes) in [(&plain, &raw), (&ndjson, &json)] {
            let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path).expect("a temporary file"));
            for _ in 0..rounds {
                file.write_all(bytes).expect("room for the lines");
            }
            file.flush().expect("room for the lines");
        }
        let bytes = [raw.len(), json.len()].map(|bytes| (bytes * rounds) as u64);
        Self { plain, ndjson, lines: rounds * round.len(), bytes, from, rounds: [round, events], _folder: folder }
    }
}

/// Returns the first `count` literals of `LIFESIGNS_BENCH_KEYWORDS`; if it is not set, of
/// `../shared/corpus/keywords.txt`; if there is none, synthetic ones, of which five occur in the
/// synthetic lines.
///
/// # Panics
/// When there are fewer.
pub fn keywords(count: usize) -> Vec<String> {
    let path =
        env::var_os("LIFESIGNS_BENCH_KEYWORDS").map_or_else(|| shared("corpus").join("keywords.txt"), PathBuf::from);
    let words: Vec<String> = match fs::read_to_string(&path) {
        Ok(text) => text.lines().filter(|line| !line.is_empty()).take(count).map(str::to_owned).collect(),
        Err(_) => synthetic_keywords(count),
    };
    assert!(words.len() == count, "{} has {} literals; {count} are needed", path.display(), words.len());
    words
}

/// The `*.log` files of the folders in `LIFESIGNS_BENCH_LINES`; if it is not set, of those of `../shared` with these
/// names.
pub(crate) fn line_files(shared_names: &[&str]) -> Vec<PathBuf> {
    let folders = match env::var_os("LIFESIGNS_BENCH_LINES") {
        Some(list) => env::split_paths(&list).collect(),
        None => shared_names.iter().map(|name| shared(name)).collect::<Vec<_>>(),
    };
    let mut files: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    files.sort();
    files
}

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap_or(Path::new(".")).join("shared").join(name)
}

/// One line of each file in turn; a file that has ended drops out.
fn interleaved(texts: &[Vec<u8>]) -> Vec<String> {
    let texts: Vec<_> = texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
    let mut files: Vec<_> = texts.iter().map(|text| text.lines()).collect();
    let mut round = Vec::new();
    loop {
        let before = round.len();
        round.extend(files.iter_mut().filter_map(Iterator::next).map(str::to_owned));
        if round.len() == before {
            return round;
        }
    }
}

/// 12 000 lines: syslog, logfmt and bracketed times about evenly; about 3 % hold one of five of the
/// synthetic literals.
fn synthetic() -> Vec<String> {
    let mut dice = Dice(7);
    let known = synthetic_keywords(6);
    (0..12_000)
        .map(|number| {
            let mut text = String::new();
            for _ in 0..4 + dice.roll(12) {
                text.push_str(dice.pick(&WORDS));
                text.push_str(if dice.roll(9) == 0 { "=" } else { " " });
                if dice.roll(4) == 0 {
                    text.push_str(&dice.roll(100_000).to_string());
                    text.push(' ');
                }
            }
            if dice.roll(100) < 3 {
                text.push_str(&known[1 + dice.roll(5)]);
            }
            let (minute, second) = (number / 60 % 60, number % 60);
            match number % 3 {
                0 => format!("Jun 14 15:{minute:02}:{second:02} combo sshd[{}]: {text}", dice.roll(30_000)),
                1 => format!("time=\"2026-11-23T15:{minute:02}:{second:02}.000000000Z\" level=info msg=\"{text}\""),
                _ => format!("[Sun Dec 04 04:{minute:02}:{second:02} 2005] [notice] {text}"),
            }
        })
        .collect()
}

/// Two or three words each, joined as rules would name them.
fn synthetic_keywords(count: usize) -> Vec<String> {
    let mut dice = Dice(11);
    let mut seen = std::collections::HashSet::new();
    let mut words = Vec::with_capacity(count);
    while words.len() < count {
        let mut word =
            format!("{}{}{}", dice.pick(&WORDS), dice.pick(&["/", "_", "-", ": ", ".", "=bad "]), dice.pick(&WORDS));
        if dice.roll(2) == 0 {
            word.push_str(&dice.roll(1000).to_string());
        }
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}
