//! The files that a replay reads: as they are, compressed, or standard input.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, stderr, stdin},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use indicatif::{ProgressBar, ProgressStyle};
use lifesigns::{
    engine::{ReplayInput, ReplayOptions, ReplayReader},
    model::{EventSource, ManualClock, SystemClock},
};
use lifesigns_intake::{Compression, Filled, LineChunks, LogFile, OnRead, StayOpen, not_text};

use crate::{exit::Failure, log_inputs::LogInputs, read_thread::ReadThread, terminal};

/// How much of each file is read as a sample, by which the prefilter is built.
const SAMPLE_BYTES: u64 = 128 << 10;
/// With more files than this, they do not stay open: a process may have 1024 open.
const MOST_OPEN_FILES: usize = 512;

/// Returns the first lines of each file.
pub(crate) fn sample(files: &[PathBuf]) -> Vec<u8> {
    let mut sample = Vec::new();
    // What is read of a pipe is gone.
    for path in files.iter().filter(|path| path.is_file()) {
        // A file that cannot be read is reported when it is replayed.
        let _ = head(path, &mut sample);
        if sample.len() as u64 >= 8 * SAMPLE_BYTES {
            break;
        }
    }
    sample
}

fn head(path: &Path, sample: &mut Vec<u8>) -> io::Result<()> {
    let file = File::open(path)?;
    let compression = Compression::of_file(&file)?;
    compression.reader(file).take(SAMPLE_BYTES).read_to_end(sample)?;
    Ok(())
}

/// Returns all inputs; `bar` counts the bytes that are read of files.
pub(crate) fn inputs(args: &LogInputs, bar: &ProgressBar) -> Result<Vec<ReplayInput<'static>>, Failure> {
    let bar = bar.clone();
    let on_read: OnRead = Arc::new(move |bytes| bar.inc(bytes));
    let files = args.files.iter().enumerate();
    files.map(|(rank, path)| input(args, rank as u32, path, &on_read)).collect()
}

fn input(args: &LogInputs, rank: u32, path: &Path, on_read: &OnRead) -> Result<ReplayInput<'static>, Failure> {
    let cannot = |error| Failure::Failed(format!("{} cannot be read: {error}", path.display()));
    let step_bytes = ReplayOptions::chunk_bytes(args.files.len());
    let stream = |stream: Box<dyn Read + Send>| {
        let (compression, reader) = Compression::undone(stream).map_err(cannot)?;
        let mut chunks = LineChunks::in_steps(Filled(reader), step_bytes);
        let thread = ReadThread::start(move |spare| {
            chunks.recycle(spare);
            chunks.next_chunk()
        });
        Ok((compression, InputLines::Stream(thread.map_err(cannot)?)))
    };
    let (lines, name, stem, modified) = if path.as_os_str() == "-" {
        let (_, lines) = stream(Box::new(stdin()))?;
        (lines, "stdin".to_owned(), "stdin".to_owned(), None)
    } else {
        let metadata = path.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(Failure::Usage(format!("{} is a folder; name its files", path.display())));
        }
        let stay_open = if args.files.len() > MOST_OPEN_FILES { StayOpen::No } else { StayOpen::Yes };
        let (compression, lines) = if metadata.is_file() {
            let file = LogFile::open(path, step_bytes, stay_open, Arc::clone(on_read)).map_err(cannot)?;
            (file.compression(), InputLines::File(Box::new(file)))
        } else {
            stream(Box::new(File::open(path).map_err(cannot)?))?
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = Path::new(compression.stripped(&name)).file_stem().unwrap_or_default();
        (lines, path.display().to_string(), stem.to_string_lossy().into_owned(), metadata.modified().ok())
    };
    let reference_ns = match &args.before {
        Some(text) => lifesigns_intake::parse_time(text).ok_or_else(|| {
            Failure::Usage(format!("--before {text:?} is not an RFC 3339 time such as 2026-01-31T00:00:00Z"))
        })?,
        None => {
            let time = modified.unwrap_or_else(SystemClock::file_time);
            time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
        }
    };
    let source = Arc::new(EventSource {
        name: name.clone(),
        rank,
        object: args.object.clone().unwrap_or(stem),
        app: None,
        decoder: args.format.decoder_with(Arc::new(ManualClock::new(reference_ns)), &args.time_formats),
    });
    Ok(ReplayInput { source, reader: Box::new(InputReader { lines, name, is_first: true }) })
}

enum InputLines {
    File(Box<LogFile>),
    Stream(ReadThread),
}

/// One input of a replay.
struct InputReader {
    lines: InputLines,
    name: String,
    is_first: bool,
}

impl ReplayReader for InputReader {
    fn next_chunk(&mut self, spare: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let chunk = match &mut self.lines {
            InputLines::File(file) => file.next_chunk(spare)?,
            InputLines::Stream(thread) => thread.next_chunk(spare)?,
        };
        // Lines without a literal of any rule are never decoded, and would not be counted as not text.
        if std::mem::take(&mut self.is_first)
            && let Some(bytes) = chunk.as_deref()
            && let Some(why) = not_text(&bytes[..bytes.len().min(SAMPLE_BYTES as usize)])
        {
            terminal::warning(&format!("{} does not look like text: {why}", self.name));
        }
        Ok(chunk)
    }

    fn is_ready(&mut self) -> bool {
        match &mut self.lines {
            InputLines::File(_) => true,
            InputLines::Stream(thread) => thread.is_ready(),
        }
    }

    fn open_bytes(&self) -> usize {
        match &self.lines {
            InputLines::File(file) => file.compression().open_bytes(),
            InputLines::Stream(_) => 0,
        }
    }

    fn close(&mut self) {
        if let InputLines::File(file) = &mut self.lines {
            file.close();
        }
    }
}

/// Returns a bar for long runs on a terminal; it appears after a second.
pub(crate) fn progress(files: &[PathBuf]) -> ProgressBar {
    let sizes = files.iter().map(|path| path.metadata().map_or(0, |metadata| metadata.len()));
    let total: u64 = sizes.sum();
    if !stderr().is_terminal() || total < 256 << 20 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
