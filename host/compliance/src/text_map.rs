//! A small map from names to values that takes little memory: there is one for the facts of each object.

use std::{collections::BTreeMap, fmt, marker::PhantomData, slice};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// A map from names to values, in the order of the names. Changes cost its length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TextMap<V>(Vec<(String, V)>);

impl<V> Default for TextMap<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> TextMap<V> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        let at = self.position(name).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Returns the name as it is in the map, and its value.
    pub(crate) fn get_key_value(&self, name: &str) -> Option<(&String, &V)> {
        let at = self.position(name).ok()?;
        self.0.get(at).map(|(name, value)| (name, value))
    }

    /// Returns the value of a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let at = self.position(name).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Returns whether a name has a value.
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// Sets the value of a name. Returns the value before.
    pub fn insert(&mut self, name: String, value: V) -> Option<V> {
        match self.position(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                if self.0.len() < 4 {
                    self.0.reserve_exact(1);
                }
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Removes a name. Returns its value.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let at = self.position(name).ok()?;
        Some(self.0.remove(at).1)
    }

    /// Returns all entries, by name.
    pub fn iter(&self) -> TextMapIter<'_, V> {
        TextMapIter(self.0.iter())
    }

    /// Returns all names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Returns all values, by name.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns all values, by name, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Removes the entries that `stays` does not choose.
    pub fn retain(&mut self, mut stays: impl FnMut(&str, &V) -> bool) {
        self.0.retain(|(name, value)| stays(name, value));
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}

/// The entries of a [`TextMap`], by name.
#[derive(Clone, Debug)]
pub struct TextMapIter<'a, V>(slice::Iter<'a, (String, V)>);

impl<'a, V> Iterator for TextMapIter<'a, V> {
    type Item = (&'a String, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, value))
    }
}

impl<'a, V> IntoIterator for &'a TextMap<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = TextMapIter<'a, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V> Extend<(String, V)> for TextMap<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<V> FromIterator<(String, V)> for TextMap<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.extend(entries);
        map
    }
}

impl<V, const N: usize> From<[(String, V); N]> for TextMap<V> {
    fn from(entries: [(String, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V: fmt::Debug> fmt::Debug for TextMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<V: Serialize> Serialize for TextMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for TextMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads a map entry by entry.
struct Entries<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
    type Value = TextMap<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = TextMap::default();
        while let Some((name, value)) = entries.next_entry()? {
            map.insert(name, value);
        }
        Ok(map)
    }
}

impl<V: JsonSchema> JsonSchema for TextMap<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        BTreeMap::<String, V>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, V>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_as_an_ordered_map() {
        let (mut map, mut model) = (TextMap::default(), BTreeMap::new());
        let mut random = 7_u64;
        for number in 0..2000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let name = format!("name-{}", (random >> 33) % 20);
            if random >> 62 == 0 {
                assert_eq!(map.remove(&name), model.remove(&name));
            } else {
                assert_eq!(map.insert(name.clone(), number), model.insert(name.clone(), number));
            }
            assert_eq!(map.get(&name), model.get(&name));
            assert!(map.iter().eq(&model), "{map:?} {model:?}");
        }
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, serde_json::to_string(&model).unwrap());
        assert_eq!(serde_json::from_str::<TextMap<i32>>(&json).unwrap(), map);
        assert_eq!(serde_json::from_str::<TextMap<i32>>(r#"{"b":1,"a":2,"b":3}"#).unwrap().get("b"), Some(&3));
    }
}
