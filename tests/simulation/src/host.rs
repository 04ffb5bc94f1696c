//! The host under test: the real one, on the simulation's clock, following the simulation's files. A
//! start resumes from what was committed, as after any stop.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use lifesigns::{
    HostBuilder, RecorderConfig, RecordingHost, Sandbox,
    compliance::{
        AlertStatus, ComplianceConfig, NoticeKind,
        query::{AlertFilter, Query, QueryAnswer},
    },
    model::{Chunk, EventSource, ManualClock, SharedClock, WakeSignal},
    notifications::{DeliveryError, Message, Receiver},
    record::MemoryStore,
};
use lifesigns_intake::{Cursor, FollowEvent, Format, StartPosition, Tail};
use lifesigns_settings::Settings;

/// How long a change may take to show on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Notified openings: object, definition, id and how often the alert had been reopened.
pub(crate) type Openings = Arc<Mutex<BTreeSet<(String, String, String, u32)>>>;

struct Tap(Openings);

impl Receiver for Tap {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        let mut openings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for notice in message.notices.iter().filter(|notice| notice.happened == NoticeKind::Opened) {
            let alert = &notice.alert;
            openings.insert((alert.object.to_string(), alert.definition.to_string(), alert.id.clone(), alert.reopened));
        }
        Ok(())
    }
}

/// A followed file.
struct Following {
    tail: Tail,
    source: Arc<EventSource>,
}

/// A running host.
pub(crate) struct Host {
    host: RecordingHost,
    files: Vec<Following>,
    clock: Arc<ManualClock>,
    /// Bytes that the host reported as not read.
    pub(crate) gaps: u64,
}

/// The folder of one simulated day.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) sandbox_cache: PathBuf,
    /// The record, if it is in memory and not in a file.
    pub(crate) memory: Option<MemoryStore>,
}

impl Home {
    pub(crate) fn rules(&self) -> PathBuf {
        self.folder.join("rules.d")
    }

    pub(crate) fn inventory(&self) -> PathBuf {
        self.folder.join("inventory.csv")
    }

    pub(crate) fn log(&self, number: usize) -> PathBuf {
        self.folder.join("logs").join(format!("app{number}.log"))
    }

    /// Parses groups, policies, definitions and routes.
    pub(crate) fn compliance(&self, text: &str) -> Arc<ComplianceConfig> {
        let path = self.folder.join("lifesigns.toml");
        fs::write(&path, text).expect("the configuration can be written");
        let settings = Settings::load(&path, std::iter::empty()).unwrap_or_else(|wrong| panic!("{wrong}"));
        Arc::new(settings.compliance)
    }
}

impl Host {
    pub(crate) fn start(
        home: &Home,
        clock: &Arc<ManualClock>,
        compliance: Arc<ComplianceConfig>,
        files: usize,
        openings: &Openings,
    ) -> Self {
        let names: Vec<String> = (0..files).map(|number| home.log(number).display().to_string()).collect();
        let sandbox = sandbox(&home.sandbox_cache);
        let shared: SharedClock = clock.clone();
        let known = lifesigns_intake::inventory::load(home.inventory()).expect("the inventory is sound");
        let openings = Arc::clone(openings);
        let builder = HostBuilder::new(sandbox, home.rules())
            .clock(shared.clone())
            .inventory(known)
            .sources_reporting_end(names.clone())
            .recorder_config(RecorderConfig { compliance, ..RecorderConfig::default() })
            .receiver("tap", move || Tap(Arc::clone(&openings)));
        let started = match &home.memory {
            Some(memory) => builder.start_recording_with(Box::new(memory.open())),
            None => builder.start_recording(home.folder.join("lifesigns.db")),
        };
        let host = started.unwrap_or_else(|error| panic!("the host starts: {error}"));
        let mut following = Vec::new();
        for (rank, name) in names.into_iter().enumerate() {
            let place = host.recorder().source_offset(&name).and_then(|place| Cursor::from_bytes(&place.cursor?));
            let tail = Tail::new(&name, place.map_or(StartPosition::Start, StartPosition::At));
            let decoder = Format::Auto.live_decoder(shared.clone());
            let source = EventSource { name, rank: rank as u32, object: String::new(), app: None, decoder };
            following.push(Following { tail, source: Arc::new(source) });
        }
        Self { host, files: following, clock: Arc::clone(clock), gaps: 0 }
    }

    /// Reads everything that is in the files, and waits until it is committed.
    pub(crate) fn read(&mut self) {
        let now_ns = lifesigns::model::Clock::now_ns(&*self.clock);
        for Following { tail, source } in &mut self.files {
            let (host, gaps) = (&self.host, &mut self.gaps);
            tail.look(&WakeSignal::new(), &mut |event| {
                match event {
                    FollowEvent::Lines { bytes, cursor } => {
                        let chunk = Chunk {
                            source: Arc::clone(source),
                            bytes,
                            arrived_ns: Some(now_ns),
                            cursor: Some(cursor.to_bytes()),
                            ack: None,
                        };
                        host.submit(chunk).expect("the host takes lines");
                    }
                    FollowEvent::Gap(gap) => *gaps += gap.bytes.unwrap_or(1),
                    FollowEvent::State(_) | FollowEvent::Looked { .. } | FollowEvent::Unfinished { .. } => {}
                }
                ControlFlow::Continue(())
            });
        }
        self.host.wait_committed();
        for file in &self.files {
            self.host.recorder().caught_up(&file.source.name, now_ns);
        }
    }

    /// Every alert that is open, by object and definition, with whether it is allowed.
    pub(crate) fn open(&self) -> BTreeMap<(String, String), bool> {
        let filter = AlertFilter { allowed: true, ..AlertFilter::default() };
        let alerts = match self.host.recorder().ask(&Query::Alerts(filter)) {
            Ok(QueryAnswer::Alerts(alerts)) => alerts,
            other => panic!("alerts were asked for: {other:?}"),
        };
        let open = alerts.iter().filter(|alert| alert.status == AlertStatus::Open);
        open.map(|alert| ((alert.object.to_string(), alert.definition.to_string()), alert.allowed)).collect()
    }

    pub(crate) fn inventory(&self, home: &Home) {
        let objects = lifesigns_intake::inventory::load(home.inventory()).expect("the inventory is sound");
        self.host.inventory(objects).expect("the store takes it");
    }

    pub(crate) fn configure(&self, compliance: Arc<ComplianceConfig>) {
        let config = RecorderConfig { compliance, ..RecorderConfig::default() };
        self.host.recorder().configure(config).unwrap_or_else(|error| panic!("it is configured: {error}"));
    }

    /// Waits until a rule is loaded, or removed.
    pub(crate) fn await_rule(&self, name: &str, there: bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.host.rules().rules().iter().any(|rule| rule.name() == name) != there {
            assert!(Instant::now() < deadline, "the rule {name} is there: {there}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn stop(self) {
        self.host.stop();
    }
}

fn sandbox(cache: &Path) -> Sandbox {
    let cache = lifesigns::Cache::open(cache).expect("a cache can be made");
    Sandbox::new(Some(cache)).expect("this machine runs it")
}
