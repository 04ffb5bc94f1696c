//! Sources over a sink in memory: they go on where they were committed, and are forgotten when they are
//! removed.

#![allow(clippy::unwrap_used)]

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lifesigns_intake::{Cursor, FollowFrom, Format, ObjectLines, Pushed, RecordLines, SourceKind, SourceSettings};
use lifesigns_model::{Chunk, EventSource, LogRecord, SystemClock};
use lifesigns_sources::{
    Activity, Content, Input, InputSource, MemorySink, SourceSink, SourceSupervisor, Submission, sources_reporting_end,
};

/// Only a failing test waits this long.
const DEADLINE: Duration = Duration::from_secs(60);

fn follow(name: &str, path: &Path) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Follow(path.to_owned(), FollowFrom::Start),
        name: name.to_owned(),
        format: Format::Plain,
        time_formats: Vec::new(),
        object: "web-1".to_owned(),
        app: None,
    }
}

fn sources(sink: &Arc<MemorySink>) -> SourceSupervisor {
    SourceSupervisor::new(Arc::<MemorySink>::clone(sink), SystemClock::shared())
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn text(chunks: &[Chunk]) -> String {
    chunks.iter().map(|chunk| str::from_utf8(&chunk.bytes).unwrap()).collect()
}

/// Takes what comes until it is `expected`.
#[track_caller]
fn sees(sink: &MemorySink, expected: &str) -> Vec<Chunk> {
    let until = Instant::now() + DEADLINE;
    let mut chunks = Vec::new();
    while text(&chunks).len() < expected.len() {
        assert!(Instant::now() < until, "waited for {expected:?}, saw {:?}", text(&chunks));
        thread::sleep(Duration::from_millis(2));
        chunks.extend(sink.take());
    }
    assert_eq!(text(&chunks), expected);
    chunks
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < until, "it did not come");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_source_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    append(&path, "first\n");
    let sink = Arc::new(MemorySink::default());
    let mut run = sources(&sink);
    assert!(run.reconcile(&[follow("app", &path)]).unwrap().is_empty());
    sink.commit(sees(&sink, "first\n"));
    run.end().unwrap();

    append(&path, "second\n");
    let mut run = sources(&sink);
    run.reconcile(&[follow("app", &path)]).unwrap();
    let second = sees(&sink, "second\n");
    let cursor = second.last().and_then(|chunk| Cursor::from_bytes(chunk.cursor.as_ref()?)).unwrap();
    assert_eq!(cursor.offset, 13);

    // A change of its configuration starts it again where it was read, though that is not committed.
    run.reconcile(&[SourceSettings { object: "web-2".to_owned(), ..follow("app", &path) }]).unwrap();
    append(&path, "third\n");
    let third = sees(&sink, "third\n");
    assert!(third.iter().all(|chunk| chunk.source.object == "web-2"));
    wait_until(|| sink.ended_ns("app").is_some());
    run.end().unwrap();
}

#[test]
fn a_source_that_is_removed_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (app, web) = (folder.path().join("app.log"), folder.path().join("web.log"));
    append(&app, "one\n");
    append(&web, "two\n");
    let sink = Arc::new(MemorySink::default());
    let mut run = sources(&sink);
    run.reconcile(&[follow("app", &app)]).unwrap();
    sink.commit(sees(&sink, "one\n"));
    run.reconcile(&[follow("app", &app), follow("web", &web)]).unwrap();
    sink.commit(sees(&sink, "two\n"));
    run.reconcile(&[follow("app", &app)]).unwrap();
    assert_eq!(sink.checkpoints(), ["app"]);
    run.reconcile(&[follow("app", &app), follow("web", &web)]).unwrap();
    sink.commit(sees(&sink, "two\n"));
    run.end().unwrap();

    // Removed while nothing ran.
    let mut run = sources(&sink);
    run.reconcile(&[follow("web", &web)]).unwrap();
    assert_eq!(sink.checkpoints(), ["app", "web"]);
    run.forget_others();
    assert_eq!(sink.checkpoints(), ["web"]);
    run.reconcile(&[follow("app", &app), follow("web", &web)]).unwrap();
    sees(&sink, "one\n");
    run.end().unwrap();
}

#[test]
fn a_file_that_is_read_once_comes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.log");
    append(&path, "one\ntwo");
    let kind = SourceKind::File(path.clone());
    let config = SourceSettings { kind, ..follow("old", &path) };
    assert_eq!(sources_reporting_end(std::slice::from_ref(&config)), ["old"]);
    let missing = SourceSettings { kind: SourceKind::File(folder.path().join("none")), ..follow("missing", &path) };
    let sink = Arc::new(MemorySink::default());
    let mut run = sources(&sink);
    run.reconcile(&[config, missing]).unwrap();
    wait_until(|| run.have_ended());
    assert_eq!(sink.ended_ns("old"), Some(u64::MAX));
    sink.commit(sees(&sink, "one\ntwo"));
    let committed = sink.checkpoint("old").unwrap();
    let reports = sink.reports().reports(|name| Some(&committed).filter(|known| known.source == name));
    assert!(matches!(&reports[0].activity, Activity::Failed(why) if why.starts_with("missing cannot be read: ")));
    assert_eq!(reports[1].activity, Activity::Ended);
    assert_eq!((reports[1].lag_bytes, reports[1].cursor.map(|cursor| cursor.offset)), (Some(0), Some(7)));
    let error = run.end().unwrap_err().to_string();
    assert!(error.starts_with("missing cannot be read: "), "{error}");
}

#[test]
fn a_sink_that_is_closed_ends_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    append(&path, "one\n");
    let sink = Arc::new(MemorySink::default());
    sink.close();
    let mut run = sources(&sink);
    run.reconcile(&[follow("app", &path)]).unwrap();
    wait_until(|| run.have_ended());
    run.end().unwrap();
    assert!(sink.take().is_empty());
}

#[test]
fn records_and_lines_of_many_objects_are_input_too() {
    let source = InputSource::new(EventSource {
        name: "peers".to_owned(),
        rank: 0,
        object: "gateway".to_owned(),
        app: None,
        decoder: Format::Plain.decoder(0),
    });
    let mut lines = ObjectLines::default();
    assert_eq!(lines.push("10.0.0.7", b"up"), Pushed::Added);
    let mut records = RecordLines::default();
    let record = LogRecord { message: Some("{\"a\": 1}".into()), ..LogRecord::default() };
    assert_eq!(records.push(&record, "10.0.0.8"), Pushed::Added);
    let sink = MemorySink::default();
    for content in [Content::Lines(b"plain\n".to_vec()), Content::ObjectLines(lines), Content::Records(records)] {
        assert!(!content.is_empty());
        let input = Input { source: source.clone(), content, arrived_ns: None, cursor: None, ack: None };
        assert_eq!(sink.submit(input), Submission::Accepted);
    }
    let decoded = sink.take().into_iter().map(|chunk| {
        let text = str::from_utf8(&chunk.bytes).unwrap().trim_end().to_owned();
        let record = chunk.source.decoder.decode(&text);
        let object = record.object.as_deref().unwrap_or(&chunk.source.object).to_owned();
        (object, record.message.unwrap().into_owned())
    });
    let expected = [("gateway", "plain"), ("10.0.0.7", "up"), ("10.0.0.8", "{\"a\": 1}")];
    let expected = expected.map(|(object, message)| (object.to_owned(), message.to_owned()));
    assert_eq!(decoded.collect::<Vec<_>>(), expected);
}
