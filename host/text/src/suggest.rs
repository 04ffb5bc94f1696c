//! Suggestions: the known name that was probably meant by a misspelt one.

/// A longer word is not compared with anything.
const WORD_BYTES: usize = 128;
/// The most edits between a word and the name that it was meant to be.
const MOST_EDITS: usize = 3;

/// Returns the name that `word` was probably meant to be: the one that the fewest edits make of it
/// (insert, delete, replace, or swap two neighbours; case, and `_` for `-`, count as none), the first by
/// the alphabet of several. `None` if no name is within a third of the word's length, at least one
/// edit and at most three.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > WORD_BYTES {
        return None;
    }
    let word = folded(word);
    let length = word.chars().count();
    let most = (length / 3).clamp(1, MOST_EDITS);
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        // As many edits as the lengths differ by are needed at least.
        if name.chars().count().abs_diff(length) > most {
            continue;
        }
        let candidate = (strsim::osa_distance(&word, &folded(name)), name);
        if candidate.0 <= most && best.is_none_or(|best| candidate < best) {
            best = Some(candidate);
        }
    }
    best.map(|(_, name)| name)
}

/// Returns ``did you mean `NAME`?`` for the [nearest] name; `None` if no name is near.
#[must_use]
pub fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, names).map(|name| format!("did you mean `{name}`?"))
}

/// Returns what [`did_you_mean`] does as the end of a message, after `; `; empty if no name is near.
#[must_use]
pub fn suggestion<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, names).map_or_else(String::new, |hint| format!("; {hint}"))
}

/// Returns ``did you mean `NAME`?``, or the known names if no name is near, at most 16 of them; `None` if
/// there are no names.
#[must_use]
pub fn hint<'a>(word: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    const LISTED: usize = 16;
    if let Some(hint) = did_you_mean(word, names.clone()) {
        return Some(hint);
    }
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("expected {}", names[0])),
        2..=LISTED => Some(format!("expected one of {}", names.join(", "))),
        more => Some(format!("expected one of {} and {} more", names[..LISTED].join(", "), more - LISTED)),
    }
}

/// Returns the word with all that counts as no difference removed.
fn folded(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_words_find_their_name_and_others_do_not() {
        let known = ["module", "enabled", "deadline-ms", "startsWith", "id", "properties", "metrics"];
        for (word, name) in [
            ("modlue", "module"),
            ("enable", "enabled"),
            ("deadline_ms", "deadline-ms"),
            ("Module", "module"),
            ("startswith", "startsWith"),
            ("propertys", "properties"),
            ("metric", "metrics"),
            ("ID", "id"),
        ] {
            assert_eq!(nearest(word, known), Some(name), "{word}");
        }
        for word in ["", "contains", "owner", "zebra", &"module".repeat(30)] {
            assert_eq!(nearest(word, known), None, "{word}");
        }
    }

    #[test]
    fn of_several_the_nearest_then_the_first_is_taken() {
        assert_eq!(nearest("vm9", ["vm3", "vm2", "vm90"]), Some("vm2"));
        assert_eq!(nearest("vm9", []), None);
    }

    #[test]
    fn messages_end_with_the_suggestion() {
        assert_eq!(suggestion("tow", ["two"]), "; did you mean `two`?");
        assert_eq!(suggestion("zebra", ["two"]), "");
        assert_eq!(hint("zebra", ["two", "three"]).as_deref(), Some("expected one of `two`, `three`"));
        assert_eq!(hint("zebra", ["two"; 18]).as_deref().map(|hint| hint.ends_with("`two` and 2 more")), Some(true));
        assert_eq!(hint("zebra", []), None);
    }
}
