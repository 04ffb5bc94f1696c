//! The report for people: one HTML file. The template escapes all values; the content security policy in
//! its head keeps a browser from loading or running anything.

use std::io::Write;

use lifesigns_compliance::query::ComplianceReport;
use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};

use crate::{error::WriteError, page::ReportPage};

/// The name of the template. Escaping is on because it ends in `.html`.
const NAME: &str = "report.html";
const TEMPLATE: &str = include_str!("report.html");

pub(crate) fn write(report: &ComplianceReport, version: &str, out: &mut impl Write) -> Result<(), WriteError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(WriteError::new)?;
    environment.set_syntax(syntax);
    environment.add_template(NAME, TEMPLATE).map_err(WriteError::new)?;
    let template = environment.get_template(NAME).map_err(WriteError::new)?;
    let page = Serde(ReportPage::new(report, version));
    template.render_captured_to(page, out).map_err(WriteError::new)?;
    Ok(())
}
