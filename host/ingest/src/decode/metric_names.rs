//! Which samples become facts, and under which names.

use std::borrow::Cow;

/// Names that senders use for what rules know by one name.
const ALIASES: [(&str, &str); 13] = [
    ("node_load1", "load.1m"),
    ("node_load5", "load.5m"),
    ("node_load15", "load.15m"),
    ("system.cpu.load_average.1m", "load.1m"),
    ("system.cpu.load_average.5m", "load.5m"),
    ("system.cpu.load_average.15m", "load.15m"),
    ("system_cpu_load_average_1m", "load.1m"),
    ("system_cpu_load_average_5m", "load.5m"),
    ("system_cpu_load_average_15m", "load.15m"),
    ("node_memory_MemTotal_bytes", "memory.total_bytes"),
    ("node_memory_MemAvailable_bytes", "memory.available_bytes"),
    ("node_memory_SwapTotal_bytes", "swap.total_bytes"),
    ("node_memory_SwapFree_bytes", "swap.free_bytes"),
];
/// A name with its labels, in bytes.
const NAME_BYTES: usize = 256;

/// Patterns of the samples that become facts; `*` stands for any text. Without a pattern: samples that have no
/// labels but those that name their target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetricNames(Vec<String>);

impl MetricNames {
    /// Takes exactly the samples whose name matches one of these.
    pub(crate) const fn new(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Returns the names of the facts that a sample becomes; `labels` are those that do not name its target.
    pub(crate) fn facts(&self, name: &str, labels: &[(Cow<'_, str>, Cow<'_, str>)]) -> Vec<String> {
        let selected = if self.0.is_empty() { labels.is_empty() } else { self.0.iter().any(|it| matches(it, name)) };
        if !selected {
            return Vec::new();
        }
        let bytes = name.len() + labels.iter().map(|(label, value)| label.len() + value.len()).sum::<usize>();
        if bytes > NAME_BYTES {
            return Vec::new();
        }
        let mut names = vec![labelled(name, labels)];
        if labels.is_empty()
            && let Some((_, alias)) = ALIASES.iter().find(|(known, _)| *known == name)
        {
            names.push((*alias).to_owned());
        }
        names.retain(|name| !name.is_empty() && name.len() <= NAME_BYTES);
        names
    }
}

/// Returns `name{label="value",…}`, the labels in the order of their names.
fn labelled(name: &str, labels: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    if labels.is_empty() {
        return name.to_owned();
    }
    let mut sorted: Vec<_> = labels.iter().collect();
    sorted.sort();
    let pairs: Vec<String> = sorted.iter().map(|(label, value)| format!("{label}={value:?}")).collect();
    format!("{name}{{{}}}", pairs.join(","))
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return name.ends_with(part);
        }
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*", "", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("ab*b", "ab", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_known_sample_has_the_name_that_rules_know_too() {
        let labels = [("mode".into(), "idle".into()), ("cpu".into(), "0".into())];
        let all = MetricNames::default();
        assert_eq!(all.facts("node_load1", &[]), ["node_load1", "load.1m"]);
        assert_eq!(all.facts("node_cpu_seconds_total", &labels), [""; 0]);
        let some = MetricNames::new(vec!["node_cpu*".to_owned()]);
        assert_eq!(some.facts("node_cpu_seconds_total", &labels), [r#"node_cpu_seconds_total{cpu="0",mode="idle"}"#]);
        assert_eq!(some.facts("node_load1", &[]), [""; 0]);
    }
}
