//! `lifesigns demo`: replays the fleet of `examples/fleet`, from its logs to its alerts and badges.

mod script;

use std::{
    env, fs,
    fs::File,
    io::{self, IsTerminal, Write, stdout},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use lifesigns::{
    Loader, Sandbox,
    engine::{self, ReplayInput, ReplayOptions, RuleSet},
    model::EventSource,
    rulestore::RuleStore,
};
use lifesigns_intake::{Format, LineChunks, inventory, parse_time};
use lifesigns_notifications::terminal::Colour;
use lifesigns_text::count_text;
use lifesigns_workbench as workbench;

use script::DemoScript;

use crate::{
    compliance::settings,
    exit::{Failure, Outcome},
    load, run, terminal,
};

/// Times without a year are of the year of the fleet's logs.
const REFERENCE: &str = "2026-12-31T00:00:00Z";

pub(crate) fn run(follow: bool) -> Outcome {
    let fleet = Fleet::prepare()?;
    fleet.play()?;
    if follow { fleet.follow() } else { Ok(()) }
}

/// The fleet's files, copied to a folder where they may be changed.
struct Fleet {
    rules: PathBuf,
    logs: Vec<PathBuf>,
    inventory: PathBuf,
    config: PathBuf,
}

impl Fleet {
    /// Builds the rules, and copies everything below the checkout's target folder.
    fn prepare() -> Result<Self, Failure> {
        let root = checkout()?;
        let fleet = root.join("examples/fleet");
        let stage =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir)).join("demo");
        let (rules, logs) = (stage.join("rules"), stage.join("logs"));
        let crates = workbench::rule_crates(&root.join("rules")).map_err(Failure::failed)?;
        terminal::line(&format!(
            "building {} (the first time takes a minute)",
            count_text(crates.len() as u64, "rule")
        ));
        workbench::build(&crates, &rules.join("modules"), &mut |text| terminal::line(text)).map_err(Failure::failed)?;
        let failed = |error: io::Error| Failure::Failed(format!("{}: {error}", stage.display()));
        for entry in files(&fleet.join("rules")).map_err(failed)? {
            let text = fs::read_to_string(&entry).map_err(failed)?;
            // The modules are in a folder of their own, so that none of them is an implicit rule.
            let text = text.replace("module = \"", "module = \"modules/");
            fs::write(rules.join(entry.file_name().unwrap_or_default()), text).map_err(failed)?;
        }
        fs::create_dir_all(&logs).map_err(failed)?;
        let mut copies = Vec::new();
        for entry in files(&fleet.join("logs")).map_err(failed)? {
            let copy = logs.join(entry.file_name().unwrap_or_default());
            fs::copy(&entry, &copy).map_err(failed)?;
            copies.push(copy);
        }
        // Only new lines of the logs are followed; the others have been replayed by then.
        let text = fs::read_to_string(fleet.join("lifesigns.toml")).map_err(failed)?;
        let text = text.replace("file = \"logs/", "from = \"end\"\nfile = \"logs/");
        let (inventory, config) = (stage.join("inventory.toml"), stage.join("lifesigns.toml"));
        fs::write(&config, text).map_err(failed)?;
        fs::copy(fleet.join("inventory.toml"), &inventory).map_err(failed)?;
        // The path is printed often: as a short one, if possible.
        let here = env::current_dir().map_err(failed)?;
        let config = config.strip_prefix(here).map(Path::to_owned).unwrap_or(config);
        Ok(Self { rules, logs: copies, inventory, config })
    }

    fn sandbox() -> Result<Sandbox, Failure> {
        load::plain_sandbox(load::cache(env::var_os("LIFESIGNS_CACHE").as_deref().map(Path::new))?)
    }

    /// Runs the fleet's logs through the rules, to the end.
    fn play(&self) -> Outcome {
        let known = inventory::load(&self.inventory).map_err(Failure::configuration)?;
        let mut loader = Loader::new(Self::sandbox()?);
        run::print_loads(&loader.apply(&RuleStore::new(&self.rules).scan()));
        let rules = Arc::new(RuleSet::new(loader.rules(), &[]).map_err(Failure::failed)?);
        let inputs = self.inputs()?;
        let colour = stdout_colour();
        let mut script = DemoScript::new(settings(&self.config)?.compliance, &known, colour)?;
        let started = Instant::now();
        let mut out = stdout().lock();
        let outcome =
            engine::replay_observations(&ReplayOptions::with_threads(1), &rules, inputs, &known, &mut |sign| {
                script.take(sign, &mut out)
            });
        let outcome = match outcome {
            Err(engine::ReplayError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other.map_err(Failure::failed)?,
        };
        let text = script.summary.text(&outcome.scan_counts, rules.rules().len(), started.elapsed(), colour);
        // A closed pipe is no failure.
        let _ = out.write_all((text + &script.end()?).as_bytes());
        Ok(())
    }

    fn inputs(&self) -> Result<Vec<ReplayInput<'static>>, Failure> {
        self.logs.iter().enumerate().map(demo_input).collect()
    }

    /// Runs a host over new lines of the logs, until a signal comes.
    fn follow(&self) -> Outcome {
        terminal::line(&format!(
            "following {}; Ctrl-C ends it. In another terminal:",
            count_text(self.logs.len() as u64, "log")
        ));
        let (rules, config) = (self.rules.display(), self.config.display());
        terminal::line(&format!("  drop a rule:   cp {rules}/docker-keyword.toml {rules}/mine.toml"));
        if let Some(log) = self.logs.first() {
            terminal::line(&format!("  write a line:  tail -1 {0} >> {0}", log.display()));
        }
        terminal::line(&format!("  see it:        lifesigns badge --config {config}"));
        run::run(&self.config)
    }
}

/// Opens a log of the demo.
fn demo_input((rank, path): (usize, &PathBuf)) -> Result<ReplayInput<'static>, Failure> {
    let file = File::open(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
    let mut chunks = LineChunks::new(file);
    let source = Arc::new(EventSource {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        rank: rank as u32,
        object: stem(path),
        app: None,
        decoder: Format::Auto.decoder(parse_time(REFERENCE).unwrap_or_default()),
    });
    Ok(ReplayInput { source, reader: Box::new(move |_: Vec<u8>| chunks.next_chunk()) })
}

fn stdout_colour() -> Colour {
    if stdout().is_terminal() && env::var_os("NO_COLOR").is_none() { Colour::On } else { Colour::Off }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the files of a folder, by name.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the checkout that contains the working folder.
fn checkout() -> Result<PathBuf, Failure> {
    let here = env::current_dir().map_err(Failure::failed)?;
    let root = here.ancestors().find(|folder| folder.join("examples/fleet/inventory.toml").is_file());
    root.map(Path::to_owned).ok_or_else(|| {
        Failure::Failed(format!(
            "the demo needs a checkout of lifesigns: there is no examples/fleet in {} or above it; `cd` into the checkout and run `cargo run --release -- demo`",
            here.display()
        ))
    })
}
