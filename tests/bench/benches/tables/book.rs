//! What it costs to publish the book after each commit: turns of a book with 100 000 alerts, with and without a view
//! of it, and the commits of the same changes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use lifesigns_bench::{Table, machine, median, millis, pin, quick, repeats, resident_bytes};
use lifesigns_compliance::{Book, BookInput, BookView, ComplianceConfig};
use lifesigns_model::{Change, Criticality, Impact, RuleAlert};
use lifesigns_record::Commit;
use lifesigns_store_sqlite::Store;

const SECOND: u64 = 1_000_000_000;

/// `only` names the numbers of changes to measure, such as `1000`; none means all.
pub(crate) fn table(only: &[String]) {
    let machine = machine();
    let core = pin();
    let alerts = if quick() { 2_000 } else { 100_000 };
    let repeats = repeats(31);
    println!("\n## Publishing the book\n");
    println!(
        "{machine}; pinned to core {core:?}; {alerts} objects with an open alert each; medians of {repeats} turns, \
         each with other objects. Published: a view is made after each turn and replaces the last one.\n"
    );
    let mut table = Table::new(&[
        "alerts changed in a turn",
        "the book, not published",
        "the book, published",
        "the view itself",
        "the commit",
    ]);
    for changes in [1, 100, 10_000].into_iter().filter(|changes| *changes <= alerts) {
        if !only.is_empty() && !only.contains(&changes.to_string()) {
            continue;
        }
        let mut turns = Turns::new(alerts);
        let mut plain = Vec::new();
        let (mut published, mut views, mut commits) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..repeats {
            plain.push(turns.apply(changes));
            commits.push(turns.commit());
        }
        turns.publish();
        for _ in 0..repeats {
            let applied = turns.apply(changes);
            turns.commit();
            let view = turns.publish();
            published.push(applied + view);
            views.push(view);
        }
        let [plain, published, view, commit] =
            [plain, published, views, commits].map(|mut all| millis(median(&mut all)));
        table.row([changes.to_string(), plain, published, view, commit]);
    }
    println!("{table}");
    let before = resident_bytes().unwrap_or(0);
    let turns = Turns::new(alerts);
    let bytes = resident_bytes().unwrap_or(0).saturating_sub(before);
    println!("A book with {alerts} alerts: {} bytes of memory for each.\n", bytes / turns.alerts);
}

/// A book, what is published of it, and where its changes go.
struct Turns {
    book: Book,
    published: Option<Arc<BookView>>,
    store: Store,
    commit: Commit,
    alerts: u64,
    /// Event time.
    at_ns: u64,
    line: u64,
    _folder: tempfile::TempDir,
}

impl Turns {
    /// Opens an alert on each object, and commits them.
    fn new(alerts: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut turns = Self {
            book: Book::new(Arc::new(ComplianceConfig::default())).expect("no mistakes"),
            published: None,
            store: Store::open(folder.path().join("lifesigns.db"), 0).expect("it is new"),
            commit: Commit::default(),
            alerts,
            at_ns: SECOND,
            line: 0,
            _folder: folder,
        };
        turns.at_ns += SECOND;
        for object in 0..alerts {
            turns.raise(object);
        }
        turns.commit.changes = turns.book.take();
        turns.commit();
        turns
    }

    fn raise(&mut self, object: u64) {
        self.line += 1;
        let _ = self.book.apply(BookInput::Symptom(Box::new(raised(object, self.at_ns, self.line))));
    }

    /// Applies a turn of changes, spread over the objects, and takes what they changed. Returns how long that took.
    fn apply(&mut self, changes: u64) -> Duration {
        self.at_ns += SECOND;
        let begin = Instant::now();
        for number in 0..changes {
            self.raise((self.line * 7919 + number * (self.alerts / changes)) % self.alerts);
        }
        self.commit.changes = self.book.take();
        begin.elapsed()
    }

    fn commit(&mut self) -> Duration {
        self.commit.now_ns = self.at_ns;
        self.commit.event_ns = Some(self.book.event_ns());
        let begin = Instant::now();
        self.store.commit(&self.commit).expect("there is room");
        begin.elapsed()
    }

    /// Makes a view, which replaces the one before.
    fn publish(&mut self) -> Duration {
        let begin = Instant::now();
        self.published = Some(Arc::new(self.book.view()));
        begin.elapsed()
    }
}

fn raised(object: u64, time_ns: u64, line: u64) -> RuleAlert {
    RuleAlert {
        time_ns,
        rule: "docker".to_owned(),
        symptom: "created".to_owned(),
        title: "A container was created".to_owned(),
        object: format!("vm-{object}"),
        criticality: Criticality::Warning,
        impact: Impact::Risk,
        change: Change::Raise,
        summary: format!("Container web-{line} was created"),
        recommendation: "Move the container".to_owned(),
        controls: vec!["CIS-Docker-1.6:5.4".to_owned()],
        hold_ms: 0,
        attributes: vec![("image".to_owned(), "busybox".to_owned())],
        source: "/var/log/docker.log".to_owned(),
        line,
        text: format!("level=debug msg=\"Calling POST /v1.41/containers/create?name=web-{line}\""),
        module: "sha256:0".to_owned(),
    }
}
