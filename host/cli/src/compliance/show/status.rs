//! How a host is.

use lifesigns_api::{HostStatus, RuleStatus, SourceState, SourceStatus, StoreState, TrafficStatus, WatchStatus};
use lifesigns_text::{count_text, grouped, visible, visible_lines};

use super::{
    super::{
        table::{Style, Table, View, heading},
        when,
    },
    cells::{count, digest, stamp},
};

/// Returns a host's status; what is wrong stands out.
pub(crate) fn status(status: &HostStatus, view: &View) -> String {
    let mut page = format!(
        "{} process {}, up {}\n",
        Style::Bold.on(&visible(&format!("lifesigns {}", status.version))),
        status.pid,
        when::ago(status.started_ns, status.now_ns.max(status.started_ns)),
    );
    page.push_str(&facts(status, view));
    page.push_str(&sources(status, view));
    page.push_str(&rules(status, view));
    page.push_str(&receivers(status, view));
    page
}

fn facts(status: &HostStatus, view: &View) -> String {
    let mut table = Table::pairs(view);
    let alerts = status.alerts;
    let by = [
        (alerts.critical, "critical"),
        (alerts.immediate, "immediate"),
        (alerts.warning, "warning"),
        (alerts.information, "information"),
    ];
    let by: Vec<String> =
        by.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", grouped(*n))).collect();
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    table.pair("alerts", format!("{} open{by}, {} allowed", grouped(alerts.violations()), grouped(alerts.allowed)));
    table.pair("objects", format!("{}, {} discovered", grouped(status.objects), grouped(status.discovered)));
    if status.event_time_ns > 0 {
        table.pair("event time", stamp(status.event_time_ns, view));
    }
    let engine = &status.engine;
    table.pair(
        "read",
        format!(
            "{}, {}; {} on the way",
            count_text(engine.lines, "line"),
            count_text(engine.bytes, "byte"),
            count_text(engine.inflight_bytes, "byte")
        ),
    );
    if engine.kept.limit_bytes > 0 {
        let since = lifesigns_text::time_text(engine.kept.since_ns);
        let of = format!("{} of {} bytes", grouped(engine.kept.bytes), grouped(engine.kept.limit_bytes));
        table.pair("searchable", format!("{} since {since}, {of}", count_text(engine.kept.events, "event")));
    }
    let (events, changes) = (count_text(engine.events, "event"), count_text(engine.signs, crate::terminal::RAISES));
    table.pair("evaluated", format!("{events}, {changes}"));
    let dropped = status.dropped.iter().filter(|one| one.count > 0);
    let dropped = dropped.map(|one| format!("{} {}", grouped(one.count), visible(&one.text)));
    table.pair("dropped", warnings(dropped));
    table.pair("undecided", warnings(status.undecided.iter().map(|one| visible(&one.to_string()))));
    table.pair("store", store(status, view));
    let files: Vec<String> = status.config.files.iter().map(|path| path.display().to_string()).collect();
    let loaded = if status.config.loaded_ns > 0 { stamp(status.config.loaded_ns, view) } else { String::new() };
    table.pair("configuration", format!("{} {loaded}", visible(&files.join(", "))).trim().to_owned());
    if !status.config.last_error.is_empty() {
        let error = format!("not in force: {}", visible_lines(&status.config.last_error));
        table.pair("newer files", Style::Red.on(&error));
    }
    table.draw()
}

/// Returns a line each, standing out.
fn warnings(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| Style::Yellow.on(&line)).collect::<Vec<_>>().join("\n")
}

fn store(status: &HostStatus, view: &View) -> String {
    let store = &status.store;
    let style = if store.state == StoreState::Ok { Style::Green } else { Style::Red };
    let mut text = format!(
        "{} {}, {}",
        style.on(store.state.as_str()),
        visible(&store.path.display().to_string()),
        count_text(store.size_bytes, "byte")
    );
    if let Some(committed) = store.committed_ns {
        text.push_str(&format!(
            ", {}, the last {} ago",
            count(store.commits as usize, "commit"),
            when::ago(committed, view.now_ns)
        ));
    }
    if !store.text.is_empty() {
        text.push_str(&format!("\n{}", visible(&store.text)));
    }
    text
}

