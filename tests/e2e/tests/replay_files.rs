//! The files of a replay: compressed ones, pipes, and lines that stand far from their place by time.
#![allow(clippy::unwrap_used, reason = "in tests, also beside their functions")]
#![allow(missing_docs)]

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use lifesigns_e2e::binary::lifesigns;
use tempfile::TempDir;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A folder with one rule, which wants `disk failure`.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules.d");
        fs::create_dir(&rules).unwrap();
        fs::copy(lifesigns_artifacts::rule("keyword"), rules.join("keyword.wasm")).unwrap();
        let manifest = "module = \"keyword.wasm\"\n[settings]\ncontains = [\"disk failure\"]\n";
        fs::write(rules.join("failures.toml"), manifest).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn replay(&self, arguments: &[&str], files: &[&Path]) -> Output {
        self.command(arguments, files).output().unwrap()
    }

    fn command(&self, arguments: &[&str], files: &[&Path]) -> Command {
        let mut command = Command::new(lifesigns());
        command.arg("replay").arg("--rules").arg(self.0.path().join("rules.d")).args(arguments).args(files);
        // One cache for all tests: compiling is what takes long.
        command.env("LIFESIGNS_CACHE", lifesigns_artifacts::root().join("target/tmp/e2e-cache"));
        command
    }
}

/// Lines of a second each; one in seven is wanted.
fn lines(seconds: std::ops::Range<u32>) -> String {
    let mut text = String::new();
    for second in seconds {
        let what = if second.is_multiple_of(7) { "disk failure" } else { "disk is well" };
        let (hour, minute, of_minute) = (second / 3600, second / 60 % 60, second % 60);
        writeln!(text, "2026-11-23T{hour:02}:{minute:02}:{of_minute:02}Z {what} {second}").unwrap();
    }
    text
}

/// The summaries' numbers of the lines that alerted, in order.
fn seconds(output: &Output) -> Vec<u32> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let number = |line: &str| {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = alert["evidence"][0]["text"].as_str().unwrap().to_owned();
        text.rsplit(' ').next().unwrap().parse().unwrap()
    };
    text.lines().map(number).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn compressed_files_are_read_as_they_are() {
    let bench = Bench::new();
    let text = lines(0..5000);
    let plain = bench.write("vm-7.log", &text);
    let expected = bench.replay(&[], &[&plain]);
    assert_eq!(seconds(&expected).len(), 715, "{}", stderr(&expected));
    let (start, rest) = text.split_at(text.find("disk is well 2000").unwrap() + "disk is well 2000\n".len());
    let files = [
        ("vm-7.log.gz", gzip(text.as_bytes())),
        ("vm-7.log.zst", zstd(text.as_bytes())),
        // Several members and frames, and a name that says nothing.
        ("vm-7.gz", [gzip(start.as_bytes()), gzip(rest.as_bytes())].concat()),
        ("vm-7.other", [zstd(start.as_bytes()), zstd(rest.as_bytes())].concat()),
    ];
    for (name, bytes) in files {
        let packed = bench.write(name, bytes);
        for threads in ["1", "2"] {
            let found = bench.replay(&["--threads", threads], &[&packed]);
            // The source is named as its file, the object without the extensions.
            let named = String::from_utf8(found.stdout).unwrap().replace(name, "vm-7.log");
            assert!(named == String::from_utf8_lossy(&expected.stdout), "{name}: {named}");
        }
    }
}

#[test]
fn compressed_standard_input_is_read_as_it_is() {
    let bench = Bench::new();
    let mut replay = bench.command(&["--object", "vm-7"], &[Path::new("-")]);
    let mut child = replay.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let packed = gzip(lines(0..70).as_bytes());
    child.stdin.take().unwrap().write_all(&packed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(seconds(&output), (0..10).map(|number| number * 7).collect::<Vec<_>>(), "{}", stderr(&output));
}

#[test]
fn a_compressed_file_that_is_cut_off_is_1_and_names_the_file() {
    let bench = Bench::new();
    let text = lines(0..5000);
    for (name, bytes) in [("a.log.gz", gzip(text.as_bytes())), ("a.log.zst", zstd(text.as_bytes()))] {
        let path = bench.write(name, &bytes[..bytes.len() / 2]);
        let output = bench.replay(&[], &[&path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(&format!("{name} cannot be read")), "{}", stderr(&output));
    }
}

#[test]
fn lines_outside_of_the_window_are_counted_with_the_flag_that_mends_it_and_the_exit_code_is_0() {
    let bench = Bench::new();
    // Two files in one, the later one first; each is larger than the window.
    let (early, late) = (lines(0..40_000), lines(40_000..80_000));
    let path = bench.write("all.log", late.clone() + &early);
    let expected: Vec<u32> = (0..80_000).filter(|second| second % 7 == 0).collect();
    let output = bench.replay(&["--disorder", "256KiB"], &[&path]);
    assert_eq!(output.status.code(), Some(0));
    let said = stderr(&output);
    assert!(
        said.contains("evaluated out of order") && said.contains("256KiB; --disorder 4MiB looks further"),
        "{said}"
    );
    let mut found = seconds(&output);
    assert_ne!(found, expected);
    found.sort_unstable();
    assert_eq!(found, expected, "no line is lost");
    let wide = bench.replay(&["--disorder", "64MiB"], &[&path]);
    assert!(!stderr(&wide).contains("out of order"), "{}", stderr(&wide));
    assert_eq!(seconds(&wide), expected);
    // As two files they need no window.
    let (early, late) = (bench.write("early.log", early), bench.write("late.log", late));
    let two = bench.replay(&["--disorder", "64KiB"], &[&late, &early]);
    assert!(!stderr(&two).contains("out of order"), "{}", stderr(&two));
    assert_eq!(seconds(&two), expected);
}

#[test]
fn alerts_come_out_while_there_is_more_to_read() {
    let bench = Bench::new();
    let mut replay = bench.command(&[], &[Path::new("-")]);
    let mut child = replay.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"2026-11-22T00:00:00Z disk failure 0\n").unwrap();
    // More than the window and what is written at once, without an alert. Nothing more comes until the first one
    // is read.
    let quiet = lines(0..80_000).replace("failure", "repair");
    stdin.write_all(quiet.repeat(3).as_bytes()).unwrap();
    let mut first = [0; 10];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert!(first.starts_with(b"{"));
    drop(stdin);
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn a_size_without_a_unit_is_2() {
    let bench = Bench::new();
    let output = bench.replay(&["--disorder", "16"], &[Path::new("a.log")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("write 512KiB, 16MiB, 1GiB"), "{}", stderr(&output));
}
