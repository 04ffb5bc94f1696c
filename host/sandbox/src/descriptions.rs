//! The descriptions of a module, by the settings and limits that it was given. A guest sees neither a clock nor chance,
//! so what it said once it says again: a rule that was loaded before need not be started to be loaded.

use std::collections::HashMap;

use lifesigns_model::{
    Criticality, Description, EventKind, EventKinds, Impact, Interest, InterestCondition, Limits, Subject,
    SymptomDefinition, ValueTest, Wants,
};
use sha2::{Digest as _, Sha256};

/// Descriptions that are kept of one module, and the bytes of all of them.
const MOST: usize = 20_000;
const MOST_BYTES: usize = 32 << 20;
/// Bytes of a key.
const KEY_BYTES: usize = 32;

const KINDS: [EventKind; 3] = [EventKind::Log, EventKind::Fact, EventKind::Reminder];
const IMPACTS: [Impact; 3] = [Impact::Health, Impact::Risk, Impact::Efficiency];

/// The digest of settings and limits.
pub(crate) type Key = [u8; KEY_BYTES];

/// Descriptions as they lie in the cache.
#[derive(Default)]
pub(crate) struct Descriptions {
    known: HashMap<Key, Vec<u8>>,
    /// Bytes of all of them.
    bytes: usize,
    /// Some are not in the cache yet.
    is_new: bool,
    /// The last limits, digested: most rules have the same.
    limits: Option<(Limits, Sha256)>,
}

impl Descriptions {
    /// Returns the key of these settings and limits.
    pub(crate) fn key(&mut self, settings: &str, limits: &Limits) -> Key {
        if self.limits.as_ref().is_none_or(|(last, _)| last != limits) {
            let digest = Sha256::new().chain_update(format!("{limits:?}\0"));
            self.limits = Some((limits.clone(), digest));
        }
        let digest = self.limits.as_ref().map(|(_, digest)| digest.clone()).unwrap_or_default();
        digest.chain_update(settings).finalize().into()
    }

    /// Reads what [`Descriptions::take_bytes`] wrote. What cannot be read is left out.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (mut descriptions, mut reader) = (Self::default(), Reader(bytes));
        while let Some((key, held)) = reader.entry() {
            descriptions.insert(key, held.to_vec());
        }
        descriptions.is_new = false;
        descriptions
    }

    /// Returns all of them, if any is new.
    pub(crate) fn take_bytes(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.is_new) {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.bytes + self.known.len() * (KEY_BYTES + 4));
        for (key, held) in &self.known {
            bytes.extend_from_slice(key);
            Writer(&mut bytes).number(held.len());
            bytes.extend_from_slice(held);
        }
        Some(bytes)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Description> {
        let mut reader = Reader(self.known.get(key)?);
        let description = reader.description()?;
        reader.0.is_empty().then_some(description)
    }

    /// Adds a description. When there are too many, those before it are forgotten.
    pub(crate) fn add(&mut self, key: Key, description: &Description) {
        let mut held = Vec::new();
        Writer(&mut held).description(description);
        if self.known.len() >= MOST || self.bytes + held.len() > MOST_BYTES {
            *self = Self::default();
        }
        self.insert(key, held);
    }

    fn insert(&mut self, key: Key, held: Vec<u8>) {
        self.bytes += held.len();
        self.bytes -= self.known.insert(key, held).map_or(0, |before| before.len());
        self.is_new = true;
    }
}

/// Appends numbers, texts and lists.
struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn number(&mut self, number: usize) {
        self.0.extend_from_slice(&(number as u32).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len());
        texts.iter().for_each(|text| self.text(text));
    }

    fn description(&mut self, description: &Description) {
        self.text(&description.name);
        self.text(&description.version);
        self.number(description.symptoms.len());
        for symptom in &description.symptoms {
            self.text(&symptom.id);
            self.text(&symptom.title);
            self.0.extend_from_slice(&[symptom.criticality as u8, symptom.impact as u8]);
            self.text(&symptom.recommendation);
            self.texts(&symptom.controls);
            self.0.extend_from_slice(&symptom.hold_ms.to_le_bytes());
        }
        self.number(description.interests.len());
        for interest in &description.interests {
            self.0.extend(KINDS.map(|kind| u8::from(interest.kinds.has(kind))));
            self.texts(&interest.contains);
            self.0.push(u8::from(interest.ignore_case));
            self.number(interest.conditions.len());
            interest.conditions.iter().for_each(|condition| self.condition(condition));
        }
        let Wants { fields, properties, metrics } = &description.wants;
        [fields, properties, metrics].iter().for_each(|names| self.texts(names));
        self.number(description.state_version as usize);
        self.number(description.migrates_from as usize);
    }

    fn condition(&mut self, condition: &InterestCondition) {
        let (subject, name) = match &condition.subject {
            Subject::Field(name) => (0, name),
            Subject::Property(name) => (1, name),
        };
        let (test, list): (u8, &[String]) = match &condition.test {
            ValueTest::Present => (0, &[]),
            ValueTest::Absent => (1, &[]),
            ValueTest::OneOf(list) => (2, list),
            ValueTest::NoneOf(list) => (3, list),
            ValueTest::StartsWith(list) => (4, list),
            ValueTest::Contains(list) => (5, list),
        };
        self.0.extend_from_slice(&[subject, test]);
        self.text(name);
        self.texts(list);
    }
}

