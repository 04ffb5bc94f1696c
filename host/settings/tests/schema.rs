//! The published schema is up to date, and accepts what the reader accepts.
#![allow(clippy::unwrap_used)]

mod json_schema;

use std::{env, fs, iter, path::Path};

use lifesigns_settings::{Settings, schema};
use serde_json::{Value, json};

const PUBLISHED: &str = "../../docs/lifesigns.schema.json";
const DOCUMENT: &str = "../../docs/configuration.md";

fn errors(text: &str) -> Vec<String> {
    let instance: Value = serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    json_schema::errors(&schema(), &instance)
}

/// The examples of the document: the blocks that are marked as TOML.
fn examples() -> Vec<String> {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let blocks = document.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_published_schema_is_up_to_date() {
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if env::var_os("LIFESIGNS_BLESS").is_some() {
        fs::write(PUBLISHED, &now).unwrap();
    }
    let published = fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == now, "{PUBLISHED} is stale; LIFESIGNS_BLESS=1 updates it");
}

#[test]
fn good_files_satisfy_the_schema() {
    for file in [
        "least.toml",
        "whole.toml",
        "agents.toml",
        "parts/lifesigns.toml",
        "parts/conf.d/10-groups.toml",
        "parts/conf.d/20-routes.toml",
    ] {
        let text = fs::read_to_string(Path::new("tests/good").join(file)).unwrap();
        assert_eq!(errors(&text), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    for text in [
        "rule = 'x'",
        "rules = 1",
        "rules = ''",
        "[engine]\nshards = 0",
        "[badge]\nformula = 'best'",
        "reopen = 60",
        "reopen = '1 hour'",
        "[retention]\nsize = '10GB'",
        "[[source]]\nfile = 'a'\nstdin = true",
        "[[source]]\nname = 'a'",
        "[[source]]\nstdin = false",
        "[[group]]\nname = 'a'",
        "[[group]]\nname = 'A'\nwhen = 'true'",
        "[[policy]]\nname = 'a'\nallow = []",
        "[[policy]]\nname = 'a'\ncriticality = { '*' = 'bad' }",
        "[[policy]]\nname = 'a'\nallow = ['x']\nhours = [{ from = '8:00' }]",
        "[[policy]]\nname = 'a'\nthreshold = { x = { '1' = 1 } }",
        "[[alert]]\nname = 'a'\ncount = 2\nall = [{ symptom = 'a/b' }]",
        "[[alert]]\nname = 'a'\nof = [{ symptom = 'a/b' }]",
        "[[alert]]\nname = 'a'\nall = [{ any = [{ symptom = 'a/b', fact = 'true' }] }]",
        "[[receiver]]\nname = 'a'\nwebhook = { url = 'http://x', secret = 'plain' }",
        "[[route]]\nat-least = 'warning'",
        "[[route]]\nreceivers = []\n[[route.route]]\nroutes = []",
    ] {
        assert_ne!(errors(text), Vec::<String>::new(), "the schema takes this:\n{text}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifesigns.toml");
        let complete = if text.starts_with("rule") { text.to_owned() } else { format!("rules = 'r'\n{text}") };
        fs::write(&path, complete).unwrap();
        assert!(Settings::load(&path, iter::empty()).is_err(), "the reader takes this:\n{text}");
    }
}

#[test]
fn examples_of_the_document_load() {
    let examples = examples();
    assert!(examples.len() > 5);
    for example in examples {
        assert_eq!(errors(&example), Vec::<String>::new(), "{example}");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hotline.json.j2"), r#"{"text": {{ alerts[0].title }}}"#).unwrap();
        fs::write(folder.path().join("linux.ini"), "[filelog|docker]\ndirectory=/var/log\n").unwrap();
        let path = folder.path().join("lifesigns.toml");
        fs::write(&path, &example).unwrap();
        if !example.contains("rules = ") {
            fs::create_dir(folder.path().join("conf.d")).unwrap();
            fs::rename(&path, folder.path().join("conf.d/part.toml")).unwrap();
            fs::write(&path, "rules = 'rules.d'\n").unwrap();
        }
        if let Err(mistakes) = Settings::load(&path, iter::empty()) {
            panic!("{mistakes}\n{example}");
        }
    }
}

#[test]
fn the_document_names_every_key() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let schema = schema();
    let tables = schema["$defs"].as_object().unwrap().values().chain(iter::once(&schema));
    let keys = tables.flat_map(|table| table["properties"].as_object().unwrap().keys());
    let missing: Vec<_> = keys.filter(|key| !document.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{DOCUMENT} does not explain {missing:?}");
}

#[test]
fn the_validator_of_these_tests_can_say_no() {
    let schema =
        json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "additionalProperties": false });
    assert!(json_schema::errors(&schema, &json!({ "a": 1 })).is_empty());
    assert_eq!(json_schema::errors(&schema, &json!({ "a": "x", "b": 1 })).len(), 2);
}
