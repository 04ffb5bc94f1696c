//! The rules of this workspace, linked natively.

use std::sync::Arc;

use lifesigns_model::Module;
use lifesigns_native::module as native;

type Make = fn(&str) -> Arc<dyn Module>;

/// By name.
const RULES: [(&str, Make); 6] = [
    ("container-churn", native::<container_churn::ContainerChurn>),
    ("docker-keyword", native::<docker_keyword::DockerKeyword>),
    ("docker-on-production", native::<docker_on_production::DockerOnProduction>),
    ("docker-under-load", native::<docker_under_load::DockerUnderLoad>),
    ("keyword", native::<keyword::Keyword>),
    ("untrusted-registry", native::<untrusted_registry::UntrustedRegistry>),
];

/// Returns the rule `rules/NAME`, linked natively; `None` if there is none.
pub fn module(name: &str) -> Option<Arc<dyn Module>> {
    let (name, make) = RULES.iter().find(|(known, _)| *known == name)?;
    Some(make(&format!("native:{name}")))
}

/// Returns the names of all rules that [`module`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}
