//! Where a host's socket and store are: as said on the command line, else as its configuration says.

use std::path::{Path, PathBuf};

use lifesigns_settings::Settings;

use super::{args::TargetArgs, validate};
use crate::exit::Failure;

/// The configuration that is read if none is named.
const CONFIG: &str = "lifesigns.toml";
/// The store beside it.
const STORE: &str = "lifesigns.db";

/// Where things are.
pub(crate) struct ResolvedPaths {
    /// The configuration, if there is one.
    pub(crate) config: Option<PathBuf>,
    /// What it says.
    pub(crate) settings: Option<Box<Settings>>,
    /// The control socket.
    pub(crate) socket: PathBuf,
    /// The store.
    pub(crate) store: PathBuf,
}

impl ResolvedPaths {
    /// Looks for them. A configuration that is not there is a failure only if it was named; one with
    /// mistakes is in the way only of what it would have said.
    pub(crate) fn find(place: &TargetArgs) -> Result<Self, Failure> {
        let config = place.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG));
        let there = place.config.is_some() || config.exists();
        let settings = match there.then(|| validate::load(&config)) {
            None => None,
            Some(Ok(settings)) => Some(settings),
            // A running host has its own configuration in force, whatever is in the file by now.
            Some(Err(_)) if place.socket.is_some() => None,
            Some(Err(failure)) => return Err(failure),
        };
        Ok(Self::of(place, there.then_some(config), settings))
    }

    /// What can be said without the configuration.
    pub(crate) fn without(place: &TargetArgs) -> Self {
        Self::of(place, None, None)
    }

    /// With a configuration that was read already.
    pub(crate) fn found(place: &TargetArgs, config: &Path, settings: Box<Settings>) -> Self {
        Self::of(place, Some(config.to_owned()), Some(settings))
    }

    /// Returns the receivers that the configuration names.
    pub(crate) fn receivers(&self) -> Vec<String> {
        let settings = self.settings.iter();
        settings.flat_map(|settings| settings.receivers.iter().map(|receiver| receiver.name.clone())).collect()
    }

    fn of(place: &TargetArgs, config: Option<PathBuf>, settings: Option<Box<Settings>>) -> Self {
        let said = settings.as_deref();
        let store = match (&place.store, said) {
            (Some(store), _) => store.clone(),
            (None, Some(settings)) => settings.store.clone(),
            (None, None) => PathBuf::from(STORE),
        };
        let socket = match (&place.socket, &place.store, said) {
            (Some(socket), ..) => socket.clone(),
            // A store was named, so it is the host of that store that is meant.
            (None, Some(store), _) => beside(store),
            (None, None, Some(settings)) => settings.control.clone(),
            (None, None, None) => beside(&store),
        };
        Self { config, settings, socket, store }
    }
}

/// Returns the socket that a host makes beside its store.
fn beside(store: &Path) -> PathBuf {
    store.with_extension("sock")
}
