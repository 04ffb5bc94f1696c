//! The inventory's shape, read by hand where serde's own messages would not say what to do.

use std::{collections::BTreeSet, fmt, marker::PhantomData};

use lifesigns_model::ObjectFacts;
use lifesigns_text::did_you_mean;
use serde::{
    Deserializer,
    de::{self, Deserialize, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

const OBJECT_KEYS: [&str; 5] = ["id", "kind", "parent", "properties", "metrics"];

/// The whole file: `object`, a list.
pub(crate) struct Inventory;

impl<'de> DeserializeSeed<'de> for Inventory {
    type Value = Vec<ObjectFacts>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Inventory {
    type Value = Vec<ObjectFacts>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an inventory: a list of objects under the key `object`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut objects = None;
        while map.next_key_seed(Key { known: &["object"], of: "an inventory" })?.is_some() {
            if objects.is_some() {
                return Err(de::Error::custom("`object` stands twice; put all objects into one list"));
            }
            objects = Some(map.next_value_seed(Objects)?);
        }
        Ok(objects.unwrap_or_default())
    }
}

struct Objects;

impl<'de> DeserializeSeed<'de> for Objects {
    type Value = Vec<ObjectFacts>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects {
    type Value = Vec<ObjectFacts>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects; in TOML each begins with `[[object]]`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut objects = Vec::new();
        let mut ids = BTreeSet::new();
        while let Some(object) = list.next_element_seed(Object(&mut ids))? {
            objects.push(object);
        }
        Ok(objects)
    }
}

/// One object; the ids are those of the objects before it.
struct Object<'s>(&'s mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ObjectFacts;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ObjectFacts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object: a table with `id` and, if you like, `kind`, `parent`, `properties`, `metrics`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut facts = ObjectFacts::default();
        let mut said = Vec::new();
        while let Some(key) = map.next_key_seed(Key { known: &OBJECT_KEYS, of: "an object" })? {
            if said.contains(&key) {
                return Err(de::Error::custom(format_args!("`{key}` stands twice in one object; keep one")));
            }
            said.push(key);
            match key {
                "id" => facts.object = map.next_value_seed(Id(self.0))?,
                "kind" => facts.kind = Some(map.next_value::<Word>()?.0),
                "parent" => facts.parent = Some(map.next_value::<Word>()?.0),
                "properties" => {
                    let properties: Vec<(String, Text)> = map.next_value_seed(Pairs(PhantomData))?;
                    facts.properties = properties.into_iter().map(|(name, text)| (name, Some(text.0))).collect();
                }
                _ => {
                    let metrics: Vec<(String, Number)> = map.next_value_seed(Pairs(PhantomData))?;
                    facts.metrics = metrics.into_iter().map(|(name, number)| (name, number.0)).collect();
                }
            }
        }
        if facts.object.is_empty() {
            return Err(de::Error::custom("the object has no `id`; add `id = \"…\"`, the name that logs give it"));
        }
        Ok(facts)
    }
}

/// A key out of those that are known.
struct Key<'s> {
    known: &'s [&'static str],
    of: &'static str,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key of {}", self.of)
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        if let Some(known) = self.known.iter().find(|known| **known == key) {
            return Ok(known);
        }
        let fix = match did_you_mean(key, self.known.iter().copied()) {
            Some(hint) => hint,
            None if self.known.len() == 1 => format!("its only key is `{}`", self.known[0]),
            None => format!("its keys are {}; facts of your own go into `properties`", self.known.join(", ")),
        };
        Err(E::custom(format_args!("{} has no key `{key}`; {fix}", self.of)))
    }
}

/// An id that no object before has.
struct Id<'s>(&'s mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for Id<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Id<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id in quotes")
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<Self::Value, E> {
        if id.is_empty() {
            return Err(E::custom("the id is empty; give the name that logs give the object"));
        }
        if !self.0.insert(id.to_owned()) {
            return Err(E::custom(format_args!("there is an object `{id}` already; join the two or rename one")));
        }
        Ok(id.to_owned())
    }
}

/// A word that is not empty.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Want;
        impl Visitor<'_> for Want {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes; leave the key out if there is none")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                if text.is_empty() {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                } else {
                    Ok(Word(text.into()))
                }
            }
        }
        from.deserialize_str(Want)
    }
}

/// A property's value.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Want;
        impl<'de> Visitor<'de> for Want {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, number or boolean; put anything else in quotes")
            }

            // A date in TOML comes as a map.
            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Text, A::Error> {
                Err(de::Error::custom("a property is a text, number or boolean; put a date in quotes"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.into()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Text, E> {
                Ok(Text(format!("{value:?}")))
            }
        }
        from.deserialize_any(Want)
    }
}

/// A metric's value.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Want;
        impl Visitor<'_> for Want {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a finite number without quotes; texts go into `properties`")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
                if value.is_finite() {
                    return Ok(Number(value));
                }
                Err(E::invalid_value(de::Unexpected::Float(value), &self))
            }
        }
        from.deserialize_any(Want)
    }
}

/// A table of names and values; each name once.
struct Pairs<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Pairs<T> {
    type Value = Vec<(String, T)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
    type Value = Vec<(String, T)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs: Vec<(String, T)> = Vec::new();
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom(format_args!("`{name}` stands twice in one table; keep one")));
            }
            pairs.push((name, map.next_value()?));
        }
        Ok(pairs)
    }
}
