//! Manifests: what they take, and every mistake with its place.
#![allow(clippy::unwrap_used)]

use super::*;

fn parse(text: &str) -> Result<Manifest, String> {
    Manifest::parse(Path::new("a.toml"), text.as_bytes()).map_err(|mistakes| mistakes.to_string())
}

#[test]
fn an_empty_manifest_has_the_defaults() {
    assert_eq!(parse("").unwrap(), Manifest::default());
    assert_eq!(parse("\u{feff}enabled = true\n").unwrap(), Manifest::default());
}

#[test]
fn every_key_is_taken() {
    let text = "module = \"../m/k.wasm\"\nenabled = false\npaused = true\ngrants = [\"log\"]\nstate = \"discard\"\nshadow = \"new.wasm\"\n\
                [settings]\nb = 1\na = [\"x\"]\n[shadow-settings]\nb = 2\n\
                [limits]\ndeadline-ms = 5\nmemory-bytes = 65536\nalerts-per-event = 1\nalert-bytes = 100\n\
                cpu-ms-per-s = 6\nalerts-per-s = 7\nalert-bytes-per-s = 8000\nstate-bytes = 90000\n\
                object-state-bytes = 1024\nstate-bytes-per-s = 1100\nlog-lines-per-s = 12\n";
    let manifest = parse(text).unwrap();
    let limits = Limits {
        deadline_ms: 5,
        memory_bytes: 65536,
        alerts_per_event: 1,
        alert_bytes: 100,
        cpu_ms_per_s: 6,
        alerts_per_s: 7,
        alert_bytes_per_s: 8000,
        state_bytes: 90_000,
        object_state_bytes: 1024,
        state_bytes_per_s: 1100,
        log_lines_per_s: 12,
    };
    let expected = Manifest {
        module: Some("../m/k.wasm".into()),
        shadow: Some(ManifestShadow { module: "new.wasm".into(), settings_json: r#"{"b":2}"#.into() }),
        enabled: false,
        paused: true,
        grants: Grants { state: false, log: true },
        discards_state: true,
        settings_json: r#"{"a":["x"],"b":1}"#.into(),
        limits,
    };
    assert_eq!(manifest, expected);
    let sizes = parse("[limits]\nmemory-bytes = \"64 MiB\"\nstate-bytes-per-s = '8KiB'\n").unwrap().limits;
    assert_eq!((sizes.memory_bytes, sizes.state_bytes_per_s), (64 << 20, 8 << 10));
    let shadow = parse("shadow = 'new.wasm'\n[settings]\na = 1\n").unwrap().shadow.unwrap();
    assert_eq!(shadow.settings_json, r#"{"a":1}"#, "those of the rule");
    assert_eq!(parse("grants = []").unwrap().grants, Grants { state: false, log: false });
}

#[test]
fn all_mistakes_have_their_place_and_their_fix() {
    let text = "modul = \"x\"\n contains = [\"x\"]\ndeadline_ms = 3\ngrants = [\"state\", \"logs\"]\nenabled = \"yes\"\n\
                [limits]\ncpu-ms-per-s = 0\nmemory = 3\nalert-byte = 3\nmemory-bytes = \"1M\"\n\
                state-bytes = \"2KiB\"\nalerts-per-s = \"1s\"\nalert-bytes = 99999999999999999999\n\
                [settings]\nb = nan\n";
    let expected = concat!(
        "a.toml:1:1: a manifest has no key `modul`; did you mean `module`?\n",
        "a.toml:2:2: a manifest has no key `contains`; its keys are `module`, `enabled`, `paused`, `grants`, `state`, `settings`, \
         `shadow`, `shadow-settings`, `limits`; what the rule itself wants to know belongs into [settings]\n",
        "a.toml:3:1: a manifest has no key `deadline_ms`; `deadline-ms` belongs into [limits]\n",
        "a.toml:4:20: `grants` cannot be \"logs\"; did you mean `log`?\n",
        "a.toml:5:11: `enabled` is `true` or `false`, not a text\n",
        "a.toml:7:16: `cpu-ms-per-s` is from 1 to 100000\n",
        "a.toml:8:1: [limits] has no key `memory`; its keys are `deadline-ms`, `memory-bytes`, `alerts-per-event`, \
         `alert-bytes`, `cpu-ms-per-s`, `alerts-per-s`, `alert-bytes-per-s`, `state-bytes`, `object-state-bytes`, \
         `state-bytes-per-s`, `log-lines-per-s`\n",
        "a.toml:9:1: [limits] has no key `alert-byte`; did you mean `alert-bytes`?\n",
        "a.toml:10:16: `memory-bytes` cannot be \"1M\"; write a size as \"512KiB\", \"64MiB\", \"10GiB\"\n",
        "a.toml:11:15: `state-bytes` is from 65536 (\"64KiB\") to 1099511627776 (\"1TiB\")\n",
        "a.toml:12:16: `alerts-per-s` is a whole number, not a text\n",
        "a.toml:13:15: `alert-bytes` is from 64 (\"64B\") to 1048576 (\"1MiB\")\n",
        "a.toml:15:5: NaN has no form in JSON; write it as a text, or leave it out",
    );
    assert_eq!(parse(text).unwrap_err(), expected);
    for (text, expected) in [
        ("module = 3", "1:10: `module` is a path in quotes, such as \"keyword.wasm\", not a whole number"),
        ("module = \"\"", "1:10: `module` is empty; leave it out, or say something"),
        ("grants = \"log\"", "1:10: `grants` is a list, not a text; in brackets: [\"log\"]"),
        (
            "[shadow-settings]\na = 1",
            "1:2: there are settings for a shadow, and no `shadow`; write `shadow = \"NEW.wasm\"` above the tables, \
             or leave them out",
        ),
        ("settings = 3", "1:12: `settings` is a table, not a whole number; begin it with a line [settings]"),
        ("limits = 3", "1:10: `limits` is a table, not a whole number; begin it with a line [limits]"),
    ] {
        assert_eq!(parse(text).unwrap_err(), format!("a.toml:{expected}"), "{text}");
    }
    let long = format!("module = \"{}\"", "x".repeat(1025));
    assert!(parse(&long).unwrap_err().contains("is not a usable path"));
    for text in ["module = ", "module = \"a\"\nmodule = \"b\"", "[settings", "a = = 1"] {
        assert!(parse(text).unwrap_err().contains(": this is no TOML: "), "{text}");
    }
}

#[test]
fn names_are_plain() {
    for name in ["a", "docker-keyword", "web.nginx_2", "0"] {
        check_name(name).unwrap();
    }
    assert!(check_name("My Rule").unwrap_err().contains("for example to `my-rule`"));
    for name in ["", "-a", ".a", "a/b", "ü", &"x".repeat(129)] {
        check_name(name).unwrap_err();
    }
}
