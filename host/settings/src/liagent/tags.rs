//! Tags: `{"compliance":"alien"}`, also with the quotes that text processors make of them.

use std::collections::BTreeMap;

use lifesigns_text::visible_word;

/// What to write, in messages.
const EXAMPLE: &str = "tags={\"compliance\":\"alien\"}";
/// Most tags.
const TAGS: usize = 50;
/// Longest name, in bytes.
const NAME_BYTES: usize = 64;
/// Longest value, in bytes.
const VALUE_BYTES: usize = 1024;

/// Reads tags.
pub(super) fn read(value: &str) -> Result<BTreeMap<String, String>, String> {
    let plain = |text: &str| serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text);
    let all = plain(value).or_else(|_| plain(&straight(value)));
    let all = all.map_err(|_| format!("\"{}\" is no list of tags; write {EXAMPLE}", visible_word(value)))?;
    if all.len() > TAGS {
        return Err(format!("there are {} tags, and there may be {TAGS}", all.len()));
    }
    let mut tags = BTreeMap::new();
    for (name, value) in all {
        check_tag(&name)?;
        let text = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            _ => return Err(format!("the tag {name} is no text; write {EXAMPLE}")),
        };
        if text.len() > VALUE_BYTES {
            return Err(format!("the tag {name} has {} bytes, and may have {VALUE_BYTES}", text.len()));
        }
        tags.insert(name, text);
    }
    Ok(tags)
}

/// Checks the name of a tag, which becomes a field.
pub(crate) fn check_tag(name: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name == "message" {
        return Err("a tag cannot be named \"message\": that is the text of the event".to_owned());
    }
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(is_plain) {
        let shown = visible_word(name);
        return Err(format!(
            "a tag cannot be named \"{shown}\": a name has up to {NAME_BYTES} letters, digits, `_` and `-`"
        ));
    }
    Ok(())
}

/// Returns the text with straight quotes.
fn straight(text: &str) -> String {
    text.replace(['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{00ab}', '\u{00bb}', '\u{2033}'], "\"")
}
