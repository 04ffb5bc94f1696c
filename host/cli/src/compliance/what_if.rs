//! `lifesigns validate --what-if`: what an edited configuration would change, before it is in force.

use std::sync::Arc;

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_compliance::Book;

use super::{args::TargetArgs, at_rest, places::ResolvedPaths, show, validate, write::emit};
use crate::{exit::Outcome, preflight};

/// Reads the record of a running host, or of one that has stopped, and decides it once more. Nothing is
/// written, and no host is asked.
pub(crate) fn run(place: &TargetArgs) -> Outcome {
    let path = place.config.clone().unwrap_or_else(|| "lifesigns.toml".into());
    let settings = validate::load(&path)?;
    preflight::require_start(&path, &settings)?;
    let places = ResolvedPaths::found(place, &path, settings);
    let config = places.settings.as_ref().map(|settings| settings.compliance.clone()).unwrap_or_default();
    let effect = Book::what_if(Arc::new(config), at_rest::record(&places)?, SystemClock.now_ns())
        .map_err(at_rest::configuration_errors)?;
    emit(&effect, place, |view| show::effect(&effect, &path, view))
}
