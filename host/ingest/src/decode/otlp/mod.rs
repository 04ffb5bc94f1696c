//! OpenTelemetry's protocol: logs become events, metrics become facts, and the resource names the object.

pub(crate) mod json;
pub(crate) mod protobuf;
mod value;

use std::borrow::Cow;

use lifesigns_model::limits;

use super::{DecodeContext, DecodeError, Envelope, labels::first};
use crate::batch::EventBatch;

/// Attributes of a resource that name an object, best first.
const OBJECTS: [&str; 7] =
    ["object", "host.name", "k8s.node.name", "k8s.pod.name", "container.id", "container.name", "host.id"];
/// Attributes of a resource that name an application, best first.
const APPS: [&str; 4] = ["service.name", "k8s.container.name", "container.name", "process.executable.name"];

/// Attributes in their order; values that are no texts are as JSON.
#[derive(Clone, Debug, Default)]
struct Attributes<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Attributes<'a> {
    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        if self.0.len() < limits::FIELDS && !name.is_empty() {
            self.0.push((name, value));
        }
    }

    fn first(&self, names: &[&str]) -> Option<&str> {
        first(&self.0, names)
    }

    fn object(&self) -> Option<&str> {
        self.first(&OBJECTS)
    }

    fn borrowed(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.0.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value)))
    }
}

/// One log record, as both encodings have it.
#[derive(Debug, Default)]
struct LogParts<'a> {
    time_ns: u64,
    observed_ns: u64,
    severity: Cow<'a, str>,
    body: Cow<'a, str>,
    event: Cow<'a, str>,
    trace: String,
    span: String,
    attributes: Attributes<'a>,
}

/// One number of a metric.
#[derive(Debug, Default)]
struct MetricPoint<'a> {
    time_ns: u64,
    value: Option<f64>,
    attributes: Attributes<'a>,
}

/// Takes records of a request.
struct OtlpTaker<'c, 'b> {
    context: &'c DecodeContext<'c>,
    batch: &'b mut EventBatch,
    item: u64,
}

impl OtlpTaker<'_, '_> {
    fn log(&mut self, resource: &Attributes<'_>, log: &LogParts<'_>) -> Result<(), DecodeError> {
        self.context.check_items(self.batch)?;
        let time_ns = [log.time_ns, log.observed_ns].into_iter().find(|time_ns| *time_ns > 0);
        let own = [("level", &*log.severity), ("trace_id", &log.trace), ("span_id", &log.span), ("event", &log.event)];
        let own = own.into_iter().filter(|(_, value)| !value.is_empty());
        let own = own.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
        let object = log.attributes.first(&["object", "host.name"]).or_else(|| resource.object());
        let envelope = Envelope {
            time_ns,
            object: object.map(Cow::Borrowed),
            app: resource.first(&APPS).map(Cow::Borrowed),
            fields: log.attributes.borrowed().chain(own).chain(resource.borrowed()).collect(),
        };
        let text = if log.body.is_empty() { &log.event } else { &log.body };
        let record = envelope.record(text, self.context.decoder);
        self.batch.read(self.item, &record, self.context.object, text);
        self.item += 1;
        Ok(())
    }

    fn point(&mut self, resource: &Attributes<'_>, name: &str, point: &MetricPoint<'_>) -> Result<(), DecodeError> {
        self.context.check_items(self.batch)?;
        let names = self.context.metrics.facts(name, &point.attributes.0);
        let item = self.item;
        self.item += 1;
        let Some(value) = point.value.filter(|value| value.is_finite() && !names.is_empty()) else {
            self.batch.skip_samples(1);
            return Ok(());
        };
        let time_ns = Some(point.time_ns).filter(|time_ns| *time_ns > 0);
        let object = resource.object().unwrap_or(self.context.object).to_owned();
        let metrics = names.into_iter().map(|name| (name, value)).collect();
        self.batch.facts(item, time_ns, &object, metrics);
        Ok(())
    }
}
