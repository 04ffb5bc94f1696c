//! OTLP as protobuf messages (opentelemetry-proto 1.x), read in place.

use std::borrow::Cow;

use super::{Attributes, LogParts, MetricPoint, OtlpTaker, value};
use crate::{
    batch::EventBatch,
    decode::{DecodeContext, DecodeError},
    protobuf::{InvalidProtobuf, WireFields},
};

/// Decodes an `ExportLogsServiceRequest`.
pub(crate) fn logs(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let mut taker = OtlpTaker { context, batch, item: 0 };
    scopes(body, |resource, scope| {
        for field in WireFields(scope) {
            if let (2, record) = field? {
                taker.log(resource, &log(record.bytes()?)?)?;
            }
        }
        Ok(())
    })
}

/// Decodes an `ExportMetricsServiceRequest`.
pub(crate) fn metrics(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let mut taker = OtlpTaker { context, batch, item: 0 };
    scopes(body, |resource, scope| {
        for field in WireFields(scope) {
            if let (2, one) = field? {
                metric(one.bytes()?, resource, &mut taker)?;
            }
        }
        Ok(())
    })
}

/// Calls `scope` for each scope of each resource: requests of logs and of metrics are alike so far.
fn scopes(
    body: &[u8],
    mut scope: impl FnMut(&Attributes<'_>, &[u8]) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    for field in WireFields(body) {
        let (1, one) = field? else { continue };
        let one = one.bytes()?;
        let mut resource = Attributes::default();
        for field in WireFields(one) {
            if let (1, attributes) = field? {
                add_attributes(&mut resource, attributes.bytes()?, 1)?;
            }
        }
        for field in WireFields(one) {
            if let (2, records) = field? {
                scope(&resource, records.bytes()?)?;
            }
        }
    }
    Ok(())
}

/// Adds the attributes that are field `number` of a message.
fn add_attributes<'a>(attributes: &mut Attributes<'a>, message: &'a [u8], number: u64) -> Result<(), InvalidProtobuf> {
    for field in WireFields(message) {
        let (found, pair) = field?;
        if found != number {
            continue;
        }
        let (mut name, mut text) = (Cow::Borrowed(""), Cow::Borrowed(""));
        for field in WireFields(pair.bytes()?) {
            match field? {
                (1, key) => name = key.text()?,
                (2, any) => text = value::text(any.bytes()?)?,
                _ => {}
            }
        }
        attributes.add(name, text);
    }
    Ok(())
}

fn log(bytes: &[u8]) -> Result<LogParts<'_>, InvalidProtobuf> {
    let mut log = LogParts::default();
    for field in WireFields(bytes) {
        match field? {
            (1, time) => log.time_ns = time.number()?,
            (11, time) => log.observed_ns = time.number()?,
            (3, text) => log.severity = text.text()?,
            (5, any) => log.body = value::text(any.bytes()?)?,
            (9, id) => log.trace = id_text(id.bytes()?),
            (10, id) => log.span = id_text(id.bytes()?),
            (12, name) => log.event = name.text()?,
            _ => {}
        }
    }
    add_attributes(&mut log.attributes, bytes, 6)?;
    Ok(log)
}

/// Returns an id as text; one that is longer than ids are is no id.
fn id_text(id: &[u8]) -> String {
    if id.len() > 16 || id.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    hex::encode(id)
}

/// Where the parts of a point are in the message of its kind.
struct PointShape {
    attributes: u64,
    /// Number of values and their sum, of what is not one number.
    count_and_sum: Option<(u64, u64)>,
}

/// Returns the shape of the points of field `kind` of a metric.
const fn shape(kind: u64) -> Option<PointShape> {
    match kind {
        // A gauge and a sum.
        5 | 7 => Some(PointShape { attributes: 7, count_and_sum: None }),
        // A histogram.
        9 => Some(PointShape { attributes: 9, count_and_sum: Some((4, 5)) }),
        // An exponential histogram.
        10 => Some(PointShape { attributes: 1, count_and_sum: Some((4, 5)) }),
        // A summary.
        11 => Some(PointShape { attributes: 7, count_and_sum: Some((4, 5)) }),
        _ => None,
    }
}

fn metric(bytes: &[u8], resource: &Attributes<'_>, taker: &mut OtlpTaker<'_, '_>) -> Result<(), DecodeError> {
    let mut name = Cow::Borrowed("");
    for field in WireFields(bytes) {
        if let (1, text) = field? {
            name = text.text()?;
        }
    }
    for field in WireFields(bytes) {
        let (kind, data) = field?;
        let Some(shape) = shape(kind) else { continue };
        for field in WireFields(data.bytes()?) {
            let (1, bytes) = field? else { continue };
            let bytes = bytes.bytes()?;
            let Some((count, sum)) = shape.count_and_sum else {
                taker.point(resource, &name, &number(bytes)?)?;
                continue;
            };
            for (part, field) in [("count", count), ("sum", sum)] {
                let point = part_of(bytes, &shape, field, part == "sum")?;
                taker.point(resource, &format!("{name}.{part}"), &point)?;
            }
        }
    }
    Ok(())
}

fn number(bytes: &[u8]) -> Result<MetricPoint<'_>, InvalidProtobuf> {
    let mut point = MetricPoint::default();
    for field in WireFields(bytes) {
        match field? {
            (3, time) => point.time_ns = time.number()?,
            (4, number) => point.value = Some(number.double()?),
            (6, number) => point.value = Some(number.number()?.cast_signed() as f64),
            // There is no value.
            (8, flags) if flags.number()? & 1 == 1 => return Ok(MetricPoint::default()),
            _ => {}
        }
    }
    add_attributes(&mut point.attributes, bytes, 7)?;
    Ok(point)
}

fn part_of<'a>(
    bytes: &'a [u8],
    shape: &PointShape,
    part: u64,
    is_double: bool,
) -> Result<MetricPoint<'a>, InvalidProtobuf> {
    let mut point = MetricPoint::default();
    for field in WireFields(bytes) {
        match field? {
            (3, time) => point.time_ns = time.number()?,
            (found, number) if found == part => {
                point.value = Some(if is_double { number.double()? } else { number.number()? as f64 });
            }
            _ => {}
        }
    }
    add_attributes(&mut point.attributes, bytes, shape.attributes)?;
    Ok(point)
}
