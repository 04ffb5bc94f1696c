//! The reader agrees with `serde_json`, and is bounded.

use proptest::prelude::*;

use super::*;

fn whole(text: &str) -> Result<&str, InvalidJson> {
    let mut reader = JsonReader::new(text);
    let raw = reader.raw()?;
    reader.end()?;
    Ok(raw)
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(whole(&nested(DEPTH)).is_ok());
    assert_eq!(whole(&nested(DEPTH + 1)), Err(InvalidJson));
    assert_eq!(whole(&"{\"a\":".repeat(100_000)), Err(InvalidJson));
}

#[test]
fn objects_and_lists_are_stepped_through() {
    fn names(text: &str) -> Result<Vec<String>, InvalidJson> {
        let mut names = Vec::new();
        let mut json = JsonReader::new(text);
        json.elements(|json| {
            json.members(|key, json| {
                names.push(format!("{key}={}", json.raw()?));
                Ok(())
            })
        })?;
        json.end()?;
        Ok(names)
    }
    let all = names(r#" [ {"a": 1, "b":[{}]} , {} ] "#);
    assert_eq!(all, Ok(vec!["a=1".to_owned(), "b=[{}]".to_owned()]));
    assert_eq!((names("[]"), names("null")), (Ok(Vec::new()), Ok(Vec::new())));
    for wrong in ["", "{}", "[", "[{}", "[{},]", "[null]", "[{]", "[{\"a\"}]", "[{}{}]", "nul", "[7]"] {
        assert_eq!(names(wrong), Err(InvalidJson), "{wrong}");
    }
}

#[test]
fn half_surrogates_are_replaced() {
    assert_eq!(
        JsonReader::new(r#""\ud83d\udc33 \ud83d\u0041 \udc33""#).string().as_deref(),
        Ok("🐳 \u{fffd}A \u{fffd}")
    );
}

#[test]
fn a_string_that_is_cut_is_what_is_left_of_it() {
    for (text, left) in [
        (r#""whole"#, "whole"),
        (r#""tab\tand"#, "tab\tand"),
        (r#""a\"#, "a"),
        (r#""a\u00"#, "a"),
        (r#""a\ud83d\u"#, "a"),
    ] {
        assert_eq!(JsonReader::new(text).open_string(), Ok((Cow::Borrowed(left), false)), "{text}");
    }
    assert_eq!(JsonReader::new(r#""a\q"#).open_string(), Err(InvalidJson));
    assert_eq!(JsonReader::new(r#""a\u00g"#).open_string(), Err(InvalidJson));
}

proptest! {
    #[test]
    fn strings_round_trip(text in any::<String>()) {
        let json = serde_json::to_string(&text).expect("a string");
        let mut reader = JsonReader::new(&json);
        let read = reader.string();
        prop_assert_eq!(read.as_deref(), Ok(text.as_str()));
        prop_assert_eq!(matches!(read, Ok(Cow::Borrowed(_))), !json.contains('\\'));
        prop_assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn agrees_with_serde_json(text in "[\\[\\]{},: ]{0,3}([\\[\\]{},:\" ]|\"a\":|\"\\\\n\"|-?[01]{1,2}|\\.5|e\\+?3|true|null){0,12}") {
        prop_assert_eq!(whole(&text).is_ok(), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn accepts_what_serde_json_writes(text in any::<String>(), number: f64, integer: i64, flag: bool) {
        let json = serde_json::json!({ "a": [text, { &text: number }, [], {}], "b": integer, "c": flag, "d": null });
        let json = json.to_string();
        prop_assert_eq!(whole(&json), Ok(json.as_str()));
    }
}