fn sources(status: &HostStatus, view: &View) -> String {
    if status.sources.is_empty() {
        return String::new();
    }
    let mut table = Table::new(view, &["!SOURCE", ">LINES", "COMMITTED TO", ">BEHIND", "!LAST EVENT", "STATE"]);
    for source in &status.sources {
        table.row(vec![
            visible(&source.name),
            grouped(source.lines),
            visible(&source.cursor),
            source.lag_bytes.map(|bytes| format!("{} B", grouped(bytes))).unwrap_or_default(),
            source.last_ns.map(|time_ns| when::ago(time_ns, view.now_ns)).unwrap_or_default(),
            state(source),
        ]);
    }
    let mut text = format!("{}{}", heading("Sources"), table.draw());
    text.push_str(&watch(&status.watch));
    let is_shown = |traffic: &&TrafficStatus| !traffic.address.starts_with("HTTP") || !is_unused(traffic);
    for traffic in status.sources.iter().filter_map(|source| source.traffic.as_ref()).filter(is_shown) {
        text.push_str(&received(traffic));
    }
    for source in status.sources.iter().filter(|source| !source.notes.is_empty()) {
        let name = Style::Yellow.on(&visible(&source.name));
        if source.gaps > 0 {
            let (gaps, unread) = (count(source.gaps as usize, "gap"), unread(source.unread_bytes));
            text.push_str(&format!("{name}: {gaps} since the start{unread}; the last:\n"));
        }
        for note in &source.notes {
            // A note on a file begins with its name, which often is the source's name.
            match note.strip_prefix(&source.name).filter(|rest| rest.starts_with(' ')) {
                Some(rest) => text.push_str(&format!("{name}{}\n", visible(rest))),
                None => text.push_str(&format!("{name}: {}\n", visible(note))),
            }
        }
    }
    text
}

/// Whether nothing has come: of the protocols that are taken over HTTP, most are not used.
fn is_unused(traffic: &TrafficStatus) -> bool {
    *traffic == TrafficStatus { address: traffic.address.clone(), ..TrafficStatus::default() }
}

/// Returns what a source that listens has received, and what of it was lost or wrong.
fn received(traffic: &TrafficStatus) -> String {
    let lines = count(traffic.lines as usize, "line");
    let connections = count(traffic.connections as usize, "connection");
    let mut text = format!("{}: {lines}, {} B, {connections} open", visible(&traffic.address), grouped(traffic.bytes));
    for loss in traffic.losses() {
        let what = format!("{} {}", grouped(loss.count), loss.short);
        text.push_str(&format!(", {}", if loss.is_final { Style::Red.on(&what) } else { what }));
    }
    if traffic.skipped > 0 {
        text.push_str(&format!(", {} not selected", count_text(traffic.skipped, "sample")));
    }
    if !traffic.problem.is_empty() {
        text.push_str(&format!("; the last problem: {}", visible(&traffic.problem)));
    }
    text.push('\n');
    text
}

/// Returns why files are not watched as they should be, and what to do about it.
fn watch(watch: &WatchStatus) -> String {
    if watch.problem.is_empty() && watch.polled_folders == 0 {
        return String::new();
    }
    let mut text = match watch.polled_folders {
        0 => String::new(),
        polled => format!("files in {} are polled", count(polled as usize, "folder")),
    };
    for part in [&watch.problem, &watch.fix].into_iter().filter(|part| !part.is_empty()) {
        let between = if text.is_empty() { "" } else { "; " };
        text.push_str(&format!("{between}{}", visible(part)));
    }
    format!("{}\n", Style::Yellow.on(&text))
}

/// Returns the bytes that are known not to have been read, as they follow the number of gaps.
fn unread(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { format!(", at least {} not read", count_text(bytes, "byte")) }
}

/// Returns the state of a source, and why it is in it.
fn state(source: &SourceStatus) -> String {
    let text = match source.error.as_str() {
        "" => source.state.as_str().to_owned(),
        error => format!("{}: {}", source.state.as_str(), visible(error)),
    };
    match source.state {
        SourceState::Refused | SourceState::Failed => Style::Red.on(&text),
        SourceState::Waiting => Style::Yellow.on(&text),
        SourceState::Starting | SourceState::Reading | SourceState::Ended => Style::Green.on(&text),
    }
}

