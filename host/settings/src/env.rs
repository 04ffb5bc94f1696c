//! The environment overrides the files: `LIFESIGNS_STORE=/x`, `LIFESIGNS_ENGINE__SHARDS=4`.

use lifesigns_document::{
    Checker, DiagnosticSink, KeySchema, RawEntry, RawNode, RawValue, SourceTexts, TableSchema, TextSpan, ValueSchema,
    parse_toml_value,
};
use lifesigns_model::limits::TEXT_FILE_BYTES;
use lifesigns_text::did_you_mean;

use crate::keys::ROOT;

const PREFIX: &str = "LIFESIGNS_";

/// Variables that other parts read.
const OTHERS: [&str; 6] = [
    "LIFESIGNS_LOG",
    "LIFESIGNS_CONFIG",
    "LIFESIGNS_BLESS",
    // Of commands that ask a host in the network.
    "LIFESIGNS_SERVER",
    "LIFESIGNS_TOKEN",
    "LIFESIGNS_CA",
];

/// The prefix of variables that other parts read.
const OTHERS_BEGIN: &str = "LIFESIGNS_BENCH_";

/// How the variables end that Kubernetes sets in every pod for the ports of every Service of its
/// namespace (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>),
/// after `PORT_80_TCP`, `PORT_53_UDP`, `PORT_9_SCTP`.
const PORT_ENDS: [&str; 4] = ["", "_ADDR", "_PORT", "_PROTO"];

/// Overrides the settings of the files by those of the variables. Returns the number of the first source that
/// is a variable.
pub(crate) fn overrides(
    variables: impl Iterator<Item = (String, String)>,
    root: &mut RawNode,
    sources: &mut SourceTexts,
    diagnostics: &mut DiagnosticSink,
) -> usize {
    let mut variables: Vec<_> = variables.filter(|(name, text)| ours(name) && !is_service_link(name, text)).collect();
    variables.sort();
    let first = sources.count();
    for (name, text) in variables {
        let fits = text.len() as u64 <= TEXT_FILE_BYTES;
        let source = sources.add(&name, if fits { text } else { String::new() });
        let mut check = Checker { sources, diagnostics };
        if let Some((path, node)) = read(&name, source, &mut check) {
            set(root, &path, node);
        }
    }
    first
}

fn ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !OTHERS.contains(&name) && !name.starts_with(OTHERS_BEGIN)
}

/// Returns whether Kubernetes or Docker set this variable for a service whose name begins with
/// `lifesigns`: `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_NAME`, `…_PORT=tcp://10.0.0.1:80`,
/// `…_PORT_80_TCP` and its `_ADDR`, `_PORT`, `_PROTO`. They are not settings and never prevent a start.
fn is_service_link(name: &str, text: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return true;
    }
    if name.ends_with("_PORT") && ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme)) {
        return true;
    }
    name.match_indices("_PORT_").any(|(at, before)| is_port(&name[at + before.len()..]))
}

/// Returns whether this follows `_PORT_` in the name of such a variable.
fn is_port(rest: &str) -> bool {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let protocol = ["_TCP", "_UDP", "_SCTP"].iter().find_map(|protocol| rest[digits..].strip_prefix(protocol));
    digits > 0 && protocol.is_some_and(|end| PORT_ENDS.contains(&end))
}

/// Returns the keys that a variable names, outermost first, and its value.
fn read(name: &str, source: usize, check: &mut Checker<'_>) -> Option<(Vec<&'static str>, RawNode)> {
    let text = check.sources.get(source).text.clone();
    let at = TextSpan::new(source, 0..text.len());
    let Some((path, key)) = find(name) else {
        let help = did_you_mean(name, variables().iter().map(String::as_str)).unwrap_or_else(|| {
            "`LIFESIGNS_STORE` sets `store`, `LIFESIGNS_ENGINE__SHARDS` sets `shards` of `[engine]`".to_owned()
        });
        check.error(&at, "there is no setting of this name", Some(help));
        return None;
    };
    if !settable(&key.schema) {
        check.error(&at, format!("`{}` cannot be set in the environment", key.name), Some("set it in a file".into()));
        return None;
    }
    let value = match value(&key.schema, &text, source) {
        Ok(value) => value,
        Err(why) => {
            check.error(&at, format!("this is no list: {why}"), Some("write it as in the file: [\"a\", \"b\"]".into()));
            return None;
        }
    };
    Some((path, RawNode { at, value }))
}

fn find(name: &str) -> Option<(Vec<&'static str>, &'static KeySchema)> {
    let mut table: &'static TableSchema = &ROOT;
    let mut path = Vec::new();
    let mut parts = name.strip_prefix(PREFIX)?.split("__").peekable();
    while let Some(part) = parts.next() {
        let key = table.keys.iter().find(|key| variable(key.name) == part)?;
        path.push(key.name);
        match (&key.schema, parts.peek()) {
            (_, None) => return Some((path, key)),
            (ValueSchema::Table(inner), Some(_)) => table = inner,
            _ => return None,
        }
    }
    None
}

