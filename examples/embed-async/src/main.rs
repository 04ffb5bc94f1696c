//! Two hosts inside an asynchronous program:
//! `cargo run -p lifesigns-embed-async-example -- RULES_FOLDER FOLDER_OF_STORES`.
#![allow(clippy::print_stdout)]

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns::{HostBuilder, RecordingHost, Sandbox, unblock};
use tokio::sync::mpsc;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let [rules, stores] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "RULES_FOLDER FOLDER_OF_STORES")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(run(Path::new(&rules), Path::new(&stores)))
}

async fn run(rules: &Path, stores: &Path) -> Result<(), Failure> {
    // Clones are the same sandbox: a module is compiled once for both hosts.
    let sandbox = Sandbox::new(None)?;
    let left = start(&sandbox, rules, stores.join("left.db")).await?;
    let right = start(&sandbox, rules, stores.join("right.db")).await?;
    let printers = [("left", &left), ("right", &right)].map(|(name, host)| tokio::spawn(print(name, Arc::clone(host))));
    let (sender, lines) = mpsc::channel(16);
    let feeder = tokio::spawn(feed(Arc::clone(&left), lines));
    for name in ["web", "db"] {
        sender.send(format!("DEBU[0007] Calling POST /v1.41/containers/create?name={name}\n")).await?;
    }
    drop(sender);
    println!("{} lines are on the disk", feeder.await??);
    for host in [left, right] {
        // `stop` waits for the last commit: on a thread that may wait.
        unblock(move || host.stop()).await?;
    }
    for printer in printers {
        printer.await?;
    }
    Ok(())
}

/// Starts a host. That compiles rules and opens a store: on a thread that may wait.
async fn start(sandbox: &Sandbox, rules: &Path, store: PathBuf) -> Result<Arc<RecordingHost>, Failure> {
    let builder = HostBuilder::new(sandbox.clone(), rules);
    Ok(Arc::new(unblock(move || builder.start_recording(store)).await??))
}

/// Submits lines as they come, and waits until all of them are on the disk. Returns how many.
async fn feed(host: Arc<RecordingHost>, mut lines: mpsc::Receiver<String>) -> Result<usize, Failure> {
    let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
    let mut receipts = Vec::new();
    while let Some(line) = lines.recv().await {
        // Waits while too much is in flight.
        receipts.push(host.submit_async(lifesigns::lines(&source, line)).await?);
    }
    let count = receipts.len();
    for receipt in receipts {
        receipt.await?;
    }
    Ok(count)
}

/// Prints alerts as they change, until the host has stopped.
async fn print(name: &str, host: Arc<RecordingHost>) {
    let mut alerts = host.recorder().alerts().into_async();
    drop(host);
    while let Some(alert) = alerts.next().await {
        println!("{name}: {}: {}", alert.object, alert.summary);
    }
}
