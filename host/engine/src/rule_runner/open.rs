//! Instances of a rule.

use lifesigns_model::{InstanceError, InstantiateError, RuleInstance};

use crate::LoadedRule;

/// Makes an instance.
///
/// # Errors
/// It cannot be started, or describes itself differently than before.
pub(crate) fn open(rule: &LoadedRule) -> Result<Box<dyn RuleInstance>, InstanceError> {
    match rule.module.instantiate(&rule.settings, &rule.limits) {
        Ok(opened) if opened.description == rule.description => Ok(opened.instance),
        Ok(_) => Err(InstanceError::Answer("it describes itself differently than when it was loaded".into())),
        Err(InstantiateError::Instance(error)) => Err(error),
        Err(error) => Err(InstanceError::Answer(error.to_string())),
    }
}