/// Returns the names of all variables that are settings.
pub(crate) fn variables() -> Vec<String> {
    let mut names = Vec::new();
    for key in ROOT.keys {
        let name = format!("{PREFIX}{}", variable(key.name));
        match &key.schema {
            ValueSchema::Table(inner) => {
                let inner = inner.keys.iter().filter(|key| settable(&key.schema));
                names.extend(inner.map(|key| format!("{name}__{}", variable(key.name))));
            }
            schema if settable(schema) => names.push(name),
            _ => {}
        }
    }
    names
}

fn variable(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// Returns whether a single value can be given for this type.
fn settable(schema: &ValueSchema) -> bool {
    match schema {
        ValueSchema::Table(_) | ValueSchema::AnyTable | ValueSchema::Map(..) => false,
        ValueSchema::List(item, _) => settable(item),
        ValueSchema::Either(one, other) => settable(one) && settable(other),
        _ => true,
    }
}

/// Returns a text as a value of this type. A text that is not one remains a text, which is reported later.
fn value(schema: &ValueSchema, text: &str, source: usize) -> Result<RawValue, String> {
    let value = match schema {
        ValueSchema::Bool | ValueSchema::True => text.parse().ok().map(RawValue::Bool),
        ValueSchema::Integer(..) | ValueSchema::Bytes(..) => text.parse().ok().map(RawValue::Integer),
        ValueSchema::Number => text.parse().ok().map(RawValue::Number),
        ValueSchema::List(..) => Some(parse_toml_value(text, source)?.value),
        ValueSchema::Either(_, ValueSchema::List(..)) if text.trim_start().starts_with('[') => {
            Some(parse_toml_value(text, source)?.value)
        }
        _ => None,
    };
    Ok(value.unwrap_or_else(|| RawValue::Text(text.to_owned())))
}

fn set(root: &mut RawNode, path: &[&'static str], node: RawNode) {
    let RawValue::Table(entries) = &mut root.value else { return };
    let Some((first, rest)) = path.split_first() else { return };
    let position = entries.iter().position(|entry| entry.key == *first).unwrap_or_else(|| {
        let empty = RawNode { at: node.at, value: RawValue::Table(Vec::new()) };
        entries.push(RawEntry { key: (*first).to_owned(), at: node.at, node: empty });
        entries.len() - 1
    });
    let entry = &mut entries[position];
    if rest.is_empty() {
        entry.at = node.at;
        entry.node = node;
    } else {
        set(&mut entry.node, rest, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_links_are_no_settings() {
        for (name, text) in [
            ("LIFESIGNS_METRICS_SERVICE_HOST", "10.0.0.1"),
            ("LIFESIGNS_METRICS_SERVICE_PORT", "80"),
            ("LIFESIGNS_METRICS_SERVICE_PORT_HTTP_METRICS", "80"),
            ("LIFESIGNS_METRICS_PORT", "tcp://10.0.0.1:80"),
            ("LIFESIGNS_METRICS_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("LIFESIGNS_METRICS_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("LIFESIGNS_METRICS_PORT_80_TCP_PORT", "80"),
            ("LIFESIGNS_METRICS_PORT_53_UDP_PROTO", "udp"),
            ("LIFESIGNS_PORT_9_PORT_8_SCTP_ADDR", "10.0.0.1"),
            ("LIFESIGNS_SERVICE_HOST", "10.0.0.1"),
            ("LIFESIGNS_PORT", "tcp://10.0.0.1:80"),
            ("LIFESIGNS_STORE_PORT", "udp://10.0.0.1:80"),
        ] {
            assert!(is_service_link(name, text), "{name}={text}");
        }
        // What a person may have meant is still an error.
        for (name, text) in [
            ("LIFESIGNS_STOER", "/x"),
            ("LIFESIGNS_METRICS_PORT", "80"),
            ("LIFESIGNS_PORT_TCP", "80"),
            ("LIFESIGNS_PORT_80_HTTP", "80"),
        ] {
            assert!(!is_service_link(name, text), "{name}={text}");
        }
        assert!(variables().iter().all(|name| !is_service_link(name, "10.0.0.1")));
    }

    #[test]
    fn each_variable_finds_its_key() {
        let names = variables();
        assert!(names.iter().any(|name| name == "LIFESIGNS_OUTBOUND__ALLOW_PRIVATE"));
        assert!(!names.iter().any(|name| name.contains("POLICY")));
        for name in names {
            assert!(ours(&name) && find(&name).is_some(), "{name}");
        }
        for name in ["LIFESIGNS_", "LIFESIGNS_ENGINE__", "LIFESIGNS_ENGINE__SHARDS__X", "LIFESIGNS_engine__shards"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
