//! A report in each form. The data has a finding whose texts are hostile on purpose: markup,
//! template syntax, formulas, terminal escapes.
#![allow(clippy::unwrap_used)]

use lifesigns_compliance::query::ComplianceReport;
use lifesigns_report::{ReportFormat, write};

fn sample() -> ComplianceReport {
    serde_json::from_str(include_str!("data/production.json")).unwrap()
}

fn written(report: &ComplianceReport, format: ReportFormat) -> String {
    let mut out = Vec::new();
    write(report, format, "1.2.3", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn html_shows_all_an_auditor_asks_for() {
    let html = written(&sample(), ReportFormat::Html);
    for expected in [
        "Compliance report: Production",
        "as of 2026-11-23 22:30:00 UTC",
        "lifesigns 1.2.3",
        "<b>4</b>members",
        "<b>2</b>findings: 1 critical, 1 warning",
        "Docker on a production VM",
        "Please call your compliance hotline",
        "criticality = <b>critical</b> by policy production-strict (group production, conf.d&#x2f;prod.toml:8:1)",
        "over immediate by policy default (all objects, lifesigns.toml:40:1)",
        "allow = <b>true</b> by policy registry-mirror (group production, conf.d&#x2f;prod.toml:21:1)",
        "11 more",
        "href=\"#alert-4be1c0a97d3f2e10\"",
        "id=\"alert-4be1c0a97d3f2e10\"",
        "alice (by root), 2026-11-23 22:15:00",
        "Asked the owners; they move it tonight.",
        "a fact changed",
        "CIS-Docker-1.6 <b>1.1.1</b>",
        "(discovered: in no inventory)",
    ] {
        assert!(html.contains(expected), "{expected}\n{html}");
    }
}

#[test]
fn what_logs_say_is_neither_markup_nor_template() {
    let html = written(&sample(), ReportFormat::Html);
    for forbidden in ["<script", "<img", "<svg onload", "</pre><s", "<b>\"", "-vm<b>", ">49<", "\x1b", "\u{202e}"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    for shown in ["&lt;script&gt;alert(1)", "{{ 7*7 }}", "{% raw %}", "\\u{1b}[31mred", "\\u{202e}"] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[test]
fn html_needs_nothing_from_elsewhere() {
    let html = written(&sample(), ReportFormat::Html);
    for forbidden in ["src=\"", "href=\"http", "url(", "@import", "<link", "javascript:"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn every_reference_leads_somewhere() {
    let html = written(&sample(), ReportFormat::Html);
    let mut links = 0;
    for link in html.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        links += 1;
    }
    assert_eq!(links, 5);
}

#[test]
fn an_empty_group_has_a_report_too() {
    let mut report = sample();
    report.group.objects.clear();
    report.group.policies.clear();
    report.group.history.clear();
    report.controls.clear();
    report.findings.clear();
    report.exceptions.clear();
    report.resolved.clear();
    let html = written(&report, ReportFormat::Html);
    for expected in ["The group has no members.", "There is no open violation.", "Nothing was resolved"] {
        assert!(html.contains(expected), "{expected}");
    }
    assert_eq!(written(&report, ReportFormat::Csv).lines().count(), 1);
}

#[test]
fn a_long_past_is_cut_in_html_and_whole_in_csv() {
    let mut report = sample();
    let one = report.resolved[0].clone();
    report.resolved = vec![one; lifesigns_report::RESOLVED_SHOWN + 7];
    assert!(written(&report, ReportFormat::Html).contains("7 older ones are in the CSV and JSON"));
    let csv = written(&report, ReportFormat::Csv);
    assert_eq!(csv.matches("\nresolved,").count(), lifesigns_report::RESOLVED_SHOWN + 7);
}

#[test]
fn csv_is_a_table_without_formulas() {
    let text = written(&sample(), ReportFormat::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let width = reader.headers().unwrap().len();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let kinds: Vec<&str> = records.iter().map(|record| &record[0]).collect();
    assert_eq!(kinds, ["member", "member", "member", "member", "finding", "finding", "exception", "resolved"]);
    for record in &records {
        assert_eq!(record.len(), width);
        for field in record {
            assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{field}");
            assert!(!field.contains(char::is_control), "{field}");
        }
    }
    assert_eq!(&records[3][1], "'-vm<b>");
    assert!(records[5][18].starts_with("'=HYPERLINK("));
    assert!(records[6][23].contains("allow = true by policy registry-mirror"));
}

#[test]
fn json_is_the_whole_report() {
    let json: serde_json::Value = serde_json::from_str(&written(&sample(), ReportFormat::Json)).unwrap();
    assert_eq!(json["made-by"], "lifesigns 1.2.3");
    let report: ComplianceReport = serde_json::from_value(json["report"].clone()).unwrap();
    assert_eq!(report, sample());
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in [ReportFormat::Html, ReportFormat::Csv, ReportFormat::Json] {
        assert!(write(&sample(), format, "1", &mut Full).is_err(), "{format:?}");
    }
}
