//! Prometheus remote write, versions 1.0 and 2.0: samples become metrics of the object that a label names.

use std::borrow::Cow;

use lifesigns_model::{NS_PER_MS, limits};

use super::{
    DecodeContext, DecodeError,
    labels::{Labels, without_port},
};
use crate::{
    batch::EventBatch,
    protobuf::{InvalidProtobuf, WireFields, packed},
};

/// The bits of the sample that says that a series has ended.
const STALE: u64 = 0x7ff0_0000_0000_0002;
/// Metrics of one record; a line of facts has room for [`limits::FIELDS`].
const RECORD_METRICS: usize = limits::FIELDS / 2;
/// Labels that name a target and not a series of it.
const TARGET: [&str; 2] = ["instance", "job"];

/// What became of a request, as version 2.0 reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenCounts {
    /// Samples that were taken, or that no setting selects.
    pub(crate) samples: u64,
}

/// Joins samples of one object and one time.
struct SampleJoiner<'c, 'b> {
    context: &'c DecodeContext<'c>,
    /// The label that names the object.
    label: &'c str,
    batch: &'b mut EventBatch,
    object: String,
    time_ns: u64,
    metrics: Vec<(String, f64)>,
    counts: WrittenCounts,
    records: u64,
}

impl SampleJoiner<'_, '_> {
    /// Fails if there are `count` of something of which a request has no more than of items.
    const fn check_count(&self, count: usize) -> Result<(), DecodeError> {
        let most = self.context.most_items;
        if (count as u64) < most { Ok(()) } else { Err(DecodeError::TooManyItems(most)) }
    }

    /// Takes the samples of a series; of several the rules see each.
    fn series(&mut self, labels: &Labels<'_>, series: &[&[u8]]) -> Result<(), DecodeError> {
        let value = |name: &str| labels.iter().find(|(label, _)| label == name).map(|(_, value)| &**value);
        let name = value("__name__").unwrap_or_default();
        let object = value(self.label).filter(|object| !object.is_empty());
        let object = object.map_or(self.context.object, without_port).to_owned();
        let is_own = |(label, _): &&(Cow<'_, str>, Cow<'_, str>)| {
            label != "__name__" && !TARGET.contains(&&**label) && label != self.label
        };
        let own: Labels<'_> = labels.iter().filter(is_own).cloned().collect();
        let facts = self.context.metrics.facts(name, &own);
        for sample in series {
            self.counts.samples += 1;
            let (value, time_ms) = sample_of(sample)?;
            let is_stale = value.to_bits() == STALE;
            if facts.is_empty() || is_stale || !value.is_finite() {
                self.batch.skip_samples(1);
                continue;
            }
            // Before 1970 it is a huge number.
            let Some(time_ns) = time_ms.checked_mul(NS_PER_MS) else {
                self.batch.skip_samples(1);
                continue;
            };
            self.add(&object, time_ns, &facts, value)?;
        }
        Ok(())
    }

    fn add(&mut self, object: &str, time_ns: u64, facts: &[String], value: f64) -> Result<(), DecodeError> {
        if self.object != object || self.time_ns != time_ns || self.metrics.len() >= RECORD_METRICS {
            self.flush()?;
            object.clone_into(&mut self.object);
            self.time_ns = time_ns;
        }
        self.metrics.extend(facts.iter().map(|name| (name.clone(), value)));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        if self.metrics.is_empty() {
            return Ok(());
        }
        self.context.check_items(self.batch)?;
        let metrics = std::mem::take(&mut self.metrics);
        self.batch.facts(self.records, Some(self.time_ns), &self.object, metrics);
        self.records += 1;
        Ok(())
    }
}

/// Decodes a `WriteRequest` of version 1.0 or, if `is_v2`, a `Request` of 2.0.
pub(crate) fn decode(
    body: &[u8],
    is_v2: bool,
    label: &str,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<WrittenCounts, DecodeError> {
    let mut joiner = SampleJoiner {
        context,
        label,
        batch,
        object: String::new(),
        time_ns: 0,
        metrics: Vec::new(),
        counts: WrittenCounts::default(),
        records: 0,
    };
    if is_v2 {
        version_2(body, &mut joiner)?
    } else {
        version_1(body, &mut joiner)?
    }
    joiner.flush()?;
    Ok(joiner.counts)
}

fn version_1(body: &[u8], joiner: &mut SampleJoiner<'_, '_>) -> Result<(), DecodeError> {
    for field in WireFields(body) {
        let (1, series) = field? else { continue };
        let (mut labels, mut samples) = (Vec::new(), Vec::new());
        for field in WireFields(series.bytes()?) {
            match field? {
                (1, label) if labels.len() < limits::FIELDS => labels.push(label_of(label.bytes()?)?),
                (2, sample) => {
                    joiner.check_count(samples.len())?;
                    samples.push(sample.bytes()?);
                }
                _ => {}
            }
        }
        joiner.series(&labels, &samples)?;
    }
    Ok(())
}

fn version_2(body: &[u8], joiner: &mut SampleJoiner<'_, '_>) -> Result<(), DecodeError> {
    let mut symbols = Vec::new();
    // Checked once, however often they are named.
    for field in WireFields(body) {
        if let (4, symbol) = field? {
            joiner.check_count(symbols.len())?;
            symbols.push(symbol.text()?);
        }
    }
    for field in WireFields(body) {
        let (5, series) = field? else { continue };
        let (mut refs, mut samples) = (Vec::new(), Vec::new());
        for field in WireFields(series.bytes()?) {
            match field? {
                (1, list) => refs = packed(list.bytes()?).take(2 * limits::FIELDS).collect::<Result<Vec<_>, _>>()?,
                (2, sample) => {
                    joiner.check_count(samples.len())?;
                    samples.push(sample.bytes()?);
                }
                _ => {}
            }
        }
        let text = |number: u64| {
            let symbol = usize::try_from(number).ok().and_then(|number| symbols.get(number));
            symbol.map(|text| Cow::Borrowed(&**text)).ok_or(InvalidProtobuf)
        };
        let pairs = refs.as_chunks::<2>().0.iter();
        let labels = pairs.map(|[name, value]| Ok((text(*name)?, text(*value)?)));
        joiner.series(&labels.collect::<Result<Labels<'_>, InvalidProtobuf>>()?, &samples)?;
    }
    Ok(())
}

fn label_of(bytes: &[u8]) -> Result<(Cow<'_, str>, Cow<'_, str>), InvalidProtobuf> {
    let (mut name, mut value) = (Cow::Borrowed(""), Cow::Borrowed(""));
    for field in WireFields(bytes) {
        match field? {
            (1, text) => name = text.text()?,
            (2, text) => value = text.text()?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Returns value and time in milliseconds; both versions have them alike.
fn sample_of(bytes: &[u8]) -> Result<(f64, u64), InvalidProtobuf> {
    let (mut value, mut time_ms) = (0.0, 0);
    for field in WireFields(bytes) {
        match field? {
            (1, number) => value = number.double()?,
            (2, number) => time_ms = number.number()?,
            _ => {}
        }
    }
    Ok((value, time_ms))
}
