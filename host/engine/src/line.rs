//! One candidate line: it is decoded, matched exactly, and kept if any rule wants it.

use std::borrow::Cow;

use lifesigns_model::{Decoder, EventSource, Facts, LogRecord, ObjectFacts, Span, limits};
use memchr::{memchr, memrchr};

use crate::{
    RuleSet,
    cost_units::LITERAL_UNITS,
    literal::Message,
    prefilter::{Hit, ScanContext},
    scan_cost::ScanCosts,
    scanned::{ScannedChunk, ScannedLine},
};

/// Hits of one literal in one line that are verified; with more, the message itself is searched. Bounds
/// the cost of a line that repeats a literal.
pub(crate) const MOST_PER_LINE: u32 = 4;

/// The bounds of a candidate line in its chunk.
#[derive(Clone, Copy)]
pub(crate) struct LineBounds {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte, without the line end.
    pub(crate) end: usize,
    /// Lines before it in the chunk.
    pub(crate) number: u32,
    /// Its decoded text may contain what its raw text does not.
    pub(crate) forced: bool,
}

/// Scratch memory for matching lines.
#[derive(Default)]
pub(crate) struct LineScanner {
    /// Patterns that the line's message is known to contain.
    patterns: Vec<u32>,
    hits: Vec<Hit>,
    /// Patterns whose literal must be searched for in the message itself.
    unsure: Vec<u32>,
    /// Patterns that were found outside of the message, as often as they were.
    outside: Vec<u32>,
    /// The numbers of the line's fields.
    numbers: Vec<Option<u32>>,
    work: ScanContext,
    times: Times,
    pub(crate) bill: ScanCosts,
}

impl LineScanner {
    /// A new chunk begins; see [`ScanCosts::begin`].
    pub(crate) fn begin(&mut self, rules: &RuleSet, now_ns: Option<u64>) {
        self.bill.begin(rules, now_ns);
        self.times = Times::default();
    }

    /// Looks at a line; `hits` are the prefilter's in it.
    pub(crate) fn visit(
        &mut self,
        rules: &RuleSet,
        bytes: &[u8],
        at: LineBounds,
        hits: &[Hit],
        out: &mut ScannedChunk,
    ) {
        let raw = trim(&bytes[at.start..at.end]);
        if raw.is_empty() {
            return;
        }
        let text = text_of(raw);
        let exact = matches!(text, Cow::Borrowed(_));
        out.scan_counts.decoded += 1;
        out.scan_counts.not_utf8 += u64::from(!exact);
        let source = std::sync::Arc::clone(&out.source);
        let record = source.decoder.decode(&text);
        out.scan_counts.malformed += u64::from(record.malformed);
        let first_hit = out.hits.len() as u32;
        if let Some(message) = &record.message {
            let start = exact.then_some(at.start);
            self.find_patterns(rules, message, &text, start, at.forced, hits);
            self.find_interests(rules, &record, out);
        }
        let wanted = out.hits.len() as u32 > first_hit;
        if !wanted && record.facts.is_none() {
            return;
        }
        let time_ns = match record.time_ns {
            None if source.decoder.inherits_time() => self.times.before(source.decoder.as_ref(), bytes, at.start),
            time_ns => time_ns,
        };
        keep(
            rules,
            &source,
            &text,
            record,
            out,
            ScannedLine {
                number: at.number,
                time_ns,
                raw: Span::NONE,
                object: Span::NONE,
                app: Span::NONE,
                message: Span::NONE,
                fields: 0..0,
                hits: first_hit..out.hits.len() as u32,
                facts: None,
            },
        );
    }

