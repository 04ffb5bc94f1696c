//! Numbers: at the beginning of a duration or size, and for people with what they count.

/// Splits the digits at the beginning of `text` from the rest. `None` without a digit, without anything
/// after the digits, or if the number does not fit.
pub(crate) fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// Returns a number in groups of three: `5,000,000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a number with what it counts: `1 line`, `2,000 lines`. A noun whose plural does not end with `s` alone is
/// written `entry|entries`, and so are other words that follow the number: `notice is|notices are`.
#[must_use]
pub fn count_text(number: u64, what: &str) -> String {
    let grouped = grouped(number);
    match what.split_once('|') {
        Some((one, _)) if number == 1 => format!("{grouped} {one}"),
        Some((_, many)) => format!("{grouped} {many}"),
        None if number == 1 => format!("{grouped} {what}"),
        None => format!("{grouped} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_in_the_singular() {
        let all = [0, 1, 2, 1_234_567].map(|number| count_text(number, "line"));
        assert_eq!(all, ["0 lines", "1 line", "2 lines", "1,234,567 lines"]);
        let all = [0, 1, 2].map(|number| count_text(number, "entry is|entries are"));
        assert_eq!(all, ["0 entries are", "1 entry is", "2 entries are"]);
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!([0, 999, 1000, 5_000_000].map(grouped), ["0", "999", "1,000", "5,000,000"]);
    }
}
