//! A group's report: JSON for programs, CSV for spreadsheets, HTML for people, as the client asks for it.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, header::ACCEPT},
    response::{IntoResponse, Response},
    routing::get,
};
use lifesigns_api::{ApiError, Service};
use lifesigns_compliance::query::{ComplianceReport, Query, QueryAnswer};
use lifesigns_report::ReportFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{ErrorResponse, Params, PathParam, RouterState, Session};

/// How a report is written, and over which period.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct ReportParams {
    /// `html`, `csv` or `json`; without it the header `Accept` decides, and `json` is the default.
    #[schemars(extend("enum" = ["html", "csv", "json", null]))]
    format: Option<String>,
    /// Adds what opened and ended from this time on.
    from_ns: Option<u64>,
    /// The end of that period; without it, now.
    to_ns: Option<u64>,
}

/// The path of reports.
pub(crate) fn report() -> Router<Arc<RouterState>> {
    Router::new().route(
        "/groups/{name}/report",
        get(
            |s: Session,
             PathParam(group): PathParam<String>,
             headers: HeaderMap,
             Params(params): Params<ReportParams>| { answer(s, group, headers, params) },
        ),
    )
}

async fn answer(session: Session, group: String, headers: HeaderMap, params: ReportParams) -> Response {
    let named = params.format.as_deref().map(str::parse::<ReportFormat>).transpose();
    let format = match named {
        Ok(format) => format.or_else(|| accepted(&headers)).unwrap_or(ReportFormat::Json),
        Err(why) => return ErrorResponse(ApiError::Invalid(format!("`format`: {why}"))).into_response(),
    };
    if format == ReportFormat::Json && params.from_ns.is_none() && params.to_ns.is_none() {
        return session.query(Query::Report { group }).await;
    }
    let find = move |service: &dyn Service| found(service, &group, params.from_ns, params.to_ns);
    let media_type = match format {
        ReportFormat::Json => return session.member("report", find).await,
        ReportFormat::Csv => "text/csv; charset=utf-8",
        ReportFormat::Html => "text/html; charset=utf-8",
    };
    session
        .written(media_type, find, move |report, out| {
            lifesigns_report::write(report, format, env!("CARGO_PKG_VERSION"), out).map_err(std::io::Error::other)
        })
        .await
}

/// Returns the first format that the client takes; `None` if it takes any.
fn accepted(headers: &HeaderMap) -> Option<ReportFormat> {
    let kinds = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim()).find_map(|kind| match kind {
        "text/html" => Some(ReportFormat::Html),
        "text/csv" => Some(ReportFormat::Csv),
        "application/json" => Some(ReportFormat::Json),
        _ => None,
    })
}

fn found(
    service: &dyn Service,
    group: &str,
    from_ns: Option<u64>,
    to_ns: Option<u64>,
) -> Result<ComplianceReport, ApiError> {
    let QueryAnswer::Report(mut report) = service.query(&Query::Report { group: group.to_owned() })? else {
        return Err(ApiError::Internal("the host answered another question than was asked".to_owned()));
    };
    let Some(from_ns) = from_ns else {
        if to_ns.is_some() {
            return Err(ApiError::Invalid("`to_ns` needs `from_ns`: where does the period begin?".to_owned()));
        }
        return Ok(*report);
    };
    let now_ns = service.status()?.now_ns;
    let to_ns = to_ns.unwrap_or(now_ns).min(now_ns);
    if from_ns >= to_ns {
        let text = "the period ends before it begins, or has not begun: choose an earlier `from_ns`".to_owned();
        return Err(ApiError::Invalid(text));
    }
    service.add_period(&mut report, from_ns, to_ns)?;
    Ok(*report)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        let of = |text| accepted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]));
        assert_eq!(of("text/html,application/xhtml+xml,*/*;q=0.8"), Some(ReportFormat::Html));
        assert_eq!(of("text/csv; q=0.9"), Some(ReportFormat::Csv));
        assert_eq!(of("application/json, text/html"), Some(ReportFormat::Json));
        assert_eq!(of("*/*"), None);
    }
}
