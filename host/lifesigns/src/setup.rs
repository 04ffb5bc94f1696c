//! What `lifesigns.toml` configures, for programs that embed a host.

use std::{path::Path, sync::Arc, time::Duration};

use lifesigns_engine::EngineConfig;
use lifesigns_intake::inventory;
use lifesigns_model::{ObjectFacts, limits};
use lifesigns_record::RetentionPolicy;
use lifesigns_recorder::RecorderConfig;
use lifesigns_settings::{Diagnostics, EngineSettings, Settings};
use lifesigns_sources::sources_reporting_end;

use crate::builder::HostBuilder;

/// Why a configuration was not taken. Displayed as lines `file:line:column: message; help`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The text, or an inventory that it names, has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Diagnostics),
    /// Two objects of the inventory have one name.
    #[error("the inventory: {0}")]
    Names(String),
}

/// A checked configuration, read as `lifesigns run` reads its own: groups, policies, alert definitions, routes,
/// receivers, retention, limits, inventory, sources. [`HostBuilder::setup`](crate::HostBuilder::setup) takes it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use lifesigns::{HostBuilder, Sandbox, Setup, record::MemoryStore};
///
/// let setup = Setup::from_toml(
///     r#"
///     [[group]]
///     name = "playground"
///     when = 'properties.env == "playground"'
///     "#,
/// )?;
/// let host = HostBuilder::without_folder(Sandbox::new(None)?)
///     .setup(&setup)
///     .start_recording_with(Box::new(MemoryStore::default().open()))?;
/// host.stop();
///
/// let mistake = Setup::from_toml("[[group]]\nnam = \"playground\"\n").unwrap_err().to_string();
/// assert!(mistake.contains("setup.toml:2:1: a group has no key `nam`; did you mean `name`?"), "{mistake}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Setup {
    settings: Settings,
    inventory: Vec<ObjectFacts>,
}

impl Setup {
    /// Reads a text with the keys of `lifesigns.toml`, of which none is required. Paths are relative to the working
    /// directory; the environment is not read. Mistakes name the text `setup.toml`.
    ///
    /// # Errors
    /// All mistakes at once, with lines and columns.
    pub fn from_toml(text: &str) -> Result<Self, SetupError> {
        Self::from_toml_with(text, &[])
    }

    /// As [`Self::from_toml`]; routes and policies may also name `receivers` of the program's own, those that
    /// [`HostBuilder::receiver`] adds.
    ///
    /// # Errors
    /// All mistakes at once, with lines and columns.
    pub fn from_toml_with(text: &str, receivers: &[&str]) -> Result<Self, SetupError> {
        Self::new(Settings::from_text(Path::new("setup.toml"), text, receivers)?)
    }

    fn new(settings: Settings) -> Result<Self, SetupError> {
        let mut objects = Vec::new();
        for path in &settings.inventories {
            objects.extend(inventory::load(path)?);
        }
        match inventory::name_conflict(&objects) {
            Some(what) => Err(SetupError::Names(what)),
            None => Ok(Self { settings, inventory: objects }),
        }
    }

    /// Returns all that was read, also what a builder has no use for: the sources (see
    /// [`SourceSupervisor`](crate::sources::SourceSupervisor)), `store`, and what belongs to the program `lifesigns`,
    /// such as `[server]` and `control`.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the objects of its inventories.
    pub fn inventory(&self) -> &[ObjectFacts] {
        &self.inventory
    }
}

impl HostBuilder {
    /// Takes from a configuration what a host takes: the rules folder if there is one, limits, groups, policies,
    /// definitions, routes, receivers, retention and the inventory. Its sources are not read: see [`Setup::settings`].
    #[must_use]
    pub fn setup(self, setup: &Setup) -> Self {
        self.settings(&setup.settings).inventory(setup.inventory.clone())
    }

    /// Takes the same of checked settings, but for the inventory.
    #[must_use]
    pub fn settings(self, settings: &Settings) -> Self {
        let builder = self
            .module_folders(settings.module_folders.clone())
            .compile_threads(settings.compile.processes)
            .start_wait(Duration::from_millis(settings.compile.start_wait_ms))
            .sources_reporting_end(sources_reporting_end(&settings.sources))
            .config(engine_config(&settings.engine))
            .recorder_config(recorder_config(settings));
        if settings.rules.as_os_str().is_empty() { builder } else { builder.rules_folder(&settings.rules) }
    }
}

/// Returns the part of checked settings that a running host can be given with
/// [`RecorderHandle::configure`](crate::RecorderHandle::configure).
pub fn recorder_config(settings: &Settings) -> RecorderConfig {
    let retention = &settings.retention;
    RecorderConfig {
        compliance: Arc::new(settings.compliance.clone()),
        receivers: settings.receivers.clone(),
        outbound: settings.outbound.clone(),
        retention: RetentionPolicy {
            alerts_age_ms: retention.alerts_ms,
            audit_age_ms: retention.audit_ms,
            badges_age_ms: retention.badges_ms,
            size_bytes: retention.size_bytes,
        },
    }
}

fn engine_config(settings: &EngineSettings) -> EngineConfig {
    let default = EngineConfig::default();
    EngineConfig {
        scanners: settings.scanners.unwrap_or(default.scanners),
        shards: settings.shards.unwrap_or(default.shards),
        inflight_bytes: settings.inflight_bytes.unwrap_or(default.inflight_bytes),
        pin: settings.pin.unwrap_or(default.pin),
        rules_cpu_ms_per_s: settings.rules_cpu_ms_per_s.unwrap_or(default.rules_cpu_ms_per_s),
        rules_state_bytes: settings.rules_state_bytes.unwrap_or(default.rules_state_bytes),
        keep_events_bytes: settings.keep_events_bytes.unwrap_or(limits::KEPT_EVENTS_BYTES),
        ..default
    }
}