    /// Which patterns the decoded message contains. `start` is where `text` begins in the chunk, if
    /// it stands there byte for byte.
    fn find_patterns(
        &mut self,
        rules: &RuleSet,
        message: &str,
        text: &str,
        start: Option<usize>,
        forced: bool,
        hits: &[Hit],
    ) {
        for list in [&mut self.patterns, &mut self.unsure, &mut self.outside] {
            list.clear();
        }
        let all = &rules.index.patterns;
        let forced = forced || hits.iter().any(|hit| all[hit.literal as usize].hides);
        let place = start.and_then(|start| Span::within(message, text, start));
        for hit in hits {
            let pattern = &all[hit.literal as usize];
            let Some(literal) = &pattern.literal else { continue };
            match place {
                Some(place) if pattern.whole => {
                    let end = hit.start as usize + literal.text.len();
                    let inside = hit.start >= place.offset && end <= (place.offset + place.len) as usize;
                    if inside { &mut self.patterns } else { &mut self.outside }.push(hit.literal);
                }
                _ => self.unsure.push(hit.literal),
            }
        }
        if forced {
            self.hits.clear();
            self.work.most_per_line = MOST_PER_LINE;
            rules.index.prefilter.scan(message.as_bytes(), &mut self.hits, &mut self.work);
            for hit in &self.hits {
                let pattern = &all[hit.literal as usize];
                if pattern.literal.is_some() {
                    if pattern.whole { &mut self.patterns } else { &mut self.unsure }.push(hit.literal);
                }
            }
        }
        self.outside.sort_unstable();
        // A literal with the most hits that are verified may have more in the message.
        let often =
            self.outside.chunk_by(|one, other| one == other).filter(|hits| hits.len() >= MOST_PER_LINE as usize);
        self.unsure.extend(often.map(|hits| hits[0]));
        self.patterns.sort_unstable();
        self.patterns.dedup();
        if self.unsure.is_empty() {
            return;
        }
        self.unsure.sort_unstable();
        self.unsure.dedup();
        let mut message = Message::new(message);
        let known = self.patterns.len();
        for number in &self.unsure {
            if self.patterns[..known].binary_search(number).is_ok() {
                continue;
            }
            let pattern = &all[*number as usize];
            for interest in pattern.interests.iter().map(|number| &rules.index.interests[*number as usize]) {
                if interest.is_billed {
                    self.bill.add(interest.rule, message.search_units());
                }
            }
            if pattern.is_in(&mut message) {
                self.patterns.push(*number);
            }
        }
        self.patterns.sort_unstable();
    }

    /// Which interests the line satisfies, as far as the line itself can tell. Of those of one rule
    /// that differ in nothing else it is one.
    fn find_interests(&mut self, rules: &RuleSet, record: &LogRecord<'_>, out: &mut ScannedChunk) {
        let index = &rules.index;
        let first = out.hits.len();
        self.numbers.clear();
        let by_literal = self.patterns.iter().flat_map(|pattern| &index.patterns[*pattern as usize].interests);
        for number in by_literal.chain(&index.without_literals) {
            let interest = &index.interests[*number as usize];
            if !interest.fields.is_empty() && self.numbers.is_empty() {
                self.numbers.extend(record.fields.iter().map(|(name, _)| index.fields.get(name)));
            }
            if interest.is_billed && !self.bill.may_evaluate(interest.rule) {
                continue;
            }
            let mut units = if interest.is_billed && !interest.contains.is_empty() { LITERAL_UNITS } else { 0 };
            let passes = interest.fields.iter().all(|(field, check)| {
                let at = self.numbers.iter().position(|number| *number == Some(*field));
                let value = at.map(|at| record.fields[at].1.as_ref());
                units += check.units(value) + self.numbers.len() as u64;
                check.passes(value)
            });
            if units > 0 {
                self.bill.add(interest.rule, units);
            }
            if passes {
                out.hits.push(interest.stands_for);
            }
        }
        self.bill.end_line();
        if out.hits.len() - first > 1 {
            out.hits[first..].sort_unstable();
            let mut kept = first;
            for at in first..out.hits.len() {
                if at == first || out.hits[at] != out.hits[kept - 1] {
                    out.hits[kept] = out.hits[at];
                    kept += 1;
                }
            }
            out.hits.truncate(kept);
        }
    }

