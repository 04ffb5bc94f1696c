//! From what lies on the shelf to rules that run. Build first, swap last: a rule that is refused
//! leaves its old version running, and every other rule alone.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use lifesigns_engine::{Rule, Sample, try_out};
use lifesigns_sandbox::{Interface, Sandbox};
use lifesigns_shelf::{Found, Snapshot};

/// What became of a rule in one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs from now on, for the first time or in a new version.
    Loaded,
    /// It runs as before.
    Unchanged,
    /// It is not there any more, or is disabled.
    Removed,
    /// It does not run; the old version does, if there was one.
    Refused {
        /// What is wrong, and the fix.
        why: String,
        /// An old version keeps running.
        old_version_runs: bool,
        /// It was refused before, and nothing about it has changed since.
        again: bool,
    },
}

/// One rule's fate in one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The rule's name.
    pub name: String,
    /// Its manifest, or its module if it has none.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Loaded => write!(f, "{}: loaded", self.name),
            Outcome::Unchanged => write!(f, "{}: unchanged", self.name),
            Outcome::Removed => write!(f, "{}: removed", self.name),
            Outcome::Refused { why, old_version_runs, .. } => {
                let old = if *old_version_runs { " (the old version keeps running)" } else { "" };
                write!(f, "{}: refused: {why}{old}", self.name)
            }
        }
    }
}

struct Live {
    found: Arc<Found>,
    rule: Arc<Rule>,
}

/// Admits rules and remembers which of them are live.
pub struct Loader {
    sandbox: Sandbox,
    live: BTreeMap<String, Live>,
    /// What was refused last time: it is not tried again until it changes.
    refused: BTreeMap<String, Refused>,
}

struct Refused {
    /// `None`: the shelf itself refused it.
    found: Option<Arc<Found>>,
    why: String,
}

impl Loader {
    /// A loader with no rule yet.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, live: BTreeMap::new(), refused: BTreeMap::new() }
    }

    /// The live rules, by name. Rules that did not change are the same ones as before.
    pub fn rules(&self) -> Vec<Arc<Rule>> {
        self.live.values().map(|live| Arc::clone(&live.rule)).collect()
    }

    /// Makes the live rules what `snapshot` says, as far as it can be done. Says what became of
    /// each rule, by name.
    pub fn apply(&mut self, snapshot: &Snapshot) -> Vec<Load> {
        self.apply_tried(snapshot, &Sample::default())
    }

    /// As [`Loader::apply`]; what is new is shown `recent` events first, and refused if it fails on
    /// them.
    pub fn apply_tried(&mut self, snapshot: &Snapshot, recent: &Sample) -> Vec<Load> {
        let mut loads = Vec::new();
        let mut old = std::mem::take(&mut self.live);
        let refused = std::mem::take(&mut self.refused);
        for found in snapshot.rules.iter().filter(|found| found.enabled) {
            let before = old.remove(&found.name);
            loads.push(self.load(found, before, refused.get(&found.name), recent));
        }
        for refusal in &snapshot.refusals {
            let before = old.remove(&refusal.name);
            let why = refusal.to_string();
            let again = refused.get(&refusal.name).is_some_and(|last| last.found.is_none() && last.why == why);
            self.refused.insert(refusal.name.clone(), Refused { found: None, why: why.clone() });
            let outcome = Outcome::Refused { why, old_version_runs: before.is_some(), again };
            loads.push(Load { name: refusal.name.clone(), path: refusal.path.clone(), outcome });
            self.live.extend(before.map(|live| (refusal.name.clone(), live)));
        }
        if snapshot.unreadable {
            self.live.extend(old);
        } else {
            loads.extend(old.into_iter().map(|(name, live)| {
                let path = live.found.path().clone();
                Load { name, path, outcome: Outcome::Removed }
            }));
        }
        loads.sort_by(|one, other| one.name.cmp(&other.name));
        loads
    }

    fn load(&mut self, found: &Arc<Found>, before: Option<Live>, refused: Option<&Refused>, recent: &Sample) -> Load {
        let name = found.name.clone();
        let path = found.path().clone();
        if let Some(live) = &before
            && live.found.runs_like(found)
        {
            self.live.extend(before.map(|live| (name.clone(), live)));
            return Load { name, path, outcome: Outcome::Unchanged };
        }
        let last = refused.filter(|last| last.found.as_ref().is_some_and(|last| last.runs_like(found)));
        let opened = match last {
            Some(last) => Err(last.why.clone()),
            None => self.open(found, recent).map_err(|why| format!("{}: {why}", path.display())),
        };
        let outcome = match opened {
            Ok(rule) => {
                self.live.insert(name.clone(), Live { found: Arc::clone(found), rule });
                Outcome::Loaded
            }
            Err(why) => {
                let old_version_runs = before.is_some();
                self.live.extend(before.map(|live| (name.clone(), live)));
                self.refused.insert(name.clone(), Refused { found: Some(Arc::clone(found)), why: why.clone() });
                Outcome::Refused { why, old_version_runs, again: last.is_some() }
            }
        };
        Load { name, path, outcome }
    }

    fn open(&self, found: &Found, recent: &Sample) -> Result<Arc<Rule>, String> {
        let module = self.sandbox.load(&found.module.bytes, &found.module.digest).map_err(|error| error.to_string())?;
        for interface in module.interfaces() {
            let granted = match interface {
                Interface::State => found.grants.state,
                Interface::Log => found.grants.log,
            };
            if !granted {
                let word = interface.as_str();
                return Err(format!(
                    "it imports `lifesigns:rule/{word}`, which the manifest does not grant; add \"{word}\" to `grants` if it may have it"
                ));
            }
        }
        let rule = Rule::new(&found.name, module, &found.settings_json, found.limits.clone());
        let rule = rule.map(Arc::new).map_err(|error| error.to_string())?;
        try_out(&rule, recent).map_err(|error| error.to_string())?;
        Ok(rule)
    }
}
