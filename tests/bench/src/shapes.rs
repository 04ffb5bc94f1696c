//! Lines by their shape: those of real files, and generated ones of shapes that are missing there.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use crate::{
    corpus::{keywords, line_files},
    dice::{Dice, WORDS},
};

/// Lines of most generated shapes, after which they come again.
const ROUND: usize = 2000;
/// Bytes of a long line.
const LONG_BYTES: usize = 10_000;
/// Objects of the shape that has many.
const OBJECTS: usize = 100_000;
/// Literals of `keywords` that occur in lines; the others do not.
pub const OCCURRING: usize = 6;

/// Lines of one shape.
#[derive(Debug)]
pub struct Shape {
    /// For the table.
    pub name: String,
    /// The lines, after which they come again.
    pub round: Vec<String>,
}

impl Shape {
    /// Writes whole rounds, at least `bytes` bytes. Returns the number of lines and of bytes.
    ///
    /// # Panics
    /// When there is no room for them.
    pub fn write(&self, path: &Path, bytes: u64) -> (u64, u64) {
        let mut text = self.round.join("\n");
        text.push('\n');
        let rounds = bytes.div_ceil(text.len() as u64);
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path).expect("a temporary file"));
        for _ in 0..rounds {
            file.write_all(text.as_bytes()).expect("room for the lines");
        }
        file.flush().expect("room for the lines");
        (rounds * self.round.len() as u64, rounds * text.len() as u64)
    }
}

/// Returns the shape of each real file, then the generated ones. Without real files there are only those.
///
/// # Panics
/// When a file cannot be read.
pub fn shapes() -> Vec<Shape> {
    let read = |path: std::path::PathBuf| {
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let round = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect();
        Shape { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), round }
    };
    let mut shapes: Vec<Shape> = line_files(&["corpus"]).into_iter().map(read).collect();
    let words = keywords(OCCURRING);
    let mut dice = Dice(23);
    let mut add = |name: &str, lines: usize, line: &dyn Fn(usize, &mut Dice) -> String| {
        let round = (0..lines).map(|number| line(number, &mut dice)).collect();
        shapes.push(Shape { name: name.to_owned(), round });
    };
    for (name, line) in PLAIN {
        add(name, ROUND, &|number, dice| line(Clock(number), &text(dice), dice));
    }
    add("10 kB lines", ROUND / 20, &|number, dice| {
        let mut long = format!("2026-11-23 {} INFO dump:", Clock(number).time());
        while long.len() < LONG_BYTES {
            long.push(' ');
            long.push_str(&text(dice));
        }
        long
    });
    add("25 % of the lines alert", ROUND, &|number, dice| {
        let word = if number % 4 == 0 { words[number / 4 % words.len()].as_str() } else { "" };
        format!("2026-11-23 {} INFO {} {word}", Clock(number).time(), text(dice))
    });
    add("NDJSON, 100 000 objects, 10 % alert", OBJECTS, &|number, dice| {
        let word = if number % 10 == 0 { words[number / 10 % words.len()].as_str() } else { "" };
        let time = Clock(number).time();
        let text = text(dice);
        format!("{{\"time\":\"2026-11-23T{time}Z\",\"object\":\"vm-{number}\",\"message\":\"{text} {word}\"}}")
    });
    shapes
}

/// The time of a line: one goes by each 10 ms.
#[derive(Clone, Copy)]
struct Clock(usize);

impl Clock {
    fn seconds(self) -> String {
        let second = self.0 / 100;
        format!("{:02}:{:02}:{:02}", 15 + second / 3600, second / 60 % 60, second % 60)
    }

    fn millis(self) -> usize {
        self.0 % 100 * 10
    }

    fn time(self) -> String {
        format!("{}.{:03}", self.seconds(), self.millis())
    }
}

/// Makes a line of a time and a text.
type MakeLine = fn(Clock, &str, &mut Dice) -> String;

/// Generated shapes without any literal that occurs.
const PLAIN: [(&str, MakeLine); 8] = [
    ("no time at all", |_, text, dice| format!("{} {text}", dice.pick(&["INFO", "WARN", "DEBUG"]))),
    ("time `03-17 16:13:38.811`", |clock, text, dice| {
        format!("03-17 {}  {}  {} D WindowManager: {text}", clock.time(), 1000 + dice.roll(9000), dice.roll(9000))
    }),
    ("time `17/06/09 20:10:40`", |clock, text, _| {
        format!("17/06/09 {} INFO executor.CoarseGrainedExecutorBackend: {text}", clock.seconds())
    }),
    ("time `[10.30 16:49:06]`", |clock, text, dice| {
        format!("[10.30 {}] chrome.exe - proxy.example.com:{} {text}", clock.seconds(), 1000 + dice.roll(9000))
    }),
    ("time `20171223-22:15:29:606`", |clock, text, dice| {
        let (time, millis) = (clock.seconds(), clock.millis());
        format!("20171223-{time}:{millis}|Step_LSC|{}|{text}", 30_000_000 + dice.roll(9000))
    }),
    ("NDJSON without a time", |_, text, dice| {
        let (level, id, user) = (dice.pick(&["info", "warn", "debug"]), dice.roll(1_000_000), dice.pick(&WORDS));
        format!(
            "{{\"level\":\"{level}\",\"logger\":\"http\",\"request\":{id},\"user\":\"{user}\",\"message\":\"{text}\"}}"
        )
    }),
    ("NDJSON with escapes", |clock, text, dice| {
        let (time, path, id) = (clock.time(), dice.pick(&WORDS), dice.roll(100_000));
        format!(
            "{{\"time\":\"2026-11-23T{time}Z\",\"object\":\"vm-{}\",\"message\":\"GET \\/v1.41\\/{path}\\/{id}?a=1\\u0026b=2 \
             \\\"{text}\\\"\\t\\u003ccaf\\u00e9\\u003e C:\\\\Users\\\\{path}\\n\"}}",
            dice.roll(16)
        )
    }),
    ("Windows paths", |clock, text, dice| {
        let (date, path, name) = (clock.seconds(), dice.pick(&WORDS), dice.pick(&WORDS));
        format!("2016-09-28 {date}, Info CBS Loaded C:\\Windows\\servicing\\{path}\\users\\{name}.dll {text}")
    }),
];

/// About ninety bytes of words.
fn text(dice: &mut Dice) -> String {
    let mut text = String::new();
    for number in 0..6 + dice.roll(8) {
        if number > 0 {
            text.push(if dice.roll(9) == 0 { '=' } else { ' ' });
        }
        text.push_str(dice.pick(&WORDS));
        if dice.roll(4) == 0 {
            text.push(' ');
            text.push_str(&dice.roll(100_000).to_string());
        }
    }
    text
}
