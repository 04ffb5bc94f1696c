//! Modules of versions that no longer run.

use std::sync::Arc;

use lifesigns_api::ApiError;
use lifesigns_model::Module;

use super::FolderControl;

impl FolderControl {
    /// Returns a module of a rule: as it was compiled once, or from the rule's versions.
    pub(super) fn module_of(&self, rule: &str, digest: &str) -> Result<Arc<dyn Module>, ApiError> {
        if let Some(Ok(module)) = self.sandbox.ready(digest) {
            return Ok(module);
        }
        let Some(bytes) = self.versions(rule).module_of(digest).map_err(ApiError::Conflict)? else {
            return Err(ApiError::Conflict(format!(
                "its module {digest} is no longer at hand: it is neither in the cache of compiled modules nor among the \
                 versions of the rule"
            )));
        };
        let module = self.sandbox.load(&bytes.bytes, &bytes.digest);
        module.map(|module| module as Arc<dyn Module>).map_err(|error| ApiError::Conflict(error.to_string()))
    }
}
