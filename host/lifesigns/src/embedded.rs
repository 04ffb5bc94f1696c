//! Rules that come with the program that embeds a host: modules as bytes, and native ones.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use lifesigns_engine::LoadedRule;
use lifesigns_model::{InstantiateError, Limits, Module, RuleKey};
use lifesigns_rulestore::{Grants, ModuleBytes, RefusedFile, RuleSpec, Snapshot, check_name};

use crate::load::{LoadOutcome, RuleLoad};

/// What a refusal names in the place of a file.
const PLACE: &str = "(embedded)";

/// A rule that comes with the program: see [`HostBuilder::rule`](crate::HostBuilder::rule).
pub struct EmbeddedRule {
    name: String,
    module: EmbeddedModule,
    settings_json: String,
    limits: Limits,
    grants: Grants,
    discards_state: bool,
}

enum EmbeddedModule {
    Wasm(Vec<u8>),
    Native(Arc<dyn Module>),
}

/// Why an embedded rule keeps a host from starting. That of a module as bytes is reported as those of the rules folder
/// are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedRuleError {
    /// Rules are named as files are.
    #[error("`{name}` is no name for a rule: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two rules have one name.
    #[error("two embedded rules are called `{0}`")]
    Twice(String),
    /// A native rule refuses its settings, or what it says of itself breaks the contract.
    #[error("rule {name}: {why}")]
    Native {
        /// The rule.
        name: String,
        /// What is wrong.
        why: InstantiateError,
    },
}

impl EmbeddedRule {
    /// A module as bytes, as those of `include_bytes!`. It is compiled at the start, or taken from the sandbox's cache,
    /// and may import all that a rule can be granted.
    pub fn wasm(name: impl Into<String>, module: impl Into<Vec<u8>>) -> Self {
        Self::new(name.into(), EmbeddedModule::Wasm(module.into()))
    }

    /// Native code of the program, which runs without a sandbox: it is not stopped by deadlines and memory limits.
    pub fn native(name: impl Into<String>, module: Arc<dyn Module>) -> Self {
        Self::new(name.into(), EmbeddedModule::Native(module))
    }

    fn new(name: String, module: EmbeddedModule) -> Self {
        let (limits, grants) = (Limits::default(), Grants::default());
        Self { name, module, settings_json: "{}".to_owned(), limits, grants, discards_state: false }
    }

    /// Sets the settings, a JSON object; `{}` by default.
    #[must_use]
    pub fn settings_json(mut self, settings: impl Into<String>) -> Self {
        self.settings_json = settings.into();
        self
    }

    /// Sets what it may use; the limits of a rule without a manifest by default.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what a module may import; all by default.
    #[must_use]
    pub fn grants(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// Has state of another version that a module cannot take over discarded, and counted. By default the module is
    /// refused. That of native code is always discarded then.
    #[must_use]
    pub fn discard_state(mut self) -> Self {
        self.discards_state = true;
        self
    }
}

/// The embedded rules of a host, checked.
#[derive(Default)]
pub(crate) struct EmbeddedRules {
    names: HashSet<String>,
    specs: Vec<Arc<RuleSpec>>,
    native: Vec<Arc<LoadedRule>>,
    /// The native rules were reported.
    is_reported: bool,
}

impl EmbeddedRules {
    pub(crate) fn new(rules: Vec<EmbeddedRule>) -> Result<Self, EmbeddedRuleError> {
        let mut all = Self::default();
        for EmbeddedRule { name, module, settings_json, limits, grants, discards_state } in rules {
            check_name(&name).map_err(|why| EmbeddedRuleError::Name { name: name.clone(), why })?;
            if !all.names.insert(name.clone()) {
                return Err(EmbeddedRuleError::Twice(name));
            }
            match module {
                EmbeddedModule::Wasm(bytes) => all.specs.push(Arc::new(RuleSpec {
                    key: RuleKey::live(&name),
                    manifest: None,
                    module_path: PathBuf::from(PLACE),
                    settings_json,
                    limits,
                    grants,
                    discards_state,
                    enabled: true,
                    paused: false,
                    module: Arc::new(ModuleBytes::new(bytes)),
                })),
                EmbeddedModule::Native(module) => {
                    let rule = LoadedRule::new(RuleKey::live(&name), module, &settings_json, limits);
                    all.native.push(Arc::new(rule.map_err(|why| EmbeddedRuleError::Native { name, why })?));
                }
            }
        }
        Ok(all)
    }

    /// Adds them to a scan of the rules folder. Of that, rules with their names are refused.
    pub(crate) fn add_to(&self, snapshot: &mut Snapshot) {
        let (own, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut snapshot.rules).into_iter().partition(|spec| self.names.contains(&*spec.key.name));
        snapshot.rules = others;
        snapshot.rules.extend(self.specs.iter().cloned());
        snapshot.rules.sort_by(|one, other| one.key.cmp(&other.key));
        let why = "the program that runs this host has a rule of this name; give this one another".to_owned();
        let refused = own.into_iter().map(|spec| RefusedFile {
            key: spec.key.clone(),
            path: spec.path().clone(),
            why: why.clone(),
        });
        snapshot.refusals.extend(refused);
        snapshot.refusals.sort_by(|one, other| one.key.cmp(&other.key));
    }

    /// Returns the native rules.
    pub(crate) fn native(&self) -> impl Iterator<Item = Arc<LoadedRule>> + '_ {
        self.native.iter().map(Arc::clone)
    }

    /// Adds the outcomes of the native rules: loaded once, and unchanged from then on.
    pub(crate) fn report(&mut self, loads: &mut Vec<RuleLoad>) {
        let outcome = if self.is_reported { LoadOutcome::Unchanged } else { LoadOutcome::Loaded };
        loads.extend(self.native.iter().map(|rule| RuleLoad {
            key: rule.key.clone(),
            path: PathBuf::from(PLACE),
            digest: rule.module.digest().to_owned(),
            outcome: outcome.clone(),
        }));
        loads.sort_by(|one, other| (&one.key, &one.path).cmp(&(&other.key, &other.path)));
        self.is_reported = true;
    }
}
