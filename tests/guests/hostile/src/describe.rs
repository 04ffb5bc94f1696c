//! What it says about itself.

use lifesigns_rule::{Description, Interest, Kinds, Symptom, Test};

use crate::settings::{Act, Settings};

pub(crate) fn describe(settings: &Settings) -> Result<Description, String> {
    let symptom = Symptom::new("seen", "The hostile guest saw an event");
    let honest = Description::new("hostile", env!("CARGO_PKG_VERSION"));
    let sound = honest.symptom(symptom.clone()).interest(Interest::log().contains(&settings.contains));
    Ok(match settings.act {
        Act::LoopInDescribe => crate::evaluate::spin(),
        Act::PanicInDescribe => panic!("as asked"),
        Act::RefuseSettings => return Err("`do` is `refuse-settings`: say something else".into()),
        Act::EmptyLiteral => sound.interest(Interest::log().contains([""])),
        Act::HugeLiteral => sound.interest(Interest::log().contains(["x".repeat(2000)])),
        Act::ManyLiterals => sound.interest(Interest::log().contains((0..20_000).map(|n| format!("literal-{n}")))),
        // Each in an interest of its own, so that none of them is needless.
        Act::NestedLiterals => (7..57_usize).fold(sound, |description, len| {
            description.interest(Interest::log().contains(["a".repeat(len)]).field("f", Test::Present))
        }),
        Act::ManyConditions => sound.interest(
            (0..2000)
                .fold(Interest::log(), |interest, number| interest.field(&format!("field-{number}"), Test::Present)),
        ),
        Act::ManyContains => sound.interest((0..100).fold(Interest::log(), |interest, number| {
            interest.field("f", Test::containing([format!("value-{number}")]))
        })),
        Act::ManyValues => {
            let values: Vec<String> = (0..20_000).map(|number| format!("value-{number}")).collect();
            sound.interest(Interest::log().field("f", Test::one_of(values)))
        }
        Act::MostConditions => (0..64).fold(Description { interests: Vec::new(), ..sound }, |description, number| {
            let values = (0..150).map(|value| format!("value-{number}-{value}"));
            description.interest(Interest::log().field("f", Test::containing(values)))
        }),
        Act::Reminders => sound.interest(Interest::of(Kinds::REMINDER)),
        Act::DuplicateSymptoms => sound.symptom(symptom),
        Act::BadSymptomId => sound.symptom(Symptom::new("Not Kebab", "A bad id")),
        Act::NoSymptoms => Description::new("hostile", env!("CARGO_PKG_VERSION")).interest(Interest::log()),
        Act::NoKinds => sound.interest(Interest::of(Kinds::empty())),
        Act::BadName => Description { name: "Hos\ttile".into(), version: String::new(), ..sound },
        Act::HugeTitle => sound.symptom(Symptom::new("huge", &"x".repeat(6 << 20))),
        Act::HugeRecommendation => sound.symptom(Symptom::new("huge", "").recommendation(&"x".repeat(6 << 20))),
        Act::HugeVersion => Description { version: "1".repeat(70_000), ..sound },
        Act::EscapesInVersion => Description { version: "1\x1b]0;owned\x07".into(), ..sound },
        Act::HugeSettingsError => return Err("x".repeat(6 << 20)),
        Act::EscapesInSettingsError => return Err("\x1b[2Jgone".into()),
        Act::KeepsMemory => {
            std::mem::forget(std::hint::black_box(vec![1_u8; 24 << 20]));
            sound
        }
        Act::BadDescription => sound.symptom(symptom).interest(Interest::log().contains([""])),
        _ => sound,
    })
}
