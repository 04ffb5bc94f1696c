//! Modules, manifests, what rules say of themselves and answer, and what they look for.

use std::{path::Path, sync::OnceLock};

use lifesigns_engine::prefilter::{Hit, Literal, Prefilter, ScanContext};
use lifesigns_model::{
    Change, Description, EventKind, EventKinds, Interest, InterestCondition, Limits, Subject, SymptomDefinition,
    ValueTest, WakeSignal, Wants, limits,
};
use lifesigns_rulestore::{Manifest, ManifestChange};
use lifesigns_sandbox::{CompileLimits, Compiler, InProcess, probe};

/// Bytes as a module: admitted or refused, with a reason that can be shown.
///
/// # Panics
/// If a promise is broken, as all here.
pub fn admission(data: &[u8]) {
    static COMPILER: OnceLock<InProcess> = OnceLock::new();
    let compiler = COMPILER.get_or_init(|| InProcess::new(CompileLimits::default()).expect("this machine runs it"));
    if let Err(error) = compiler.compile(data, &WakeSignal::new()) {
        shown(&error.to_string());
    }
}

fn shown(text: &str) {
    assert!(!text.is_empty() && text.len() < 64 << 10, "a reason of {} bytes", text.len());
    assert!(!text.contains('\x1b'), "a reason that drives a terminal: {text:?}");
}

/// Bytes as a manifest: what is read stays the same after each change that the host can make in its text.
///
/// # Panics
/// See [`admission`].
pub fn manifest(data: &[u8]) {
    let path = Path::new("rule.toml");
    let parsed = match Manifest::parse(path, data) {
        Ok(parsed) => parsed,
        Err(mistakes) => return shown(&mistakes.lines(20)),
    };
    let Ok(text) = std::str::from_utf8(data) else { return };
    for change in [
        ManifestChange::Module("versions/rule/0.wasm".to_owned()),
        ManifestChange::Enabled(!parsed.enabled),
        ManifestChange::Paused(!parsed.paused),
        ManifestChange::Shadow("versions/rule/1.wasm".to_owned()),
        ManifestChange::Promote,
    ] {
        if let Ok(changed) = change.apply(path, text) {
            let now = Manifest::parse(path, changed.as_bytes()).expect("the host writes what it can read");
            assert_eq!((now.grants, &now.limits), (parsed.grants, &parsed.limits), "{change:?}");
        }
    }
}

/// Bytes, taken apart.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    fn few(&mut self) -> usize {
        usize::from(self.byte() % 8)
    }

    fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(len);
        self.0 = rest;
        text
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    fn texts(&mut self) -> Vec<String> {
        (0..self.few()).map(|_| self.text()).collect()
    }
}

fn interest(parts: &mut Parts<'_>) -> Interest {
    let kinds = [EventKind::Log, EventKind::Fact, EventKind::Reminder];
    let chosen = parts.byte();
    let kinds: Vec<EventKind> = (0..3).filter(|bit| chosen >> bit & 1 == 1).map(|bit| kinds[bit]).collect();
    let condition = |parts: &mut Parts<'_>| InterestCondition {
        subject: if parts.byte().is_multiple_of(2) {
            Subject::Field(parts.text())
        } else {
            Subject::Property(parts.text())
        },
        test: match parts.byte() % 6 {
            0 => ValueTest::Present,
            1 => ValueTest::Absent,
            2 => ValueTest::OneOf(parts.texts()),
            3 => ValueTest::NoneOf(parts.texts()),
            4 => ValueTest::StartsWith(parts.texts()),
            _ => ValueTest::Contains(parts.texts()),
        },
    };
    Interest {
        kinds: EventKinds::of(&kinds),
        contains: parts.texts(),
        ignore_case: parts.byte() % 2 == 1,
        conditions: (0..parts.few()).map(|_| condition(parts)).collect(),
    }
}

