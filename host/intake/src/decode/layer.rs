//! One line of several inside each other: its record, and the text in it that may be another line.

use std::borrow::Cow;

use lifesigns_model::{Facts, LogRecord, limits};

use super::context::Context;

/// A decoded line whose content has not been looked at yet.
pub(crate) struct Layer<'a, 'c> {
    /// The record without a message, if there is content.
    pub(crate) record: LogRecord<'a>,
    /// The content: another line, or the message.
    pub(crate) content: Option<Cow<'a, str>>,
    /// How the content is decoded.
    pub(crate) context: Context<'c>,
}

/// Merges the inner line into the outer one. The inner line wins, except that the outer line keeps its
/// app and its facts if it has any. Of fields with equal names the inner one counts.
pub(crate) fn merge<'a>(outer: &mut LogRecord<'a>, inner: LogRecord<'a>) {
    let LogRecord { time_ns, object, app, message, mut fields, facts, malformed } = inner;
    outer.time_ns = time_ns.or(outer.time_ns);
    outer.object = object.or_else(|| outer.object.take());
    outer.app = outer.app.take().or(app);
    outer.message = message;
    fields.append(&mut outer.fields);
    fields.truncate(limits::FIELDS);
    outer.fields = fields;
    outer.facts = outer.facts.take().or(facts);
    outer.malformed |= malformed;
}

/// Copies everything that the record borrows.
pub(crate) fn owned(record: LogRecord<'_>) -> LogRecord<'static> {
    let text = |text: Cow<'_, str>| Cow::<'static, str>::Owned(text.into_owned());
    LogRecord {
        time_ns: record.time_ns,
        object: record.object.map(text),
        app: record.app.map(text),
        message: record.message.map(text),
        fields: record.fields.into_iter().map(|(name, value)| (text(name), text(value))).collect(),
        facts: record.facts.map(|facts| Facts {
            kind: facts.kind.map(text),
            parent: facts.parent.map(text),
            properties: facts.properties.into_iter().map(|(name, value)| (text(name), value.map(text))).collect(),
            metrics: facts.metrics.into_iter().map(|(name, value)| (text(name), value)).collect(),
        }),
        malformed: record.malformed,
    }
}
