//! The published schema of manifests is up to date, and accepts what the reader accepts.
#![allow(clippy::unwrap_used)]

#[path = "../../settings/tests/json_schema/mod.rs"]
mod json_schema;

use std::{env, fs, path::Path};

use lifesigns_rulestore::{Manifest, manifest_schema};
use serde_json::Value;

const PUBLISHED: &str = "../../docs/manifest.schema.json";
const DOCUMENT: &str = "../../docs/manifest.md";

fn errors(text: &str) -> Vec<String> {
    let instance: Value = serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    json_schema::errors(&manifest_schema(), &instance)
}

fn is_read(text: &str) -> bool {
    Manifest::parse(Path::new("a.toml"), text.as_bytes()).is_ok()
}

#[test]
fn the_published_schema_is_up_to_date() {
    let now = serde_json::to_string_pretty(&manifest_schema()).unwrap() + "\n";
    if env::var_os("LIFESIGNS_BLESS").is_some() {
        fs::write(PUBLISHED, &now).unwrap();
    }
    let published = fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == now, "{PUBLISHED} is stale; LIFESIGNS_BLESS=1 updates it");
}

#[test]
fn examples_of_the_document_are_read_and_name_every_key() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let blocks: Vec<_> = document.split("```toml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for example in &blocks {
        assert_eq!(errors(example), Vec::<String>::new(), "{example}");
        assert!(is_read(example), "{example}");
    }
    let schema = manifest_schema();
    let tables = [&schema, &schema["$defs"]["limits"]];
    let keys: Vec<_> = tables.iter().flat_map(|table| table["properties"].as_object().unwrap().keys()).collect();
    assert_eq!(keys.len(), 20);
    assert!(keys.iter().all(|key| blocks[0].contains(key.as_str())), "{keys:?}");
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    for text in [
        "modul = 'x'",
        "module = 3",
        "module = ''",
        "enabled = 'yes'",
        "grants = 'log'",
        "grants = ['logs']",
        "settings = 3",
        "deadline-ms = 3",
        "[limits]\ndeadline-ms = 0",
        "[limits]\ncpu-ms-per-s = 1.5",
        "[limits]\nmemory-bytes = '32 megabytes'",
        "[limits]\nmemory-bytes = 1",
        "[limits]\nmemory = 65536",
    ] {
        assert_ne!(errors(text), Vec::<String>::new(), "the schema takes this:\n{text}");
        assert!(!is_read(text), "the reader takes this:\n{text}");
    }
}
