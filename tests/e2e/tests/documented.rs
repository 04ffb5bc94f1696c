//! The configuration in `docs/compliance.md` is one: it is sound, and its expressions and policies do
//! what the page says.

use std::fs;

use lifesigns::compliance::{
    Book, BookInput,
    query::{Query, QueryAnswer},
};
use lifesigns::model::{Change, Criticality, Impact, RuleAlert};
use lifesigns_intake::inventory;
use lifesigns_settings::Settings;

/// The first fenced block of a language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect(language);
    rest.split_once("```").expect("the block ends").0
}

/// A container was created on this object.
fn raise(object: &str) -> RuleAlert {
    RuleAlert {
        time_ns: 1_795_424_400_000_000_000,
        rule: "docker-keyword".into(),
        symptom: "container-created".into(),
        title: "A container was created".into(),
        object: object.into(),
        criticality: Criticality::Warning,
        impact: Impact::Risk,
        change: Change::Raise,
        summary: "a container was created".into(),
        recommendation: String::new(),
        controls: Vec::new(),
        hold_ms: 0,
        attributes: Vec::new(),
        source: "log".into(),
        line: 1,
        text: "a line".into(),
        module: "sha256:0".into(),
    }
}

#[test]
fn the_example_of_the_compliance_page_is_sound_and_decides_as_it_says() {
    let page = fs::read_to_string(lifesigns_artifacts::root().join("docs/compliance.md")).expect("the page is there");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, list) = (folder.path().join("lifesigns.toml"), folder.path().join("inventory.csv"));
    fs::write(&file, block(&page, "toml")).expect("it is written");
    fs::write(&list, block(&page, "csv")).expect("it is written");
    let settings = Settings::load(&file, std::iter::empty()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let objects = inventory::load(&list).unwrap_or_else(|error| panic!("{error}"));
    let mut book = Book::new(settings.compliance.into()).unwrap_or_else(|errors| panic!("{errors:?}"));
    book.apply(BookInput::Inventory(objects)).expect("only commands are refused");

    let shown = block(&page, "text");
    for object in ["vm-play-01", "vm-7"] {
        book.apply(BookInput::Symptom(Box::new(raise(object)))).expect("only commands are refused");
    }
    for (object, alert) in [("vm-play-01", "docker-on-a-busy-host"), ("vm-7", "docker-on-production")] {
        let query = Query::Why { object: object.into(), alert: alert.into() };
        let Ok(QueryAnswer::Why(resolution)) = book.answer(&query) else { panic!("why was asked for {object}") };
        assert_eq!(resolution.allowed, object == "vm-play-01");
        // The groups and who decided, with the place in the file, are what the page prints.
        let name = file.display().to_string();
        let said = resolution.to_string().replace(&name, "lifesigns.toml");
        let places = said.lines().filter_map(|line| line.rsplit_once("lifesigns.toml:").map(|(_, place)| place));
        for place in places {
            assert!(shown.contains(&format!("lifesigns.toml:{place}")), "{place} of\n{said}\nis not in\n{shown}");
        }
        assert!(shown.contains("lifesigns.toml:"), "the page shows places");
    }
}
