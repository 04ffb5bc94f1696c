//! Did you mean …?

/// The word of `known` that was probably meant by `typed`.
pub(crate) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    if typed.len() > 64 {
        return None;
    }
    let typed = typed.to_ascii_lowercase().replace('_', "-");
    let allowed = (typed.chars().count() / 3).clamp(1, 3);
    let ranked = known.iter().map(|word| (strsim::osa_distance(&typed, word), *word));
    ranked.filter(|(distance, _)| *distance <= allowed).min().map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_word_and_strangers_do_not() {
        let known = ["module", "enabled", "deadline-ms"];
        assert_eq!(nearest("modlue", &known), Some("module"));
        assert_eq!(nearest("enable", &known), Some("enabled"));
        assert_eq!(nearest("deadline_ms", &known), Some("deadline-ms"));
        assert_eq!(nearest("contains", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
