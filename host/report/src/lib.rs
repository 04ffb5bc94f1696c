//! A compliance report as auditors read it: HTML that needs nothing else and prints well, CSV for
//! spreadsheets, JSON for programs. Text from logs is shown and never interpreted.

mod alert;
mod chart;
mod csv;
mod error;
mod html;
mod json;
mod page;
mod why;

use std::{io::Write, str::FromStr};

use lifesigns_compliance::query::ComplianceReport;

pub use alert::end_cause_text;
pub use error::WriteError;
pub use page::RESOLVED_SHOWN;
pub use why::{statement_source, why_in_a_line};

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// For people: one file, without scripts, fonts or pictures from elsewhere.
    Html,
    /// For spreadsheets: one line for each member and each alert.
    Csv,
    /// For programs.
    Json,
}

/// Writes `report` to `out`; `version` is that of the program that makes it.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn write(
    report: &ComplianceReport,
    format: ReportFormat,
    version: &str,
    out: &mut impl Write,
) -> Result<(), WriteError> {
    match format {
        ReportFormat::Html => html::write(report, version, out),
        ReportFormat::Csv => csv::write(report, out),
        ReportFormat::Json => json::write(report, version, out),
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "html" => Ok(Self::Html),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(format!("{word:?} is not html, csv or json")),
        }
    }
}
