//! What a host is made of.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use lifesigns_control::Server;
use lifesigns_engine::{AlertSink, Config, Engine};
use lifesigns_keeper::{KeepError, MakeReceiver, Opened, Refused, Setup, SignSink};
use lifesigns_model::{ObjectFacts, Start};
use lifesigns_outlets::Receiver;
use lifesigns_sandbox::Sandbox;

use crate::{
    Host, KeptHost, Load, Outcome,
    host::Watch,
    kept::by_id,
    turn::{LoadSink, Rules},
};

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The system gave no thread.
    #[error("the host cannot be started: {0}")]
    Thread(#[from] io::Error),
    /// The rules' literals do not fit into an index.
    #[error("the rules cannot be indexed: {0}")]
    Index(#[from] lifesigns_engine::prefilter::BuildError),
    /// The store, or what decides over it.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The control socket.
    #[error(transparent)]
    Control(#[from] lifesigns_control::BindError),
}

/// What a host is made of.
pub struct Builder {
    sandbox: Sandbox,
    rules: PathBuf,
    known: Vec<ObjectFacts>,
    config: Config,
    on_load: LoadSink,
    setup: Setup,
    own: BTreeMap<String, MakeReceiver>,
    on_sign: Option<SignSink>,
    control: Option<PathBuf>,
}

impl Builder {
    /// A host for the rules in a folder, which need not exist yet.
    pub fn new(sandbox: Sandbox, rules: impl Into<PathBuf>) -> Self {
        Self {
            sandbox,
            rules: rules.into(),
            known: Vec::new(),
            config: Config::default(),
            on_load: Arc::new(|_| ()),
            setup: Setup::default(),
            own: BTreeMap::new(),
            on_sign: None,
            control: None,
        }
    }

    /// Facts that hold from the start; no rule is told of them.
    #[must_use]
    pub fn known(mut self, known: Vec<ObjectFacts>) -> Self {
        self.known = known;
        self
    }

    /// Threads and bounds.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Who is told what became of rules: once at the start, and after every change.
    #[must_use]
    pub fn on_load(mut self, on_load: impl Fn(&[Load]) + Send + Sync + 'static) -> Self {
        self.on_load = Arc::new(on_load);
        self
    }

    /// What a kept host begins with: groups, policies, alert definitions, routes, receivers.
    #[must_use]
    pub fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// A receiver of the platform's own, which a kept host's routes name as they name others.
    #[must_use]
    pub fn receiver<R: Receiver + 'static>(
        mut self,
        name: impl Into<String>,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.own.insert(name.into(), Arc::new(move || Box::new(make())));
        self
    }

    /// Who is shown what rules say to a kept host, before it is committed: after a crash it may be
    /// shown again.
    #[must_use]
    pub fn on_sign(mut self, on_sign: SignSink) -> Self {
        self.on_sign = Some(on_sign);
        self
    }

    /// Where a kept host answers commands: a Unix socket of mode 0600.
    #[must_use]
    pub fn control(mut self, socket: impl Into<PathBuf>) -> Self {
        self.control = Some(socket.into());
        self
    }

    /// Loads the rules and starts; alerts are what rules say, and nothing is remembered after the
    /// end. Rules that are refused are told to `on_load`; they keep nobody from starting.
    ///
    /// # Errors
    /// When the system gives no threads, or the rules cannot be indexed.
    pub fn start(self, on_alert: AlertSink) -> Result<Host, HostError> {
        let rules = Rules::load(self.sandbox, &self.rules, self.on_load);
        let start = Start { known: self.known, ..Start::default() };
        let engine = Arc::new(Engine::start(&self.config, rules.set()?, start, on_alert)?);
        let watch = Watch::new(rules.watch(&engine)?);
        Ok(Host { engine, watch })
    }

    /// Loads the rules and goes on from what is kept at `store`, a file that is made if it is not
    /// there. Nothing that was acknowledged is lost: not in a crash, not with a full disk.
    ///
    /// # Errors
    /// See [`HostError`]. A store that cannot be used is left as it is.
    pub fn keep(self, store: impl AsRef<Path>) -> Result<KeptHost, HostError> {
        // The socket first: whoever is there already is told apart from a store that is in use.
        let server = self.control.as_deref().map(Server::bind).transpose()?;
        let mut opened = Opened::open(store.as_ref(), self.setup)?;
        let (refused, on_load) = (Refused::default(), self.on_load);
        let note = Arc::clone(&refused);
        let on_load: LoadSink = Arc::new(move |loads: &[Load]| {
            note_refusals(&note, loads);
            on_load(loads);
        });
        let rules = Rules::load(self.sandbox, &self.rules, on_load);
        let known: Vec<ObjectFacts> = by_id(self.known).into_values().collect();
        let start = opened.start(known.clone());
        let places = start.places.clone();
        let config = Config { cuts: true, ..self.config };
        let engine = Arc::new(Engine::start(&config, rules.set()?, start, Arc::new(|_: &_| ()))?);
        let watch = Watch::new(rules.watch(&engine)?);
        let keep = opened.keep(Arc::clone(&engine), places, self.own, refused, self.on_sign)?;
        if let Some(server) = server {
            keep.serve(server)?;
        }
        Ok(KeptHost::new(engine, watch, keep, known))
    }
}

/// What `status` says of rules that are refused: all of them are among what a load says.
fn note_refusals(refused: &Refused, loads: &[Load]) {
    let now = loads.iter().filter_map(|load| match &load.outcome {
        Outcome::Refused { why, .. } => Some((load.name.clone(), why.clone())),
        _ => None,
    });
    *refused.lock().unwrap_or_else(PoisonError::into_inner) = now.collect();
}
