//! What somebody may have meant.

/// ``; did you mean `NAME`?``, or nothing if no name is close to `wrong`.
pub fn suggestion<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let close = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).clamp(1, 3))
        .min();
    match close {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}
