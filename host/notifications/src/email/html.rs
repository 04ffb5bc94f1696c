//! The HTML form of a mail. Everything that is not from this file is escaped.

use std::fmt::Write as _;

use lifesigns_text::visible;

use super::content::{evidence, facts, happened, some, title};
use crate::{explanation, message::Message};

/// Colours of criticalities, from the least to the worst; they only repeat the text beside them.
const COLOURS: [&str; 4] = ["#2b6cb0", "#b7791f", "#c05621", "#c53030"];
/// The colour of a resolved alert.
const OVER: &str = "#2f855a";

/// Returns the whole page. Writing into memory does not fail.
pub(super) fn page(message: &Message) -> String {
    let (notices, more) = some(message);
    let mut page = String::from(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head>\
         <body style=\"font-family:sans-serif;color:#1a202c;max-width:48em\">",
    );
    for notice in notices {
        let alert = &notice.alert;
        let over = notice.happened == lifesigns_compliance::NoticeKind::Resolved;
        let colour = if over { OVER } else { COLOURS[alert.criticality as usize % COLOURS.len()] };
        let _ = write!(
            page,
            "<div style=\"border-left:4px solid {colour};padding:0 1em;margin:1em 0\"><h2 style=\"font-size:1.1em\">{} \
             <span style=\"color:{colour}\">{}</span></h2><p>{}</p><table>",
            escaped(title(alert)),
            happened(notice.happened),
            escaped(&alert.summary)
        );
        for (name, value) in facts(alert) {
            let _ = write!(page, "<tr><td>{name}</td><td>{}</td></tr>", escaped(&value));
        }
        page.push_str("</table>");
        list(&mut page, "What to do", alert.recommendations.iter().map(|one| escaped(one)));
        list(&mut page, "What shows it", evidence(alert).map(|line| format!("<code>{}</code>", escaped(&line))));
        list(&mut page, "Why", explanation::lines(&alert.why).iter().map(|line| escaped(line)));
        page.push_str("</div>");
    }
    if more > 0 {
        let _ = write!(page, "<p>and {more} more</p>");
    }
    page.push_str("</body></html>");
    page
}

fn list(page: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = write!(page, "<h3 style=\"font-size:1em\">{title}</h3><ol>");
        for line in lines {
            let _ = write!(page, "<li>{line}</li>");
        }
        page.push_str("</ol>");
    }
}

/// Returns text as HTML that shows it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_log_is_a_tag() {
        assert_eq!(escaped("<a href='x'>\"&\r\n"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\\r\\n");
    }
}
