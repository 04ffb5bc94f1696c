//! The metrics of this machine as facts of one object: load, memory, processors, and what runs on them.

use std::{borrow::Cow, collections::HashMap, fs, io, path::Path, time::Duration};

use lifesigns_intake::{HostMetricsSettings, Pushed, RecordLines};
use lifesigns_model::{Facts, LogRecord, Wakeup};

use crate::{activity::Activity, driver::SourceFeed, error::SourceError, input::Content, sink::Submission};

/// Where the kernel tells it.
const PROC: &str = "/proc";
const OS_RELEASE: &str = "/etc/os-release";
const KIB: f64 = 1024.0;

/// Reads the metrics until the source is stopped or the sink is closed. What cannot be read is tried again.
pub(crate) fn run(settings: HostMetricsSettings, feed: &SourceFeed) -> Result<(), SourceError> {
    let properties = properties(Path::new(PROC), Path::new(OS_RELEASE));
    loop {
        match metrics(Path::new(PROC)) {
            Ok(metrics) => {
                feed.set_activity(Activity::Reading);
                if submit(feed, metrics, &properties) == Submission::Closed {
                    return Ok(());
                }
            }
            Err(error) => feed.set_activity(Activity::Waiting(format!("{PROC} cannot be read: {error}"))),
        }
        if feed.stop().wait(Duration::from_millis(settings.every_ms)) == Wakeup::Stopped {
            return Ok(());
        }
    }
}

fn submit(feed: &SourceFeed, metrics: Vec<(&'static str, f64)>, properties: &[(&'static str, String)]) -> Submission {
    let facts = Facts {
        properties: properties.iter().map(|(name, text)| ((*name).into(), Some(Cow::Borrowed(&**text)))).collect(),
        metrics: metrics.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        ..Facts::default()
    };
    let record = LogRecord { time_ns: Some(feed.clock().now_ns()), facts: Some(facts), ..LogRecord::default() };
    let mut records = RecordLines::default();
    if records.push(&record, feed.object()) != Pushed::Added {
        return Submission::Accepted;
    }
    feed.submit(Content::Records(records), None)
}

/// Returns the metrics by the names that rules know.
fn metrics(proc: &Path) -> io::Result<Vec<(&'static str, f64)>> {
    let load = fs::read_to_string(proc.join("loadavg"))?;
    let names = ["load.1m", "load.5m", "load.15m"];
    let mut metrics: Vec<(&'static str, f64)> =
        names.into_iter().zip(load.split(' ')).filter_map(|(name, text)| Some((name, text.parse().ok()?))).collect();
    let memory = fs::read_to_string(proc.join("meminfo"))?;
    let memory: HashMap<&str, f64> = memory.lines().filter_map(kibibytes).collect();
    let known = [
        ("memory.total_bytes", "MemTotal"),
        ("memory.available_bytes", "MemAvailable"),
        ("swap.total_bytes", "SwapTotal"),
        ("swap.free_bytes", "SwapFree"),
    ];
    metrics.extend(known.into_iter().filter_map(|(name, key)| Some((name, memory.get(key)? * KIB))));
    if let (Some(total), Some(available)) = (memory.get("MemTotal"), memory.get("MemAvailable"))
        && *total > 0.0
    {
        metrics.push(("memory.used_percent", (1.0 - available / total) * 100.0));
    }
    let stat = fs::read_to_string(proc.join("stat"))?;
    metrics.push(("cpu.count", stat.lines().filter(is_processor).count() as f64));
    let uptime = fs::read_to_string(proc.join("uptime"))?;
    metrics.extend(uptime.split(' ').next().and_then(|text| Some(("uptime_s", text.parse().ok()?))));
    Ok(metrics)
}

fn is_processor(line: &&str) -> bool {
    line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|it: char| it.is_ascii_digit()))
}

/// Returns name and number of a line such as `MemTotal:  16303428 kB`.
fn kibibytes(line: &str) -> Option<(&str, f64)> {
    let (name, rest) = line.split_once(':')?;
    Some((name, rest.trim().strip_suffix(" kB")?.parse().ok()?))
}

/// Returns what stays the same while the machine runs.
fn properties(proc: &Path, os_release: &Path) -> Vec<(&'static str, String)> {
    let kernel = fs::read_to_string(proc.join("sys/kernel/osrelease")).ok();
    let kernel = kernel.map(|text| ("os.kernel", text.trim().to_owned()));
    let release = fs::read_to_string(os_release).unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.map(|name| ("os.name", name.trim_matches('"').to_owned()));
    kernel.into_iter().chain(name).filter(|(_, text)| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_as_the_kernel_writes_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
            fs::write(path, text).expect("it is written");
        };
        write("loadavg", "7.25 0.40 0.15 1/345 12345\n");
        write(
            "meminfo",
            "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    4000 kB\nHugePages_Total:       0\n",
        );
        write("stat", "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 7\n");
        write("uptime", "350735.47 234388.90\n");
        write("sys/kernel/osrelease", "6.1.0-18-amd64\n");
        write("os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
        let expected = [
            ("load.1m", 7.25),
            ("load.5m", 0.4),
            ("load.15m", 0.15),
            ("memory.total_bytes", 16_384_000.0),
            ("memory.available_bytes", 4_096_000.0),
            ("memory.used_percent", 75.0),
            ("cpu.count", 2.0),
            ("uptime_s", 350_735.47),
        ];
        assert_eq!(metrics(folder.path()).expect("it can be read"), expected);
        let properties = properties(folder.path(), &folder.path().join("os-release"));
        let names: Vec<String> = properties.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(names, ["os.kernel=6.1.0-18-amd64", "os.name=Debian GNU/Linux 12 (bookworm)"]);
        assert!(metrics(&folder.path().join("absent")).is_err());
    }
}
