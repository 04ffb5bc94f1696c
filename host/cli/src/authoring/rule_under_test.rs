//! The rule that a command is about: a crate, which is built first, or a module.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use lifesigns::{
    MemoryBudget, WasmModule,
    model::limits::MODULE_BYTES,
    rulestore::{Manifest, ModuleBytes},
};
use lifesigns_text::{grouped, visible};
use lifesigns_workbench as workbench;

use crate::{exit::Failure, load, terminal};

/// A rule whose module is built and compiled.
pub(super) struct RuleUnderTest {
    /// The crate's name, or the module's file without its ending.
    pub(super) name: String,
    /// The folder of the crate, or the one that the module is in.
    pub(super) folder: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) module: Arc<WasmModule>,
    /// What the module and its instances use.
    pub(super) memory: Arc<MemoryBudget>,
    /// How long building took; `None` for a module.
    pub(super) built: Option<Duration>,
}

impl RuleUnderTest {
    /// Builds a crate, or takes a module.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let started = Instant::now();
        let (file, folder, built) = if path.is_dir() {
            if !path.join("Cargo.toml").is_file() {
                let shown = path.display();
                return Err(Failure::Failed(format!(
                    "{shown}: there is no Cargo.toml in it; `lifesigns rule new` makes a rule"
                )));
            }
            let out = path.join("target/lifesigns");
            let built =
                workbench::build(&[path.to_owned()], &out, &mut |text| progress(text)).map_err(Failure::failed)?;
            let Some(one) = built.into_iter().next() else { unreachable!("one crate makes one module") };
            (one.path, path.to_owned(), Some(started.elapsed()))
        } else {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            (path.to_owned(), parent.to_owned(), None)
        };
        let bytes = read(&file)?;
        let digested = ModuleBytes::new(bytes.clone());
        let sandbox = load::plain_sandbox(load::cache(None)?)?;
        let module = sandbox
            .load(&digested.bytes, &digested.digest)
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let memory = Arc::clone(sandbox.memory());
        Ok(Self { name, folder, bytes, module, memory, built })
    }

    /// Says what was built.
    pub(super) fn announce(&self) {
        let Some(built) = self.built else { return };
        let bytes = grouped(self.bytes.len() as u64);
        terminal::line(&format!("built {}, {bytes} bytes, in {:.1} s", self.name, built.as_secs_f64()));
    }
}

/// Cargo's lines are shown where something is compiled; that it has finished is said with the module's size.
fn progress(text: &str) {
    if !text.starts_with("Finished") {
        terminal::line(text);
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::Failed(format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MODULE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > MODULE_BYTES {
        return Err(failed(format!("it has more than {MODULE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Returns settings as JSON from `NAME=VALUE`s. A value is as in a manifest, but a text needs no quotes.
pub(super) fn settings(set: &[String]) -> Result<String, Failure> {
    let mut text = String::new();
    for one in set {
        let Some((name, value)) = one.split_once('=') else {
            return Err(Failure::Usage(format!("--set {}: write NAME=VALUE", visible(one))));
        };
        let (name, value) = (name.trim(), value.trim());
        let is_toml = value.starts_with(['"', '\'', '[', '{'])
            || value == "true"
            || value == "false"
            || value.parse::<f64>().is_ok();
        let value = if is_toml { value.to_owned() } else { serde_json::Value::from(value).to_string() };
        text.push_str(&format!("settings.{name} = {value}\n"));
    }
    let manifest = Manifest::parse(Path::new("--set"), text.as_bytes());
    manifest.map(|manifest| manifest.settings_json).map_err(|mistakes| Failure::Usage(mistakes.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_in_a_manifest() {
        let set = ["window=1m", "at-least=5", "words=[\"a\"]", "on=true", "fields.level=error"].map(str::to_owned);
        let json = settings(&set).expect("they are fine");
        assert_eq!(json, r#"{"at-least":5,"fields":{"level":"error"},"on":true,"window":"1m","words":["a"]}"#);
        assert!(settings(&["window".to_owned()]).is_err());
        assert!(settings(&["a=1".to_owned(), "a=2".to_owned()]).is_err());
    }
}
