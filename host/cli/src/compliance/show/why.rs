//! The why of a resolution.

use lifesigns_compliance::query::Resolution;
use lifesigns_text::visible;

use super::super::table::Style;

/// As the library prints it, its first line standing out.
pub(crate) fn resolution(resolution: &Resolution) -> String {
    let text = resolution.to_string();
    let mut lines = text.lines().map(visible);
    let style = match (resolution.enabled, resolution.allowed) {
        (false, _) => Style::Dim,
        (true, true) => Style::Green,
        (true, false) => Style::Red,
    };
    let mut page = style.on(&lines.next().unwrap_or_default());
    page.push('\n');
    for line in lines {
        page.push_str(&line);
        page.push('\n');
    }
    page
}
