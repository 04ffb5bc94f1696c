//! The body of a mail about alerts, as text and as HTML.

use minijinja::{Environment, Error, syntax::SyntaxConfig};

use super::content::MailContent;

/// The templates, by names whose ending selects the escaping.
const TEXT: (&str, &str) = ("alerts.txt", include_str!("alerts.txt.j2"));
const HTML: (&str, &str) = ("alerts.html", include_str!("alerts.html.j2"));

/// Returns the body as text and as HTML. Every value is escaped in the HTML.
///
/// # Errors
/// Only if a template has an error.
pub(super) fn render(content: &MailContent) -> Result<(String, String), Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    environment.set_syntax(syntax);
    let mut rendered = |(name, source): (&'static str, &'static str)| {
        environment.add_template(name, source)?;
        environment.get_template(name)?.render(minijinja::value::Serde(content))
    };
    Ok((rendered(TEXT)?, rendered(HTML)?))
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::NoticeKind;

    use super::*;
    use crate::{message::Message, sample::notice};

    fn rendered(count: usize) -> (String, String) {
        let mut notices: Vec<_> = (0..count).map(|number| notice(&number.to_string(), NoticeKind::Opened)).collect();
        notices[0].alert.title = "<a href='x'>\"&\r\n".into();
        let message = Message { receiver: "r".into(), bundle: Default::default(), notices, key: "k".into() };
        render(&MailContent::new(&message)).expect("the templates have no errors")
    }

    #[test]
    fn nothing_in_a_log_is_a_tag() {
        let (_, html) = rendered(1);
        assert!(html.contains("&lt;a href=&#x27;x&#x27;&gt;&quot;&amp;\\r\\n <span"), "{html}");
        assert_eq!(html.matches("<a").count(), 0, "{html}");
    }

    #[test]
    fn the_text_has_a_section_for_each_list() {
        let (text, _) = rendered(1);
        let expected = "\
<a href='x'>\"&\\r\\n (opened)
a container was created <b>here</b>

Object: vm-7
Groups: production
Criticality: critical
Impact: risk
Opened: 1970-01-01T00:00:01Z
Controls: CIS-Docker-1.6:5.4
Alert: docker-on-production 0

What to do:
  1. Please call your compliance hotline

What shows it:
  1. dockerd.log:263 POST /containers/create\\u{1b}[2J

--------

";
        assert_eq!(text, expected);
    }

    #[test]
    fn many_alerts_are_counted() {
        let (text, html) = rendered(60);
        assert!(text.ends_with("and 10 more\n") && html.contains("<p>and 10 more</p>"), "{text}");
    }
}