    /// The time of the last line of the chunk that has one.
    pub(crate) fn last_time(&mut self, decoder: &dyn Decoder, bytes: &[u8]) -> Option<u64> {
        self.times.before(decoder, bytes, bytes.len())
    }
}

/// Moves a decoded line into the chunk's text.
fn keep(
    rules: &RuleSet,
    source: &EventSource,
    text: &str,
    record: LogRecord<'_>,
    out: &mut ScannedChunk,
    mut line: ScannedLine,
) {
    out.scan_counts.kept += 1;
    let text = &*source.decoder.written(text);
    line.raw = Span::push(&mut out.text, text);
    let raw_start = line.raw.offset as usize;
    let put = |arena: &mut String, part: Option<&str>| match part {
        None => Span::NONE,
        Some(part) => Span::within(part, text, raw_start).unwrap_or_else(|| Span::push(arena, part)),
    };
    line.object = put(&mut out.text, record.object.as_deref());
    line.app = put(&mut out.text, record.app.as_deref());
    line.message = put(&mut out.text, record.message.as_deref());
    let first_field = out.fields.len() as u32;
    if !line.hits.is_empty() && !rules.index.fields.is_empty() {
        for (name, value) in &record.fields {
            if let Some(number) = rules.index.fields.get(name)
                && !out.fields[first_field as usize..].iter().any(|(known, _)| *known == number)
            {
                let span = put(&mut out.text, Some(value));
                out.fields.push((number, span));
            }
        }
    }
    line.fields = first_field..out.fields.len() as u32;
    if let Some(facts) = record.facts {
        line.facts = Some(out.facts.len() as u32);
        let object = record.object.as_deref().unwrap_or(&source.object);
        out.facts.push(owned(object, facts));
    }
    out.lines.push(line);
}

fn owned(object: &str, facts: Facts<'_>) -> ObjectFacts {
    let properties = facts.properties.into_iter();
    ObjectFacts {
        object: object.to_owned(),
        time_ns: 0,
        kind: facts.kind.map(Cow::into_owned),
        parent: facts.parent.map(Cow::into_owned),
        properties: properties.map(|(name, value)| (name.into_owned(), value.map(Cow::into_owned))).collect(),
        metrics: facts.metrics.into_iter().map(|(name, value)| (name.into_owned(), value)).collect(),
        aliases: Vec::new(),
    }
}

/// Returns the line without the carriage return of a CRLF, truncated at the bound on a character's edge.
fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= limits::LINE_BYTES {
        return line;
    }
    let mut end = limits::LINE_BYTES;
    while end > limits::LINE_BYTES - 4 && line[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    &line[..end]
}

/// Returns a line as text; invalid UTF-8 is replaced. The check of the whole line first is several times as fast as
/// `from_utf8_lossy` alone.
fn text_of(line: &[u8]) -> Cow<'_, str> {
    str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed)
}

/// Finds the nearest earlier line with a time, and never decodes a line twice for it.
#[derive(Default)]
struct Times {
    /// The answer for lines that start here.
    at: usize,
    time_ns: Option<u64>,
}

impl Times {
    /// The time of the nearest line that ends before `position` and has one. Positions must not go
    /// back within a chunk.
    fn before(&mut self, decoder: &dyn Decoder, bytes: &[u8], position: usize) -> Option<u64> {
        let mut end = position;
        while let Some(sign) = decoder.last_sign_of_time(&bytes[self.at..end]) {
            let sign = self.at + sign;
            let start = memrchr(b'\n', &bytes[self.at..sign]).map_or(self.at, |before| self.at + before + 1);
            let len = memchr(b'\n', &bytes[sign..end]).map_or(end - start, |after| sign + after - start);
            let line = trim(&bytes[start..][..len]);
            if !line.is_empty()
                && decoder.may_have_time(line)
                && let Some(time_ns) = decoder.decode(&text_of(line)).time_ns
            {
                self.time_ns = Some(time_ns);
                break;
            }
            end = start;
        }
        self.at = position;
        self.time_ns
    }
}
