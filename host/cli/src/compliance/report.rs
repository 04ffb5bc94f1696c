//! `lifesigns report`: what an auditor asks for.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Write, stdout},
    path::Path,
};

use lifesigns_compliance::query::{Answer, Query};
use lifesigns_report::Format;

use super::{args::Where, ask::unexpected, query};
use crate::{
    exit::{Failure, Outcome},
    say,
};

pub(crate) fn run(group: &str, format: Format, out: Option<&Path>, place: &Where) -> Outcome {
    let Answer::Report(report) = query(Query::Report { group: group.to_owned() }, place)? else {
        return Err(unexpected());
    };
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
    let mut file = BufWriter::new(File::create(path).map_err(|error| failed(&error))?);
    lifesigns_report::write(&report, format, version, &mut file).map_err(|error| failed(&error))?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed(&error))?;
    let findings = say::count(report.findings.len() as u64, "finding");
    let exceptions = say::count(report.exceptions.len() as u64, "exception");
    say::line(&format!("{}: {findings}, {exceptions}", path.display()));
    Ok(())
}
