//! Did you mean …?

/// The word of `known` that was probably meant by `typed`.
pub(crate) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    if typed.len() > 64 {
        return None;
    }
    let typed = typed.to_ascii_lowercase().replace('_', "-");
    let allowed = (typed.chars().count() / 3).clamp(1, 3);
    let ranked = known.iter().map(|word| (distance(&typed, word), *word));
    ranked.filter(|(distance, _)| *distance <= allowed).min().map(|(_, word)| word)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
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
