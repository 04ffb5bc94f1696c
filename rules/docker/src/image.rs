//! Images in requests to the daemon and in the forms that come with them.

use std::borrow::Cow;

use lifesigns_rule::{
    Event,
    json::{JsonValue, entries},
};

use crate::uri::Uri;

/// The image of `/images/create?fromImage=…&tag=…`. `None` for an import.
pub(crate) fn pulled<'a>(uri: &Uri<'a>) -> Option<Cow<'a, str>> {
    let image = uri.parameter("fromImage")?;
    Some(match uri.parameter("tag") {
        None => image,
        // The client puts a digest into the same parameter.
        Some(tag) if tag.contains(':') => format!("{image}@{tag}").into(),
        Some(tag) => format!("{image}:{tag}").into(),
    })
}

/// The image of `/containers/create`, where the same record tells it: from Docker 28 on the request
/// line has the form, as text or (with `--log-format json`) as fields. Older daemons write it as a
/// record of its own.
pub(crate) fn of_create<'a>(event: &Event<'a>, uri: &Uri<'a>) -> Option<Cow<'a, str>> {
    if let Some(image) = event.field("form-data.Image") {
        return Some(Cow::Borrowed(image));
    }
    event.field("form-data").and_then(of_form).map(Cow::Owned).or_else(|| uri.parameter("Image"))
}

/// `sha256:…`, or an id as Docker shows it: no reference.
pub(crate) fn is_image_id(image: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    image.is_empty() || image.starts_with("sha256:") || (matches!(image.len(), 12 | 64) && hex(image))
}

/// The top-level `Image` of a form, in whatever case: the daemon takes any. What a cut line still
/// holds of a form is enough.
pub(crate) fn of_form(form: &str) -> Option<String> {
    let mut image = None;
    for (_, value) in entries(form).filter(|(key, _)| key.eq_ignore_ascii_case("image")) {
        match JsonValue::parse(value) {
            Some(JsonValue::Text(text)) => image = Some(text.into_owned()),
            Some(JsonValue::Null) => image = None,
            _ => break,
        }
    }
    image.filter(|image| !image.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_s_own_image() {
        let form = r#"{"Env":["\"Image\":\"a\""],"HostConfig":{"Image":"b"},"Image":"c\/d:1","Labels":{"Image":"e"}}"#;
        assert_eq!(of_form(form).as_deref(), Some("c/d:1"));
        assert_eq!(of_form(r#"{"image":"evil.invalid/x"}"#).as_deref(), Some("evil.invalid/x"));
        assert_eq!(of_form(r#"{"Image":"a","Labels":{"cut"#).as_deref(), Some("a"));
        for none in [r#"{"Image":null}"#, r#"{"Image":""}"#, r#"{"Image":7}"#, r#"["Image","x"]"#, "{}", "", "Image"] {
            assert_eq!(of_form(none), None, "{none}");
        }
    }

    #[test]
    fn ids_are_no_references() {
        for id in ["sha256:aa", "4e4ab00281fb", &"a".repeat(64), ""] {
            assert!(is_image_id(id), "{id}");
        }
        for reference in ["busybox", "deadbeef", "a/4e4ab00281fb", "busybox@sha256:aa"] {
            assert!(!is_image_id(reference), "{reference}");
        }
    }
}
