//! Labels as Loki and Prometheus write them: `{name="value", …}`.

use std::borrow::Cow;

use lifesigns_intake::JsonReader;
use lifesigns_model::limits;

use super::DecodeError;

/// Labels with their values, in their order.
pub(crate) type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The labels that name an object, best first.
const OBJECTS: [&str; 8] = ["object", "host", "hostname", "host_name", "node_name", "nodename", "node", "instance"];
/// The labels that name an application, best first.
const APPS: [&str; 5] = ["service_name", "app", "container_name", "container", "job"];

/// Returns the labels in `text`.
pub(crate) fn parse(text: &str) -> Result<Labels<'_>, DecodeError> {
    let invalid = || DecodeError::malformed("labels have the shape {name=\"value\", …}");
    let inner = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or_else(invalid)?;
    let mut labels = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=').ok_or_else(invalid)?;
        // A string as in Go, whose escapes are those of JSON where labels have any.
        let mut json = JsonReader::new(behind);
        let value = json.string().map_err(|_| invalid())?;
        if labels.len() < limits::FIELDS {
            labels.push((Cow::Borrowed(name.trim()), value));
        }
        rest = json.rest().trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Ok(labels)
}

/// Returns the value of the first of `names` that there is; `None` if that is empty.
pub(crate) fn first<'l>(labels: &'l [(Cow<'_, str>, Cow<'_, str>)], names: &[&str]) -> Option<&'l str> {
    for name in names {
        if let Some((_, value)) = labels.iter().find(|(label, _)| label == name) {
            return if value.is_empty() { None } else { Some(value) };
        }
    }
    None
}

/// Returns the object that labels name.
pub(crate) fn object<'l>(labels: &'l Labels<'_>) -> Option<&'l str> {
    first(labels, &OBJECTS)
}

/// Returns the application that labels name.
pub(crate) fn app<'l>(labels: &'l Labels<'_>) -> Option<&'l str> {
    first(labels, &APPS)
}

/// Returns the host of `host:port`.
pub(crate) fn without_port(instance: &str) -> &str {
    if let Some(end) = instance.strip_prefix('[').and_then(|rest| rest.find(']')) {
        return &instance[1..=end];
    }
    match instance.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => instance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_loki_writes_them() {
        let labels = parse(r#"{host="web-1", job="varlogs",path="C:\\x \"y\", z"}"#).expect("labels");
        assert_eq!(labels.len(), 3);
        assert_eq!(labels[2].1, r#"C:\x "y", z"#);
        assert_eq!((object(&labels), app(&labels)), (Some("web-1"), Some("varlogs")));
        assert_eq!(parse("{}"), Ok(vec![]));
        for wrong in ["", "{", r#"{a}"#, r#"{a="b}"#, r#"{a=b}"#] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_instance_is_a_host_with_its_port() {
        let cases =
            [("web-1:9100", "web-1"), ("[::1]:9100", "::1"), ("::1", "::1"), ("web-1", "web-1"), ("a:b", "a:b")];
        for (instance, host) in cases {
            assert_eq!(without_port(instance), host);
        }
    }
}
