//! The environment overrides the files: `LIFESIGNS_STORE=/x`, `LIFESIGNS_ENGINE__SHARDS=4`.

use lifesigns_model::limits::TEXT_FILE_BYTES;
use toml::de::DeValue;

use crate::{
    check::Check,
    keys::ROOT,
    mistake::Notes,
    node::{Entry, Node, Value},
    shape::{Key, Shape, Table},
    source::{At, Sources},
    suggest::nearest,
};

const PREFIX: &str = "LIFESIGNS_";

/// Variables that others read.
const OTHERS: [&str; 3] = ["LIFESIGNS_LOG", "LIFESIGNS_CONFIG", "LIFESIGNS_BLESS"];

/// How variables begin that others read.
const OTHERS_BEGIN: &str = "LIFESIGNS_BENCH_";

/// How the variables end that Kubernetes sets in every pod for the ports of every Service of its
/// namespace (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>),
/// after `PORT_80_TCP`, `PORT_53_UDP`, `PORT_9_SCTP`.
const PORT_ENDS: [&str; 4] = ["", "_ADDR", "_PORT", "_PROTO"];

/// Puts what the variables say over what the files say.
pub(crate) fn overrides(
    variables: impl Iterator<Item = (String, String)>,
    root: &mut Node,
    sources: &mut Sources,
    notes: &mut Notes,
) {
    let mut variables: Vec<_> = variables.filter(|(name, text)| ours(name) && !is_service_link(name, text)).collect();
    variables.sort();
    for (name, text) in variables {
        let fits = text.len() as u64 <= TEXT_FILE_BYTES;
        let source = sources.add(&name, if fits { text } else { String::new() }, true);
        let mut check = Check { sources, notes };
        if let Some((path, node)) = read(&name, source, &mut check) {
            set(root, &path, node);
        }
    }
}

fn ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !OTHERS.contains(&name) && !name.starts_with(OTHERS_BEGIN)
}

/// Returns whether Kubernetes or Docker set this variable for a service whose name begins with
/// `lifesigns`: `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_NAME`, `…_PORT=tcp://10.0.0.1:80`,
/// `…_PORT_80_TCP` and its `_ADDR`, `_PORT`, `_PROTO`. They are no settings and never stop a start.
fn is_service_link(name: &str, text: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return true;
    }
    if name.ends_with("_PORT") && ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme)) {
        return true;
    }
    let is_port = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let protocol = ["_TCP", "_UDP", "_SCTP"].iter().find_map(|protocol| rest[digits..].strip_prefix(protocol));
        digits > 0 && protocol.is_some_and(|end| PORT_ENDS.contains(&end))
    };
    name.match_indices("_PORT_").any(|(at, before)| is_port(&name[at + before.len()..]))
}

/// The keys that a variable names, outermost first, and its value.
fn read(name: &str, source: usize, check: &mut Check<'_>) -> Option<(Vec<&'static str>, Node)> {
    let text = check.sources.get(source).text.clone();
    let at = At::new(source, 0..text.len());
    let Some((path, key)) = find(name) else {
        let known: Vec<_> = variables().iter().map(|name| name.to_ascii_lowercase()).collect();
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`?", near.to_ascii_uppercase()),
            None => "`LIFESIGNS_STORE` sets `store`, `LIFESIGNS_ENGINE__SHARDS` sets `shards` of `[engine]`".to_owned(),
        };
        check.wrong(&at, "there is no setting of this name", Some(help));
        return None;
    };
    if !settable(&key.shape) {
        check.wrong(&at, format!("`{}` cannot be set in the environment", key.name), Some("set it in a file".into()));
        return None;
    }
    let value = match value(&key.shape, &text, source) {
        Ok(value) => value,
        Err(why) => {
            check.wrong(&at, format!("this is no list: {why}"), Some("write it as in the file: [\"a\", \"b\"]".into()));
            return None;
        }
    };
    Some((path, Node { at, value }))
}

fn find(name: &str) -> Option<(Vec<&'static str>, &'static Key)> {
    let mut table: &'static Table = &ROOT;
    let mut path = Vec::new();
    let mut parts = name.strip_prefix(PREFIX)?.split("__").peekable();
    while let Some(part) = parts.next() {
        let key = table.keys.iter().find(|key| variable(key.name) == part)?;
        path.push(key.name);
        match (&key.shape, parts.peek()) {
            (_, None) => return Some((path, key)),
            (Shape::Table(inner), Some(_)) => table = inner,
            _ => return None,
        }
    }
    None
}

/// All variables that set something.
pub(crate) fn variables() -> Vec<String> {
    let mut names = Vec::new();
    for key in ROOT.keys {
        let name = format!("{PREFIX}{}", variable(key.name));
        match &key.shape {
            Shape::Table(inner) => {
                let inner = inner.keys.iter().filter(|key| settable(&key.shape));
                names.extend(inner.map(|key| format!("{name}__{}", variable(key.name))));
            }
            shape if settable(shape) => names.push(name),
            _ => {}
        }
    }
    names
}

fn variable(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// Whether one value says it all.
fn settable(shape: &Shape) -> bool {
    match shape {
        Shape::Table(_) | Shape::Map(..) => false,
        Shape::List(item, _) => settable(item),
        Shape::Either(one, other) => settable(one) && settable(other),
        _ => true,
    }
}

/// What the text is as a value of this shape. What it cannot be stays a text, and is told later.
fn value(shape: &Shape, text: &str, source: usize) -> Result<Value, String> {
    let list = |text: &str| -> Result<Value, String> {
        let parsed = DeValue::parse(text).map_err(|error| error.message().to_owned())?;
        Ok(Node::of_value(&parsed, source).value)
    };
    let as_text = || Value::Text(text.to_owned());
    match shape {
        Shape::Flag | Shape::Yes => Ok(text.parse().map_or_else(|_| as_text(), Value::Flag)),
        Shape::Whole(..) => Ok(text.parse().map_or_else(|_| as_text(), Value::Whole)),
        Shape::Number => Ok(text.parse().map_or_else(|_| as_text(), Value::Number)),
        Shape::List(..) => list(text),
        Shape::Either(_, Shape::List(..)) if text.trim_start().starts_with('[') => list(text),
        Shape::Either(Shape::Whole(..), _) => Ok(text.parse().map_or_else(|_| as_text(), Value::Whole)),
        _ => Ok(as_text()),
    }
}

fn set(root: &mut Node, path: &[&'static str], node: Node) {
    let Value::Table(entries) = &mut root.value else { return };
    let Some((first, rest)) = path.split_first() else { return };
    let position = entries.iter().position(|entry| entry.key == *first).unwrap_or_else(|| {
        let empty = Node { at: node.at.clone(), value: Value::Table(Vec::new()) };
        entries.push(Entry { key: (*first).to_owned(), at: node.at.clone(), node: empty });
        entries.len() - 1
    });
    let entry = &mut entries[position];
    if rest.is_empty() {
        entry.at = node.at.clone();
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
