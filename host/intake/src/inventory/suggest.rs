//! "Did you mean …?"

/// The word of `known` that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = word.chars().count() / 3 + 1;
    let near =
        known.iter().map(|known| (strsim::levenshtein(&word, known), *known)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| *distance <= most).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use strsim::levenshtein as distance;

    use super::*;

    #[test]
    fn near_words_are_found() {
        let known = ["id", "kind", "parent", "properties", "metrics"];
        assert_eq!(nearest("Kind", &known), Some("kind"));
        assert_eq!(nearest("propertys", &known), Some("properties"));
        assert_eq!(nearest("metric", &known), Some("metrics"));
        assert_eq!(nearest("owner", &known), None);
        assert_eq!((distance("", "abc"), distance("abc", ""), distance("kitten", "sitting")), (3, 3, 3));
    }
}
