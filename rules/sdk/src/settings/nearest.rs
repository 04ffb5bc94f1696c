//! Which of some names was probably meant.

/// Returns the name that is nearest to `word`: at most a third of its letters are other ones.
pub(super) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = 1.max(word.len() / 3);
    let near = names.map(|name| (distance(word.as_bytes(), name.as_bytes()), name));
    near.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// The number of letters to add, take out, replace or swap with their neighbour.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, with) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != with);
            let mut least = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            let is_swapped = row > 0 && column > 0 && one[row - 1] == *with && other[column - 1] == *letter;
            if is_swapped {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let names = ["threshold", "window", "for"];
        let near = |word| nearest(word, names.into_iter());
        assert_eq!(near("treshold"), Some("threshold"));
        assert_eq!(near("thershold"), Some("threshold"));
        assert_eq!(near("windows"), Some("window"));
        assert_eq!((near("unique"), near("w"), near("")), (None, None, None));
    }
}
