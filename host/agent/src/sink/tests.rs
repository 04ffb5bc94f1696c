//! The sink: room, and events that go on.

use std::{collections::BTreeMap, sync::Arc, thread};

use lifesigns_intake::{Format, Pushed};
use lifesigns_model::{EventSource, Facts, LogRecord, ManualClock};
use lifesigns_sources::InputSource;

use super::*;

fn input(content: Content, cursor: u8) -> Input {
    let (name, object, decoder) = ("log".to_owned(), "vm-7".to_owned(), Format::Auto.decoder(0));
    let source = InputSource::new(EventSource { name, rank: 0, object, app: None, decoder });
    Input { source, content, arrived_ns: Some(7), cursor: Some(vec![cursor]), ack: None }
}

fn lines(cursor: u8) -> Input {
    input(Content::Lines(b"a line\n".to_vec()), cursor)
}

fn style(marker: Option<&str>) -> HashMap<String, EventStyle> {
    let marker = marker.map(str::to_owned);
    let style = EventStyle { object: "vm-7".into(), fields: BTreeMap::new(), marker };
    HashMap::from([("log".to_owned(), style)])
}

#[test]
fn while_the_spool_is_full_sources_wait_and_metrics_are_dropped_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = SpoolSink::open(folder.path(), 4096, Arc::new(ManualClock::new(7))).expect("a new one");
    let sink = Arc::new(sink);
    sink.add_styles(style(None), Vec::new());
    assert_eq!(sink.submit(lines(1)), Submission::Accepted);
    sink.flush_all();
    let mut records = RecordLines::default();
    let facts = LogRecord { facts: Some(Facts::default()), ..LogRecord::default() };
    assert_eq!(records.push(&facts, "vm-7"), Pushed::Added);
    assert_eq!(sink.submit(input(Content::Records(records), 1)), Submission::Accepted);
    let mut report = AgentReport::default();
    sink.report(&mut report);
    assert_eq!((report.spool_bytes, report.dropped_metrics), (4096, 1));
    assert!(report.problem.contains("the spool is full"), "{}", report.problem);

    let waiting = Arc::clone(&sink);
    let waiter = thread::spawn(move || waiting.submit(lines(2)));
    assert_eq!(sink.checkpoint("log").and_then(|offset| offset.cursor), Some(vec![1]));
    let (number, _) = sink.oldest().expect("there is one");
    sink.update(|spool, state, folder| spool.remove(number, state, folder)).expect("it is removed");
    assert_eq!(waiter.join().expect("no panic"), Submission::Accepted);
    assert_eq!(sink.checkpoint("log").and_then(|offset| offset.cursor), Some(vec![2]));

    sink.flush_all();
    let waiting = Arc::clone(&sink);
    let waiter = thread::spawn(move || waiting.submit(lines(3)));
    sink.close();
    assert_eq!(waiter.join().expect("no panic"), Submission::Closed);
    assert_eq!(sink.checkpoint("log").and_then(|offset| offset.cursor), Some(vec![2]));
}

#[test]
fn the_start_of_an_event_outlasts_a_crash_and_ends_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::new(7));
    let open = || {
        let sink = SpoolSink::open(folder.path(), 1 << 20, Arc::<ManualClock>::clone(&clock)).expect("it opens");
        sink.add_styles(style(Some("^[0-9]")), Vec::new());
        sink
    };
    let sink = open();
    assert_eq!(sink.submit(input(Content::Lines(b"1 begins\n".to_vec()), 1)), Submission::Accepted);
    sink.flush_all();
    drop(sink);
    let sink = open();
    assert_eq!(sink.checkpoint("log").and_then(|offset| offset.cursor), Some(vec![1]));
    assert_eq!(sink.submit(input(Content::Lines(b"  goes on\n".to_vec()), 2)), Submission::Accepted);
    clock.set(10 * PENDING_MS * NS_PER_MS);
    sink.tick();
    sink.flush_all();
    let events = || {
        let mut inner = sink.lock();
        let mut bytes = 0;
        while let Some((number, path)) = inner.spool.oldest() {
            let segment = crate::segment::Segment::read(&path).expect("it is sound");
            bytes += segment.parts.iter().map(|(events, _)| events).sum::<u64>();
            let Inner { spool, state, .. } = &mut *inner;
            spool.remove(number, state, folder.path()).expect("it is removed");
        }
        bytes
    };
    assert_eq!(events(), 1);
    assert_eq!(open().checkpoint("log").and_then(|offset| offset.cursor), Some(vec![2]));
}
