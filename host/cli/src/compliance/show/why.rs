//! The why of a resolution.

use lifesigns_compliance::query::{EvaluationState, PolicyOutcome, Resolution};
use lifesigns_text::visible;

use super::super::table::Style;

/// As the library prints it, its first line standing out.
pub(crate) fn resolution(resolution: &Resolution) -> String {
    let text = resolution.to_string();
    let mut lines = text.lines().map(visible);
    let style = match (&resolution.state, resolution.outlook) {
        (EvaluationState::Open { .. }, PolicyOutcome::Allowed) => Style::Green,
        (EvaluationState::Open { .. }, _) => Style::Red,
        _ => Style::Dim,
    };
    let mut page = style.on(&lines.next().unwrap_or_default());
    page.push('\n');
    for line in lines {
        page.push_str(&line);
        page.push('\n');
    }
    page
}
