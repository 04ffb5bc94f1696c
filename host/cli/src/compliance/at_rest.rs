//! The service of a store that no host has open, with this command's warnings.

use std::sync::{Arc, Once};

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_api::ApiError;
use lifesigns_compliance::{BookSnapshot, ConfigError};
use lifesigns_recorder::{AtRestRemark, OpenRules, OpenWriter, StoreAtRest};
use lifesigns_settings::Settings;
use lifesigns_store_sqlite::{Store, StoreFile, StoreReader};

use super::places::ResolvedPaths;
use crate::{exit::Failure, folder_rules::FolderRules, terminal};

/// A command may ask several questions; the remark about the configuration is made once.
static REMARKED: Once = Once::new();

/// Returns the service of the store at rest; what is changed there is changed in the name of `who`.
pub(crate) fn service(places: &ResolvedPaths, who: String) -> Result<StoreAtRest, Failure> {
    let config = places.config.as_deref().map_or("lifesigns.toml".to_owned(), |path| path.display().to_string());
    let compliance = places.settings.as_ref().map(|settings| Arc::new(settings.compliance.clone()));
    let absence = format!("no host is running at {}", places.socket.display());
    let remedy = format!("start it with `lifesigns run --config {config}`");
    let clock = Arc::new(lifesigns::model::SystemClock);
    let service = StoreAtRest::new(Arc::new(StoreFile::new(&places.store)), compliance, clock, absence, remedy)
        .map_err(configuration_errors)?;
    let store = places.store.clone();
    let open: OpenWriter = Box::new(move || {
        let opened = Store::open(&store, SystemClock.now_ns());
        let opened = opened.map_err(|error| ApiError::Unavailable(error.to_string()))?;
        Ok(Box::new(opened) as _)
    });
    let service = service.on_remark(warn).acting(who, open);
    Ok(match &places.settings {
        Some(settings) => service.explaining(rules(settings)),
        None => service,
    })
}

/// Returns what loads the rules of a configuration, when an explanation needs them.
fn rules(settings: &Settings) -> OpenRules {
    let (folder, module_folders) = (settings.rules.clone(), settings.module_folders.clone());
    Box::new(move || {
        let rules = FolderRules::load(folder.clone(), module_folders.clone());
        Ok(Box::new(rules.map_err(|failure| ApiError::Unavailable(failure.to_string()))?) as _)
    })
}

fn warn(remark: AtRestRemark) {
    match remark {
        AtRestRemark::NoConfiguration => {
            terminal::warning(
                "there is no configuration here, so groups and policies are not known: name it with --config",
            );
        }
        AtRestRemark::OtherConfiguration => REMARKED.call_once(|| {
            terminal::warning(
                "the configuration has changed since the host stopped: these answers go by the files as they are now; \
                 `lifesigns validate --what-if` shows what the next start will change",
            );
        }),
    }
}

/// A configuration that nothing can be decided by.
pub(crate) fn configuration_errors(errors: Vec<ConfigError>) -> Failure {
    let lines: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.place, error.message)).collect();
    Failure::Configuration(lines.join("\n"))
}

/// What the store holds, of a host that runs or has stopped.
pub(crate) fn record(places: &ResolvedPaths) -> Result<BookSnapshot, Failure> {
    let reader = StoreReader::open(&places.store).map_err(|error| {
        Failure::Failed(format!("there is no record to compare with at {}: {error}", places.store.display()))
    })?;
    Ok(reader.load().map_err(Failure::failed)?.restored)
}
