//! Prometheus' text format (<https://prometheus.io/docs/instrumenting/exposition_formats/>): families of samples.

use std::fmt::{Display, Write as _};

/// The media type of the text.
pub(crate) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Series that one family of a list has at most; what is left out is counted.
const SERIES: usize = 1000;

/// Metrics as they are written.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    text: String,
    left_out: u64,
}

/// A list of series: label values, and the value.
pub(crate) type Series<V> = (Vec<String>, V);

impl Exposition {
    /// Writes a counter without labels. Its name ends with `_total`.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.single(name, "counter", help, value);
    }

    /// Writes a gauge without labels.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.single(name, "gauge", help, value);
    }

    /// Writes a family of counters.
    pub(crate) fn counters<V: Display>(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
        series: impl IntoIterator<Item = Series<V>>,
    ) {
        self.family(name, "counter", help, labels, series);
    }

    /// Writes a family of gauges.
    pub(crate) fn gauges<V: Display>(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
        series: impl IntoIterator<Item = Series<V>>,
    ) {
        self.family(name, "gauge", help, labels, series);
    }

    /// Writes a summary of which the sum and the count are known.
    pub(crate) fn summary(&mut self, name: &str, help: &str, sum: impl Display, count: u64) {
        self.head(name, "summary", help);
        let _ = writeln!(self.text, "lifesigns_{name}_sum {sum}\nlifesigns_{name}_count {count}");
    }

    /// Writes a histogram: its buckets with their upper bounds, each with those before it, then the sum and the count.
    pub(crate) fn histogram(&mut self, name: &str, help: &str, buckets: &[(f64, u64)], sum: impl Display, count: u64) {
        self.head(name, "histogram", help);
        for (end, count) in buckets {
            let _ = writeln!(self.text, "lifesigns_{name}_bucket{{le=\"{end}\"}} {count}");
        }
        let _ = writeln!(self.text, "lifesigns_{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(self.text, "lifesigns_{name}_sum {sum}\nlifesigns_{name}_count {count}");
    }

    /// Returns the text.
    pub(crate) fn finish(mut self) -> String {
        let left_out = self.left_out;
        self.gauge("metrics_left_out", "Series that were left out because a list is too long.", left_out);
        self.text
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP lifesigns_{name} {help}\n# TYPE lifesigns_{name} {kind}");
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.head(name, kind, help);
        let _ = writeln!(self.text, "lifesigns_{name} {value}");
    }

    fn family<V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        labels: &[&str],
        series: impl IntoIterator<Item = Series<V>>,
    ) {
        self.head(name, kind, help);
        let mut count = 0;
        for (values, value) in series {
            count += 1;
            if count > SERIES {
                self.left_out += 1;
                continue;
            }
            let pairs: Vec<String> =
                labels.iter().zip(&values).map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let _ = writeln!(self.text, "lifesigns_{name}{{{}}} {value}", pairs.join(","));
        }
    }
}

/// Escapes the value of a label.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Returns nanoseconds in seconds.
pub(crate) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_all_of_its_calls_in_the_last_bucket() {
        let mut text = Exposition::default();
        text.histogram("t_seconds", "A.", &[(0.001, 2), (1.0, 5)], 7.5, 6);
        let wanted = "# HELP lifesigns_t_seconds A.\n# TYPE lifesigns_t_seconds histogram\n\
                      lifesigns_t_seconds_bucket{le=\"0.001\"} 2\nlifesigns_t_seconds_bucket{le=\"1\"} 5\n\
                      lifesigns_t_seconds_bucket{le=\"+Inf\"} 6\nlifesigns_t_seconds_sum 7.5\nlifesigns_t_seconds_count 6\n";
        assert!(text.finish().starts_with(wanted));
    }

    #[test]
    fn values_of_labels_are_escaped_and_lists_are_bounded() {
        let mut text = Exposition::default();
        text.gauges("x", "A.", &["a", "b"], [(vec!["q\"\\\n".to_owned(), "ä".to_owned()], 1.5)]);
        text.counters("y_total", "B.", &["n"], (0..SERIES + 7).map(|number| (vec![number.to_string()], number)));
        let text = text.finish();
        assert!(text.starts_with("# HELP lifesigns_x A.\n# TYPE lifesigns_x gauge\n"), "{text:.200}");
        assert!(text.contains("lifesigns_x{a=\"q\\\"\\\\\\n\",b=\"ä\"} 1.5\n"), "{text:.200}");
        assert!(text.contains("lifesigns_y_total{n=\"999\"} 999\n") && !text.contains("n=\"1000\""));
        assert!(text.ends_with("lifesigns_metrics_left_out 7\n"));
    }
}
