//! What agents send: NDJSON, an object a line, which is a line of a log with the place where it was read, or facts.

use std::{borrow::Cow, collections::BTreeMap};

use lifesigns_intake::PlacedLine;
use serde::Deserialize;

use super::{DecodeContext, DecodeError};
use crate::batch::EventBatch;

/// The field that names the object which an agent claimed without being allowed to.
const CLAIMED: &str = "claimed-object";

/// Who sends.
#[derive(Clone, Copy)]
pub(crate) struct AgentSender<'a> {
    /// The name of the agent.
    pub(crate) name: &'a str,
    /// Whether the agent may send about an object beside itself.
    pub(crate) may_name: &'a dyn Fn(&str) -> bool,
}

/// A line of a log, as an agent sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentLine<'a> {
    /// Where it was read: the path of a file, or `journald`.
    #[serde(borrow)]
    source: Cow<'a, str>,
    line: u64,
    #[serde(default, borrow)]
    object: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    fields: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default)]
    time: Option<u64>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// The object that facts are about.
#[derive(Deserialize)]
struct AgentFacts<'a> {
    #[serde(default, borrow)]
    object: Option<Cow<'a, str>>,
}

/// Decodes a batch of an agent. An item that is neither a line nor facts is refused, and those around it are taken.
pub(crate) fn decode(
    body: &[u8],
    sender: AgentSender<'_>,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<(), DecodeError> {
    for (index, bytes) in body.split(|byte| *byte == b'\n').enumerate() {
        let number = index as u64 + 1;
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        context.check_items(batch)?;
        let Ok(line) = std::str::from_utf8(bytes) else {
            batch.refuse(number, "it is not UTF-8");
            continue;
        };
        // Only a line of a log has a text.
        match serde_json::from_str::<AgentLine<'_>>(line) {
            Ok(sent) => take_line(number, &sent, sender, batch),
            Err(why) => take_facts(number, line, sender, &why, batch),
        }
    }
    Ok(())
}

impl AgentSender<'_> {
    /// Returns whether the agent may send about an object.
    fn may_send_about(&self, object: &str) -> bool {
        object == self.name || (self.may_name)(object)
    }
}

fn take_line(number: u64, sent: &AgentLine<'_>, sender: AgentSender<'_>, batch: &mut EventBatch) {
    let place = format!("agent/{}:{}", sender.name, sent.source);
    let mut fields: Vec<(&str, &str)> = sent.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut object = sent.object.as_deref().unwrap_or(sender.name);
    if !sender.may_send_about(object) {
        // Not lost, and not about another object either.
        fields.insert(0, (CLAIMED, object));
        object = sender.name;
    }
    let line = PlacedLine { place: &place, number: sent.line, object, time_ns: sent.time, fields, text: &sent.text };
    batch.placed(number, &line);
}

fn take_facts(number: u64, line: &str, sender: AgentSender<'_>, why: &serde_json::Error, batch: &mut EventBatch) {
    let facts = Some(line).filter(|line| line.contains("\"properties\"") || line.contains("\"metrics\""));
    let facts = facts.and_then(|line| serde_json::from_str::<AgentFacts<'_>>(line).ok());
    let Some(AgentFacts { object }) = facts else {
        batch.refuse(number, format!("it is neither a line of a log nor facts: {why}"));
        return;
    };
    let object = object.as_deref().unwrap_or(sender.name);
    if !sender.may_send_about(object) {
        let why = format!("the agent {:?} states no facts of the object {object:?}", sender.name);
        batch.refuse(number, why);
        return;
    }
    batch.line(number, sender.name, line.trim_ascii());
}

#[cfg(test)]
mod tests {
    use lifesigns_intake::{Format, placed_decoder};
    use lifesigns_sources::Content;

    use super::*;
    use crate::decode::MetricNames;

    fn decoded(body: &str) -> (Vec<String>, crate::batch::ItemCounts) {
        let (decoder, metrics) = (Format::Ndjson.decoder(0), MetricNames::new(Vec::new()));
        let context =
            DecodeContext { object: "10.0.0.1", decoder: &*decoder, metrics: &metrics, now_ns: 7, most_items: 9 };
        let sender = AgentSender { name: "web-1", may_name: &|object| object == "appliance" };
        let mut batch = EventBatch::skipping(0);
        decode(body.as_bytes(), sender, &context, &mut batch).expect("few enough");
        let (pieces, counts) = batch.finish();
        let mut shown = Vec::new();
        for piece in pieces {
            let Content::PlacedLines(lines) = piece.content else { continue };
            let (decoder, bytes) = (placed_decoder(Format::Auto.decoder(0)), lines.into_bytes());
            for line in std::str::from_utf8(&bytes).expect("text").lines() {
                let (record, written) = (decoder.decode(line), decoder.written(line));
                let evidence = decoder.evidence(&written).or_at("nowhere", 0);
                let fields: Vec<String> = record.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                shown.push(format!(
                    "{} {}:{} {} [{}]",
                    record.object.unwrap_or_default(),
                    evidence.source,
                    evidence.line,
                    evidence.text,
                    fields.join(" ")
                ));
            }
        }
        (shown, counts)
    }

    #[test]
    fn lines_keep_their_place_and_an_agent_speaks_for_itself() {
        let (lines, counts) = decoded(concat!(
            "{\"source\":\"/var/log/a.log\",\"line\":7,\"text\":\"one \\\"x\\\"\",\"fields\":{\"site\":\"b\"},\"time\":9}\n\n",
            "{\"source\":\"/b.log\",\"line\":1,\"object\":\"appliance\",\"text\":\"two\"}\n",
            "{\"source\":\"/b.log\",\"line\":2,\"object\":\"web-2\",\"text\":\"three\"}\n",
            "{\"object\":\"web-1\",\"metrics\":{\"load.1m\":0.5}}\n",
            "{\"object\":\"web-2\",\"properties\":{\"env\":\"lab\"}}\n",
            "{\"line\":2,\"text\":\"four\"}\nnot json\n",
        ));
        let expected = [
            "web-1 agent/web-1:/var/log/a.log:7 one \"x\" [site=b]",
            "appliance agent/web-1:/b.log:1 two []",
            "web-1 agent/web-1:/b.log:2 three [claimed-object=web-2]",
        ];
        assert_eq!(lines, expected);
        let refused: Vec<u64> = counts.errors.iter().map(|error| error.item).collect();
        assert_eq!((counts.accepted, counts.refused, refused), (4, 3, vec![6, 7, 8]));
    }
}
