//! The report for programs, complete, with times in nanoseconds since the Unix epoch.

use std::io::Write;

use lifesigns_compliance::query::ComplianceReport;
use serde::Serialize;

use crate::error::WriteError;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonReport<'a> {
    /// Program and version.
    made_by: String,
    report: &'a ComplianceReport,
}

pub(crate) fn write(report: &ComplianceReport, version: &str, out: &mut impl Write) -> Result<(), WriteError> {
    let document = JsonReport { made_by: format!("lifesigns {version}"), report };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(WriteError::new)?;
    out.write_all(b"\n").map_err(WriteError::new)
}