fn rules(status: &HostStatus, view: &View) -> String {
    let mut text = heading("Rules");
    if status.rules.is_empty() {
        text.push_str("none\n");
    } else {
        let heads = ["!RULE", "MODULE", ">CPU", ">RAISES/S", ">STATE SIZE", ">FAILED", ">MISSED", "STATE"];
        let mut table = Table::new(view, &heads);
        for rule in &status.rules {
            table.row(vec![
                visible(&rule.lane.label(&rule.name)),
                module(rule, &status.rules),
                format!("{:.1} %", rule.cpu_us_per_s as f64 / 10_000.0),
                format!("{:.1}", rule.signs_per_1000_s as f64 / 1000.0),
                format!("{} B", grouped(rule.state_bytes)),
                grouped(rule.failed),
                grouped(rule.missed),
                how(rule),
            ]);
        }
        text.push_str(&table.draw());
    }
    for rule in &status.disabled {
        text.push_str(&format!("{} {}\n", Style::Dim.on("disabled"), visible(&rule.lane.label(&rule.name))));
    }
    for rule in &status.compiling {
        let old = if rule.old_version_runs { ", the old version runs" } else { "" };
        let since = when::ago(rule.since_ns, view.now_ns);
        text.push_str(&format!(
            "{} {} for {since}{old}\n",
            Style::Yellow.on("compiling"),
            visible(&rule.lane.label(&rule.name))
        ));
    }
    for rule in &status.refused {
        let digest = digest(&rule.digest).map(|hex| format!(" ({hex})")).unwrap_or_default();
        let name = visible(&rule.lane.label(&rule.name));
        // A manifest may have several mistakes, a line each.
        let why = visible_lines(&rule.why);
        text.push_str(&format!("{} {name}{digest}: {why}\n", Style::Red.on("refused")));
    }
    let memory = &status.rules_memory;
    if memory.ceiling_bytes > 0 {
        let (used, ceiling) = (grouped(memory.used_bytes), grouped(memory.ceiling_bytes));
        text.push_str(&format!("memory {used} of {ceiling} bytes, {} of it code\n", grouped(memory.code_bytes)));
    }
    text
}

/// Returns a rule's module; with its digest where two versions run, which may have one name.
fn module(rule: &RuleStatus, rules: &[RuleStatus]) -> String {
    let has_both = rules.iter().filter(|other| other.name == rule.name).count() > 1;
    let digest = digest(&rule.digest).filter(|_| has_both).map(|hex| format!(" ({hex})"));
    visible(&format!("{}{}", rule.module, digest.unwrap_or_default()))
}

/// What went wrong with a rule last, and what of it was left out.
fn how(rule: &RuleStatus) -> String {
    let mut parts = Vec::new();
    if !rule.last_error.is_empty() {
        parts.push(visible(&rule.last_error));
    }
    if rule.paused {
        parts.push("quarantined by hand".to_owned());
    }
    if rule.over_budget > 1 {
        parts.push(format!("over its budget {} times", grouped(rule.over_budget)));
    }
    if rule.calls_left_out > 0 {
        parts.push(format!("{} of its raises and failures cannot be explained", grouped(rule.calls_left_out)));
    }
    if rule.log_lines_left_out > 0 {
        parts.push(format!("{} of its log lines left out", grouped(rule.log_lines_left_out)));
    }
    if parts.is_empty() { Style::Green.on("ok") } else { Style::Yellow.on(&parts.join("; ")) }
}

fn receivers(status: &HostStatus, view: &View) -> String {
    if status.receivers.is_empty() {
        return String::new();
    }
    let mut table = Table::new(view, &["!RECEIVER", "!KIND", ">WAITING", ">GIVEN UP", "!LAST TAKEN", "STATE"]);
    for receiver in &status.receivers {
        let dead = grouped(receiver.dead);
        table.row(vec![
            visible(&receiver.name),
            visible(&receiver.kind),
            grouped(receiver.pending),
            if receiver.dead > 0 { Style::Red.on(&dead) } else { dead },
            receiver.last_ok_ns.map(|time_ns| when::ago(time_ns, view.now_ns)).unwrap_or_default(),
            match receiver.last_error.is_empty() {
                true => Style::Green.on("ok"),
                false => Style::Yellow.on(&visible(&receiver.last_error)),
            },
        ]);
    }
    let mut page = format!("{}{}", heading("Receivers"), table.draw());
    for receiver in &status.receivers {
        if let Some((number, at_ns)) = receiver.anchored_entry.zip(receiver.anchored_ns) {
            let (name, ago) = (visible(&receiver.name), when::ago(at_ns, view.now_ns));
            page.push_str(&format!("audit log anchored at {name}: entry {}, {ago}\n", grouped(number)));
        }
    }
    page
}
