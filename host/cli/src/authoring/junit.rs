//! Results of cases as JUnit XML, which CI systems read.

use std::time::Duration;

/// The result of a case.
pub(super) struct CaseResult {
    pub(super) name: String,
    pub(super) took: Duration,
    /// What is not as expected.
    pub(super) difference: Option<String>,
}

/// Returns the results of a rule's cases.
pub(super) fn xml(rule: &str, results: &[CaseResult]) -> String {
    let failures = results.iter().filter(|result| result.difference.is_some()).count();
    let (name, tests) = (escaped(rule), results.len());
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">\n"
    );
    for result in results {
        let head = format!(
            "    <testcase classname=\"{name}\" name=\"{}\" time=\"{:.3}\"",
            escaped(&result.name),
            result.took.as_secs_f64()
        );
        match &result.difference {
            None => out.push_str(&format!("{head}/>\n")),
            Some(text) => out.push_str(&format!(
                "{head}>\n      <failure message=\"not as expected\">{}</failure>\n    </testcase>\n",
                escaped(text)
            )),
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Returns a text that XML may hold: control characters have no form there.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_elements_and_texts_are_escaped() {
        let result = |name: &str, difference: Option<&str>| CaseResult {
            name: name.into(),
            took: Duration::from_millis(12),
            difference: difference.map(str::to_owned),
        };
        let xml = xml("a-rule", &[result("one", None), result("two", Some("- raise \"<&>\"\u{1b}"))]);
        assert!(xml.contains("<testsuite name=\"a-rule\" tests=\"2\" failures=\"1\">"), "{xml}");
        assert!(xml.contains("<testcase classname=\"a-rule\" name=\"one\" time=\"0.012\"/>"), "{xml}");
        assert!(xml.contains("- raise &quot;&lt;&amp;&gt;&quot;\u{fffd}</failure>"), "{xml}");
    }
}
