//! OTLP as JSON: the names of the fields in lower camel case, 64-bit numbers in strings, ids in hex.

use std::borrow::Cow;

use lifesigns_intake::{InvalidJson, JsonReader};

use super::{Attributes, LogParts, MetricPoint, OtlpTaker, value};
use crate::{
    batch::EventBatch,
    decode::{DecodeContext, DecodeError, text_of, whole_of},
};

/// The names under which a request has its parts.
struct RequestShape {
    resources: &'static str,
    scopes: &'static str,
    records: &'static str,
}

/// Decodes an `ExportLogsServiceRequest`.
pub(crate) fn logs(body: &str, context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let mut taker = OtlpTaker { context, batch, item: 0 };
    let shape = RequestShape { resources: "resourceLogs", scopes: "scopeLogs", records: "logRecords" };
    records(body, &shape, |resource, json| taker.log(resource, &log(json)?))
}

/// Decodes an `ExportMetricsServiceRequest`.
pub(crate) fn metrics(body: &str, context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let mut taker = OtlpTaker { context, batch, item: 0 };
    let shape = RequestShape { resources: "resourceMetrics", scopes: "scopeMetrics", records: "metrics" };
    records(body, &shape, |resource, json| metric(json, resource, &mut taker))
}

fn records<'a>(
    body: &'a str,
    shape: &RequestShape,
    mut record: impl FnMut(&Attributes<'_>, &mut JsonReader<'a>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut reader = JsonReader::new(body);
    reader.members(|key, json| {
        if key != shape.resources {
            json.raw()?;
            return Ok(());
        }
        json.elements(|json| {
            let raw = json.raw()?;
            let resource = resource(raw)?;
            JsonReader::new(raw).members(|key, json| {
                if key != shape.scopes {
                    json.raw()?;
                    return Ok(());
                }
                json.elements(|json| {
                    json.members(|key, json| {
                        if key != shape.records {
                            json.raw()?;
                            return Ok(());
                        }
                        json.elements(|json| record(&resource, json))
                    })
                })
            })
        })
    })?;
    reader.end()?;
    Ok(())
}

fn resource(raw: &str) -> Result<Attributes<'_>, DecodeError> {
    let mut resource = Attributes::default();
    JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
        if key != "resource" {
            return json.raw().map(drop);
        }
        json.members(
            |key, json| {
                if key == "attributes" { attributes(json, &mut resource) } else { json.raw().map(drop) }
            },
        )
    })?;
    Ok(resource)
}

fn attributes<'a>(json: &mut JsonReader<'a>, attributes: &mut Attributes<'a>) -> Result<(), InvalidJson> {
    json.elements(|json| {
        let (mut name, mut text) = (Cow::Borrowed(""), Cow::Borrowed(""));
        json.members(|key, json| -> Result<(), InvalidJson> {
            match key {
                "key" => name = text_of(json)?.unwrap_or_default(),
                "value" => text = value::text_in_json(json)?,
                _ => drop(json.raw()?),
            }
            Ok(())
        })?;
        attributes.add(name, text);
        Ok(())
    })
}

fn log<'a>(json: &mut JsonReader<'a>) -> Result<LogParts<'a>, InvalidJson> {
    let mut log = LogParts::default();
    json.members(|key, json| -> Result<(), InvalidJson> {
        match key {
            "timeUnixNano" => log.time_ns = whole_of(json)?.unwrap_or(0),
            "observedTimeUnixNano" => log.observed_ns = whole_of(json)?.unwrap_or(0),
            "severityText" => log.severity = text_of(json)?.unwrap_or_default(),
            "body" if json.peek() == b'{' => log.body = value::text_in_json(json)?,
            "traceId" => log.trace = text_of(json)?.unwrap_or_default().into_owned(),
            "spanId" => log.span = text_of(json)?.unwrap_or_default().into_owned(),
            "eventName" => log.event = text_of(json)?.unwrap_or_default(),
            "attributes" => attributes(json, &mut log.attributes)?,
            _ => drop(json.raw()?),
        }
        Ok(())
    })?;
    Ok(log)
}

fn metric(
    json: &mut JsonReader<'_>,
    resource: &Attributes<'_>,
    taker: &mut OtlpTaker<'_, '_>,
) -> Result<(), DecodeError> {
    let raw = json.raw()?;
    let mut name = Cow::Borrowed("");
    JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
        if key == "name" {
            name = text_of(json)?.unwrap_or_default();
            return Ok(());
        }
        json.raw().map(drop)
    })?;
    JsonReader::new(raw).members(|key, json| {
        if !matches!(key, "gauge" | "sum" | "histogram" | "exponentialHistogram" | "summary") {
            json.raw()?;
            return Ok(());
        }
        let is_number = matches!(key, "gauge" | "sum");
        json.members(|key, json| {
            if key != "dataPoints" {
                json.raw()?;
                return Ok(());
            }
            json.elements(|json| {
                let raw = json.raw()?;
                if is_number {
                    return taker.point(resource, &name, &point(raw, &["asDouble", "asInt"])?);
                }
                for part in ["count", "sum"] {
                    taker.point(resource, &format!("{name}.{part}"), &point(raw, &[part])?)?;
                }
                Ok(())
            })
        })
    })
}

/// Returns a point whose value is one of these members.
fn point<'a>(raw: &'a str, values: &[&str]) -> Result<MetricPoint<'a>, InvalidJson> {
    let mut point = MetricPoint::default();
    JsonReader::new(raw).members(|key, json| -> Result<(), InvalidJson> {
        match key {
            "timeUnixNano" => point.time_ns = whole_of(json)?.unwrap_or(0),
            "attributes" => attributes(json, &mut point.attributes)?,
            _ if values.contains(&key) => point.value = text_of(json)?.and_then(|text| text.parse().ok()),
            _ => drop(json.raw()?),
        }
        Ok(())
    })?;
    Ok(point)
}
