//! Lines of all containers on their way to the sink, each as a record about the source's object.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use lifesigns_model::{Decoder, LogRecord};
use lifesigns_sources::{Content, Pushed, RecordLines, SourceFeed, Submission};
use tokio::sync::{Notify, watch};

use super::{
    frames::OutputStream,
    log_position::{ContainerId, LogPositions, StreamPosition},
};
use crate::{
    batch::when_idle,
    counters::{Counters, add},
};

/// Fields that say which container a line is of.
const OWN_FIELDS: usize = 4;

/// What is known of a container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) key: ContainerId,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) image: String,
    pub(super) is_terminal: bool,
}

/// A whole line of a container.
pub(super) struct OutputLine<'a> {
    pub(super) stream: OutputStream,
    pub(super) time_ns: Option<u64>,
    pub(super) text: &'a [u8],
    pub(super) is_cut: bool,
    /// How far its stream is read with it.
    pub(super) position: StreamPosition,
}

/// Collects records and submits them with the position behind them. Blocks while the sink has no room, and with it all
/// that reads for this source.
pub(super) struct RecordBatch {
    feed: SourceFeed,
    object: String,
    decoder: Arc<dyn Decoder>,
    counters: Arc<Counters>,
    records: RefCell<RecordLines>,
    pub(super) positions: RefCell<LogPositions>,
    waiting: Notify,
    is_closed: Cell<bool>,
    stop: watch::Sender<bool>,
}

impl RecordBatch {
    pub(super) fn new(
        feed: SourceFeed,
        object: String,
        decoder: Arc<dyn Decoder>,
        counters: Arc<Counters>,
        positions: LogPositions,
        stop: watch::Sender<bool>,
    ) -> Rc<Self> {
        let (records, positions) = (RefCell::default(), RefCell::new(positions));
        let (waiting, is_closed) = (Notify::new(), Cell::new(false));
        Rc::new(Self { feed, object, decoder, counters, records, positions, waiting, is_closed, stop })
    }

    /// Adds a line of a container.
    pub(super) fn push(&self, container: &Container, line: &OutputLine<'_>) {
        if self.is_closed.get() {
            return;
        }
        let text = String::from_utf8_lossy(line.text);
        let mut record = self.record(container, line, &text);
        add(&self.counters.lines, 1);
        add(&self.counters.cut, u64::from(line.is_cut));
        add(&self.counters.malformed, u64::from(record.malformed || line.time_ns.is_none()));
        let mut records = self.records.borrow_mut();
        if records.is_empty() {
            self.waiting.notify_one();
        }
        let mut pushed = records.push_read(&record, &self.object, &text);
        if pushed == Pushed::TooLarge {
            // By the fields that were read of it: what is left has room.
            record.fields.truncate(OWN_FIELDS);
            add(&self.counters.cut, 1);
            pushed = records.push_read(&record, &self.object, &text);
        }
        if pushed == Pushed::Full {
            self.submit(std::mem::take(&mut *records));
            // Lines are bounded: one has room in an empty batch.
            let _ = records.push_read(&record, &self.object, &text);
        }
        self.positions.borrow_mut().advance(&container.key, line.stream, line.position);
    }

    /// Returns what a line is. A container writes what it likes: its text names neither object nor application, states no
    /// facts, and its fields come after those that say which container it is.
    fn record<'t>(&self, container: &'t Container, line: &OutputLine<'_>, text: &'t str) -> LogRecord<'t> {
        let mut record = self.decoder.decode(text);
        if record.message.is_none() {
            record.message = Some(Cow::Borrowed(text));
        }
        let own: [_; OWN_FIELDS] = [
            ("container.id", &*container.id),
            ("container.name", &container.name),
            ("container.image", &container.image),
            ("stream", line.stream.as_str()),
        ];
        let own = own.into_iter().map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
        record.fields = own.chain(record.fields).collect();
        record.time_ns = line.time_ns.or(record.time_ns);
        record.app = Some(Cow::Borrowed(&container.name));
        (record.object, record.facts) = (None, None);
        record
    }

    /// Submits what was collected.
    pub(super) fn flush(&self) {
        let records = std::mem::take(&mut *self.records.borrow_mut());
        self.submit(records);
    }

    fn submit(&self, records: RecordLines) {
        if records.is_empty() {
            return;
        }
        add(&self.counters.cut, records.cut());
        let position = self.positions.borrow().to_bytes();
        if self.feed.submit(Content::Records(records), Some(position)) == Submission::Closed {
            self.is_closed.set(true);
            self.stop.send_replace(true);
        }
    }

    /// Submits whenever everything that was ready has been read.
    pub(super) async fn flush_when_idle(self: Rc<Self>) {
        when_idle(&self.waiting, || self.flush()).await;
    }
}