/// Reads what [`Writer`] wrote; `None` for what it cannot have written.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn entry(&mut self) -> Option<(Key, &'a [u8])> {
        let key = self.array()?;
        let len = self.number()?;
        Some((key, self.bytes(len)?))
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<usize> {
        self.array().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn text(&mut self) -> Option<String> {
        let len = self.number()?;
        str::from_utf8(self.bytes(len)?).ok().map(str::to_owned)
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // Each has a byte at least.
        let len = self.number().filter(|len| *len <= self.0.len())?;
        (0..len).map(|_| one(self)).collect()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        self.list(Self::text)
    }

    fn description(&mut self) -> Option<Description> {
        Some(Description {
            name: self.text()?,
            version: self.text()?,
            symptoms: self.list(Self::symptom)?,
            interests: self.list(Self::interest)?,
            wants: Wants { fields: self.texts()?, properties: self.texts()?, metrics: self.texts()? },
            state_version: self.array().map(u32::from_le_bytes)?,
            migrates_from: self.array().map(u32::from_le_bytes)?,
        })
    }

    fn symptom(&mut self) -> Option<SymptomDefinition> {
        Some(SymptomDefinition {
            id: self.text()?,
            title: self.text()?,
            criticality: *Criticality::ALL.get(usize::from(self.byte()?))?,
            impact: *IMPACTS.get(usize::from(self.byte()?))?,
            recommendation: self.text()?,
            controls: self.texts()?,
            hold_ms: self.array().map(u64::from_le_bytes)?,
        })
    }

    fn interest(&mut self) -> Option<Interest> {
        let flags: [u8; 3] = self.array()?;
        let mut kinds = Vec::new();
        for (kind, flag) in KINDS.into_iter().zip(flags) {
            if flag == 1 {
                kinds.push(kind);
            }
        }
        Some(Interest {
            kinds: EventKinds::of(&kinds),
            contains: self.texts()?,
            ignore_case: self.byte()? == 1,
            conditions: self.list(Self::condition)?,
        })
    }

    fn condition(&mut self) -> Option<InterestCondition> {
        let [subject, test] = self.array()?;
        let (name, list) = (self.text()?, self.texts()?);
        let subject = if subject == 0 { Subject::Field(name) } else { Subject::Property(name) };
        let test = match test {
            0 => ValueTest::Present,
            1 => ValueTest::Absent,
            2 => ValueTest::OneOf(list),
            3 => ValueTest::NoneOf(list),
            4 => ValueTest::StartsWith(list),
            5 => ValueTest::Contains(list),
            _ => return None,
        };
        Some(InterestCondition { subject, test })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        let list = || vec!["a".to_owned(), "é".to_owned()];
        let tests = [
            ValueTest::Present,
            ValueTest::Absent,
            ValueTest::OneOf(list()),
            ValueTest::NoneOf(list()),
            ValueTest::StartsWith(list()),
            ValueTest::Contains(list()),
        ];
        let condition = |(number, test)| {
            let name = format!("name-{number}");
            let subject = if number % 2 == 0 { Subject::Field(name) } else { Subject::Property(name) };
            InterestCondition { subject, test }
        };
        let interest = |kinds: &[EventKind], ignore_case| Interest {
            kinds: EventKinds::of(kinds),
            contains: list(),
            ignore_case,
            conditions: tests.clone().into_iter().enumerate().map(condition).collect(),
        };
        let symptom = |criticality, impact| SymptomDefinition {
            id: format!("{criticality:?}"),
            title: "A title".into(),
            criticality,
            impact,
            recommendation: String::new(),
            controls: list(),
            hold_ms: u64::MAX,
        };
        let impacts = IMPACTS.into_iter().cycle();
        Description {
            name: "rule".into(),
            version: "1.0.0".into(),
            symptoms: Criticality::ALL.into_iter().zip(impacts).map(|(one, other)| symptom(one, other)).collect(),
            interests: vec![interest(&KINDS, true), interest(&[EventKind::Fact], false)],
            wants: Wants { fields: list(), properties: vec![], metrics: vec!["m".into()] },
            state_version: u32::MAX,
            migrates_from: 3,
        }
    }

    #[test]
    fn a_description_comes_back_from_the_cache() {
        let mut written = Descriptions::default();
        let key = written.key("{}", &Limits::default());
        written.add(key, &description());
        let bytes = written.take_bytes().expect("one is new");
        assert!(written.take_bytes().is_none(), "it has been written");
        let mut read = Descriptions::from_bytes(&bytes);
        assert_eq!(read.get(&key), Some(description()));
        assert!(read.take_bytes().is_none(), "nothing is new");
        for cut in 0..bytes.len() {
            assert_eq!(Descriptions::from_bytes(&bytes[..cut]).get(&key), None, "{cut}");
        }
    }

    #[test]
    fn other_settings_and_other_limits_have_another_key() {
        let limits = Limits::default();
        let less = Limits { memory_bytes: 1 << 20, ..limits.clone() };
        let mut descriptions = Descriptions::default();
        let keys = [("{}", &limits), ("{ }", &limits), ("{}", &less), ("{}", &limits)]
            .map(|(text, limits)| descriptions.key(text, limits));
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
        assert_eq!(keys[0], keys[3]);
    }

    #[test]
    fn too_many_descriptions_are_forgotten() {
        let mut descriptions = Descriptions::default();
        for number in 0..=MOST as u32 {
            let mut key = [0; KEY_BYTES];
            key[..4].copy_from_slice(&number.to_le_bytes());
            descriptions.add(key, &Description::default());
        }
        assert_eq!(descriptions.known.len(), 1);
        assert_eq!(descriptions.bytes, descriptions.known.values().map(Vec::len).sum::<usize>());
    }
}