/// A description: one that is accepted has only what later code relies on.
///
/// # Panics
/// See [`admission`].
pub fn description(data: &[u8]) {
    let mut parts = Parts(data);
    let symptom = |parts: &mut Parts<'_>| SymptomDefinition {
        id: parts.text(),
        title: parts.text(),
        criticality: lifesigns_model::Criticality::Warning,
        impact: lifesigns_model::Impact::Risk,
        recommendation: parts.text(),
        controls: parts.texts(),
        hold_ms: u64::from(parts.number()),
    };
    let description = Description {
        name: parts.text(),
        version: parts.text(),
        symptoms: (0..parts.few()).map(|_| symptom(&mut parts)).collect(),
        interests: (0..parts.few()).map(|_| interest(&mut parts)).collect(),
        wants: Wants { fields: parts.texts(), properties: parts.texts(), metrics: parts.texts() },
        state_version: parts.few() as u32,
        migrates_from: parts.few() as u32,
    };
    match probe::check_description(&description) {
        Err(why) => shown(&why),
        Ok(()) => {
            assert!(!description.interests.is_empty() && !description.name.is_empty());
            assert!(description.migrates_from <= description.state_version);
            let literals = description.interests.iter().flat_map(|interest| &interest.contains);
            assert!(literals.into_iter().all(|literal| (1..=limits::LITERAL_BYTES).contains(&literal.len())));
        }
    }
}

/// An answer: of one that is accepted every index and span names what there is, and nothing of its text is lost.
///
/// # Panics
/// See [`admission`].
pub fn answer(data: &[u8]) {
    let mut parts = Parts(data);
    let (events, symptoms) = (1 + parts.few(), 1 + parts.few());
    let text = parts.text();
    // Small numbers often fit; others never do.
    let number = |parts: &mut Parts<'_>| {
        if parts.byte().is_multiple_of(16) { parts.number() } else { u32::from(parts.byte() % 16) }
    };
    let alerts = (0..parts.few()).map(|_| [(); 6].map(|()| number(&mut parts))).collect::<Vec<_>>();
    let attributes = (0..parts.few()).map(|_| [(); 4].map(|()| number(&mut parts))).collect::<Vec<_>>();
    let limits = Limits::default();
    match probe::accept_answer(text.clone(), &alerts, &attributes, (events, symptoms, &limits)) {
        Err(error) => shown(&error.to_string()),
        Ok(accepted) => {
            assert_eq!(accepted.rows.len(), alerts.len());
            let mut rebuilt = String::new();
            for row in &accepted.rows {
                assert!((row.event as usize) < events && (row.symptom as usize) < symptoms);
                assert!(matches!(row.change, Change::Raise | Change::Clear));
                rebuilt.push_str(row.summary.str(&accepted.text));
                let pairs = &accepted.attributes[row.attributes_start as usize..row.attributes_end as usize];
                for (name, value) in pairs {
                    rebuilt.push_str(name.str(&accepted.text));
                    rebuilt.push_str(value.str(&accepted.text));
                }
            }
            assert_eq!(rebuilt, text, "the spans are the text, in order");
        }
    }
}

/// Literals and a haystack: the prefilter finds what a naive matcher finds.
///
/// # Panics
/// See [`admission`].
pub fn prefilter(data: &[u8]) {
    let mut parts = Parts(data);
    let owned: Vec<(Vec<u8>, bool)> = (0..1 + parts.few())
        .map(|_| (parts.bytes().iter().copied().take(24).collect(), parts.byte() % 2 == 1))
        .filter(|(bytes, _): &(Vec<u8>, bool)| !bytes.is_empty())
        .collect();
    let haystack = parts.0;
    let literals: Vec<Literal<'_>> =
        owned.iter().map(|(bytes, ignore_case)| Literal { bytes, ignore_case: *ignore_case }).collect();
    let Ok(prefilter) = Prefilter::new(&literals, haystack) else { return };
    let (mut found, mut work) = (Vec::new(), ScanContext::default());
    prefilter.scan(haystack, &mut found, &mut work);
    let mut naive = Vec::new();
    for start in 0..haystack.len() {
        for (literal, (bytes, ignore_case)) in owned.iter().enumerate() {
            let Some(text) = haystack[start..].get(..bytes.len()) else { continue };
            if if *ignore_case { text.eq_ignore_ascii_case(bytes) } else { text == bytes } {
                naive.push(Hit { start: start as u32, literal: literal as u32 });
            }
        }
    }
    assert_eq!(found, naive, "{owned:?} in {haystack:?}");
}
