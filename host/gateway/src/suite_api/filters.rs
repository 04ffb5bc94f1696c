//! Lists of filters: what one has to be met of; an empty one matches all. Each is read once, however many rows there are.

use std::collections::HashSet;

use lifesigns_api::ApiError;

/// The most entries of a list.
const ENTRIES: usize = 1000;

/// Words of which one has to be met; none match all.
#[derive(Clone, Debug, Default)]
pub(super) struct WordSet(HashSet<String>);

impl WordSet {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether it has a word, or none at all.
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.is_empty() || self.0.contains(word)
    }
}

impl FromIterator<String> for WordSet {
    fn from_iter<I: IntoIterator<Item = String>>(words: I) -> Self {
        Self(words.into_iter().collect())
    }
}

/// Returns words as they are.
///
/// # Errors
/// The list with this name is too long.
pub(super) fn exact(name: &str, words: Vec<String>) -> Result<WordSet, ApiError> {
    bounded(name, &words)?;
    Ok(words.into_iter().collect())
}

/// Returns words in small letters.
///
/// # Errors
/// The list with this name is too long.
pub(super) fn caseless<S: FromIterator<String>>(name: &str, words: Vec<String>) -> Result<S, ApiError> {
    bounded(name, &words)?;
    Ok(words.into_iter().map(|word| word.to_lowercase()).collect())
}

/// Checks the length of a list.
///
/// # Errors
/// It is too long.
pub(super) fn bounded<T>(name: &str, list: &[T]) -> Result<(), ApiError> {
    if list.len() > ENTRIES {
        let count = list.len();
        return Err(ApiError::Invalid(format!("`{name}` has {count} entries, and a list has at most {ENTRIES}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_its_words_and_an_end() {
        let words = |count: usize| (0..count).map(|number| format!("Word-{number}")).collect::<Vec<_>>();
        assert!(exact("name", words(ENTRIES)).is_ok_and(|set| set.has("Word-7") && !set.has("word-7")));
        assert!(caseless("name", words(9)).is_ok_and(|set: WordSet| set.has("word-7") && !set.has("word-9")));
        assert!(WordSet::default().has("anything"));
        assert!(exact("name", words(ENTRIES + 1)).is_err());
        assert!(caseless::<WordSet>("name", words(ENTRIES + 1)).is_err());
    }
}
