//! `lifesigns report`: what an auditor asks for.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write, stdout},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use lifesigns::model::{Clock as _, SystemClock};
use lifesigns_compliance::query::{ComplianceReport, Query, QueryAnswer};
use lifesigns_report::ReportFormat;
use lifesigns_text::count_text;

use super::{
    answers::query,
    args::TargetArgs,
    places::ResolvedPaths,
    service_target::{ServiceTarget, unexpected},
};
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

pub(crate) fn run(
    group: &str,
    format: ReportFormat,
    period: (Option<u64>, Option<u64>),
    out: Option<&Path>,
    place: &TargetArgs,
) -> Outcome {
    let QueryAnswer::Report(mut report) = query(Query::Report { group: group.to_owned() }, place)? else {
        return Err(unexpected());
    };
    if let (Some(from_ns), to_ns) = period {
        over(&mut report, from_ns, to_ns, place)?;
    }
    let version = env!("CARGO_PKG_VERSION");
    let Some(path) = out else {
        let mut text = Vec::new();
        lifesigns_report::write(&report, format, version, &mut text).map_err(Failure::failed)?;
        return match stdout().lock().write_all(&text) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
            _ => Ok(()),
        };
    };
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", path.display()));
    let mut file = BufWriter::new(created(path, place).map_err(|error| failed(&error))?);
    lifesigns_report::write(&report, format, version, &mut file).map_err(|error| failed(&error))?;
    let file = file.into_inner().map_err(|error| failed(error.error()))?;
    file.sync_all().map_err(|error| failed(&error))?;
    let findings = count_text(report.findings.len() as u64, "finding");
    let exceptions = count_text(report.exceptions.len() as u64, "exception");
    terminal::line(&format!("{}: {findings}, {exceptions}", path.display()));
    Ok(())
}

/// Adds what happened in the period; it ends now if it does not end before.
fn over(report: &mut ComplianceReport, from_ns: u64, to_ns: Option<u64>, place: &TargetArgs) -> Outcome {
    let now_ns = SystemClock.now_ns();
    let to_ns = to_ns.map_or(now_ns, |to_ns| to_ns.min(now_ns));
    if from_ns >= to_ns {
        return Err(Failure::Usage(
            "the period ends before it begins, or has not begun: choose an earlier --from".to_owned(),
        ));
    }
    ServiceTarget::new(place)?.patient().ask(|host| host.add_period(report, from_ns, to_ns))
}

/// Makes the file, with the mode that the configuration says; one that is there keeps its own.
fn created(path: &Path, place: &TargetArgs) -> io::Result<File> {
    let settings = ResolvedPaths::find(place).ok().and_then(|places| places.settings);
    let mode = settings.map_or(0o600, |settings| settings.file_mode);
    OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)
}
