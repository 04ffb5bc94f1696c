//! "Did you mean …?"

/// The word of `known` that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 128;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let most = word.chars().count() / 3 + 1;
    let near = known.into_iter().map(|known| (strsim::osa_distance(&word, known), known)).min_by_key(|(far, _)| *far);
    near.filter(|(far, _)| *far <= most).map(|(_, known)| known)
}

/// `did you mean …?`, or all that is known if that is little, or nothing.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    const LISTED: usize = 16;
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let known: Vec<_> = known.into_iter().map(|known| format!("`{known}`")).collect();
    match known.len() {
        0 => None,
        1..=LISTED => Some(format!("known: {}", known.join(", "))),
        more => Some(format!("known: {} and {} more", known[..LISTED].join(", "), more - LISTED)),
    }
}

/// Returns a word of a file, safe to show and short enough for a message.
pub(crate) fn shown(word: &str) -> String {
    const CHARS: usize = 60;
    lifesigns_text::shortened(&lifesigns_text::visible(word), CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_long_ones_cut() {
        assert_eq!(nearest("grups", ["groups", "hours"]), Some("groups"));
        assert_eq!(nearest("Priorty", ["priority"]), Some("priority"));
        assert_eq!(nearest("zebra", ["groups", "hours"]), None);
        assert_eq!(hint("zebra", ["groups", "hours"]).as_deref(), Some("known: `groups`, `hours`"));
        assert_eq!(hint("zebra", []), None);
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown(&"é".repeat(99)).chars().count(), 61);
    }
}
