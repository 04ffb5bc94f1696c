//! Hostile streams: what comes of each is in the file beside it, and an honest sender is served as before.
//! `LIFESIGNS_BLESS=1` records what comes.
#![allow(clippy::unwrap_used)]

mod common;

use std::{env, fs, io::Write, path::PathBuf};

use common::{Line, Sources, connect, free_port, line, syslog};

fn inputs() -> Vec<PathBuf> {
    let files = fs::read_dir("tests/nasty").unwrap().map(|entry| entry.unwrap().path());
    let mut inputs: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "in")).collect();
    inputs.sort();
    assert!(inputs.len() > 10);
    inputs
}

fn shown(lines: &[Line], traffic: (u64, u64)) -> String {
    let mut text = format!("malformed {}, cut {}\n", traffic.0, traffic.1);
    for (object, message) in lines {
        text.push_str(&format!("{object:?} {message:?}\n"));
    }
    text
}

#[test]
fn hostile_streams_are_read_as_far_as_they_go() {
    let port = free_port();
    let sources = Sources::start(&[syslog("tcp", &format!("tcp://127.0.0.1:{port}"))]);
    let mut before = sources.traffic("tcp", |_| true);
    for input in inputs() {
        let mut stream = connect(port, &fs::read(&input).unwrap());
        stream.flush().unwrap();
        drop(stream);
        let bytes = before.bytes + fs::metadata(&input).unwrap().len();
        let after = sources.traffic("tcp", |traffic| traffic.bytes == bytes && traffic.connections == 0);
        let lines = sources.lines((after.lines - before.lines) as usize);
        let came = shown(&lines, (after.malformed - before.malformed, after.cut - before.cut));
        let expected = input.with_extension("out");
        if env::var_os("LIFESIGNS_BLESS").is_some() {
            fs::write(&expected, &came).unwrap();
        }
        assert_eq!(came, fs::read_to_string(&expected).unwrap_or_default(), "{}", input.display());
        connect(port, b"<13>app[1]: honest\n");
        assert_eq!(sources.lines(1), [line("127.0.0.1", "honest")], "after {}", input.display());
        before = sources.traffic("tcp", |traffic| traffic.connections == 0 && traffic.lines == after.lines + 1);
    }
    sources.supervisor.end().unwrap();
}
